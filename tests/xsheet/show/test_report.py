"""The page holds every drawing, hold and difference, and nothing from outside."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from PIL import Image

from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import SheetDrawing
from nakawari.xsheet.show.curve import DifferenceAxis, histogram
from nakawari.xsheet.show.report import html_report
from nakawari.xsheet.show.saving import is_page
from nakawari.xsheet.show.thumbnails import (
    Thumbnails,
    make_thumbnails,
    thumbnail_shape,
)
from tests.builders.detections import detection_of, one_shot, two_shots
from tests.conftest import painting

PICTURES = Thumbnails(width=64, height=48, uris={0: "data:image/jpeg;base64,AA=="})


def page_of(sheet, thumbnails: Thumbnails = PICTURES) -> str:
    return html_report(detection_of(sheet), thumbnails)


def test_every_drawing_lies_over_its_hold() -> None:
    page = page_of(two_shots())
    cells = re.findall(r'data-start="(\d+)" data-hold="(\d+)"', page)
    assert [(int(start), int(hold)) for start, hold in cells] == [
        (drawing.start, drawing.hold) for drawing in two_shots().drawings
    ]


def test_shots_are_on_the_timeline_as_wide_as_they_are_long() -> None:
    page = page_of(two_shots())
    assert re.findall(r'href="#(shot-\d)" style="flex-grow:(\d+)"', page) == [
        ("shot-1", "12"),
        ("shot-2", "9"),
    ]
    assert all(f'id="shot-{number}"' in page for number in (1, 2))


def test_the_frames_differences_and_thresholds_are_there_to_be_read() -> None:
    page = page_of(two_shots())
    data = json.loads(re.search(r'id="data">(.*?)</script>', page).group(1))
    detection = detection_of(two_shots())
    assert data["changes"] == list(detection.changes)
    assert data["thresholds"] == list(detection.thresholds)
    assert page.count('class="threshold"') == 2


def test_drawings_in_doubt_are_marked_and_linked() -> None:
    page = page_of(two_shots(unsure=(4, 15)))
    assert re.findall(r'class="drawing unsure" id="f(\d+)"', page) == ["4", "15"]
    assert re.findall(r'<a href="#f(\d+)">', page) == ["4", "15"]


def test_the_clips_name_is_text_and_never_markup() -> None:
    name = '</title><script>alert("x")</script>&.mp4'
    page = page_of(two_shots(clip=name))
    assert "<script>alert" not in page
    assert f"<title>{escape(name)} – exposure sheet</title>" in page
    assert f"<h1>{escape(name)}</h1>" in page


def test_nothing_comes_from_outside() -> None:
    page = page_of(two_shots())
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|(?:src|href)=\"(?!data:|#)|@import|url\(", page)


def test_telecine_is_said() -> None:
    assert "4 film frames in 5 video frames" in page_of(
        two_shots(pulldown=Pulldown(cycle=5, phase=1))
    )


def test_a_page_is_known_as_one() -> None:
    assert is_page(page_of(two_shots()))
    assert not is_page("<!doctype html><title>Another</title>")


def test_without_differences_there_is_no_curve_and_the_page_says_so() -> None:
    detection = detection_of(two_shots())
    flat = type(detection)(sheet=detection.sheet, changes=(0.0,) * 21, thresholds=(0.0,) * 21)
    page = html_report(flat, PICTURES)
    assert "<svg" not in page
    assert "No differences were measured." in page


def test_marks_of_a_varying_rate_are_not_written_over_each_other() -> None:
    times = (Fraction(0), Fraction(1, 12), Fraction(9), Fraction(109, 12), Fraction(110, 12))
    sheet = replace(one_shot([1, 1, 1, 1]), fps=Fraction(12), times=times)
    marks = re.findall(r'<span style="left:([0-9.]+)%">\d', page_of(sheet))
    places = [float(place) for place in marks]
    assert places[0] == 0
    assert all(after - before >= 6 for before, after in pairwise(places))
    assert "times are the frames' own" in page_of(sheet)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_the_histogram_counts_every_drawing_once(holds: list[int]) -> None:
    drawings = [SheetDrawing(start=0, hold=hold) for hold in holds]
    bars = re.findall(r'data-hold="([^"]+)" data-count="(\d+)"', histogram(drawings))
    counts = {label: int(number) for label, number in bars}
    assert sum(counts.values()) == len(holds)
    for hold, number in Counter(hold for hold in holds if hold <= 12).items():
        assert counts[str(hold)] == number


@given(st.lists(st.floats(1e-6, 1e6), min_size=1), st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_the_axis_keeps_the_order_of_values_and_shows_the_largest(values, one, other) -> None:
    axis = DifferenceAxis.around(values)
    assert axis.low < max(values) <= axis.high * (1 + 1e-9)
    assert all(0 <= axis.height(value) <= 1 for value in values)
    assert axis.height(min(one, other)) <= axis.height(max(one, other))
    assert math.isclose(axis.ticks()[-1], axis.high)


def test_an_axis_of_nothing_is_none() -> None:
    assert DifferenceAxis.around([0.0, -1.0, math.inf, math.nan]) is None


def decoded(uri: str) -> np.ndarray:
    """Return the pixels of a data URI, (H, W, 3) uint8."""
    content = base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize(
    "tags", [{"colorspace": 1, "color_range": 1}, {"colorspace": 5, "color_range": 2}]
)
def test_thumbnails_show_the_first_frame_of_each_drawing_in_its_colours(make_clip, tags) -> None:
    colours = [(200, 40, 60), (40, 160, 70), (60, 70, 190), (230, 200, 40)]
    paintings = [np.full((48, 64, 4), (*colours[n // 2], 255), np.uint8) for n in range(8)]
    clip = make_clip(paintings=paintings, options={"crf": "5"}, **tags)
    thumbnails = make_thumbnails(clip, one_shot([2, 2, 2, 2]))
    assert list(thumbnails.uris) == [0, 2, 4, 6]
    for uri, colour in zip(thumbnails.uris.values(), colours, strict=True):
        pixels = decoded(uri)
        assert pixels.shape == (120, 160, 3)
        assert np.abs(pixels.astype(int) - colour).max() <= 6


def test_thumbnails_of_oblong_pixels_have_the_shape_of_the_shown_picture(make_clip) -> None:
    clip = make_clip(paintings=[painting(n) for n in range(2)], aspect=Fraction(4, 3))
    thumbnails = make_thumbnails(clip, one_shot([1, 1]))
    assert decoded(thumbnails.uris[0]).shape == (90, 160, 3)
    assert math.isclose(thumbnails.aspect, 16 / 9)


def test_the_more_thumbnails_the_smaller() -> None:
    widths = [thumbnail_shape(number, 1920, 1080)[1] for number in (1, 800, 801, 1601, 3001, 6001)]
    assert widths == [160, 160, 120, 96, 72, 56]
