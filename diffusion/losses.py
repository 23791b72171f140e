"""Losses of stage 2 on latents and motion, and the augmentation that plays a sample backwards."""

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.losses import HIDDEN_WEIGHT, robust_motion_error
from autoencoder.matching import resize_flow, warp
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


def interval_motion_loss(motion_01: Tensor, motion_10: Tensor, triplet: Triplet) -> Tensor:
    """Return the robust error [px of the frame] of the motion between the neighbours, a scalar.

    The truth is known by way of the target: what is at ``p + motion_0[p]`` in frame_0 is at
    ``p + motion_1[p]`` in frame_1. Points hidden where they come from count nothing, those hidden
    where they go ``HIDDEN_WEIGHT``. The motions are (B, 2, h, w), in pixels of their own map.
    """
    size = (triplet.target.shape[-2], triplet.target.shape[-1])
    found = torch.cat(
        [
            warp(resize_flow(motion_01, size), triplet.motion_0),
            warp(resize_flow(motion_10, size), triplet.motion_1),
        ],
        dim=1,
    )
    forth = triplet.motion_1 - triplet.motion_0
    seen_there = torch.cat([triplet.visible_1, triplet.visible_0], dim=1)  # (B, 2, H, W)
    seen_here = seen_there.flip(1)
    known = triplet.has_motion.to(found.dtype).view(-1, 1, 1, 1)
    weight = known * seen_here * (HIDDEN_WEIGHT + (1 - HIDDEN_WEIGHT) * seen_there)
    return robust_motion_error(found, torch.cat([forth, -forth], dim=1), weight)


def play_backwards(triplet: Triplet, chosen: Tensor) -> Triplet:
    """Swap the neighbours and turn frame_time round where ``chosen`` (B,) is true."""

    def swapped(forth: Tensor, back: Tensor) -> Tensor:
        if not forth.numel():
            return forth  # hints that nobody asked for
        return torch.where(chosen.view(-1, *[1] * (forth.ndim - 1)), back, forth)

    return triplet._replace(
        frame_0=swapped(triplet.frame_0, triplet.frame_1),
        frame_1=swapped(triplet.frame_1, triplet.frame_0),
        frame_time=swapped(triplet.frame_time, 1 - triplet.frame_time),
        motion_0=swapped(triplet.motion_0, triplet.motion_1),
        motion_1=swapped(triplet.motion_1, triplet.motion_0),
        visible_0=swapped(triplet.visible_0, triplet.visible_1),
        visible_1=swapped(triplet.visible_1, triplet.visible_0),
        hint_01=swapped(triplet.hint_01, triplet.hint_10),
        hint_10=swapped(triplet.hint_10, triplet.hint_01),
    )
