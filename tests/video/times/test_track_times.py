"""Times only grow, and stamps that cannot be right move no frame but their own."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nakawari.video.times.track_times import MAX_JUMP, TrackTimes


def placed(stamps: list[Fraction | None], usual: Fraction = Fraction(1)) -> list[Fraction]:
    track_times = TrackTimes(stamps[0] or Fraction(0))
    times: list[Fraction] = []
    for stamp in stamps:
        before = times[-1] if times else None
        times.append(track_times.place(stamp, before, before + usual if times else Fraction(0)))
    return times


@given(st.lists(st.none() | st.integers(-(2**62), 2**62).map(Fraction), min_size=1, max_size=30))
def test_times_grow_by_a_believable_step_whatever_the_stamps(stamps) -> None:
    times = placed(stamps)
    gaps = [after - before for before, after in pairwise(times)]
    assert all(0 < gap <= MAX_JUMP + 1 for gap in gaps)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(-99, 99))
def test_stamps_that_can_be_right_are_taken_as_they_are(gaps, zero) -> None:
    stamps = [Fraction(zero)]
    for gap in gaps:
        stamps.append(stamps[-1] + gap)
    assert placed([*stamps]) == [stamp - zero for stamp in stamps]


def test_one_wild_stamp_leaves_the_others_where_they_were() -> None:
    stamps: list[Fraction | None] = [Fraction(number) for number in range(8)]
    stamps[4] = Fraction(10**6)
    assert placed(stamps) == list(range(8))
