"""Drawings on even frames: none is lost, and each is as near to its time as it can be."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given

from nakawari.xsheet.export.even import EvenSheet, even_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of
from tests.xsheet.export.shown import sheets


@given(sheets())
def test_at_a_constant_rate_the_frames_are_the_clips_own(sheet: ExposureSheet) -> None:
    even = even_sheet(sheet)
    assert even.rate == sheet.fps
    assert even.spans == [(drawing.start, drawing.end) for drawing in sheet.drawings]


@given(sheets(varying=True))
def test_where_the_rate_varies_drawings_start_at_the_nearest_frame(sheet: ExposureSheet) -> None:
    even = even_sheet(sheet)
    assert all(start < end for start, end in even.spans)
    for drawing, start in zip(sheet.drawings, even.starts, strict=True):
        assert abs(start / even.rate - sheet.times[drawing.start]) <= 1 / (2 * even.rate)
    assert abs(even.end / even.rate - sheet.times[-1]) <= 1 / (2 * even.rate)


def test_a_pause_of_two_seconds_is_held_for_two_seconds() -> None:
    times = tuple(Fraction(n, 24) for n in (0, 1, 49, 50))
    even = even_sheet(sheet_of([1, 1, 1], times=times))
    assert even == EvenSheet(rate=Fraction(24), starts=(0, 1, 49), end=50)


def test_drawings_too_close_for_any_rate_follow_on_one_another() -> None:
    times = tuple(Fraction(n, 10**6) for n in (0, 1, 2, 10**6))
    even = even_sheet(sheet_of([1, 1, 1], times=times))
    assert even == EvenSheet(rate=Fraction(984), starts=(0, 1, 2), end=984)
