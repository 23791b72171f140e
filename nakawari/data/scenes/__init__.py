"""Scenes made up by chance: a background, figures and things over it, and a camera."""
