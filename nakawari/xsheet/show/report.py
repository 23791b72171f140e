"""The page: one HTML file of an exposure sheet that needs nothing beside it, nor a network."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from nakawari import __version__
from nakawari.page import fill
from nakawari.wording import count
from nakawari.xsheet.sheet.sheet import ExposureSheet
from nakawari.xsheet.show.curve import DifferenceAxis, histogram
from nakawari.xsheet.show.text import (
    UNSURE,
    cadence_words,
    is_unsure,
    percent,
    pulldown_words,
    span_times,
    timecode,
)
from nakawari.xsheet.show.thumbnails import Thumbnails
from nakawari.xsheet.show.tracks import ShotTracks, cadence_class, shot_tracks

if TYPE_CHECKING:
    from nakawari.xsheet.detect import Detection

# By this a page is known, so that another file is not written over.
GENERATOR = '<meta name="generator" content="nakawari xsheet'
MARK_SPACE = 6  # least distance of two times under the timeline [per cent of it]
MARKS = 8  # about so many times are written under the timeline
MARK_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # s between two times
MANY_SHOTS = 60  # from here on the browser lays out only what is in view
LISTED = 200  # drawings to check are linked up to this many
USUAL_WIDTH = 116  # px, for the commonest hold when the page opens
FRAME_WIDTHS = (4, 120)  # px a frame, the ends of the zoom


def html_report(detection: Detection, thumbnails: Thumbnails) -> str:
    """Return the page: facts, timeline, histogram of holds, drawings to check, then every shot."""
    sheet = detection.sheet
    return fill(
        "nakawari/xsheet/show/report.html",
        version=__version__,
        thumbnails=thumbnails,
        facts=_facts(sheet, thumbnails),
        pulldown=sheet.pulldown and pulldown_words(sheet, sheet.pulldown),
        is_long=len(sheet.shots) > MANY_SHOTS,
        histogram=histogram(sheet.drawings),
        shots=_tracks(detection),
        data=page_data(detection),
        **_values(detection),
    )


class TimelineParts(NamedTuple):
    """The parts of the page that follow the sheet, for a page in which that is corrected."""

    nav: Markup  # the bar of all shots
    checks: Markup  # drawings that a person should look at
    legend: Markup
    sections: list[str]  # one for each shot


def timeline_parts(detection: Detection, thumbnails: Thumbnails) -> TimelineParts:
    """Return the parts of a page; the pictures may be fetched from wherever they are."""
    nav, checks, legend = (
        fill(f"nakawari/xsheet/show/{name}.html", **_values(detection))
        for name in ("nav", "checks", "legend")
    )
    template = "nakawari/xsheet/show/one_shot.html"
    sections = [fill(template, shot=shot, thumbnails=thumbnails) for shot in _tracks(detection)]
    return TimelineParts(nav, checks, legend, list(map(str, sections)))


def _tracks(detection: Detection) -> Iterator[ShotTracks]:
    axis = _axis(detection)
    numbers = range(1, len(detection.sheet.shots) + 1)
    return (shot_tracks(detection, number, axis) for number in numbers)


def _axis(detection: Detection) -> DifferenceAxis | None:
    return DifferenceAxis.around([*detection.changes, *detection.thresholds])


def _values(detection: Detection) -> dict[str, Any]:
    """Return what the parts of the page are filled in with."""
    sheet = detection.sheet
    unsure = filter(is_unsure, sheet.drawings)
    return {
        "sheet": sheet,
        "frame_width": frame_width(sheet),
        "frame_widths": FRAME_WIDTHS,
        "marks": _marks(sheet),
        "unsure": sorted(unsure, key=lambda drawing: drawing.confidence),
        "limit": percent(UNSURE),
        "listed": LISTED,
        "axis": _axis(detection),
        "share": lambda frames: f"{100 * frames / sheet.frames:.3f}%",
        "cadence_class": cadence_class,
        "cadence_words": cadence_words,
        "count": count,
        "is_unsure": is_unsure,
        "percent": percent,
        "span_times": span_times,
    }


def frame_width(sheet: ExposureSheet) -> int:
    """Return the width of a frame [px] at which the commonest hold shows its thumbnail whole."""
    holds = Counter(drawing.hold for drawing in sheet.drawings)
    usual = max(holds, key=lambda hold: holds[hold], default=1)
    return max(14, min(96, USUAL_WIDTH // usual))


def _facts(sheet: ExposureSheet, thumbnails: Thumbnails) -> dict[str, str]:
    unsure = sum(map(is_unsure, sheet.drawings))
    return {
        "length": timecode(sheet.clock.time(sheet.frames)),
        "frames": f"{sheet.frames:,}",
        "frames/s, varying" if sheet.times else "frames/s": f"{float(sheet.fps):.5g}",
        "picture": f"{thumbnails.width}×{thumbnails.height}",
        "shots": f"{len(sheet.shots):,}",
        "drawings": f"{len(sheet.drawings):,}",
        "camera moves": f"{len(sheet.camera):,}",
        "to check": f"{unsure:,}",
    }


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
        if place >= free:  # while a frame is shown for long, they would be written over each other
            marks.append(_Mark(place, _mark(time)))
            free = place + MARK_SPACE
    return marks


def _mark(time: float) -> str:
    seconds = f"{time % 60:04.1f}" if time % 1 else f"{int(time % 60):02d}"
    return f"{int(time // 60)}:{seconds}"


def page_data(detection: Detection) -> Markup:
    """Return, as JSON that may stand in a page, what ``timeline.js`` tells of a frame."""
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
