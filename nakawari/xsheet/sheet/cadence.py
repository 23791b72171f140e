"""The cadence of a shot, from the holds of its drawings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from nakawari.xsheet.sheet.sheet import Cadence

MAX_MOVING_HOLD = 6  # frames; a drawing that is held for longer rests
MAX_MOVING_TIME = Fraction(1, 4)  # s: six frames at 24 a second
MIN_DRAWINGS = 2  # fewest drawings that must move; a single one between rests has no rhythm
MIN_SHARE = 0.6  # least share of the moving drawings that have the commonest hold in a cadence
MIN_TIME_SHARE = 0.08  # least share of the shot's time that must move; less is an incident
# Least shares of the moving frames that a cadence must explain. MIN_WHOLE counts the holds of
# exactly its length. MIN_JOINED also counts holds that were split by a repeat taken for a drawing.
MIN_WHOLE, MIN_JOINED = 0.6, 0.85


class ShotCadence(NamedTuple):
    """How a shot is animated."""

    cadence: Cadence
    animation_fps: float | None  # drawings a second while it moves


def longest_moving_hold(fps: Fraction) -> int:
    """Return for how many frames a drawing may be held without resting.

    That is six frames, which last a quarter of a second at 24 frames a second. At a faster rate it
    is also a quarter of a second, because drawings on threes are held for more than six frames
    there. A longer hold is a pause, and says nothing about the cadence.
    """
    return max(MAX_MOVING_HOLD, math.floor(fps * MAX_MOVING_TIME))


def cadence_of(holds: Sequence[int], rate: Fraction) -> ShotCadence:
    """Return the cadence of one shot's drawings.

    A cadence is what repeats: a shot has none if fewer than two drawings move, or if they move for
    hardly any of its time. The last drawing does not count as moving, because the end of the shot
    cuts it off.

    Args:
        holds: for how many frames each drawing is held, in order, as ``Clock.hold`` counts them.
        rate: frames a second in which the holds are counted.
    """
    moving = [hold for hold in holds[:-1] if hold <= longest_moving_hold(rate)]
    if len(moving) < MIN_DRAWINGS or sum(moving) < MIN_TIME_SHARE * sum(holds):
        return ShotCadence(None, None)
    hold, count = Counter(moving).most_common(1)[0]
    cadence = hold if count >= MIN_SHARE * len(moving) else _joined(moving)
    if cadence is not None:
        return ShotCadence(cadence, round(float(rate / cadence), 3))
    return ShotCadence("mixed", round(float(rate * len(moving) / sum(moving)), 3))


def _joined(holds: Sequence[int]) -> int | None:
    """Return the cadence of a shot in which a few repeats were taken for drawings, or ``None``.

    Such a repeat splits a hold, and the parts of a split hold add up to the cadence again. In a
    shot that is truly mixed they do not.
    """
    frames = sum(holds)
    for cadence in {hold for hold in holds if hold > 1}:
        whole = cadence * holds.count(cadence)
        if whole >= MIN_WHOLE * frames and whole + _split(holds, cadence) >= MIN_JOINED * frames:
            return cadence
    return None


def _split(holds: Sequence[int], cadence: int) -> int:
    """Return how many frames are in runs of shorter holds that add up to exactly ``cadence``."""
    frames = run = 0
    for hold in holds:
        run = run + hold if hold < cadence else 0
        if run == cadence:
            frames += cadence
        if run >= cadence:
            run = 0
    return frames
