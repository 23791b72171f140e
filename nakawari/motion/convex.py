"""Doubling a map without mixing what lies on both sides of a contour.

Halfway between two motions lies neither, so bilinear enlargement draws a band of wrong motion along
every contour. Here each new point is a mean of its 3x3 old neighbours with weights of its own (Teed
and Deng, "RAFT", ECCV 2020, section 3.3), which may single out one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

NEIGHBOURS = 9
_LEAST = 0.003
"""Weight of each neighbour before anything is learnt that bilinear enlargement gives none: a weight
of zero could not be raised by any logit."""


def convex_upsample(maps: Tensor, logits: Tensor) -> Tensor:
    """Return maps (B, c, h, w) at twice their size, (B, c, 2h, 2w); displacements keep their unit.

    ``logits`` (B, 9, 2h, 2w) are added to the logarithms of bilinear enlargement's weights, row by
    row from the upper left neighbour, so that zeros give very nearly that.
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
