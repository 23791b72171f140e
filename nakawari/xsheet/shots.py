"""Shots from drawings and cuts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import fmean

from nakawari.xsheet.cadence import pace_of
from nakawari.xsheet.sheet import Pulldown, SheetDrawing, Shot


def split_into_shots(
    drawings: Sequence[SheetDrawing],
    cuts: Iterable[int],
    fps: Fraction,
    known: Iterable[Shot] = (),
    pulldown: Pulldown | None = None,
) -> tuple[Shot, ...]:
    """Return the shots that begin at frame 0 and at every cut.

    Args:
        drawings: of the whole clip; one starts at every cut.
        cuts: first frames of all shots but the first, in order.
        fps: frames a second of the clip.
        pulldown: of the clip, if it has one.
        known: shots that are kept as they are if their first and last frames are a shot's.
    """
    by_frames = {(shot.start, shot.end): shot for shot in known}
    starts = [drawing.start for drawing in drawings]
    shots = []
    for start, following in pairwise([0, *cuts, drawings[-1].end]):
        own = drawings[bisect_left(starts, start) : bisect_left(starts, following)]
        shot = by_frames.get((start, following - 1)) or make_shot(own, fps, pulldown)
        shots.append(shot)
    return tuple(shots)


def make_shot(
    drawings: Sequence[SheetDrawing], fps: Fraction, pulldown: Pulldown | None = None
) -> Shot:
    """Return the shot that some drawings make up, as certain as they are on average."""
    pace = pace_of(drawings, fps, pulldown)
    return Shot(
        start=drawings[0].start,
        end=drawings[-1].end - 1,
        cadence=pace.cadence,
        animation_fps=pace.animation_fps,
        confidence=round(fmean(drawing.confidence for drawing in drawings), 3),
    )
