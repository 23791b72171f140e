"""The window in which two frames differ. Only there is anything to draw.

Most of an anime frame stands still, and in much of an episode nothing moves but a mouth. So both
stages see only a window around what changes. The rest is copied, which also keeps it exact.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

_STILL = 3.0
"""Largest difference of still frames, in code values of 255, after averaging 3x3 pixels. Coding
noise of a still picture mostly stays below."""

_MARGIN = 32
"""Margin around what changes [px], so that the networks see its surroundings."""


class Window(NamedTuple):
    """A part of a frame, in pixels. ``bottom`` and ``right`` are not included."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, frames: Tensor) -> Tensor:
        """Return the part of frames (..., H, W) that is inside."""
        return frames[..., self.top : self.bottom, self.left : self.right]


def changing_window(frame_0: Tensor, frame_1: Tensor, multiple: int) -> Window | None:
    """Return the window outside of which frames (B, 3, H, W) are alike; None if they are alike.

    Its edges lie at multiples of ``multiple`` [px], or where the frame ends. So the cells of a map
    that is so many times smaller are the same as those of the whole frame.
    """
    difference = F.avg_pool2d(frame_0.float() - frame_1.float(), 3, 1, 1, count_include_pad=False)
    changing = (difference.abs().amax((0, 1)) > _STILL / 127.5).cpu()  # (H, W)
    rows, columns = changing.any(1).nonzero(), changing.any(0).nonzero()
    if not len(rows):
        return None
    return Window(
        *_outwards(rows, multiple, changing.shape[0]),
        *_outwards(columns, multiple, changing.shape[1]),
    )


def _outwards(indices: Tensor, multiple: int, length: int) -> tuple[int, int]:
    margin = -(-_MARGIN // multiple)
    first = int(indices[0]) // multiple - margin
    last = int(indices[-1]) // multiple + margin
    return max(0, first * multiple), min(length, (last + 1) * multiple)


def draw_what_changes(
    frame_0: Tensor,
    frame_1: Tensor,
    count: int,
    multiple: int,
    draw: Callable[[Window], Tensor],
) -> Tensor:
    """Return ``count`` in-betweens (count, 3, H, W): what ``draw`` gives, and the rest copied.

    The rest is the mean of both frames, which are (1, 3, H, W) or (count, 3, H, W). ``draw`` gives
    what is inside its window, (count, 3, h, w). It is not called if there is nothing to draw.
    """
    still = torch.lerp(frame_0, frame_1, 0.5).expand(count, -1, -1, -1)
    window = changing_window(frame_0, frame_1, multiple)
    if window is None:
        return still.clone()
    drawn = draw(window)
    if drawn.shape == still.shape:
        return drawn
    frames = still.to(drawn, copy=True)
    window.of(frames).copy_(drawn)
    return frames
