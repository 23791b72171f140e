"""What an editor does to strips of frames, and that their truth stays true."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from eval.clips.stage import UnusableError
from eval.clips.strips import (
    UNCLEAR,
    Strip,
    clear_cadence,
    dissolved,
    flashed,
    joined,
    pulled_down,
    veiled,
)
from eval.clips.write import true_sheet
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import CameraMove, SheetDrawing


def grey_strip(levels: Sequence[int]) -> Strip:
    """Small frames of one grey, each its own drawing, on ones."""
    return Strip(
        frames=[np.full((2, 2, 3), level, np.uint8) for level in levels],
        exposures=list(range(len(levels))),
        camera=[None] * len(levels),
        cadences=[1],
    )


def test_every_frame_of_a_fade_is_a_drawing_but_for_those_under_the_full_veil() -> None:
    strip = veiled(replace(grey_strip([200] * 6), exposures=[0] * 6), [1, 1, 0.6, 0.3, 0, 0], 0)
    assert strip.new_drawings() == [True, False, True, True, True, False]
    assert [int(frame.max()) for frame in strip.frames] == [0, 0, 80, 140, 200, 200]
    assert strip.cadences == [UNCLEAR]


def test_a_fade_that_nobody_could_see_is_not_used() -> None:
    with pytest.raises(UnusableError, match="hardly differs"):
        veiled(grey_strip([2, 2, 2]), [0.5, 0.4, 0.0], 0)


def test_a_flash_is_new_when_it_begins_changes_and_ends_and_no_cut() -> None:
    strip = flashed(replace(grey_strip([90] * 6), exposures=[0] * 6), [(2, [1.0, 1.0, 0.5])])
    assert strip.new_drawings() == [True, False, True, False, True, True]
    assert strip.flashes == ((2, 4),)
    assert strip.cuts == ()


def test_every_frame_of_a_dissolve_is_a_drawing_and_none_a_cut() -> None:
    before, after = (replace(grey_strip([level] * 6), exposures=[0] * 6) for level in (0, 200))
    strip = dissolved(before, after, 3)
    assert [int(frame.max()) for frame in strip.frames] == [0, 0, 0, 50, 100, 150, 200, 200, 200]
    new = strip.new_drawings()
    assert new == [True, False, False, True, True, True, True, False, False]
    assert strip.cuts == ()


def test_joining_cuts_even_between_equal_pictures_and_shifts_what_follows() -> None:
    held = replace(grey_strip([90] * 4), exposures=[0] * 4)
    strip = joined([held, flashed(held, [(1, [1.0])]), held])
    assert strip.cuts == (4, 8)
    assert strip.flashes == ((5, 5),)
    assert [frame for frame, new in enumerate(strip.new_drawings()) if new] == [0, 4, 5, 6, 8]


def test_pulldown_shows_every_fourth_film_frame_twice() -> None:
    film = replace(grey_strip([10 * f for f in range(8)]), exposures=[f // 2 for f in range(8)])
    strip = pulled_down(film, phase=4)
    shown = [int(frame.max()) // 10 for frame in strip.frames]
    assert shown == [0, 1, 2, 3, 3, 4, 5, 6, 7, 7]
    assert [frame for frame, new in enumerate(strip.new_drawings()) if new] == [0, 2, 5, 7]
    assert strip.pulldown == Pulldown(cycle=5, phase=4)
    assert [Pulldown(cycle=5, phase=4).film_frame(frame) for frame in range(10)] == shown


@pytest.mark.parametrize(
    ("holds", "cadence"),
    [
        ([2, 2, 2, 2, 1], 2),
        ([18, 3, 3, 3, 3, 1], 3),
        ([40], None),
        ([1, 1, 2, 2, 3, 3, 9], "mixed"),
        ([2, 2, 2, 1, 1, 1, 2], UNCLEAR),  # half and half
        ([3, 3], UNCLEAR),  # one whole hold says nothing
    ],
)
def test_the_cadence_is_the_hold_of_most_whole_drawings(holds: list[int], cadence: object) -> None:
    assert clear_cadence(holds) == cadence


def test_a_strip_becomes_an_exposure_sheet() -> None:
    strip = joined(
        [replace(grey_strip([0] * 4), exposures=[0, 0, 1, 1], camera=[None, "pan", "pan", None]),
         grey_strip([90, 80])]
    )  # fmt: skip
    sheet = true_sheet("clip.mp4", strip, Fraction(24))
    assert sheet.cuts == (4,)
    assert [(drawing.start, drawing.hold) for drawing in sheet.drawings] == [
        (0, 2), (2, 2), (4, 1), (5, 1)
    ]  # fmt: skip
    assert sheet.drawings[0] == SheetDrawing(start=0, hold=2)
    assert sheet.camera == (CameraMove(start=1, end=2, kind="pan"),)
    assert [shot.animation_fps for shot in sheet.shots] == [12.0, 24.0]
