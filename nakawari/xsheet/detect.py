"""From a clip to its exposure sheet: cuts, then the camera, then the drawings of each shot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nakawari.ahead import ahead
from nakawari.opencv import opencv_threads
from nakawari.video.part import WHOLE, Part
from nakawari.video.reader import VideoReader
from nakawari.xsheet.camera.moves import camera_moves
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.change.change_meter import Measure
from nakawari.xsheet.change.cuts import mark_cuts
from nakawari.xsheet.change.frame_pair import frame_pairs
from nakawari.xsheet.change.shot_meter import ShotMeter
from nakawari.xsheet.holds.holds import decide, is_new
from nakawari.xsheet.settings import DEFAULT, ChangeSettings, DetectorSettings, PictureSettings
from nakawari.xsheet.sheet.clock import VARIES, Clock, FrameTimes
from nakawari.xsheet.sheet.pulldown import find_pulldown
from nakawari.xsheet.sheet.sheet import CameraMove, ExposureSheet, SheetDrawing
from nakawari.xsheet.sheet.shots import make_shot

READ_AHEAD = 4  # frames that are ready before they are measured


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A sheet and the measurements by which it was decided.

    ``changes`` has one value for each frame of the clip: how much it differs from the drawing
    shown before it, camera moves taken out [code values]. It is 0 for the first frame of a shot,
    where nothing is compared. ``thresholds`` has one value for each frame too: above it, the frame
    is a new drawing, as far as the change alone tells.
    """

    sheet: ExposureSheet
    changes: tuple[float, ...]
    thresholds: tuple[float, ...]
    content: str = ""  # identifies what was read, see ``VideoReader.content``; empty: not known


def detect(
    path: Path,
    *,
    tell: Callable[[str], None] = lambda line: None,
    on_frame: Callable[[int, int | None], None] = lambda done, expected: None,
    strict: bool = False,
    part: Part = WHOLE,
    input_rate: Fraction | None = None,
    settings: DetectorSettings = DEFAULT,
) -> Detection:
    """Read a clip once and return its exposure sheet.

    Raises ``UserError`` as ``VideoReader`` does. Memory grows with the clip's length only by a few
    numbers a frame.

    Args:
        path: a video file, or a sequence of pictures.
        tell: is called with remarks, a line each, perhaps in the thread that reads.
        on_frame: is called after every frame with the number of frames done and the number
            expected. The latter is ``None`` if the clip does not declare its length.
        strict: refuse a clip in which anything is damaged, instead of bridging the damage.
        part: the part of the clip that is read; the sheet's frames are counted from its first.
        input_rate: frames a second of a sequence of pictures.
        settings: the numbers by which the detector measures and decides.
    """
    shots: list[_Shot] = []
    times = FrameTimes()
    with VideoReader(path, tell, strict, part, input_rate) as reader:
        info = reader.info
        halvings = halvings_for(info.width, settings.pictures)
        size = (info.width >> halvings, info.height >> halvings)
        start, meter = 0, ShotMeter(settings)
        expected = None if info.duration is None else round(info.duration * info.rate)
        seen = times.noting(reader.frames(halvings))
        plates = (plate(frame.picture, settings.differences) for frame in seen)
        marked = mark_cuts(plates, settings)
        # With pictures of 500 px, OpenCV's own threads gain nothing, and they spin while they wait
        # for work. Under a camera move, on two cores that also decode, they took 0.7 to 2.8 ms of
        # processor time a frame in five of eight runs, and hardly any in the other three.
        with (
            opencv_threads(1),
            ahead(marked, READ_AHEAD) as frames,
            ahead(frame_pairs(frames, settings), READ_AHEAD) as walked,
        ):
            for done, pair in enumerate(walked, 1):
                if pair.begins_shot and done > 1:  # decided while the next one is decoded
                    shots.append(_decided(start, meter.measures, size, settings))
                    start, meter = done - 1, ShotMeter(settings)
                meter.add(pair)
                on_frame(done, expected)
        content = reader.content
    shots.append(_decided(start, meter.measures, size, settings))
    clock = times.clock(info.rate)
    if clock.times is not None:
        tell(VARIES)
    return replace(_assembled(path.name, clock, shots, settings), content=content)


