"""What the drawings' holds add up to: a shot's cadence, and the pulldown of a whole clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from nakawari.xsheet.sheet import Cadence, SheetDrawing

MAX_MOVING_HOLD = 6  # frames; a drawing held longer is a pause and says nothing of the cadence
MIN_SHARE = 0.7  # of the moving drawings, for a cadence to have a number


class Pace(NamedTuple):
    """How a shot is animated."""

    cadence: Cadence
    drawings_per_frame: float | None  # while it moves


def pace_of(drawings: Sequence[SheetDrawing]) -> Pace:
    """Return the pace of one shot's drawings, in order.

    The last drawing is cut off by the end of the shot, so it does not count where others do.
    """
    moving = [drawing.hold for drawing in drawings[:-1] if drawing.hold <= MAX_MOVING_HOLD]
    if not moving:
        return Pace(None, None)
    hold, count = Counter(moving).most_common(1)[0]
    if count >= MIN_SHARE * len(moving):
        return Pace(hold, 1 / hold)
    return Pace("mixed", len(moving) / sum(moving))
