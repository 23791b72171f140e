"""Sound: read at its own times, and slowed down at its own pitch."""
