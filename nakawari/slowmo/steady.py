"""In-betweens under a moving camera, drawn as if it stood.

A pan moves every pixel, and a drawing held on threes moves it three times as far: the interpolator
would have to find all over again, pixel by pixel, what one similarity says. So the later frame is
laid over the earlier one by the camera's motion; between the two only the figures move; and what
was drawn is carried to where the camera is at its time. What the camera brings into the picture
comes from the later frame.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.video.picture import Picture
from nakawari.xsheet.change import plate
from nakawari.xsheet.detect import halvings_for
from nakawari.xsheet.motion import Matrix, Pair, camera_motion

# Lower than where a camera is looked for: between two drawings the figures change as well.
MIN_SUPPORT_BETWEEN_DRAWINGS = 0.5
AROUND = 5  # px, over which two frames are compared
MAX_MISMATCH = 0.04  # mean over them; five code values


def camera_between(before: Picture, after: Picture) -> Matrix | None:
    """Return where the camera carries the points of one picture in another, (2, 3) float64 [px].

    ``None`` if that cannot be told with confidence.
    """
    times = halvings_for(before.width)
    planes = [plate(frame.halved(times)).smooth.luma for frame in (before, after)]
    motion = camera_motion(Pair(*planes))
    if motion is None or motion.support < MIN_SUPPORT_BETWEEN_DRAWINGS:
        return None
    factor = 2.0**times
    offset = (factor - 1) / 2  # of the first small pixel's middle, in pixels of the large picture
    matrix = motion.camera.copy()
    matrix[:, 2] = factor * matrix[:, 2] + offset - matrix[:, :2] @ (offset, offset)
    return matrix


def part_of_the_way(camera: Matrix, share: float, height: int, width: int) -> Matrix:
    """Return the motion of a camera that has gone ``share`` of its way, evenly.

    Shift, logarithm of the zoom, and angle about the middle of the picture are in proportion.
    """
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = camera[:, :2] @ middle + camera[:, 2] - middle
    scale = math.hypot(camera[0, 0], camera[1, 0]) ** share
    angle = math.atan2(camera[1, 0], camera[0, 0]) * share
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.hstack([turn, (middle + share * shift - turn @ middle)[:, None]])


def draw_steadied(
    interpolator: FrameInterpolator,
    frame_0: Tensor,
    frame_1: Tensor,
    frame_time: Tensor,
    camera: Matrix,
) -> Tensor:
    """Return in-betweens as ``interpolator`` draws them, the camera's motion left out for it.

    Args:
        interpolator: see ``FrameInterpolator``.
        frame_0: (1, 3, H, W) in [-1, 1].
        frame_1: likewise.
        frame_time: (K,) in (0, 1).
        camera: where it carries the points of ``frame_0`` in ``frame_1``, (2, 3) [px].

    Returns:
        (K, 3, H, W) in [-1, 1].
    """
    height, width = frame_0.shape[-2:]
    back = _inverse(camera)
    laid_over, seen = _carried(frame_1, back)
    moves = seen & ~_agree(frame_0, laid_over)
    drawn = interpolator(frame_0, torch.where(moves, laid_over, frame_0), frame_time)
    placed = []
    for frame, time in zip(drawn, frame_time.tolist(), strict=True):
        there = part_of_the_way(camera, time, height, width)
        carried, seen = _carried(frame[None], there)
        brought_in, _ = _carried(frame_1, _joined(back, there))
        placed.append(torch.where(seen, carried, brought_in))
    return torch.cat(placed).clamp(-1, 1)


def _agree(frame_0: Tensor, frame_1: Tensor) -> Tensor:
    """Return where two frames show the same but for coding and resampling, (1, 1, H, W) bool."""
    difference = (frame_0 - frame_1).abs().mean(dim=1, keepdim=True)
    return F.avg_pool2d(difference, AROUND, 1, AROUND // 2, count_include_pad=False) < MAX_MISMATCH


def _inverse(matrix: Matrix) -> Matrix:
    turn = np.linalg.inv(matrix[:, :2])
    return np.hstack([turn, -(turn @ matrix[:, 2:])])


def _joined(first: Matrix, then: Matrix) -> Matrix:
    turn = then[:, :2]
    return np.hstack([turn @ first[:, :2], turn @ first[:, 2:] + then[:, 2:]])


def _carried(frame: Tensor, matrix: Matrix) -> tuple[Tensor, Tensor]:
    """Return a frame moved by a matrix, and where it covers the picture, (1, 1, H, W) bool."""
    height, width = frame.shape[-2:]
    inverse = torch.as_tensor(_inverse(matrix), dtype=torch.float32, device=frame.device)
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float32, device=frame.device),
        torch.arange(width, dtype=torch.float32, device=frame.device),
        indexing="ij",
    )
    places = torch.stack([x, y, torch.ones_like(x)], dim=-1) @ inverse.T  # (H, W, 2) [px]
    size = torch.tensor([width, height], dtype=torch.float32, device=frame.device)
    inside = ((places >= 0) & (places <= size - 1)).all(dim=-1)
    grid = (2 * places + 1) / size - 1  # as grid_sample counts without align_corners
    moved = F.grid_sample(
        frame, grid[None], mode="bicubic", padding_mode="border", align_corners=False
    )
    return moved, inside[None, None]
