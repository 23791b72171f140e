"""Means over neighbouring points, as sums of slices: on a CPU far faster than torch's pooling.

Maps are (B, C, h, w).
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def halve(maps: Tensor) -> Tensor:
    """Return the mean of each 2x2 points of maps (B, C, h, w), h and w even.

    Sums of slices take a CPU a tenth of the time of ``avg_pool2d``; ``box_mean`` uses them too.
    """
    rows = maps[..., ::2, :] + maps[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]) / 4


def box_mean(maps: Tensor, size: int) -> Tensor:
    """Return the mean over ``size`` x ``size`` (odd) points around each of maps (B, C, h, w).

    At the rim only the points inside the maps are averaged.
    """
    return _running_mean(_running_mean(maps, size).mT, size).mT


def _running_mean(maps: Tensor, size: int) -> Tensor:
    """Return the mean over ``size`` points along the last axis, by sums of 1, 2, 4, ... points."""
    reach, length = size // 2, maps.shape[-1]
    doubled = F.pad(maps, [reach, reach])  # at each point the sum of ``width`` points from it on
    total, summed, width = torch.zeros_like(maps), 0, 1
    while summed < size:
        if size & width:
            total = total + doubled[..., summed : summed + length]
            summed += width
        doubled = doubled[..., :-width] + doubled[..., width:]
        width *= 2
    place = torch.arange(length, device=maps.device)
    first, last = (place - reach).clamp(min=0), (place + reach).clamp(max=length - 1)
    return total / (last - first + 1)
