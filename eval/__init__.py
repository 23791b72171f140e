"""The benchmark: every method draws the same frames, and is scored in the same way."""
