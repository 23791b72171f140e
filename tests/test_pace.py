"""A pace is what its points say: their speeds, eased between them, and their exact durations."""

import re
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.pace import NEAR, Pace, RampPoint
from tests.builders.paces import PACES, SPEEDS

TIMES = st.fractions(0, 300, max_denominator=1001)


def ramp(*points: tuple[float | str, float | str]) -> Pace:
    return Pace(tuple(RampPoint(Fraction(time), Fraction(speed)) for time, speed in points))


def output_times(pace: Pace) -> list[Fraction]:
    """Return when each point is shown: a piece lasts as long as at the mean of its speeds."""
    first = pace.points[0]
    times = [first.time / first.speed]
    for point, following in pairwise(pace.points):
        mean = (point.speed + following.speed) / 2
        times.append(times[-1] + (following.time - point.time) / mean)
    return times


def speed(pace: Pace, time: Fraction) -> float:
    step = Fraction(1, 10**9)
    return float((pace.input_time(time + step) - pace.input_time(time)) / step)


@given(PACES, TIMES)
def test_a_moment_is_shown_when_it_is_said_to_be(pace, time) -> None:
    shown = pace.output_time(time)
    earliest, latest = (pace.input_time(max(shown + off, 0)) for off in (-NEAR, NEAR))
    assert earliest <= time <= latest


@given(SPEEDS, TIMES)
def test_at_one_speed_a_moments_place_is_exact(speed, time) -> None:
    assert Pace.constant(1 / speed).output_time(time) == time / speed


@given(PACES)
def test_every_point_is_shown_exactly_when_its_pieces_mean_speeds_say(pace) -> None:
    shown = [pace.input_time(time) for time in output_times(pace)]
    assert shown == [point.time for point in pace.points]


@given(PACES)
def test_the_speed_at_a_point_is_its_speed_on_either_side(pace) -> None:
    for point, time in zip(pace.points, output_times(pace), strict=True):
        for moment in (time, time - Fraction(1, 10**9)):
            assert speed(pace, moment) == pytest.approx(float(point.speed), rel=1e-5)


@given(PACES, TIMES, TIMES)
def test_time_goes_on_and_never_at_a_speed_beyond_those_given(pace, one, other) -> None:
    earlier, later = sorted((one, other))
    passed = pace.input_time(later) - pace.input_time(earlier)
    assert pace.slowest * (later - earlier) <= passed <= pace.fastest * (later - earlier)


@given(SPEEDS, SPEEDS)
def test_between_two_points_the_speed_goes_one_way_and_is_their_mean_half_way(a, b) -> None:
    pace = Pace((RampPoint(Fraction(0), a), RampPoint(Fraction(1), b)))
    length = 2 / (a + b)
    speeds = [speed(pace, length * share / 20) for share in range(21)]
    assert sorted(speeds, reverse=a > b) == pytest.approx(speeds, rel=1e-6)
    assert speeds[10] == pytest.approx(float(a + b) / 2, rel=1e-6)
    assert speeds[5] == pytest.approx(float(a + (b - a) * Fraction(5, 32)), rel=1e-6)  # smoothstep


@given(SPEEDS, st.lists(TIMES, min_size=1, max_size=4, unique=True), TIMES)
def test_a_ramp_between_equal_speeds_is_one_speed(speed, times, time) -> None:
    pace = Pace(tuple(RampPoint(moment, speed) for moment in sorted(times)))
    constant = Pace.constant(1 / speed)
    assert pace.input_time(time) == time * speed == constant.input_time(time)
    assert str(pace) == str(constant)


@given(PACES, PACES)
def test_its_words_tell_it_from_every_other(one, other) -> None:
    moments = [Fraction(number, 3) for number in range(60)]
    shown = [[pace.input_time(moment) for moment in moments] for pace in (one, other)]
    assert shown[0] == shown[1] or str(one) != str(other)


def test_the_words_of_a_ramp_are_its_points() -> None:
    assert str(ramp((0, 1), ("2.5", "0.25"))) == "0:1, 5/2:1/4"
    assert str(Pace.constant(Fraction(5, 2))) == "0:2/5"


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([], "must have a point"),
        ([(-1, 1)], "must begin at 0 or later, got -1"),
        ([(0, 1), (0, 2)], "must grow, got 0 after 0"),
        ([(2, 1), (1, 2)], "must grow, got 1 after 2"),
        ([(0, 1), (1, 0)], "speed must be above 0, got 0"),
        ([(0, -1)], "speed must be above 0, got -1"),
    ],
)
def test_a_ramp_that_makes_no_sense_fails(points, words) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        ramp(*points)


@pytest.mark.parametrize("factor", [0, -4])
def test_a_factor_of_zero_or_less_fails(factor) -> None:
    with pytest.raises(ValueError, match="factor must be above 0"):
        Pace.constant(Fraction(factor))
