"""Sweeps: many trainings with other settings, from W&B's sweep files, with Optuna and offline."""
