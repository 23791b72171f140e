"""Candidates from an exposure sheet: three successive drawings of one shot. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from nakawari.dataset.settings import Reason
from nakawari.xsheet.sheet.cadence import longest_moving_hold
from nakawari.xsheet.sheet.sheet import ExposureSheet, Shot


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Three drawings, given by their first frames.

    ``shot`` is the shot's number. ``rejected`` is the reason if the sheet alone rules them out.
    ``camera`` is the kind of camera move between the first and the last drawing, if there is one.
    """

    frames: tuple[int, int, int]
    shot: int
    camera: str | None = None
    rejected: Reason | None = None


def candidates(sheet: ExposureSheet) -> Iterator[Candidate]:
    """Yield all successive triples of drawings within each shot, in order."""
    for number, shot in enumerate(sheet.shots):
        drawings = sheet.drawings_of(shot)
        rests = _rests(sheet, shot)
        for first, middle, last in zip(
            drawings, islice(drawings, 1, None), islice(drawings, 2, None), strict=False
        ):
            kinds = [
                move.kind
                for move in sheet.camera
                if move.start < last.start and move.end > first.start
            ]
            rejected = None
            if rests & {first.start, middle.start}:
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
    """Return the middle drawing's place between the others, in (0, 1), from their times [s]."""
    first, middle, last = times
    return float((middle - first) / (last - first))


def _rests(sheet: ExposureSheet, shot: Shot) -> set[int]:
    """Return the first frames of those drawings of a shot that are held too long for a movement."""
    clock = sheet.clock
    rate = clock.rate(shot.start, shot.end + 1)
    return {
        drawing.start
        for drawing in sheet.drawings_of(shot)
        if clock.hold(drawing.start, drawing.end, rate) > longest_moving_hold(rate)
    }
