"""Nakawari (中割り, in-betweening): slow motion for anime."""

__version__ = "0.1.0"
