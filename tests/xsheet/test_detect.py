"""Whole clips, coded and read back: the sheet says what was drawn."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.video.pictures.picture import Picture
from nakawari.xsheet.detect import Detection, at_rate, detect
from tests.builders.stage import shot_at

SAMPLE = Path(__file__).parents[2] / "samples" / "dance.mp4"


def painted(picture: Picture) -> np.ndarray:
    return np.dstack([picture.luma] * 3 + [np.full_like(picture.luma, 255)])


@pytest.fixture
def sheet_of_clip(make_clip):
    def detected(pictures: list[Picture], **how: object) -> Detection:
        how = {"rate": Fraction(24), "options": {"crf": "22"}} | how
        return detect(make_clip(paintings=[painted(picture) for picture in pictures], **how))

    return detected


def reading() -> bool:
    """Return whether a clip is still being read."""
    return any(thread.name == "ahead" for thread in threading.enumerate())


def symbols(detection: Detection) -> str:
    starts = {drawing.start for drawing in detection.sheet.drawings}
    return "".join("|" if frame in starts else "-" for frame in range(detection.sheet.frames))


def test_the_sample_clip_is_read_as_it_was_made() -> None:
    sheet = detect(SAMPLE).sheet
    assert sheet.frames == 132
    assert sheet.cuts == (72,)
    assert [shot.cadence for shot in sheet.shots] == [2, 3]
    assert [drawing.start for drawing in sheet.drawings] == [*range(0, 72, 2), *range(72, 132, 3)]
    assert [(move.start, move.end, move.kind) for move in sheet.camera] == [(48, 71, "pan")]


def test_pictures_shown_at_another_rate_are_those_of_a_detection_at_that_rate(tmp_path) -> None:
    """There and back; held for 2, 3, 2, 3 pictures, they have pulldown at 30 a second alone."""
    shown = [number for pair in range(8) for number in (2 * pair, 2 * pair, *[2 * pair + 1] * 3)]
    for frame, number in enumerate(shown):
        pixels = painted(shot_at(figure=(40 + 12.0 * number, 90)))
        cv2.imwrite(str(tmp_path / f"{frame:04d}.png"), pixels[..., 2::-1])
    at_24, at_30 = (detect(tmp_path, input_rate=Fraction(rate)) for rate in (24, 30))
    assert (at_24.sheet.pulldown is None, at_30.sheet.pulldown is None) == (True, False)
    assert at_rate(at_24, Fraction(30)) == replace(at_30, content=at_24.content)
    assert at_rate(at_30, Fraction(24)) == replace(at_24, content=at_30.content)


def test_drawings_tile_the_clip_and_every_shot_begins_with_one(sheet_of_clip) -> None:
    shots = [
        [shot_at(figure=(100 + 5.0 * (n // 2), 90), seed=s) for n in range(14)] for s in (1, 2)
    ]
    detection = sheet_of_clip([picture for shot in shots for picture in shot])
    sheet = detection.sheet
    assert sheet.cuts == (14,)
    assert symbols(detection) == "|-" * 14
    assert [drawing.end for drawing in sheet.drawings[:-1]] == [d.start for d in sheet.drawings[1:]]
    assert sheet.drawings[-1].end == sheet.frames == len(detection.changes) == 28
    assert len(detection.thresholds) == 28
    assert json.loads(sheet.to_json())["cuts"] == [14]


def test_a_mouth_that_speaks_is_drawn_anew(sheet_of_clip) -> None:
    mouths = [0, 0, 6, 6, 6, 2, 2, 8, 0, 0, 0, 6, 6, 2, 2, 2]
    detection = sheet_of_clip([shot_at(mouth=mouth) for mouth in mouths])
    assert symbols(detection) == "|-|--|-||--|-|--"


@pytest.mark.parametrize("fixed", [True, False])
def test_a_pan_over_a_held_figure_is_no_drawing(sheet_of_clip, fixed: bool) -> None:
    pictures = []
    for frame in range(30):
        drawing = max(frame - 12, 0) // 3
        place = (150 + 4.0 * drawing - (0 if fixed else 0.5 * 3 * frame), 90.0)
        pictures.append(shot_at(x=1.5 * frame, figure=place))
    detection = sheet_of_clip(pictures)
    assert symbols(detection) == "|" + "-" * 14 + "|--" * 5
    assert [(move.start, move.end, move.kind) for move in detection.sheet.camera] == [
        (0, 29, "pan")
    ]
    assert detection.sheet.shots[0].cadence == 3


def test_a_pan_that_begins_and_ends_slowly_over_a_held_figure_is_one_drawing_at_most(
    sheet_of_clip,
) -> None:
    speeds = [0.0] * 6 + [0.15, 0.4, 0.8, 1.2] + [1.5] * 8 + [1.2, 0.8, 0.4, 0.15] + [0.0] * 8
    pictures = [shot_at(x=float(place)) for place in np.cumsum(speeds)]
    detection = sheet_of_clip(pictures)
    assert symbols(detection).count("|") <= 2  # the first faint step may be taken for one
    assert detection.sheet.shots[0].cadence is None


def test_a_close_figure_on_twos_that_moves_as_one_is_no_camera(sheet_of_clip) -> None:
    """It fills the picture, as a camera's ground does, but stands on every other frame."""
    pictures = [shot_at(x=1.2 * (frame // 2), figure=None) for frame in range(30)]
    detection = sheet_of_clip(pictures, options={"crf": "26"})
    assert symbols(detection) == "|-" * 15
    assert not detection.sheet.camera


def test_a_shake_over_a_held_figure_is_no_drawing(sheet_of_clip) -> None:
    generator = np.random.default_rng(5)
    places = generator.uniform(-6, 6, (28, 2))
    detection = sheet_of_clip([shot_at(x=float(x), y=float(y)) for x, y in places])
    assert symbols(detection).count("|") <= 3
    assert [move.kind for move in detection.sheet.camera] == ["shake"]


def test_every_frame_of_a_fade_is_a_drawing(sheet_of_clip) -> None:
    def faded(light: float) -> Picture:
        picture = shot_at()
        return replace(picture, luma=(picture.luma * light).astype(np.uint8))

    pictures = [shot_at()] * 8 + [faded(1 - step / 12) for step in range(1, 13)]
    assert symbols(sheet_of_clip(pictures)) == "|" + "-" * 7 + "|" * 12


def test_a_slow_change_does_not_drift_away(sheet_of_clip) -> None:
    """Each step is too small to be seen; against the last drawing they add up."""
    pictures = [shot_at(figure=(120 + 0.06 * frame, 90)) for frame in range(60)]
    assert symbols(sheet_of_clip(pictures, options={"crf": "16"})).count("|") >= 3


def test_a_clip_without_frames_fails_as_the_reader_does(tmp_path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        detect(tmp_path / "missing.mp4")


def test_a_clip_that_is_damaged_on_the_way_fails_as_the_reader_does(make_clip) -> None:
    path = make_clip("a.mkv", frames=60, hold=1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match="truncated: it ends after"):
        detect(path)
    assert not reading()


def test_who_stops_on_the_way_leaves_no_thread_and_no_setting_behind(make_clip) -> None:
    def stop(done: int, expected: int | None) -> None:
        raise KeyboardInterrupt

    cv2.setNumThreads(2)
    with pytest.raises(KeyboardInterrupt):
        detect(make_clip(frames=60), on_frame=stop)
    assert not reading()
    assert cv2.getNumThreads() == 2


def test_progress_counts_every_frame(make_clip) -> None:
    told: list[tuple[int, int | None]] = []
    detect(make_clip(frames=9), on_frame=lambda done, expected: told.append((done, expected)))
    assert [done for done, _ in told] == list(range(1, 10))
    assert {expected for _, expected in told} == {9}
