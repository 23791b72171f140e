"""The time left follows from how fast a job was of late."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from nakawari.queue.time_left import LOOKS_BACK, TimeLeft


@given(frame=floats(0.01, 100), done=integers(1, 500), more=integers(0, 500))
def test_at_an_even_pace_the_time_left_is_exact(frame: float, done: int, more: int) -> None:
    watch, left = TimeLeft(), None
    for number in range(done + 1):
        left = watch.seconds_left(number * frame, number, done + more)
    assert left == pytest.approx(more * frame, rel=1e-6, abs=1e-6)


def test_frames_that_were_kept_do_not_count_for_long() -> None:
    watch = TimeLeft()
    watch.seconds_left(0.0, 0, 1000)
    watch.seconds_left(1.0, 500, 1000)
    for second in range(2, 2 + 2 * round(LOOKS_BACK)):
        left = watch.seconds_left(float(second), 500 + second, 1000)
    assert left == pytest.approx(1000 - 500 - second, rel=0.01)


def test_nothing_is_told_without_a_length_a_frame_or_time() -> None:
    assert TimeLeft().seconds_left(5.0, 3, 10) is None
    watch = TimeLeft()
    watch.seconds_left(0.0, 0, None)
    assert watch.seconds_left(1.0, 1, None) is None
    assert watch.seconds_left(2.0, 9, 5) == 0.0
