"""Sheets by chance, and what they show."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from hypothesis import strategies as st

from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of

RATES = [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(60)]


@st.composite
def sheets(draw: st.DrawFn, varying: bool = False) -> ExposureSheet:
    """Any sheet: holds of any length, cuts at any of the drawings, one frame or many."""
    holds = draw(st.lists(st.integers(1, 9), min_size=1, max_size=60))
    starts = list(accumulate(holds))[:-1]
    cuts = sorted(draw(st.sets(st.sampled_from(starts)))) if starts else []
    fps = draw(st.sampled_from(RATES))
    times = None
    if varying:
        frames = sum(holds)
        gaps = draw(st.lists(st.integers(1, 60), min_size=frames, max_size=frames))
        times = tuple(Fraction(time, 120) for time in [0, *accumulate(gaps)])
    return sheet_of(holds, cuts=tuple(cuts), fps=fps, times=times)


def drawing_by_frame(sheet: ExposureSheet) -> list[int]:
    """Return the number of the drawing that each frame shows, from 1."""
    return [number for number, item in enumerate(sheet.drawings, 1) for _ in range(item.hold)]
