"""The exposure sheet: which frames show which drawing, where it cuts, what the camera does."""
