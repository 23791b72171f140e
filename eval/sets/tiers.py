"""The size of a triplet's motion, as one of three tiers."""

import numpy as np

MOVING = 0.5  # px; pixels that move less stand still
# Upper bounds of the tiers [px at a height of 288 px], for the median moving pixel. Real TV
# animation moves 4.7 / 11.5 / 28.7 px (10th, 50th, 90th percentile).
TIERS = {"motion:small": 6.0, "motion:medium": 18.0, "motion:large": float("inf")}


def motion_size(displacement: np.ndarray, height: int) -> float:
    """Return how far the median moving pixel goes from frame_0 to frame_1; 0 if nothing moves.

    The result is in pixels at a height of 288 px. ``displacement`` is (H, W, 2), in pixels of a
    frame that is ``height`` px high.
    """
    length = np.hypot(displacement[..., 0], displacement[..., 1]) * 288 / height
    moving = length[length > MOVING]
    return float(np.median(moving)) if moving.size else 0.0


def motion_tier(size: float) -> str | None:
    """Return the tier of a ``motion_size``; None if nothing moves."""
    return next(tier for tier, bound in TIERS.items() if size < bound) if size else None
