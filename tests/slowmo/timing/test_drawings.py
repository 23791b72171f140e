"""A clip's frames become key pictures with times, as its exposure sheet says."""

from fractions import Fraction

import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.slowmo.timing.drawings import KeyPicture, every_frame, group
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import SourceFrame
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of


def frames(times: list[Fraction | int]) -> list[SourceFrame]:
    chroma = np.full((2, 2), 128, np.uint8)
    return [
        SourceFrame(Picture(np.full((4, 4), number, np.uint8), chroma, chroma), start, end)
        for number, (start, end) in enumerate(
            zip(map(Fraction, times[:-1]), map(Fraction, times[1:]), strict=True)
        )
    ]


def grouped(sheet: ExposureSheet, times: list[Fraction | int] | None = None) -> list[KeyPicture]:
    return list(group(frames(times or list(range(sheet.frames + 1))), sheet))


def number(key: KeyPicture) -> int:
    return int(key.picture.luma[0, 0])


def test_a_drawing_is_its_first_frame_at_that_frames_time() -> None:
    found = grouped(sheet_of([2, 3]))
    assert [(number(key), key.start, key.moves_from, key.end) for key in found] == [
        (0, 0, 0, 2),
        (2, 2, None, 5),
    ]


def test_a_cut_is_marked_and_nothing_moves_towards_it() -> None:
    found = grouped(sheet_of([2, 2], cuts=(2,)))
    assert [(key.begins_shot, key.moves_from) for key in found] == [(False, None), (True, None)]


def test_times_are_the_frames_own_where_the_rate_varies() -> None:
    times = [Fraction(time, 1000) for time in (0, 33, 110, 143, 310, 350)]
    found = grouped(sheet_of([2, 3]), times)
    assert [(key.start, key.end) for key in found] == [(0, times[2]), (times[2], times[5])]


def test_a_long_hold_moves_from_the_time_of_a_frame() -> None:
    found = grouped(sheet_of([9, 1]))
    assert found[0].moves_from == 7


def test_pulldown_is_undone_and_the_end_stays() -> None:
    sheet = sheet_of([1, 1, 1, 2, 1], fps=Fraction(30), pulldown=Pulldown(cycle=5, phase=4))
    found = grouped(sheet, [Fraction(number, 30) for number in range(7)])
    assert [key.start * 120 for key in found] == [0, 5, 10, 15, 20]
    assert found[-1].end == Fraction(6, 30)


@pytest.mark.parametrize(("count", "has"), [(4, "has 4"), (6, "has more")])
def test_a_clip_of_another_length_than_the_sheet_fails(count, has) -> None:
    with pytest.raises(UserError, match=f"is for 5 frames, and the clip {has}; give the sheet of"):
        grouped(sheet_of([2, 3]), list(range(count + 1)))


def test_keep_takes_every_frame_for_a_drawing_and_keeps_the_cuts() -> None:
    kept = every_frame(sheet_of([2, 2, 9], cuts=(4,), pulldown=Pulldown(cycle=5, phase=1)))
    assert [drawing.hold for drawing in kept.drawings] == [1] * 13
    assert kept.cuts == (4,)
    assert [number(key) for key in grouped(kept)] == list(range(13))
    assert [key.start for key in grouped(kept)] == list(range(13))
