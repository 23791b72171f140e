"""The sheet in the formats of the programs in which animators and editors work."""
