"""Clips with known drawings: what they are composed of, and how they are written."""
