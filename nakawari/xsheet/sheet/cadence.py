"""What the holds of a shot's drawings add up to: its cadence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from nakawari.xsheet.sheet.sheet import Cadence

MAX_MOVING_HOLD = 6  # frames
MAX_MOVING_TIME = Fraction(1, 4)  # s; six frames at 24 a second
MIN_DRAWINGS = 2  # that move; a single one beside rests is no rhythm
MIN_SHARE = 0.6  # of the moving drawings, for a cadence to have a number
MIN_TIME_SHARE = 0.08  # of the shot; what moves for less is an incident, and no rhythm
# Of the frames that move: those held for just the cadence, and with them those in which a drawing
# seems to be two or three because a repeat was not recognised.
MIN_WHOLE, MIN_MENDED = 0.6, 0.85


class ShotCadence(NamedTuple):
    """How a shot is animated."""

    cadence: Cadence
    animation_fps: float | None  # drawings a second while it moves


def longest_moving_hold(fps: Fraction) -> int:
    """Return for how many frames a drawing may be held without resting.

    Six, which is a quarter of a second at 24 frames a second, and as long at a faster rate: there,
    drawings on threes are held for more than six frames. What is held longer is a pause, and says
    nothing of the cadence.
    """
    return max(MAX_MOVING_HOLD, math.floor(fps * MAX_MOVING_TIME))


def cadence_of(holds: Sequence[int], rate: Fraction) -> ShotCadence:
    """Return the pace of one shot's drawings, in order.

    A cadence is what repeats: a shot in which fewer than two drawings move, or for hardly any of
    its time, has none. The last drawing is cut off by the end of the shot, so it does not count
    where others do.

    Args:
        holds: for how many frames each is held, as ``Clock.hold`` counts them.
        rate: of these frames a second.
    """
    moving = [hold for hold in holds[:-1] if hold <= longest_moving_hold(rate)]
    if len(moving) < MIN_DRAWINGS or sum(moving) < MIN_TIME_SHARE * sum(holds):
        return ShotCadence(None, None)
    hold, count = Counter(moving).most_common(1)[0]
    cadence = hold if count >= MIN_SHARE * len(moving) else _mended(moving)
    if cadence is not None:
        return ShotCadence(cadence, round(float(rate / cadence), 3))
    return ShotCadence("mixed", round(float(rate * len(moving) / sum(moving)), 3))


def _mended(holds: Sequence[int]) -> int | None:
    """Return the cadence of a shot in which a few repeats were taken for drawings, if it is one.

    Such a repeat splits a hold, so what lies between the whole ones adds up to the cadence again;
    in a shot that is truly mixed it does not.
    """
    frames = sum(holds)
    for cadence in {hold for hold in holds if hold > 1}:
        whole = cadence * holds.count(cadence)
        if whole >= MIN_WHOLE * frames and whole + _split(holds, cadence) >= MIN_MENDED * frames:
            return cadence
    return None


def _split(holds: Sequence[int], cadence: int) -> int:
    """Return how many frames are in runs of shorter holds that add up to just ``cadence``."""
    frames = run = 0
    for hold in holds:
        run = run + hold if hold < cadence else 0
        if run == cadence:
            frames += cadence
        if run >= cadence:
            run = 0
    return frames
