"""Sweeps: many trainings with different settings, from W&B's sweep files, offline with Optuna."""
