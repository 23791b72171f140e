"""The camera between two key pictures, and pictures carried along it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.video.picture import Picture
from nakawari.xsheet.camera.alignment import Matrix, inverse
from nakawari.xsheet.camera.motion import Pair, camera_motion
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.detect import halvings_for

# Lower than where a camera is looked for: between two drawings the figures change as well.
MIN_SUPPORT_BETWEEN_DRAWINGS = 0.5


class Carried(NamedTuple):
    """A frame carried along a camera's motion."""

    frame: Tensor  # (1, C, H, W); what it does not cover repeats its edge
    seen: Tensor  # (1, 1, H, W) bool: what it covers


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


def carried(frame: Tensor, matrix: Matrix) -> Carried:
    """Return a frame (1, C, H, W) moved by a matrix."""
    height, width = frame.shape[-2:]
    back = torch.as_tensor(inverse(matrix), dtype=torch.float32, device=frame.device)
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float32, device=frame.device),
        torch.arange(width, dtype=torch.float32, device=frame.device),
        indexing="ij",
    )
    places = torch.stack([x, y, torch.ones_like(x)], dim=-1) @ back.T  # (H, W, 2) [px]
    size = torch.tensor([width, height], dtype=torch.float32, device=frame.device)
    inside = ((places >= 0) & (places <= size - 1)).all(dim=-1)
    grid = (2 * places + 1) / size - 1  # as grid_sample counts without align_corners
    moved = F.grid_sample(
        frame, grid[None], mode="bicubic", padding_mode="border", align_corners=False
    )
    return Carried(moved, inside[None, None])
