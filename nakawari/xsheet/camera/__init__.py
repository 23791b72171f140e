"""How the camera moves: contours, the motion between two frames, the ground that confirms it."""
