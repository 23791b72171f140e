"""The frames of a clip that become drawings of a dataset: in RGB, shrunk, with their times."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.slowmo.timing.pulldown import SourceClock
from nakawari.video.pictures.color import rgb_affine
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import ClipInfo, VideoReader
from nakawari.xsheet.sheet.sheet import ExposureSheet


class TimedFrame(NamedTuple):
    """One frame of a clip."""

    number: int
    time: Fraction  # s, at which its drawing is shown, with pulldown undone
    pixels: np.ndarray  # (H, W, 3) uint8 RGB


def read_frames(
    path: Path,
    sheet: ExposureSheet,
    wanted: Collection[int],
    height: int,
    on_frame: Callable[[int, int | None], None] = lambda done, expected: None,
) -> Iterator[TimedFrame]:
    """Yield the wanted frames of a clip in order, shrunk to ``height`` with square pixels.

    Raises ``UserError`` as ``VideoReader`` does.
    """
    clock = SourceClock(sheet)
    with VideoReader(path) as reader:
        size = stored_size(reader.info, height)
        affine = rgb_affine(reader.info.tags, reader.info.height)
        for number, frame in enumerate(reader.frames()):
            time = clock.time(number, frame.start)
            if number in wanted:
                yield TimedFrame(number, time, shrunk_rgb(frame.picture, affine, size))
            on_frame(number + 1, sheet.frames)


def stored_size(info: ClipInfo, height: int) -> tuple[int, int]:
    """Return width and height [px] of the stored frames: even, with square pixels, not enlarged."""
    height = min(height, info.height)
    width = float(info.width * info.sample_aspect_ratio) * height / info.height
    return 2 * max(round(width / 2), 1), height


def shrunk_rgb(picture: Picture, affine: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a picture in RGB at a size (width, height), (H, W, 3) uint8.

    Luma and chroma are resized separately and then converted. A large picture's chroma is about as
    large as the small picture's luma, so it loses no detail.
    """
    planes = [
        cv2.resize(
            plane,
            size,
            interpolation=cv2.INTER_AREA if plane.shape[0] > size[1] else cv2.INTER_LINEAR,
        )
        for plane in picture
    ]
    return cv2.transform(cv2.merge(planes), affine)
