"""Any pace, for property tests."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from nakawari.pace import Pace, RampPoint

SPEEDS = st.fractions(Fraction(1, 60), 8, max_denominator=1001)
GAPS = st.fractions(Fraction(1, 100), 2, max_denominator=999)


def _pace(start: Fraction, first: Fraction, others: list[tuple[Fraction, Fraction]]) -> Pace:
    points = [RampPoint(start, first)]
    for gap, speed in others:
        points.append(RampPoint(points[-1].time + gap, speed))
    return Pace(tuple(points))


PACES = st.builds(
    _pace,
    st.fractions(0, 2, max_denominator=999),
    SPEEDS,
    st.lists(st.tuples(GAPS, SPEEDS), max_size=3),
)
