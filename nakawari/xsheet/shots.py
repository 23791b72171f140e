"""Shots from drawings and cuts, for a sheet that a person changed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from nakawari.xsheet.cadence import pace_of
from nakawari.xsheet.sheet import SheetDrawing, Shot


def split_into_shots(
    drawings: Sequence[SheetDrawing],
    cuts: Iterable[int],
    fps: Fraction,
    known: Iterable[Shot] = (),
) -> tuple[Shot, ...]:
    """Return the shots that begin at frame 0 and at every cut.

    Args:
        drawings: of the whole clip; one starts at every cut.
        cuts: first frames of all shots but the first, in order.
        fps: frames a second of the clip.
        known: shots that are kept as they are if their first and last frames are a shot's.
    """
    by_frames = {(shot.start, shot.end): shot for shot in known}
    starts = [drawing.start for drawing in drawings]
    shots = []
    for start, following in pairwise([0, *cuts, drawings[-1].end]):
        own = drawings[bisect_left(starts, start) : bisect_left(starts, following)]
        shot = by_frames.get((start, following - 1)) or _shot(start, following - 1, own, fps)
        shots.append(shot)
    return tuple(shots)


def _shot(start: int, end: int, drawings: Sequence[SheetDrawing], fps: Fraction) -> Shot:
    pace = pace_of(drawings)
    rate = pace.drawings_per_frame
    return Shot(
        start=start,
        end=end,
        cadence=pace.cadence,
        animation_fps=None if rate is None else round(rate * float(fps), 3),
        confidence=min(drawing.confidence for drawing in drawings),
    )
