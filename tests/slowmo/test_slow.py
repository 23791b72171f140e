"""The loop passes keys through, asks for what is missing, and crosses no cut."""

import math
import threading
import time
from fractions import Fraction

import numpy as np
import pytest
import torch

from nakawari.pace import Pace, RampPoint
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.fallback import Fallback, Place
from nakawari.slowmo.job import SlowJob
from nakawari.slowmo.slow import MAX_BATCH, slow_down
from nakawari.slowmo.timing.drawings import group
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.pictures.color import ColorTags
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import SourceFrame
from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of


def gray(luma: int) -> Picture:
    chroma = np.full((8, 8), 128, np.uint8)
    return Picture(np.full((16, 16), luma, np.uint8), chroma, chroma)


def slowed(levels, sheet: ExposureSheet, how: Pace | Fraction | int, interpolator=blend, workers=1):
    """Return the brightness of every output frame, and the tally; one input frame a second.

    ``how`` is the output's pace, or its factor.
    """
    pace = how if isinstance(how, Pace) else Pace.constant(Fraction(how))
    frames = [
        SourceFrame(gray(level), Fraction(number), Fraction(number + 1))
        for number, level in enumerate(levels)
    ]
    clock = OutputClock(rate=Fraction(1), pace=pace)
    written: list[Picture] = []
    tally = slow_down(
        group(iter(frames), sheet),
        clock,
        Fallback(Place(interpolator, "cpu", workers)),
        ColorTags(),
        written.append,
    )
    return [int(picture.luma.mean()) for picture in written], tally


def test_a_held_drawing_moves_through_its_whole_hold() -> None:
    shown, tally = slowed([40, 40, 48, 48], sheet_of([2, 2]), 2)
    assert shown == [40, 42, 44, 46, 48, 48, 48, 48]
    assert (tally.drawn, tally.passed) == (3, 5)


def test_threes_move_as_evenly_as_ones() -> None:
    threes, _ = slowed([40] * 3 + [64] * 3 + [88] * 3 + [112], sheet_of([3, 3, 3, 1]), 4)
    ones, _ = slowed(list(range(40, 120, 8)), sheet_of([1] * 10), 4)
    assert threes == ones


def test_a_long_hold_rests_and_moves_within_one_cadence_step() -> None:
    shown, _ = slowed([40] * 8 + [48], sheet_of([8, 1], cadence=2), 2)
    assert shown == [40] * 13 + [42, 44, 46, 48, 48]


def test_frames_that_are_no_keys_are_never_shown() -> None:
    shown, _ = slowed([40, 90, 48, 90], sheet_of([2, 2]), 1)
    assert shown == [40, 44, 48, 48]


def test_nothing_is_drawn_across_a_cut() -> None:
    shown, tally = slowed([40] * 4 + [200] * 4, sheet_of([4, 4], cuts=(4,)), 3)
    assert shown == [40] * 12 + [200] * 12
    assert tally.drawn == 0


def test_the_interpolator_gets_one_interval_and_a_few_times() -> None:
    calls = []

    def spy(frame_0, frame_1, frame_time):
        calls.append((frame_0.shape, frame_1.shape, frame_time.tolist()))
        return blend(frame_0, frame_1, frame_time)

    slowed([40, 48], sheet_of([1, 1]), 2 * MAX_BATCH, spy)
    assert all(shapes == (1, 3, 16, 16) for call in calls for shapes in call[:2])
    assert max(len(times) for *_, times in calls) == MAX_BATCH
    share = 2 * MAX_BATCH
    assert [time for *_, times in calls for time in times] == [n / share for n in range(1, share)]


def test_intervals_drawn_at_once_come_out_as_one_by_one() -> None:
    levels, sheet = list(range(40, 160, 8)), sheet_of([3, 2, 1, 1, 1, 1, 6])
    drawing, most = set[int](), list[int]()

    def slow_blend(*args: torch.Tensor) -> torch.Tensor:
        drawing.add(threading.get_ident())
        most.append(len(drawing))
        time.sleep(0.01)
        drawing.discard(threading.get_ident())
        return blend(*args)

    assert slowed(levels, sheet, 12, slow_blend, 4) == slowed(levels, sheet, 12)
    assert max(most) > 1


def test_speed_and_rate_may_leave_frames_out() -> None:
    shown, tally = slowed([40 + 9 * n for n in range(8)], sheet_of([1] * 8), Fraction(1, 2))
    assert shown == [40, 58, 76, 94]
    assert tally.drawn == 0


def ramp(*points: tuple[float, float]) -> Pace:
    return Pace(tuple(RampPoint(Fraction(time), Fraction(speed)) for time, speed in points))


def test_a_ramp_between_equal_speeds_makes_what_one_speed_makes() -> None:
    levels, sheet = list(range(40, 160, 8)), sheet_of([3, 2, 1, 1, 1, 1, 6], cuts=(5,))
    assert slowed(levels, sheet, ramp((1, 0.25), (4, 0.25), (9, 0.25))) == slowed(levels, sheet, 4)


def test_frames_at_full_speed_pass_through_and_those_of_a_ramp_are_drawn() -> None:
    # Two seconds at the mean speed of 5/8 last 3.2 s; three at 1/4 twelve; and the way up 3.2 s.
    pace = ramp((3, 1), (5, 0.25), (8, 0.25), (10, 1))
    shown, tally = slowed(list(range(40, 200, 10)), sheet_of([1] * 16), pace)
    assert shown[:4] == [40, 50, 60, 70]
    assert len(shown) == math.ceil(3 + 3.2 + 12 + 3.2 + 6)
    assert tally.passed == 4 + 1  # nothing follows on the last frame
    drawn = np.diff(shown[3:-1])
    assert drawn.min() >= 2
    assert drawn.max() <= 10


def test_nothing_is_drawn_across_a_cut_on_a_ramp() -> None:
    pace = ramp((0, 1), (8, 0.2))
    shown, tally = slowed([40] * 4 + [200] * 4, sheet_of([4, 4], cuts=(4,)), pace)
    assert set(shown) == {40, 200}
    assert shown == sorted(shown)
    assert tally.drawn == 0


@pytest.mark.parametrize("field", ["audio", "holds"])
def test_a_job_with_an_unknown_word_fails(tmp_path, field) -> None:
    with pytest.raises(ValueError, match=f"{field} must be"):
        SlowJob(source=tmp_path, output=tmp_path, **{field: "maybe"})
