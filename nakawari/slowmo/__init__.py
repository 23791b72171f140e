"""Slow motion: from drawings and an output clock to the frames to be drawn."""
