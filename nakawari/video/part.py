"""A part of a clip, by the times between which it lies."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class Part(NamedTuple):
    """From ``start`` to before ``end`` [s since the clip's first frame]; the whole by default.

    A frame belongs to it if it begins there, or less than half a frame before.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None  # None: the clip's end


WHOLE = Part()
