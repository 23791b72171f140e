"""One shot of the page: ruler, drawings over their holds, camera moves, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nakawari.wording import count
from nakawari.xsheet.sheet.sheet import Cadence, CameraMove, ExposureSheet, SheetDrawing, Shot
from nakawari.xsheet.show.curve import Curve, DifferenceAxis, difference_curve
from nakawari.xsheet.show.text import (
    WORDS,
    cadence_words,
    camera_of,
    is_unsure,
    percent,
    rate_words,
    span_times,
)

if TYPE_CHECKING:
    from nakawari.xsheet.detect import Detection

RULER_STEP = 12  # frames between two numbers of the ruler


def cadence_class(cadence: Cadence) -> str:
    """Return the CSS class that colours a cadence."""
    if cadence is None:
        return "still"
    if isinstance(cadence, str):
        return cadence
    return WORDS[cadence] if cadence <= 4 else "slower"


class DrawingCell(NamedTuple):
    """A drawing over its hold."""

    drawing: SheetDrawing
    is_unsure: bool
    confidence: str


class ShotTracks(NamedTuple):
    """What the template ``shot.html`` shows of one shot."""

    number: int  # from 1
    start: int
    end: int
    cadence_class: str
    cadence_words: str
    facts: list[str]
    is_unsure: bool
    ruler: list[int]  # frames whose number is written
    drawings: list[DrawingCell]
    moves: list[CameraMove]
    curve: Curve | None


def shot_tracks(detection: Detection, number: int, axis: DifferenceAxis | None) -> ShotTracks:
    """Return the tracks of one shot; ``number`` counts from 1."""
    sheet = detection.sheet
    shot = sheet.shots[number - 1]
    drawings = sheet.drawings_of(shot)
    return ShotTracks(
        number=number,
        start=shot.start,
        end=shot.end,
        cadence_class=cadence_class(shot.cadence),
        cadence_words=cadence_words(shot.cadence),
        facts=_facts(sheet, shot, len(drawings)),
        is_unsure=is_unsure(shot),
        ruler=_ruler(shot),
        drawings=[
            DrawingCell(drawing, is_unsure(drawing), f"{drawing.confidence:.4g}")
            for drawing in drawings
        ],
        moves=list(camera_of(sheet, shot)),
        curve=None if axis is None else _curve(detection, shot, axis),
    )


def _curve(detection: Detection, shot: Shot, axis: DifferenceAxis) -> Curve:
    frames = range(shot.start, shot.end + 1)
    starts = {drawing.start for drawing in detection.sheet.drawings_of(shot)}
    return difference_curve(
        detection.changes[shot.start : shot.end + 1],
        [frame in starts for frame in frames],
        detection.thresholds[shot.start : shot.end + 1],
        axis,
    )


def _facts(sheet: ExposureSheet, shot: Shot, drawings: int) -> list[str]:
    begin, end = span_times(sheet, shot.start, shot.end)
    facts = [
        rate_words(shot),
        count(drawings, "drawing"),
        f"{begin} – {end}",
        f"frames {shot.start}–{shot.end}",
        *(f"{move.kind} {move.start}–{move.end}" for move in camera_of(sheet, shot)),
        f"confidence {percent(shot.confidence)}",
    ]
    return [fact for fact in facts if fact]


def _ruler(shot: Shot) -> list[int]:
    """Return the frames whose number is written: the first, and each at a full ``RULER_STEP``."""
    first = -(-shot.start // RULER_STEP) * RULER_STEP
    numbers = [shot.start] if first - shot.start >= RULER_STEP // 2 else []
    return [*numbers, *range(first, shot.end + 1, RULER_STEP)]
