"""What the exposure sheet offers: three successive drawings of one shot. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from nakawari.dataset.settings import Reason
from nakawari.xsheet.cadence import longest_moving_hold
from nakawari.xsheet.sheet import ExposureSheet, SheetDrawing


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Three drawings, by their first frames.

    ``rejected`` says why the sheet alone rules them out; ``camera`` is what it does on the way from
    the first to the last, if it moves.
    """

    frames: tuple[int, int, int]
    shot: int
    camera: str | None = None
    rejected: Reason | None = None


def candidates(sheet: ExposureSheet) -> Iterator[Candidate]:
    """Yield all successive triples of drawings within each shot, in order."""
    for number, shot in enumerate(sheet.shots):
        drawings = sheet.drawings_of(shot)
        for first, middle, last in zip(
            drawings, islice(drawings, 1, None), islice(drawings, 2, None), strict=False
        ):
            kinds = [
                move.kind
                for move in sheet.camera
                if move.start < last.start and move.end > first.start
            ]
            rejected = None
            if _rests(first, sheet) or _rests(middle, sheet):
                rejected = Reason.PAUSE
            elif "shake" in kinds:
                rejected = Reason.SHAKE
            yield Candidate(
                frames=(first.start, middle.start, last.start),
                shot=number,
                camera=kinds[0] if kinds else None,
                rejected=rejected,
            )


def frame_time(times: tuple[Fraction, Fraction, Fraction]) -> float:
    """Return where the middle drawing is between the others, in (0, 1), from their times [s]."""
    first, middle, last = times
    return float((middle - first) / (last - first))


def _rests(drawing: SheetDrawing, sheet: ExposureSheet) -> bool:
    hold, fps = drawing.hold, sheet.fps
    if sheet.pulldown is not None:
        hold = sheet.pulldown.film_hold(drawing)
        fps *= Fraction(sheet.pulldown.cycle - 1, sheet.pulldown.cycle)
    return hold > longest_moving_hold(fps)
