"""In-betweens under a moving camera, drawn as if it stood.

A pan moves every pixel, and a drawing held on threes moves it three times as far: the interpolator
would have to find all over again, pixel by pixel, what one similarity says. So the later frame is
laid over the earlier one by the camera's motion; between the two only the figures move; and what
was drawn is carried to where the camera is at its time. What the camera brings into the picture
comes from the later frame.

A figure that stands on the screen (``screen.py``) would be moved by all of the camera's way. It is
taken out, the ground behind it put together from both frames, and drawn at its place over the
ground of each time, which stands still for it too.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.slowmo.camera import carried, inverse, joined, part_of_the_way
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.screen import MAX_MISMATCH, mismatch, standing_on_screen
from nakawari.xsheet.motion import Matrix


class SteadiedInterval:
    """Two frames, and the camera's motion between them left out for whoever draws."""

    def __init__(self, frame_0: Tensor, frame_1: Tensor, camera: Matrix) -> None:
        """Lay them over each other.

        Args:
            frame_0: (1, 3, H, W) in [-1, 1].
            frame_1: likewise.
            camera: where it carries the points of ``frame_0`` in ``frame_1``, (2, 3) [px].
        """
        self._frame_0, self._frame_1 = frame_0, frame_1
        self._camera, self._back = camera, inverse(camera)
        over_0, over_1 = carried(frame_1, self._back), carried(frame_0, camera)
        self._standing = standing_on_screen(frame_0, frame_1, camera, over_0, over_1)
        moves = over_0.seen & (mismatch(frame_0, over_0.frame) >= MAX_MISMATCH)
        if self._standing is None:
            self._before = frame_0
        else:
            hidden_0 = self._standing.in_0
            hidden_1 = carried(self._standing.in_1.float(), self._back).frame > 0.25
            found = hidden_0 & ~hidden_1 & over_0.seen
            self._before = torch.where(found, over_0.frame, frame_0)
            moves = moves & ~hidden_0 & ~hidden_1
        self._after = torch.where(moves, over_0.frame, self._before)

    def draw(self, interpolator: FrameInterpolator, frame_time: Tensor) -> Tensor:
        """Return in-betweens (K, 3, H, W) in [-1, 1] at ``frame_time`` (K,) in (0, 1)."""
        drawn = interpolator(self._before, self._after, frame_time)
        frames = []
        for frame, time in zip(drawn, frame_time.split(1), strict=True):
            placed = self._placed(frame[None], float(time))
            if self._standing is not None:
                before = torch.lerp(placed, self._frame_0, _softened(self._standing.in_0))
                after = torch.lerp(placed, self._frame_1, _softened(self._standing.in_1))
                placed = interpolator(before, after, time)
            frames.append(placed)
        return torch.cat(frames).clamp(-1, 1)

    def _placed(self, frame: Tensor, time: float) -> Tensor:
        """Return a frame (1, 3, H, W) where the camera is at a time."""
        there = part_of_the_way(self._camera, time, *frame.shape[-2:])
        placed = carried(frame, there)
        brought_in = carried(self._frame_1, joined(self._back, there))
        return torch.where(placed.seen, placed.frame, brought_in.frame)


def _softened(mask: Tensor) -> Tensor:
    return F.avg_pool2d(mask.float(), 3, 1, 1, count_include_pad=False)
