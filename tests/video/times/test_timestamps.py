"""Times are exact: the container's rounding is undone, a variable rate is left as it is."""

from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.video.times.timestamps import (
    film_rate,
    is_constant,
    nominal_rate,
    rate_of_gaps,
    snap_to_grid,
)

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


def test_a_rate_that_no_clip_has_is_not_believed() -> None:
    assert nominal_rate(Fraction(90000), Fraction(10**9), Fraction(24)) == 24


def test_where_a_stamp_is_hours_off_the_first_frames_tell_the_rate() -> None:
    assert nominal_rate(Fraction(1, 400), NTSC, Fraction(1000, 42)) == NTSC


@pytest.mark.parametrize("durations", [[3, 2] * 8, [2] * 16, [3] * 16, [2, 3, 4, 3] * 4])
def test_film_is_known_by_fields_that_alternate(durations) -> None:
    found = film_rate([Fraction(1001 * fields, 60000) for fields in durations], None)
    assert (found is not None) == (durations == [3, 2] * 8)
    if found is not None:
        assert found.rate == NTSC
        assert found.slack == Fraction(1001, 120000)


def stamps(gaps: list[float]) -> list[Fraction]:
    return [Fraction(round(time), 1000) for time in accumulate(gaps, initial=0)]


@pytest.mark.parametrize(
    ("gaps", "rate", "constant"),
    [
        ([1000 / 24] * 40, 24, True),
        ([1000 / 60] * 40, 60, True),
        ([30, 30, 40] * 12, 30, True),  # hundredths of a second
        ([40] * 30, 24, True),  # the rate is a little off
        ([1000 / 24] * 20 + [2000 / 24] + [1000 / 24] * 20, 24, False),  # one frame is missing
        ([1000 / 24] * 20 + [1000 / 60] * 20, 34, False),
        ([1000 / 24] * 40 + [1000 / 30] * 40, 27, False),
        ([2000 / 24] * 40, 24, False),
    ],
)
def test_a_constant_rate_is_told_from_one_that_varies(gaps, rate, constant) -> None:
    assert is_constant(stamps(gaps), Fraction(rate)) == constant


@pytest.mark.parametrize(
    ("milliseconds", "stated", "rate"),
    [
        ([2000 / 24] * 15 + [2002], "24", "24"),  # animation on twos whose repeats were left out
        ([2000 / 24] * 15 + [2002], "5.16", "12"),
        ([2000 / 24] * 15 + [1000 / 24] * 3, "17", "24"),
        ([1000 / 24] * 36 + [1000 / 60] * 35, "33.7", "60"),
        ([1000 / 24] * 36 + [1000 / 60] * 35, "120", "60"),
        ([1000 / 24] * 40, "120", "24"),
        ([1001 / 24] * 40 + [700] * 3 + [11] * 2, "18", "24000/1001"),
        ([70] * 40 + [700] * 3, "11", "100/7"),
        ([], "25", "25"),
    ],
)
def test_the_rate_at_which_most_frames_follow_on_one_another(milliseconds, stated, rate) -> None:
    gaps = [Fraction(gap) / 1000 for gap in milliseconds]
    assert rate_of_gaps(gaps, Fraction(stated)) == Fraction(rate)