def at_rate(found: Detection, rate: Fraction, settings: DetectorSettings = DEFAULT) -> Detection:
    """Return what was found in a sequence of pictures for another number of them a second.

    Drawings, cuts and camera moves are what the pictures show, and stay. Cadences and pulldown are
    worked out anew.
    """
    sheet = found.sheet
    drawings = [
        [drawing for drawing in sheet.drawings if shot.start <= drawing.start <= shot.end]
        for shot in sheet.shots
    ]
    pulldown = find_pulldown(drawings, rate, settings.pulldown, settings.cadence)
    sheet = replace(sheet, fps=rate, pulldown=pulldown)
    shots = tuple(make_shot(own, sheet.clock, settings.cadence) for own in drawings)
    return replace(found, sheet=replace(sheet, shots=shots))


def halvings_for(width: int, settings: PictureSettings = DEFAULT.pictures) -> int:
    """Return how often pictures of a width [px] are halved before they are looked at."""
    return max(0, round(math.log2(width / settings.width)))


class _Shot(NamedTuple):
    """What was decided about one shot."""

    drawings: list[SheetDrawing]
    camera: list[CameraMove]
    changes: list[float]  # one for each frame, like the thresholds
    thresholds: list[float]


def _decided(
    start: int, measures: list[Measure], size: tuple[int, int], settings: DetectorSettings
) -> _Shot:
    """Decide a shot that begins with frame ``start`` of pictures of ``size`` (width, height)."""
    motions = [measure.motion for measure in measures]
    moves = camera_moves(motions, start, *size, settings.moves)
    moving = _moving(start, len(measures), moves)
    changes = np.array(
        [
            _change(measure, moves, settings.changes)
            for measure, moves in zip(measures, moving, strict=True)
        ]
    )
    growth = _growth(measures, moving, settings.levels.floor)
    decision = decide(changes, moving.astype(int), growth, settings.holds, settings.levels)
    drawings = _drawings(start, is_new(decision, settings.holds), decision.new_probability)
    return _Shot(drawings, moves, changes.tolist(), decision.thresholds.tolist())


def _assembled(
    clip: str, clock: Clock, shots: list[_Shot], settings: DetectorSettings
) -> Detection:
    drawings = [shot.drawings for shot in shots]
    if clock.times is None:
        pulldown = find_pulldown(drawings, clock.fps, settings.pulldown, settings.cadence)
        clock = replace(clock, pulldown=pulldown)
    changes = tuple(chain.from_iterable(shot.changes for shot in shots))
    sheet = ExposureSheet(
        clip=clip,
        fps=clock.fps,
        frames=len(changes),
        drawings=tuple(chain.from_iterable(drawings)),
        shots=tuple(make_shot(own, clock, settings.cadence) for own in drawings),
        camera=tuple(chain.from_iterable(shot.camera for shot in shots)),
        pulldown=clock.pulldown,
        times=clock.times,
    )
    thresholds = tuple(chain.from_iterable(shot.thresholds for shot in shots))
    return Detection(sheet=sheet, changes=changes, thresholds=thresholds)


def _moving(start: int, count: int, moves: list[CameraMove]) -> np.ndarray:
    """Return whether the camera moved just before each of a shot's ``count`` frames, (N,) bool."""
    moving = np.zeros(count, bool)
    for move in moves:
        moving[move.start + 1 - start : move.end + 1 - start] = True
    return moving


def _change(measure: Measure, camera_moves: bool, settings: ChangeSettings) -> float:
    """Return how much a frame changed [code values], the camera's motion taken out."""
    if camera_moves and measure.moved is not None:
        return measure.moved
    crept = measure.since_kept > settings.creep_ratio * measure.still + settings.creep_margin
    still = measure.since_kept if crept else measure.still
    return max(still, settings.light_weight * measure.light)


def _growth(measures: list[Measure], moving: np.ndarray, floor: float) -> np.ndarray:
    """Return the growth that ``decide`` takes, (N,): log(change over two frames / larger over one).

    It is 0 where the camera moved, and for the first two frames.
    """
    growth = np.zeros(len(measures))
    for frame in range(2, len(measures)):
        if not moving[frame] and not moving[frame - 1]:
            single = max(measures[frame].still, measures[frame - 1].still)
            growth[frame] = np.log((measures[frame].twice + floor) / (single + floor))
    return growth


def _drawings(start: int, new: np.ndarray, probability: np.ndarray) -> list[SheetDrawing]:
    begins = np.flatnonzero(new)
    ends = np.append(begins[1:], len(new))
    certainty = np.where(new, probability, 1 - probability)
    return [
        SheetDrawing(
            start=start + int(begin),
            hold=int(end - begin),
            confidence=round(float(certainty[begin:end].min()), 3),
        )
        for begin, end in zip(begins, ends, strict=True)
    ]
