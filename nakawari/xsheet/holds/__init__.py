"""Which frames hold the drawing before them."""
