"""Times are exact: the container's rounding is undone, a variable rate is left as it is."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.video.timestamps import nominal_rate, snap_to_grid

NTSC = Fraction(24000, 1001)
MILLISECOND = Fraction(1, 1000)


@given(st.integers(0, 1_000_000), st.sampled_from([NTSC, Fraction(30), Fraction(60000, 1001)]))
def test_milliseconds_of_a_constant_rate_snap_to_its_exact_times(number, rate) -> None:
    stored = Fraction(round(number / rate / MILLISECOND), 1000)
    assert snap_to_grid(stored, MILLISECOND, rate) == number / rate


def test_times_off_the_grid_stay() -> None:
    assert snap_to_grid(Fraction(1, 50), MILLISECOND, NTSC) == Fraction(1, 50)


def test_coarse_ticks_never_snap() -> None:
    assert snap_to_grid(Fraction(1, 30), Fraction(1, 30), Fraction(24)) == Fraction(1, 30)


@pytest.mark.parametrize(
    ("average", "guessed", "expected"),
    [
        (NTSC * Fraction(132, 131), NTSC, NTSC),  # the last frame's duration is cut short
        (Fraction(21), Fraction(120), Fraction(21)),  # variable: the guess is its finest grid
        (None, Fraction(25), Fraction(25)),
        (None, None, Fraction(24)),
    ],
)
def test_the_rate_of_a_clip(average, guessed, expected) -> None:
    assert nominal_rate(average, guessed) == expected
