"""Slow motion: from the drawings of a clip, and the output's clock, to the output's frames."""
