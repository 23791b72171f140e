"""From JSON text that a person may have edited to an exposure sheet that holds together.

Only the drawings' starts are required. Everything else that is given must agree with them. An error
is one line that names the drawing, counted from 1, and says what to do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from nakawari.parsing import MAX_SEED
from nakawari.xsheet.sheet.clock import Clock, Pulldown
from nakawari.xsheet.sheet.entries import Entry, parsed, short
from nakawari.xsheet.sheet.sheet import (
    CAMERA_KINDS,
    Cadence,
    CameraMove,
    ExposureSheet,
    SheetDrawing,
    Shot,
    Take,
)
from nakawari.xsheet.sheet.shots import split_into_shots

SHEET_KEYS = (
    *("clip", "fps", "frames", "cuts", "pulldown", "times", "drawings", "camera", "shots"),
    "takes",
)
DRAWING_KEYS = ("start", "hold", "confidence")
CAMERA_KEYS = ("start", "end", "kind")
SHOT_KEYS = ("start", "end", "cadence", "animation_fps", "confidence")
TAKE_KEYS = ("start", "next", "seed")
PULLDOWN_KEYS = ("cycle", "phase", "film")
DEFAULT_FPS = Fraction(24)
MAX_FRAMES = 2**31
MAX_FPS = 1000
MAX_CYCLE = 1000  # video frames; the longest cycle in use, 24 to 25, has 25
# Frames a second as text: a whole number, a ratio such as 24000/1001, or a decimal number.
RATE = re.compile(r"\d{1,12}(/0*[1-9]\d{0,11}|\.\d{1,12})?", re.ASCII)


def sheet_from_json(text: str, *, fps: Fraction | None = None) -> ExposureSheet:
    """Return the sheet; the inverse of ``ExposureSheet.to_json``.

    A drawing without a hold lasts until the next one, and the last drawing until ``frames``.
    ``cuts`` win over ``shots``: where they disagree, the shots are split again. A cut at which no
    drawing starts begins one. Raises ``ValueError`` with one line if the text is no sheet or
    contradicts itself.

    Args:
        text: JSON.
        fps: frames a second if the text does not state them; 24 if that is ``None`` too.
    """
    entry = Entry(parsed(text), "the sheet")
    if not isinstance(entry.value, dict) or "drawings" not in entry.value:
        raise ValueError(
            'it is no exposure sheet, for it has no "drawings"; give the JSON that '
            "'nakawari xsheet --json' writes"
        )
    entry.check_keys(SHEET_KEYS)
    drawings = _drawings(entry)
    frames = drawings[-1].end
    clock = Clock(fps=_fps(entry, fps), pulldown=_pulldown(entry), times=_times(entry, frames))
    shots = [_shot(item, frames) for item in entry.items("shots")]
    cuts = _cuts(entry, frames) if "cuts" in entry.value else _cuts_of(shots)
    drawings = _split_at_cuts(drawings, cuts)
    return ExposureSheet(
        clip=entry.text("clip", ""),
        fps=clock.fps,
        frames=frames,
        drawings=drawings,
        shots=split_into_shots(drawings, cuts, clock, known=shots),
        camera=tuple(_camera_move(item, frames) for item in entry.items("camera")),
        pulldown=clock.pulldown,
        times=clock.times,
        takes=_takes(entry, frames),
    )


def _drawings(entry: Entry) -> tuple[SheetDrawing, ...]:
    """Return drawings that follow one another without gap or overlap."""
    items = entry.items("drawings")
    if not items:
        raise ValueError('"drawings" is empty; list at least {"start": 0}')
    starts = []
    for number, item in enumerate(items):
        item.check_keys(DRAWING_KEYS)
        starts.append(item.whole("start", 0, MAX_FRAMES))
        if number == 0 and starts[0] != 0:
            raise ValueError(f"drawing 1 starts at frame {starts[0]}; the first must start at 0")
        if number > 0 and starts[-1] <= starts[-2]:
            raise ValueError(
                f"drawing {number + 1} starts at frame {starts[-1]}, not after drawing {number} "
                f"at {starts[-2]}; put the drawings in order and remove doubles"
            )
    if "frames" in entry.value:
        starts.append(entry.whole("frames", starts[-1] + 1, MAX_FRAMES))
    elif "hold" in items[-1].value:
        starts.append(starts[-1] + items[-1].whole("hold", 1, MAX_FRAMES))
    else:
        raise ValueError(
            f'the last drawing (start {starts[-1]}) has no "hold" and the sheet no "frames"; '
            "give one of them"
        )
    return tuple(
        _drawing(item, start, following, number == len(items))
        for number, (item, start, following) in enumerate(
            zip(items, starts[:-1], starts[1:], strict=True), 1
        )
    )


def _drawing(item: Entry, start: int, following: int, is_last: bool) -> SheetDrawing:
    wanted = following - start
    hold = item.whole("hold", 1, MAX_FRAMES) if "hold" in item.value else wanted
    if hold != wanted:
        lasts = f"{item.name} (start {start}, hold {hold}) lasts until frame {start + hold}"
        what = "the sheet has" if is_last else "the next one starts at"
        frames = f"{following} frames" if is_last else str(following)
        raise ValueError(f"{lasts}, but {what} {frames}; set its hold to {wanted}, or leave it out")
    confidence = item.number("confidence", 1.0, 1)
    return SheetDrawing(start=start, hold=hold, confidence=confidence)


def _cuts(entry: Entry, frames: int) -> list[int]:
    cuts = set()
    for item in entry.items("cuts"):
        cut = item.value
        if isinstance(cut, bool) or not isinstance(cut, int) or not 0 < cut < frames:
            raise ValueError(
                f'"cuts" has {short(cut)}; a cut is the first frame of a new shot, a whole number '
                f"from 1 to {frames - 1}"
            )
        cuts.add(cut)
    return sorted(cuts)


def _cuts_of(shots: Sequence[Shot]) -> list[int]:
    """Return the cuts between shots, for a sheet that does not list them."""
    for number, (before, shot) in enumerate(pairwise(shots), 2):
        if shot.start <= before.end:
            raise ValueError(
                f"shot {number} starts at frame {shot.start}, not after shot {number - 1}, which "
                f'ends at {before.end}; put the shots in order, or list the "cuts"'
            )
    return [shot.start for shot in shots[1:]]


def _split_at_cuts(
    drawings: Sequence[SheetDrawing], cuts: Collection[int]
) -> tuple[SheetDrawing, ...]:
    """Begin a drawing at every cut."""
    by_start = {drawing.start: drawing for drawing in drawings}
    starts = sorted(by_start.keys() | set(cuts))
    parts: list[SheetDrawing] = []
    for start, following in pairwise([*starts, drawings[-1].end]):
        confidence = by_start[start].confidence if start in by_start else parts[-1].confidence
        parts.append(SheetDrawing(start=start, hold=following - start, confidence=confidence))
    return tuple(parts)


def _shot(item: Entry, frames: int) -> Shot:
    item.check_keys(SHOT_KEYS)
    cadence: Cadence = item.value.get("cadence")
    if cadence is not None and cadence != "mixed":
        try:
            cadence = item.whole("cadence", 1, MAX_FRAMES)
        except ValueError as error:
            raise ValueError(f'{error}, or "mixed", or null') from error
    animation_fps = item.value.get("animation_fps")
    if animation_fps is not None:
        animation_fps = item.number("animation_fps", 0.0, 1e6)
    start = item.whole("start", 0, frames - 1)
    return Shot(
        start=start,
        end=item.whole("end", start, frames - 1),
        cadence=cadence,
        animation_fps=animation_fps,
        confidence=item.number("confidence", 1.0, 1),
    )


def _camera_move(item: Entry, frames: int) -> CameraMove:
    item.check_keys(CAMERA_KEYS)
    start = item.whole("start", 0, frames - 1)
    end = item.whole("end", start, frames - 1)
    kind = item.value.get("kind")
    if kind not in CAMERA_KINDS:
        raise ValueError(
            f'{item.name} (start {start}) has "kind": {short(kind)}; give one of '
            + ", ".join(CAMERA_KINDS)
        )
    return CameraMove(start=start, end=end, kind=kind)


def _takes(entry: Entry, frames: int) -> tuple[Take, ...]:
    takes: list[Take] = []
    for number, item in enumerate(entry.items("takes"), 1):
        item.check_keys(TAKE_KEYS)
        start = item.whole("start", 0, frames - 1)
        following = item.whole("next", start + 1, frames - 1)
        if takes and start < takes[-1].next:
            raise ValueError(
                f"take {number} starts at frame {start}, before take {number - 1} ends at "
                f"{takes[-1].next}; put the takes in order and remove doubles"
            )
        takes.append(Take(start=start, next=following, seed=item.whole("seed", 0, MAX_SEED)))
    return tuple(takes)


def _pulldown(entry: Entry) -> Pulldown | None:
    if entry.value.get("pulldown") is None:
        return None
    item = Entry(entry.value["pulldown"], "pulldown")
    item.check_keys(PULLDOWN_KEYS)
    cycle = item.whole("cycle", 2, MAX_CYCLE)
    film = item.whole("film", 1, cycle - 1) if "film" in item.value else cycle - 1
    return Pulldown(cycle=cycle, phase=item.whole("phase", 0, cycle - 1), film=film)


def _times(entry: Entry, frames: int) -> tuple[Fraction, ...] | None:
    if entry.value.get("times") is None:
        return None
    values = [item.value for item in entry.items("times")]
    grow = all(map(_is_finite, values)) and all(a < b for a, b in pairwise(values))
    if not grow or len(values) != frames + 1 or values[0] != 0:
        raise ValueError(
            f'"times" must be {frames + 1} growing numbers of seconds from 0 on: when each frame '
            'begins, and when the last one ends; correct them, or remove "times"'
        )
    return tuple(Fraction(str(value)) for value in values)


def _is_finite(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


def _fps(entry: Entry, default: Fraction | None) -> Fraction:
    if "fps" not in entry.value:
        return default or DEFAULT_FPS
    value = entry.value["fps"]
    match = RATE.fullmatch(str(value))
    rate = Fraction(match.group()) if match else Fraction(0)
    if not 0 < rate <= MAX_FPS:
        raise ValueError(
            f'the sheet has "fps": {short(value)}; give the rate of the clip, such as "24000/1001"'
        )
    return rate
