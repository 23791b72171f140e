"""Every output frame is made once, at the moment it shows, and the duration is the law's."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.slowmo.retiming import OutputClock, steps

POSITIVE = st.fractions(Fraction(1, 8), 60, max_denominator=1001)
CLOCKS = st.builds(lambda rate, factor: OutputClock(rate=rate, factor=factor), POSITIVE, POSITIVE)
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
        step.output_frame for span in pairwise(times) for step in steps(clock, span[0], *span)
    ]
    assert frames == list(range(len(frames)))


@given(CLOCKS, SPANS)
def test_the_output_lasts_the_input_times_the_factor_to_within_a_frame(clock, spans) -> None:
    times = drawing_times(spans)
    count = sum(1 for span in pairwise(times) for _ in steps(clock, span[0], *span))
    assert abs(count / clock.rate - times[-1] * clock.factor) < 1 / clock.rate


@given(CLOCKS, SPANS)
def test_frame_time_is_the_share_of_the_interval_that_has_passed(clock, spans) -> None:
    for start, end in pairwise(drawing_times(spans)):
        for step in steps(clock, start, start, end):
            shown = start + step.frame_time * (end - start)
            assert shown == step.output_frame / clock.rate / clock.factor
            assert 0 <= step.frame_time < 1


def test_a_drawing_rests_until_it_moves() -> None:
    clock = OutputClock(rate=Fraction(4), factor=Fraction(1))
    made = [step.frame_time for step in steps(clock, Fraction(0), Fraction(1), Fraction(2))]
    assert made == [0, 0, 0, 0, 0, Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]


def test_a_drawing_that_does_not_move_is_held() -> None:
    clock = OutputClock(rate=Fraction(4), factor=Fraction(1))
    assert {step.frame_time for step in steps(clock, Fraction(0), None, Fraction(2))} == {0}


@given(CLOCKS, POSITIVE)
def test_first_index_is_the_first_frame_at_or_after_a_time(clock, time) -> None:
    index = clock.first_index(time)
    assert clock.input_time(index) >= time > clock.input_time(index - 1)
    assert index == math.ceil(time * clock.rate * clock.factor)


@pytest.mark.parametrize(("rate", "factor"), [(0, 4), (24, 0), (-24, 4)])
def test_a_clock_that_stands_still_fails(rate, factor) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        OutputClock(rate=Fraction(rate), factor=Fraction(factor))
