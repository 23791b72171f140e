"""What the holds of a shot's drawings add up to: its cadence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from nakawari.xsheet.sheet import Cadence, Pulldown, SheetDrawing

MAX_MOVING_HOLD = 6  # frames
MAX_MOVING_TIME = Fraction(1, 4)  # s; six frames at 24 a second
MIN_DRAWINGS = 2  # that move; a single one beside rests is no rhythm
MIN_SHARE = 0.6  # of the moving drawings, for a cadence to have a number


class Pace(NamedTuple):
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


def pace_of(
    drawings: Sequence[SheetDrawing], fps: Fraction, pulldown: Pulldown | None = None
) -> Pace:
    """Return the pace of one shot's drawings, in order.

    A cadence is what repeats: a shot in which fewer than two drawings move has none.
    The last drawing is cut off by the end of the shot, so it does not count where others do. With
    ``pulldown``, holds are counted in film frames.
    """
    holds = [drawing.hold for drawing in drawings[:-1]]
    if pulldown is not None:
        holds = [pulldown.film_hold(drawing) for drawing in drawings[:-1]]
        fps *= Fraction(pulldown.cycle - 1, pulldown.cycle)
    moving = [hold for hold in holds if hold <= longest_moving_hold(fps)]
    if len(moving) < MIN_DRAWINGS:
        return Pace(None, None)
    hold, count = Counter(moving).most_common(1)[0]
    if count >= MIN_SHARE * len(moving):
        return Pace(hold, round(float(fps / hold), 3))
    return Pace("mixed", round(float(fps * len(moving) / sum(moving)), 3))
