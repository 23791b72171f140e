"""Doubling a map without mixing what lies on both sides of a contour.

The mean of two motions is neither of them, so bilinear enlargement draws a band of wrong motion
along every contour. Here each new point is a convex combination of its 3x3 old neighbours, with
weights of its own that may single out one of them (Teed and Deng, "RAFT", ECCV 2020, section 3.3).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

NEIGHBOURS = 9
_LEAST = 0.003
"""Added to each of the nine bilinear weights, because no logit could raise a weight of zero."""


def convex_upsample(maps: Tensor, logits: Tensor) -> Tensor:
    """Return maps (B, c, h, w) at twice their size, (B, c, 2h, 2w); displacements keep their unit.

    ``logits`` (B, 9, 2h, 2w) are in the order of the neighbours, row by row from the upper left.
    They are added to the logarithms of the bilinear weights, so that logits of zero give very
    nearly bilinear enlargement.
    """
    batch, channels, height, width = maps.shape
    around = F.unfold(F.pad(maps, [1, 1, 1, 1], mode="replicate"), 3)
    around = around.view(batch, channels, NEIGHBOURS, height, 1, width, 1)
    logits = logits.view(batch, NEIGHBOURS, height, 2, width, 2).float()
    weights = (logits + _bilinear(logits).log()).softmax(dim=1)
    return (around * weights.unsqueeze(1)).sum(2).flatten(4, 5).flatten(2, 3).to(maps.dtype)


def _bilinear(like: Tensor) -> Tensor:
    """Return the weights of the neighbours for the four points of a cell, (9, 1, 2, 1, 2)."""
    before, after = (0.25, 0.75, 0.0), (0.0, 0.75, 0.25)
    along = torch.tensor([before, after], device=like.device)  # (point, neighbour)
    weights = torch.einsum("in,jm->nmij", along, along).flatten(0, 1)
    return (weights + _LEAST).view(NEIGHBOURS, 1, 2, 1, 2)
