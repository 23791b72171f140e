"""Every output frame is made once, at the moment it shows, and the duration is the law's."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.pace import Pace
from nakawari.slowmo.timing.retiming import OutputClock, output_steps
from tests.builders.paces import PACES

POSITIVE = st.fractions(Fraction(1, 8), 60, max_denominator=1001)
CLOCKS = st.builds(lambda rate, pace: OutputClock(rate=rate, pace=pace), POSITIVE, PACES)
SPANS = st.lists(st.fractions(Fraction(1, 120), Fraction(1, 2), max_denominator=999), min_size=1,
                 max_size=8)  # fmt: skip


def drawing_times(spans: list[Fraction]) -> list[Fraction]:
    times = [Fraction(0)]
    for span in spans:
        times.append(times[-1] + span)
    return times


@given(CLOCKS, SPANS)
def test_each_output_frame_appears_exactly_once_and_in_order(clock, spans) -> None:
    times = drawing_times(spans)
    frames = [
        step.output_frame
        for span in pairwise(times)
        for step in output_steps(clock, span[0], *span)
    ]
    assert frames == list(range(len(frames)))


@given(CLOCKS, SPANS)
def test_the_output_lasts_as_long_as_its_pace_says_to_within_a_frame(clock, spans) -> None:
    times = drawing_times(spans)
    count = sum(1 for span in pairwise(times) for _ in output_steps(clock, span[0], *span))
    assert clock.pace.input_time((count - 1) / clock.rate) < times[-1]
    assert clock.pace.input_time(count / clock.rate) >= times[-1]


@given(CLOCKS, SPANS)
def test_frame_time_is_the_share_of_the_interval_that_has_passed(clock, spans) -> None:
    for start, end in pairwise(drawing_times(spans)):
        for step in output_steps(clock, start, start, end):
            shown = start + step.frame_time * (end - start)
            assert shown == clock.pace.input_time(step.output_frame / clock.rate)
            assert 0 <= step.frame_time < 1


@given(POSITIVE, POSITIVE, SPANS)
def test_at_one_speed_the_output_lasts_the_input_times_the_factor(rate, factor, spans) -> None:
    clock = OutputClock(rate=rate, pace=Pace.constant(factor))
    times = drawing_times(spans)
    count = sum(1 for span in pairwise(times) for _ in output_steps(clock, span[0], *span))
    assert count == math.ceil(times[-1] * rate * factor)


def test_a_drawing_rests_until_it_moves() -> None:
    clock = OutputClock(rate=Fraction(4), pace=Pace.constant(Fraction(1)))
    made = [step.frame_time for step in output_steps(clock, Fraction(0), Fraction(1), Fraction(2))]
    assert made == [0, 0, 0, 0, 0, Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]


def test_a_drawing_that_does_not_move_is_held() -> None:
    clock = OutputClock(rate=Fraction(4), pace=Pace.constant(Fraction(1)))
    assert {step.frame_time for step in output_steps(clock, Fraction(0), None, Fraction(2))} == {0}


@given(CLOCKS, POSITIVE)
def test_first_index_is_the_first_frame_at_or_after_a_time(clock, time) -> None:
    index = clock.first_index(time)
    assert clock.input_time(index) >= time > clock.input_time(index - 1)


@pytest.mark.parametrize("rate", [0, -24])
def test_a_clock_that_stands_still_fails(rate) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        OutputClock(rate=Fraction(rate), pace=Pace.constant(Fraction(4)))
