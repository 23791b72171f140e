"""OpenTimelineIO's own reader finds a piece of the clip for every shot, and the drawings."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.xsheet.export.otio import is_timeline, otio
from nakawari.xsheet.sheet.sheet import ExposureSheet, Take
from tests.builders.sheets import sheet_of
from tests.xsheet.export.shown import sheets

CLIP = Path("/films/clip one.mp4")


class Library:
    """The format's own library, in a process of its own.

    In one that pytest runs in, opentimelineio 0.18.1 aborts when Python ends.
    """

    def __init__(self) -> None:
        script = str(Path(__file__).with_name("otio_reader.py"))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, script], stdin=pipe, stdout=pipe)

    def read(self, text: str) -> dict:
        """Return what the library finds in a timeline."""
        # As it is saved: bytes that no text has become question marks.
        line = json.dumps(text.encode("utf-8", errors="replace").decode("utf-8"))
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture(scope="module")
def library():
    reader = Library()
    yield reader
    reader.close()


@given(sheet=sheets())
def test_cuts_and_drawings_can_be_recovered(library, sheet: ExposureSheet) -> None:
    timeline = library.read(otio(sheet, CLIP))
    starts = [clip["place"]["start_frame"] for clip in timeline["clips"]]
    assert starts == [0, *sheet.cuts]
    assert timeline["frames"] == sheet.frames
    drawings = [start for clip in timeline["clips"] for start in clip["drawings"]]
    assert drawings == [drawing.start for drawing in sheet.drawings]


@given(sheet=st.one_of(sheets(), sheets(varying=True)))
def test_every_piece_stands_at_the_time_of_the_clip_that_it_shows(
    library, sheet: ExposureSheet
) -> None:
    clips = library.read(otio(sheet, CLIP))["clips"]
    for clip, shot in zip(clips, sheet.shots, strict=True):
        begins, ends = (sheet.clock.time(frame) for frame in (shot.start, shot.end + 1))
        for place in (clip["source"], clip["place"]):
            assert place["start"] == pytest.approx(float(begins), abs=1e-6)
            assert place["duration"] == pytest.approx(float(ends - begins), abs=1e-6)
        assert clip["effects"] == 0  # nothing is retimed
        assert clip["available"]["start"] == 0
        whole = float(sheet.clock.time(sheet.frames))
        assert clip["available"]["duration"] == pytest.approx(whole, abs=1e-6)


def test_the_clip_is_named_by_its_place(library) -> None:
    (clip,) = library.read(otio(sheet_of([2, 1]), CLIP))["clips"]
    assert clip["target_url"] == "file:///films/clip%20one.mp4"
    assert clip["name"] == "clip.mp4 shot 1"


def test_the_takes_of_a_shot_stand_in_its_piece_and_nothing_where_none_is_chosen() -> None:
    sheet = sheet_of([2, 2, 2, 2], cuts=(4,))
    chosen = replace(sheet, takes=(Take(start=4, next=6, seed=3),))
    (track,) = json.loads(otio(chosen, CLIP))["tracks"]["children"]
    first, second = (clip["metadata"]["nakawari"] for clip in track["children"])
    assert "takes" not in first
    assert second["takes"] == [{"start": 4, "next": 6, "seed": 3}]
    assert "takes" not in otio(sheet, CLIP)


def test_a_clip_of_unknown_place_is_missing_media(library) -> None:
    (clip,) = library.read(otio(replace(sheet_of([2]), clip=""), None))["clips"]
    assert clip["is_missing"]


def test_a_name_that_is_no_text_can_be_written(library) -> None:
    sheet = replace(sheet_of([2]), clip="a\udcff.mp4")
    timeline = library.read(otio(sheet, Path("/a\udcff.mp4")))
    assert timeline["name"] == "a?.mp4"
    assert timeline["clips"][0]["target_url"] == "file:///a%FF.mp4"


def test_two_thousand_shots_of_a_hundred_frames_are_read(library) -> None:
    cuts = tuple(accumulate([100] * 1999))
    text = otio(sheet_of([2] * 100_000, cuts=cuts, fps=Fraction(24)), CLIP)
    timeline = library.read(text)
    assert [clip["place"]["start_frame"] for clip in timeline["clips"]] == [0, *cuts]


def test_it_is_known_again() -> None:
    assert is_timeline(otio(sheet_of([1]), CLIP))
    for other in ("", '{"OTIO_SCHEMA": "Clip.2"}', '["OTIO_SCHEMA"]', '"OTIO_SCHEMA"{'):
        assert not is_timeline(other)
