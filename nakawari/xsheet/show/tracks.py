"""One shot of the page: ruler, drawings over their holds, camera moves, differences."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nakawari.wording import count
from nakawari.xsheet.sheet.sheet import Cadence, ExposureSheet, SheetDrawing, Shot
from nakawari.xsheet.show.curve import DifferenceAxis, axis_labels, difference_svg
from nakawari.xsheet.show.text import (
    WORDS,
    cadence_words,
    camera_of,
    is_unsure,
    percent,
    rate_words,
    span_times,
)
from nakawari.xsheet.show.thumbnails import Thumbnails

RULER_STEP = 12  # frames between two numbers of the ruler


def cadence_class(cadence: Cadence) -> str:
    """Return the CSS class that colours a cadence."""
    if cadence is None:
        return "still"
    if isinstance(cadence, str):
        return cadence
    return WORDS[cadence] if cadence <= 4 else "slower"


def shot_section(
    sheet: ExposureSheet,
    number: int,
    thumbnails: Thumbnails,
    changes: Sequence[float],
    thresholds: Sequence[float],
    axis: DifferenceAxis | None,
) -> str:
    """Return the section of one shot; ``number`` counts from 1.

    ``changes`` and ``thresholds`` have a value for each frame of the shot.
    """
    shot = sheet.shots[number - 1]
    drawings = sheet.drawings_of(shot)
    cells = "".join(_drawing(drawing, thumbnails) for drawing in drawings)
    tracks = [
        ("", "ruler", _ruler(shot)),
        ("drawings", "strip", cells),
        *([("camera", "camera", moves)] if (moves := _camera(sheet, shot)) else []),
    ]
    if axis is not None:
        starts = {drawing.start for drawing in drawings}
        new = [frame in starts for frame in range(shot.start, shot.end + 1)]
        curve = difference_svg(changes, new, thresholds, axis)
        label = f'difference<div class="axis">{axis_labels(thresholds, axis)}</div>'
        tracks.append((label, "differences", curve))
    rows = "".join(
        f'<div class="label">{label}</div><div class="track {kind}">{content}</div>'
        for label, kind, content in tracks
    )
    return (
        f'<section class="shot" id="shot-{number}" data-start="{shot.start}" '
        f'data-end="{shot.end}">{_heading(sheet, shot, number, len(drawings))}'
        f'<div class="scroll" tabindex="0" aria-label="timeline of shot {number}">'
        f'<div class="tracks" style="--frames:{shot.end + 1 - shot.start}">{rows}</div></div>'
        "</section>"
    )


def _heading(sheet: ExposureSheet, shot: Shot, number: int, drawings: int) -> str:
    begin, end = span_times(sheet, shot.start, shot.end)
    unsure = ' <em class="unsure">to check</em>' if is_unsure(shot) else ""
    facts = [
        rate_words(shot),
        count(drawings, "drawing"),
        f"{begin} – {end}",
        f"frames {shot.start}–{shot.end}",
        *(f"{move.kind} {move.start}–{move.end}" for move in camera_of(sheet, shot)),
        f"confidence {percent(shot.confidence)}",
    ]
    details = "".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    return (
        f'<header><h2>Shot {number}</h2><span class="badge {cadence_class(shot.cadence)}">'
        f'{cadence_words(shot.cadence)}</span><p class="details">{details}{unsure}</p></header>'
    )


def _ruler(shot: Shot) -> str:
    first = -(-shot.start // RULER_STEP) * RULER_STEP
    numbers = [shot.start] if first - shot.start >= RULER_STEP // 2 else []
    numbers += range(first, shot.end + 1, RULER_STEP)
    return "".join(
        f'<span style="--at:{number - shot.start}">{number}</span>' for number in numbers
    )


def _drawing(drawing: SheetDrawing, thumbnails: Thumbnails) -> str:
    uri = thumbnails.uris.get(drawing.start)
    # What is not in the page itself is fetched once it comes into view.
    lazy = "" if uri is None or uri.startswith("data:") else ' loading="lazy"'
    picture = f'<img src="{uri}" alt="drawing at frame {drawing.start}"{lazy}>' if uri else ""
    return (
        f'<div class="drawing{" unsure" if is_unsure(drawing) else ""}" id="f{drawing.start}" '
        f'data-start="{drawing.start}" data-hold="{drawing.hold}" '
        f'data-confidence="{drawing.confidence:.4g}" style="--hold:{drawing.hold}">{picture}'
        f"<span>{drawing.start}</span><small>×{drawing.hold}</small></div>"
    )


def _camera(sheet: ExposureSheet, shot: Shot) -> str:
    return "".join(
        f'<div class="move {escape(move.kind)}" data-start="{move.start}" data-end="{move.end}" '
        f'style="--at:{move.start - shot.start};--hold:{move.end + 1 - move.start}">'
        f"<span>{escape(move.kind)}</span></div>"
        for move in camera_of(sheet, shot)
    )
