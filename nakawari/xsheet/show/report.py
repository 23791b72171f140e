"""The page: one HTML file of an exposure sheet that needs nothing beside it, nor a network."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from nakawari import __version__
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
from nakawari.xsheet.show.tracks import cadence_class, shot_section

if TYPE_CHECKING:
    from nakawari.xsheet.detect import Detection

GENERATOR = '<meta name="generator" content="nakawari xsheet'
# The browser is told to load nothing at all but what is written in the page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
MARK_SPACE = 6  # per cent of the timeline
MARKS = 8  # about so many times are written under the timeline
MARK_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # s
MANY_SHOTS = 60  # from here on the browser lays out only what is in view
LISTED = 200  # drawings to check are linked up to this many
USUAL_WIDTH = 116  # px, for the commonest hold when the page opens
FRAME_WIDTHS = (4, 120)  # px a frame, the ends of the zoom


def html_report(detection: Detection, thumbnails: Thumbnails) -> str:
    """Return the page: facts, timeline, histogram of holds, drawings to check, then every shot."""
    sheet = detection.sheet
    axis = DifferenceAxis.around([*detection.changes, *detection.thresholds])
    shots = "".join(shot_sections(detection, thumbnails, axis))
    style = f":root{{--frame:{frame_width(sheet)}px;--aspect:{thumbnails.aspect:.4f}}}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f'{GENERATOR} {__version__}"><title>{escape(sheet.clip)} – exposure sheet</title>'
        f"<style>{style}\n{resource('report.css')}</style></head>\n"
        f"<body{' class=many' if len(sheet.shots) > MANY_SHOTS else ''}>\n"
        f"<header class=page><p>Exposure sheet</p><h1>{escape(sheet.clip)}</h1>"
        f"{_facts(sheet, thumbnails)}</header>\n{timeline_nav(sheet)}\n"
        f'<div class="overview">{_histogram(sheet)}{checks_section(sheet)}</div>\n'
        f"{legend(sheet, axis)}\n"
        f"<main>{shots}</main>\n{_footer(sheet)}\n"
        f'<script type="application/json" id="data">{page_data(detection)}</script>\n'
        f"<script type=module>{resource('timeline.js')}\nshowTimeline();</script></body></html>\n"
    )


def shot_sections(
    detection: Detection, thumbnails: Thumbnails, axis: DifferenceAxis | None
) -> list[str]:
    """Return a section for every shot, in order."""
    return [
        shot_section(
            detection.sheet,
            number,
            thumbnails,
            detection.changes[shot.start : shot.end + 1],
            detection.thresholds[shot.start : shot.end + 1],
            axis,
        )
        for number, shot in enumerate(detection.sheet.shots, 1)
    ]


def resource(name: str) -> str:
    """Return a file of this folder as text."""
    return resources.files("nakawari.xsheet.show").joinpath(name).read_text(encoding="utf-8")


def frame_width(sheet: ExposureSheet) -> int:
    """Return the width of a frame [px] at which the commonest hold shows its thumbnail whole."""
    holds = Counter(drawing.hold for drawing in sheet.drawings)
    usual = max(holds, key=lambda hold: holds[hold], default=1)
    return max(14, min(96, USUAL_WIDTH // usual))


def _facts(sheet: ExposureSheet, thumbnails: Thumbnails) -> str:
    unsure = sum(map(is_unsure, sheet.drawings))
    facts = {
        "length": timecode(sheet.clock.time(sheet.frames)),
        "frames": f"{sheet.frames:,}",
        "frames/s, varying" if sheet.times else "frames/s": f"{float(sheet.fps):.5g}",
        "picture": f"{thumbnails.width}×{thumbnails.height}",
        "shots": f"{len(sheet.shots):,}",
        "drawings": f"{len(sheet.drawings):,}",
        "camera moves": f"{len(sheet.camera):,}",
        "to check": f"{unsure:,}",
    }
    items = "".join(f"<div><dd>{value}</dd><dt>{name}</dt></div>" for name, value in facts.items())
    telecine = ""
    if sheet.pulldown is not None:
        telecine = f'<p class="note">{escape(pulldown_words(sheet, sheet.pulldown))}.</p>'
    return f'<dl class="facts">{items}</dl>{telecine}'


def timeline_nav(sheet: ExposureSheet) -> str:
    """Return the bar of all shots, and what zooms into them."""
    shots = []
    for number, shot in enumerate(sheet.shots, 1):
        words = cadence_words(shot.cadence)
        begin, end = span_times(sheet, shot.start, shot.end)
        shots.append(
            f'<a class="{cadence_class(shot.cadence)}{" unsure" if is_unsure(shot) else ""}" '
            f'href="#shot-{number}" style="flex-grow:{shot.end + 1 - shot.start}" '
            f'title="shot {number}: {words}, {begin} – {end}"><b>{number}</b> {words}</a>'
        )
    moves = "".join(
        f'<i class="{escape(move.kind)}" title="{escape(move.kind)} {move.start}–{move.end}" '
        f'style="left:{_share(move.start, sheet)};width:{_share(move.end + 1 - move.start, sheet)}"'
        "></i>"
        for move in sheet.camera
    )
    length = sheet.clock.time(sheet.frames)
    step = next((step for step in MARK_STEPS if length / step <= MARKS), MARK_STEPS[-1])
    times = [index * step for index in range(int(length / step) + 1)]
    marks, free = "", 0.0
    for time in times:
        place = float(100 * sheet.clock.frame_at(Fraction(time)) / sheet.frames)
        if place >= free:  # while a frame is shown for long, they would be written over each other
            marks += f'<span style="left:{place:.3f}%">{_mark(time)}</span>'
            free = place + MARK_SPACE
    zoom = (
        '<label class="zoom">frame width <input id="zoom" type="range" '
        f'min="{FRAME_WIDTHS[0]}" max="{FRAME_WIDTHS[1]}" value="{frame_width(sheet)}"></label>'
    )
    return (
        f'<nav class="timeline" aria-label="shots"><div><div class="shots">{"".join(shots)}</div>'
        f'<div class="moves">{moves}</div><div class="marks">{marks}</div></div>{zoom}</nav>'
    )


def _share(frames: int, sheet: ExposureSheet) -> str:
    return f"{100 * frames / sheet.frames:.3f}%"


def _mark(time: float) -> str:
    seconds = f"{time % 60:04.1f}" if time % 1 else f"{int(time % 60):02d}"
    return f"{int(time // 60)}:{seconds}"


def _histogram(sheet: ExposureSheet) -> str:
    return (
        "<section><h2>Holds</h2><p>Drawings by the number of frames that show them.</p>"
        f"{histogram(sheet.drawings)}</section>"
    )


def checks_section(sheet: ExposureSheet) -> str:
    """Return the list of drawings that a person should look at."""
    unsure = sorted(filter(is_unsure, sheet.drawings), key=lambda drawing: drawing.confidence)
    if not unsure:
        text = f"<p>Nothing: every drawing has a confidence of {percent(UNSURE)} or more.</p>"
    else:
        text = (
            f"<p>{count(len(unsure), 'drawing')} with a confidence below {percent(UNSURE)}, the "
            "least certain first; in doubt a frame counts as a new drawing.</p>"
            '<div class="checks">'
            + "".join(
                f'<a href="#f{drawing.start}">frame {drawing.start} '
                f"<small>{percent(drawing.confidence)}</small></a>"
                for drawing in unsure[:LISTED]
            )
            + "</div>"
        )
        if len(unsure) > LISTED:
            text += f"<p>… and {count(len(unsure) - LISTED, 'drawing')} more.</p>"
    return f"<section><h2>To check</h2>{text}</section>"


def legend(sheet: ExposureSheet, axis: DifferenceAxis | None) -> str:
    """Return what the colours of the shots mean."""
    unsure = any(map(is_unsure, sheet.drawings))
    curve = (
        '<span><i class="bar-new"></i>difference of a new drawing [code values]</span>'
        '<span><i class="bar-held"></i>of a held frame</span>'
        '<span><i class="line"></i>threshold</span>'
    )
    doubt = '<span><i class="doubt"></i>drawing to check</span>' if unsure else ""
    return f'<p class="legend">{curve if axis else "No differences were measured."}{doubt}</p>'


def _footer(sheet: ExposureSheet) -> str:
    times = "the frames' own" if sheet.times else "frame numbers over the clip's nominal rate"
    return (
        f"<footer><p>Frames are numbered from 0; times are {times}. "
        f"Made by nakawari xsheet {__version__}.</p></footer>"
    )


def page_data(detection: Detection) -> str:
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
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
