"""The parts of a page that show an exposure sheet: all shots as a bar, what to check, each shot.

The page of ``nakawari xsheet --html`` and that of a clip in ``nakawari serve`` are made of them.
"""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from nakawari.page import fill
from nakawari.wording import count
from nakawari.xsheet.sheet.sheet import ExposureSheet
from nakawari.xsheet.show.curve import DifferenceAxis
from nakawari.xsheet.show.text import (
    UNSURE,
    cadence_words,
    is_unsure,
    percent,
    span_times,
)
from nakawari.xsheet.show.thumbnails import Thumbnails
from nakawari.xsheet.show.tracks import cadence_class, shot_tracks

if TYPE_CHECKING:
    from nakawari.xsheet.detect import Detection

FOLDER = "nakawari/xsheet/show"  # in which the templates are
MARK_SPACE = 6  # least distance of two times under the timeline [per cent of it]
MARKS = 8  # about this many times are written under the timeline
MARK_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # s between two times
MANY_SHOTS = 60  # from here on the browser lays out only what is in view
LISTED = 200  # most drawings to check that are linked
USUAL_WIDTH = 116  # px, for the commonest hold when the page opens
FRAME_WIDTHS = (4, 120)  # px a frame, the ends of the zoom


class SheetParts(NamedTuple):
    """The parts, as HTML, and what the page around them must know."""

    bar: Markup  # all shots side by side, and what zooms into them
    checks: Markup  # the drawings that a person should look at
    legend: Markup  # what the colours of the shots mean
    shots: list[Markup]  # a section for each
    data: Markup  # JSON: what ``timeline.js`` tells of each frame
    frame_width: int  # px of a frame when the page opens
    aspect: float  # width over height of the clip
    is_long: bool  # whether the browser should lay out only what is in view


def sheet_parts(detection: Detection, thumbnails: Thumbnails) -> SheetParts:
    """Return the parts of the page of an exposure sheet."""
    sheet = detection.sheet
    axis = DifferenceAxis.around([*detection.changes, *detection.thresholds])
    unsure = sorted(filter(is_unsure, sheet.drawings), key=lambda drawing: drawing.confidence)
    return SheetParts(
        bar=_bar(sheet),
        checks=fill(
            f"{FOLDER}/checks.html",
            unsure=unsure,
            limit=percent(UNSURE),
            listed=LISTED,
            count=count,
            percent=percent,
        ),
        legend=fill(f"{FOLDER}/legend.html", axis=axis, unsure=unsure),
        shots=[
            fill(
                f"{FOLDER}/shot.html",
                shot=shot_tracks(detection, number + 1, axis),
                thumbnails=thumbnails,
            )
            for number in range(len(sheet.shots))
        ],
        data=_data(detection),
        frame_width=_frame_width(sheet),
        aspect=thumbnails.aspect,
        is_long=len(sheet.shots) > MANY_SHOTS,
    )


def _bar(sheet: ExposureSheet) -> Markup:
    return fill(
        f"{FOLDER}/bar.html",
        sheet=sheet,
        marks=_marks(sheet),
        frame_width=_frame_width(sheet),
        frame_widths=FRAME_WIDTHS,
        share=lambda frames: f"{100 * frames / sheet.frames:.3f}%",
        cadence_class=cadence_class,
        cadence_words=cadence_words,
        is_unsure=is_unsure,
        span_times=span_times,
    )


def _frame_width(sheet: ExposureSheet) -> int:
    """Return the width of a frame [px] at which the commonest hold shows its thumbnail whole."""
    holds = Counter(drawing.hold for drawing in sheet.drawings)
    usual = max(holds, key=lambda hold: holds[hold], default=1)
    return max(14, min(96, USUAL_WIDTH // usual))


class _Mark(NamedTuple):
    """A time that is written under the timeline."""

    place: float  # per cent of the timeline
    time: str


def _marks(sheet: ExposureSheet) -> list[_Mark]:
    length = sheet.clock.time(sheet.frames)
    step = next((step for step in MARK_STEPS if length / step <= MARKS), MARK_STEPS[-1])
    marks, free = [], 0.0
    for time in (index * step for index in range(int(length / step) + 1)):
        place = float(100 * sheet.clock.frame_at(Fraction(time)) / sheet.frames)
        if place >= free:  # where a frame is shown for long, the times would overlap
            marks.append(_Mark(place, _mark(time)))
            free = place + MARK_SPACE
    return marks


def _mark(time: float) -> str:
    seconds = f"{time % 60:04.1f}" if time % 1 else f"{int(time % 60):02d}"
    return f"{int(time // 60)}:{seconds}"


def _data(detection: Detection) -> Markup:
    sheet = detection.sheet
    data = {
        "seconds": float(1 / sheet.fps),  # a frame, where there are no times
        "changes": [float(f"{change:.4g}") for change in detection.changes],
        "thresholds": [float(f"{threshold:.4g}") for threshold in detection.thresholds],
        "times": sheet.times and [float(time) for time in sheet.times],  # s, of each frame
        "camera": [[move.start, move.end, move.kind] for move in sheet.camera],
    }
    # "</script>" in a string would end the element.
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))
