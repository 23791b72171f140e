"""The cadence of a shot, from the holds of its drawings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from nakawari.xsheet.settings import DEFAULT, CadenceSettings
from nakawari.xsheet.sheet.sheet import Cadence


class ShotCadence(NamedTuple):
    """How a shot is animated."""

    cadence: Cadence
    animation_fps: float | None  # drawings a second while it moves


def longest_moving_hold(fps: Fraction, settings: CadenceSettings = DEFAULT.cadence) -> int:
    """Return for how many frames a drawing may be held without resting.

    That is six frames, which last a quarter of a second at 24 frames a second. At a faster rate it
    is also a quarter of a second, because drawings on threes are held for more than six frames
    there. A longer hold is a pause, and says nothing about the cadence.
    """
    return max(settings.max_moving_hold, math.floor(fps * settings.max_moving_time))


def cadence_of(
    holds: Sequence[int], rate: Fraction, settings: CadenceSettings = DEFAULT.cadence
) -> ShotCadence:
    """Return the cadence of one shot's drawings.

    A cadence is what repeats: a shot has none if fewer than two drawings move, or if they move for
    hardly any of its time. The last drawing does not count as moving, because the end of the shot
    cuts it off.

    Args:
        holds: for how many frames each drawing is held, in order, as ``Clock.hold`` counts them.
        rate: frames a second in which the holds are counted.
        settings: what a cadence is.
    """
    moving = [hold for hold in holds[:-1] if hold <= longest_moving_hold(rate, settings)]
    moves_long = sum(moving) >= settings.min_time_share * sum(holds)
    if len(moving) < settings.min_drawings or not moves_long:
        return ShotCadence(None, None)
    hold, count = Counter(moving).most_common(1)[0]
    cadence = hold if count >= settings.min_share * len(moving) else _joined(moving, settings)
    if cadence is not None:
        return ShotCadence(cadence, round(float(rate / cadence), 3))
    return ShotCadence("mixed", round(float(rate * len(moving) / sum(moving)), 3))


def _joined(holds: Sequence[int], settings: CadenceSettings) -> int | None:
    """Return the cadence of a shot in which a few repeats were taken for drawings, or ``None``.

    Such a repeat splits a hold, and the parts of a split hold add up to the cadence again. In a
    shot that is truly mixed they do not.
    """
    frames = sum(holds)
    for cadence in {hold for hold in holds if hold > 1}:
        whole = cadence * holds.count(cadence)
        joined = whole + _split(holds, cadence)
        if whole >= settings.min_whole * frames and joined >= settings.min_joined * frames:
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
