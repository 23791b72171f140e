"""The loss of stage 2 on latents, and the augmentation that plays a sample backwards."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.data.triplet import Triplet


def code_direction_loss(clean: Tensor, target: Tensor, heads: int) -> Tensor:
    """Return one minus the mean cosine between predicted and true code of each head, a scalar.

    The quantiser snaps by direction alone, so this is what decides which code comes out. Both
    latents are (B, C, h, w), C a multiple of ``heads``.
    """
    cosine = F.cosine_similarity(
        clean.unflatten(1, (heads, -1)), target.unflatten(1, (heads, -1)), dim=2
    )
    return 1 - cosine.mean()


def one_way(backwards: Tensor, forth: Tensor, back: Tensor) -> Tensor:
    """Return ``back`` where ``backwards`` (B,) is true, else ``forth``; both are (B, ...)."""
    if not forth.numel():
        return forth  # flows that nobody asked for
    return torch.where(backwards.view(-1, *[1] * (forth.ndim - 1)), back, forth)


def play_backwards(triplet: Triplet, chosen: Tensor) -> Triplet:
    """Swap the neighbours and turn frame_time round where ``chosen`` (B,) is true."""
    swapped = partial(one_way, chosen)

    return triplet._replace(
        frame_0=swapped(triplet.frame_0, triplet.frame_1),
        frame_1=swapped(triplet.frame_1, triplet.frame_0),
        frame_time=swapped(triplet.frame_time, 1 - triplet.frame_time),
        motion_0=swapped(triplet.motion_0, triplet.motion_1),
        motion_1=swapped(triplet.motion_1, triplet.motion_0),
        visible_0=swapped(triplet.visible_0, triplet.visible_1),
        visible_1=swapped(triplet.visible_1, triplet.visible_0),
        flow_01=swapped(triplet.flow_01, triplet.flow_10),
        flow_10=swapped(triplet.flow_10, triplet.flow_01),
    )
