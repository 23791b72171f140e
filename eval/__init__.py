"""The benchmark: every method on the same frames, scored the same way."""
