"""Exposure sheets made by hand, with their differences, for the tests of text and page."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from nakawari.xsheet.detect import Detection
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import CameraMove, ExposureSheet, SheetDrawing, Shot

RATE = Fraction(24000, 1001)


def two_shots(
    clip: str = "clip.mp4", unsure: tuple[int, ...] = (), pulldown: Pulldown | None = None
) -> ExposureSheet:
    """Twelve frames on twos, their last six under a pan, then nine on threes."""
    starts = [0, 2, 4, 6, 8, 10, 12, 15, 18]
    return ExposureSheet(
        clip=clip,
        fps=RATE,
        frames=21,
        drawings=tuple(
            SheetDrawing(start=start, hold=end - start, confidence=0.5 if start in unsure else 0.97)
            for start, end in pairwise([*starts, 21])
        ),
        shots=(
            Shot(start=0, end=11, cadence=2, animation_fps=11.988, confidence=0.98),
            Shot(start=12, end=20, cadence=3, animation_fps=7.992, confidence=0.95),
        ),
        camera=(CameraMove(start=6, end=11, kind="pan"),),
        pulldown=pulldown,
    )


def detection_of(sheet: ExposureSheet) -> Detection:
    """New drawings differ by 10 code values, held frames by 0.2; the threshold is 2."""
    first = {shot.start for shot in sheet.shots}
    new = {drawing.start for drawing in sheet.drawings}
    changes = [
        0.0 if frame in first else 10.0 if frame in new else 0.2 for frame in range(sheet.frames)
    ]
    return Detection(sheet=sheet, changes=tuple(changes), thresholds=(2.0,) * sheet.frames)


def one_shot(holds: list[int], cadence: int | None = 2) -> ExposureSheet:
    """One shot whose drawings are held for ``holds`` frames each."""
    starts = [sum(holds[:number]) for number in range(len(holds))]
    drawings = tuple(
        SheetDrawing(start=start, hold=hold) for start, hold in zip(starts, holds, strict=True)
    )
    frames = sum(holds)
    shot = Shot(start=0, end=frames - 1, cadence=cadence, animation_fps=12.0)
    return ExposureSheet(clip="a.mp4", fps=RATE, frames=frames, drawings=drawings, shots=(shot,))
