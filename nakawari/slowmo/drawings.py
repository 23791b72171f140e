"""From frames to drawings: anime repeats each drawing for several frames of video.

Everything after this module works on drawings. Which frames repeat a drawing is decided by a
``DrawingDetector``; the two below look at one pair of pictures at a time. A detector that reads the
exposure sheet (cadence, camera moves) takes their place through the same call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np

from nakawari.video.picture import Picture
from nakawari.video.reader import SourceFrame


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One drawing and the run of frames that show it."""

    picture: Picture  # of its first frame
    start: Fraction  # s; the time of its first frame
    last_start: Fraction  # s; the time of its last frame
    end: Fraction  # s; where the next drawing starts, or the clip ends
    hold: int  # frames
    begins_shot: bool  # True for the first drawing after a cut


class DrawingDetector(Protocol):
    """Groups the frames of a clip into drawings, as they stream by."""

    def __call__(self, frames: Iterable[SourceFrame]) -> Iterator[Drawing]:
        """Yield the drawings in order: they cover the frames' time without gap or overlap.

        A frame that begins a shot begins a drawing.
        """
        ...


class EveryFrame:
    """Takes every frame for a drawing of its own (``--holds keep``)."""

    def __call__(self, frames: Iterable[SourceFrame]) -> Iterator[Drawing]:
        """Yield one drawing a frame."""
        return map(_first_frame, frames)


class RepeatedFrames:
    """Takes a frame for a repeat if no part of the picture changed (``--holds auto``).

    A repeat is compared with the first frame of its drawing, not with the frame before, so that
    slow changes add up. After lossy coding two frames of one drawing are seldom equal to the bit:
    in samples/dance.mp4 none is. What tells them apart is the *largest* mean change of a 16×16
    block of luma (8×8 of chroma), which a mouth of a few pixels moves as much as a whole figure:
    there, at most 2.4 code values within a drawing and at least 26 between two. A mean over the
    picture cannot be used, it takes a moving mouth for noise.

    The threshold is fixed and low, so what it takes for a repeat is one. It misses repeats: under
    a pan, which changes all blocks, and in strongly compressed clips (that clip coded again with
    x264 at CRF 18, 26 and 32: it finds 97, 47 and 6 per cent of them).
    """

    LUMA_BLOCK = 16
    MAX_BLOCK_CHANGE = 3.0  # code values

    def __call__(self, frames: Iterable[SourceFrame]) -> Iterator[Drawing]:
        """Yield one drawing for each run of frames without a change."""
        drawing: Drawing | None = None
        for frame in frames:
            if drawing is None:
                drawing = _first_frame(frame)
            elif not frame.begins_shot and self._repeats(drawing.picture, frame.picture):
                drawing = replace(
                    drawing, last_start=frame.start, end=frame.end, hold=drawing.hold + 1
                )
            else:
                yield drawing
                drawing = _first_frame(frame)
        if drawing is not None:
            yield drawing

    def _repeats(self, kept: Picture, picture: Picture) -> bool:
        blocks = (self.LUMA_BLOCK, self.LUMA_BLOCK // 2, self.LUMA_BLOCK // 2)
        return all(
            _largest_block_change(before, after, block) <= self.MAX_BLOCK_CHANGE
            for before, after, block in zip(kept, picture, blocks, strict=True)
        )


def _largest_block_change(before: np.ndarray, after: np.ndarray, block: int) -> float:
    """Return the largest mean absolute difference of any block [code values].

    Blocks overlap by half, so that a mouth on the border of two lies whole in a third. A block
    that the right or lower edge cuts short is averaged over what there is of it.
    """
    change = cv2.absdiff(before, after)
    rows = np.arange(0, change.shape[0], block // 2)
    columns = np.arange(0, change.shape[1], block // 2)
    cells = np.add.reduceat(np.add.reduceat(change, rows, 0, dtype=np.int64), columns, 1)
    heights = np.diff(rows, append=change.shape[0])
    widths = np.diff(columns, append=change.shape[1])
    return float((_pair_sums(cells) / _pair_sums(np.outer(heights, widths))).max())


def _pair_sums(cells: np.ndarray) -> np.ndarray:
    """Return the sum of each 2×2 cells; along a side of one cell, of that cell."""
    if cells.shape[0] > 1:
        cells = cells[:-1] + cells[1:]
    if cells.shape[1] > 1:
        cells = cells[:, :-1] + cells[:, 1:]
    return cells


def _first_frame(frame: SourceFrame) -> Drawing:
    return Drawing(
        picture=frame.picture,
        start=frame.start,
        last_start=frame.start,
        end=frame.end,
        hold=1,
        begins_shot=frame.begins_shot,
    )
