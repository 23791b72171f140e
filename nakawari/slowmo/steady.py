"""In-betweens under a moving camera, drawn as if it stood.

A pan moves every pixel, and a drawing held on threes moves it three times as far: the interpolator
would have to find all over again, pixel by pixel, what one similarity says. So both frames are
carried to where the camera is at the time that is drawn; between the two only the figures move.
What the camera brings into the picture comes from the later frame. Nothing is carried after it was
drawn, which would blur it once more.

A figure that stands on the screen (``screen.py``) would be moved by all of the camera's way. It is
taken out, the ground behind it put together from both frames, and put back where it was.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.slowmo.camera import carried, part_of_the_way
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.screen import MAX_MISMATCH, mismatch, standing_on_screen
from nakawari.xsheet.camera.alignment import Matrix, after, inverse


class SteadiedInterval:
    """Two frames, and the camera's motion between them left out for whoever draws."""

    def __init__(self, frame_0: Tensor, frame_1: Tensor, camera: Matrix) -> None:
        """Look for what stands on the screen.

        Args:
            frame_0: (1, 3, H, W) in [-1, 1].
            frame_1: likewise.
            camera: where it carries the points of ``frame_0`` in ``frame_1``, (2, 3) [px].
        """
        self._frame_0, self._frame_1 = frame_0, frame_1
        self._camera, self._back = camera, inverse(camera)
        over_0, over_1 = carried(frame_1, self._back), carried(frame_0, camera)
        self._standing = standing_on_screen(frame_0, frame_1, camera, over_0, over_1)
        self._ground_0, self._ground_1 = frame_0, frame_1
        if self._standing is not None:
            hidden_1 = carried(self._standing.in_1.float(), self._back).frame > 0.01
            found = self._standing.in_0 & ~hidden_1 & over_0.seen
            self._ground_0 = torch.where(found, over_0.frame, frame_0)
            over_1 = carried(self._ground_0, camera)
            # Also what is hidden in both: it is the same then, and nobody will draw it.
            found = self._standing.in_1 & over_1.seen
            self._ground_1 = torch.where(found, over_1.frame, frame_1)

    def draw(self, interpolator: FrameInterpolator, frame_time: Tensor) -> Tensor:
        """Return in-betweens (K, 3, H, W) in [-1, 1] at ``frame_time`` (K,) in (0, 1)."""
        frames = [interpolator(*self._ends(float(time)), time) for time in frame_time.split(1)]
        return torch.cat(frames).clamp(-1, 1)

    def _ends(self, time: float) -> tuple[Tensor, Tensor]:
        """Return both frames, (1, 3, H, W), as seen from where the camera is at a time."""
        there = part_of_the_way(self._camera, time, *self._frame_0.shape[-2:])
        ground_0 = carried(self._ground_0, there)
        ground_1 = carried(self._ground_1, after(there, self._back))
        end_0 = torch.where(ground_0.seen, ground_0.frame, ground_1.frame)
        moves = ground_1.seen & (mismatch(end_0, ground_1.frame) >= MAX_MISMATCH)
        end_1 = torch.where(moves, ground_1.frame, end_0)
        if self._standing is not None:
            end_0 = _laid_over(end_0, self._frame_0, self._standing.in_0)
            end_1 = _laid_over(end_1, self._frame_1, self._standing.in_1)
        return end_0.clamp(-1, 1), end_1.clamp(-1, 1)


def _laid_over(ground: Tensor, figure: Tensor, where: Tensor) -> Tensor:
    """Return a frame with another's pixels where a mask says so, its rim softened."""
    share = F.avg_pool2d(where.float(), 3, 1, 1, count_include_pad=False)
    return torch.lerp(ground, figure, share)
