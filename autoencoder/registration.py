"""Registration of two pictures of one thing, to a fraction of a pixel.

Legend: B batch, C channels, H/W size. Displacements are (B, 2, H, W), (x, y) in pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.layers import upsample
from nakawari.motion.pooling import box_mean, halve
from nakawari.motion.warping import flow_length

_REACH = 1.0
"""Largest displacement [px]. Gradients tell of no more than about a line's width."""

_NOISE = 1e-3
"""Added to the sums of squared gradients (of frames in [-1, 1]), so that flat areas stay where they
are."""


def displacement(picture_0: Tensor, picture_1: Tensor) -> Tensor:
    """Return the displacement d [px] from ``picture_0`` at p to ``picture_1`` at p + d.

    It is (B, 2, H, W), and at most 1 px long. The pictures are (B, C, H, W) in [-1, 1], H and W
    even. This is one step of Lucas and Kanade, "An Iterative Image Registration Technique" (IJCAI
    1981), over windows of about 10x10 px, solved at every other pixel. It uses the gradient of both
    pictures' mean, so that swapping them reverses d.
    """
    along_x, along_y = _gradient((picture_0 + picture_1) / 2)
    difference = picture_1 - picture_0
    products = (
        along_x * along_x,
        along_x * along_y,
        along_y * along_y,
        along_x * difference,
        along_y * difference,
    )
    sums = _window(torch.cat([product.sum(1, keepdim=True) for product in products], dim=1))
    xx, xy, yy, xd, yd = sums.unbind(1)
    xx, yy = xx + _NOISE, yy + _NOISE
    determinant = xx * yy - xy * xy
    step = torch.stack([xy * yd - yy * xd, xy * xd - xx * yd], dim=1) / determinant.unsqueeze(1)
    return upsample(step * (_REACH / flow_length(step).clamp(min=_REACH)))


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(picture, [1] * 4, mode="replicate")
    along_x = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    along_y = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return along_x, along_y


def _window(maps: Tensor) -> Tensor:
    """Average around every other pixel, with more weight in the middle: (B, C, H/2, W/2)."""
    return box_mean(box_mean(halve(maps), 3), 3)
