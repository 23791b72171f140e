"""What changes from frame to frame, whatever the camera does; and where the cuts are."""
