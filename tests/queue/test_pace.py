"""The time left follows from how fast a job was of late."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from nakawari.queue.pace import LOOKS_BACK, Pace


@given(frame=floats(0.01, 100), done=integers(1, 500), more=integers(0, 500))
def test_at_an_even_pace_the_time_left_is_exact(frame: float, done: int, more: int) -> None:
    pace, left = Pace(), None
    for number in range(done + 1):
        left = pace.seconds_left(number * frame, number, done + more)
    assert left == pytest.approx(more * frame, rel=1e-6, abs=1e-6)


def test_frames_that_were_kept_do_not_count_for_long() -> None:
    pace = Pace()
    pace.seconds_left(0.0, 0, 1000)
    pace.seconds_left(1.0, 500, 1000)
    for second in range(2, 2 + 2 * round(LOOKS_BACK)):
        left = pace.seconds_left(float(second), 500 + second, 1000)
    assert left == pytest.approx(1000 - 500 - second, rel=0.01)


def test_nothing_is_told_without_a_length_a_frame_or_time() -> None:
    assert Pace().seconds_left(5.0, 3, 10) is None
    pace = Pace()
    pace.seconds_left(0.0, 0, None)
    assert pace.seconds_left(1.0, 1, None) is None
    assert pace.seconds_left(2.0, 9, 5) == 0.0
