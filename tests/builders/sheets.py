"""Exposure sheets for tests, from the holds of their drawings."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, pairwise

from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import Cadence, CameraMove, ExposureSheet, SheetDrawing, Shot


def sheet_of(
    holds: Iterable[int],
    cuts: tuple[int, ...] = (),
    camera: Iterable[tuple[int, int, str]] = (),
    cadence: Cadence = 2,
    fps: Fraction = Fraction(24),
    pulldown: Pulldown | None = None,
    times: tuple[Fraction, ...] | None = None,
) -> ExposureSheet:
    """Return the sheet of a clip whose drawings are held for ``holds`` frames."""
    bounds = [0, *accumulate(holds)]
    return ExposureSheet(
        clip="clip.mp4",
        fps=fps,
        frames=bounds[-1],
        drawings=tuple(SheetDrawing(start=a, hold=b - a) for a, b in pairwise(bounds)),
        shots=tuple(
            Shot(start=a, end=b - 1, cadence=cadence, animation_fps=None)
            for a, b in pairwise([0, *cuts, bounds[-1]])
        ),
        camera=tuple(CameraMove(start=a, end=b, kind=kind) for a, b, kind in camera),
        pulldown=pulldown,
        times=times,
    )
