"""Forward warping: carrying values along a flow, and filling what nothing was carried to."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.layers import halve
from autoencoder.matching import pixel_grid


class Splat(NamedTuple):
    """Sums, to be divided by their weights."""

    total: Tensor  # (B, C, h, w), sum of weight times value
    weight: Tensor  # (B, 1, h, w), sum of weights


def splat(values: Tensor, flow: Tensor, weight: Tensor) -> Splat:
    """Carry each value to ``p + flow[p]``, spread over the four pixels there.

    Summation splatting, after Niklaus and Liu (CVPR 2020, eq. 5). What leaves the map is lost.

    Args:
        values: (B, C, h, w).
        flow: (B, 2, h, w), (x, y) in pixels.
        weight: (B, 1, h, w), at least 0.
    """
    batch, channels, height, width = values.shape
    carried = torch.cat([values * weight, weight], dim=1).flatten(2)  # (B, C + 1, N)
    position = (pixel_grid(height, width, flow) + flow).flatten(2)  # (B, 2, N)
    corner = position.floor()
    fraction = position - corner
    out = carried.new_zeros(batch, channels + 1, height * width)
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = corner[:, 0] + dx, corner[:, 1] + dy
            share_x = fraction[:, 0] if dx else 1 - fraction[:, 0]
            share_y = fraction[:, 1] if dy else 1 - fraction[:, 1]
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            index = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).long()  # (B, N)
            share = (share_x * share_y * inside).unsqueeze(1)
            out.scatter_add_(2, index.unsqueeze(1).expand(-1, channels + 1, -1), carried * share)
    out = out.unflatten(2, (height, width))
    return Splat(out[:, :channels], out[:, channels:])


def fill_holes(total: Tensor, weight: Tensor) -> Tensor:
    """Divide sums by weights; where the weight is small, use what surrounds the hole.

    Push and pull over a pyramid of halves (Gortler et al., SIGGRAPH 1996, section 3.4). Returns
    (B, C, h, w); nothing known anywhere gives zeros.
    """
    height, width = total.shape[-2:]
    here = total / weight.clamp(min=1e-6)
    if height == 1 and width == 1:
        return here
    padded = F.pad(torch.cat([total, weight], dim=1), [0, width % 2, 0, height % 2])
    coarse = halve(padded)
    # A coarse pixel believes its four as much as they say, but no more than one of them might.
    limit = coarse[:, -1:].clamp(min=1)
    filled = fill_holes(coarse[:, :-1] / limit, coarse[:, -1:] / limit)
    filled = F.interpolate(filled, scale_factor=2, mode="bilinear", align_corners=False)
    known = weight.clamp(0, 1)
    return torch.lerp(filled[..., :height, :width], here, known)
