"""Figures: drawn characters, and what is cut out of the art, in parts that move."""
