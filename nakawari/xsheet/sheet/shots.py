"""Shots from drawings and cuts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

from nakawari.xsheet.settings import DEFAULT, CadenceSettings
from nakawari.xsheet.sheet.cadence import cadence_of
from nakawari.xsheet.sheet.clock import Clock
from nakawari.xsheet.sheet.sheet import SheetDrawing, Shot

MAX_DISAGREEMENT = 0.01  # share by which the cadence and the drawings a second may disagree


def split_into_shots(
    drawings: Sequence[SheetDrawing],
    cuts: Iterable[int],
    clock: Clock,
    known: Iterable[Shot] = (),
) -> tuple[Shot, ...]:
    """Return the shots that begin at frame 0 and at every cut.

    Args:
        drawings: of the whole clip; one starts at every cut.
        cuts: first frames of all shots but the first, in order.
        clock: of the clip.
        known: shots that are kept where a new shot has the same first and last frames. A cadence
            that somebody changed is kept. Any other follows from the drawings, which somebody may
            have changed.
    """
    by_frames = {(shot.start, shot.end): shot for shot in known}
    starts = [drawing.start for drawing in drawings]
    shots = []
    for start, following in pairwise([0, *cuts, drawings[-1].end]):
        own = drawings[bisect_left(starts, start) : bisect_left(starts, following)]
        shot, stated = make_shot(own, clock), by_frames.get((start, following - 1))
        shots.append(shot if stated is None else _reconciled(stated, shot, clock))
    return tuple(shots)


def _reconciled(stated: Shot, made: Shot, clock: Clock) -> Shot:
    """Return a stated shot with its own cadence, or with that of its drawings.

    If the cadence and the drawings a second agree, they are as they were written here, so nobody
    has changed the cadence.
    """
    rate = clock.rate(stated.start, stated.end + 1)
    if isinstance(stated.cadence, int) and stated.animation_fps is not None:
        off = abs(stated.animation_fps * stated.cadence / rate - 1)
        untouched = off <= MAX_DISAGREEMENT
    else:
        untouched = (stated.cadence is None) == (stated.animation_fps is None)
    if not untouched:
        return stated
    return replace(stated, cadence=made.cadence, animation_fps=made.animation_fps)


def make_shot(
    drawings: Sequence[SheetDrawing], clock: Clock, settings: CadenceSettings = DEFAULT.cadence
) -> Shot:
    """Return the shot that some drawings make up; its confidence is the mean of theirs."""
    rate = clock.rate(drawings[0].start, drawings[-1].end)
    holds = [clock.hold(drawing.start, drawing.end, rate) for drawing in drawings]
    own = cadence_of(holds, rate, settings)
    return Shot(
        start=drawings[0].start,
        end=drawings[-1].end - 1,
        cadence=own.cadence,
        animation_fps=own.animation_fps,
        confidence=round(fmean(drawing.confidence for drawing in drawings), 3),
    )
