"""What drawings are made of: colours, strokes and patterns, put into pixels."""
