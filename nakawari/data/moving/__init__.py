"""How things move between two drawings, and the layers drawn at any time."""
