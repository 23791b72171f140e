"""A part of a clip, given by the times at which it begins and ends."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class Part(NamedTuple):
    """From ``start`` to before ``end`` [s since the clip's first frame]; the whole by default.

    A frame belongs to the part if it begins in it, or less than half a frame before it.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None  # None: the clip's end


WHOLE = Part()
