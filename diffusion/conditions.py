"""What stage 2 is given of an interval, and the estimate that each step returns.

Legend: B batch, C latent channels, H/W frame size after its reduction, h/w latent size (H/8, W/8),
or that divided by a step's scale. Motion is (B, 4, h, w): the flow from the drawing at frame_time
to frame_0 (x, y), then to frame_1, in pixels of its own map.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder import Neighbour, Neighbours, VQAutoencoder
from diffusion.search import Choice, Search
from nakawari.motion.warping import along, resize_flow, warp


class Interval(NamedTuple):
    """Two frames, and everything about them that does not depend on frame_time."""

    neighbours: Neighbours
    features_0: Tensor  # (B, c, H/4, W/4), of the encoder, from the reduced frame_0
    features_1: Tensor  # (B, c, H/4, W/4)
    latents_0: Tensor  # (B, C, h, w), quantised
    latents_1: Tensor  # (B, C, h, w), quantised
    volume_0: Tensor  # (B, n, h, w), similarity along each of n flows, at frame_0's places
    volume_1: Tensor  # (B, n, h, w), at frame_1's places

    def expand(self, batch: int) -> "Interval":
        """Repeat one interval for a batch of ``batch`` without copying it."""
        tensors = (tensor.expand(batch, -1, -1, -1) for tensor in self[1:])
        return Interval._make([self.neighbours.expand(batch), *tensors])

    def conditions(self, frame_time: Tensor) -> "Conditions":
        """Return what the U-Net is given, for ``frame_time`` (B,) in (0, 1)."""
        return Conditions(*self[1:], frame_time)


class Conditions(NamedTuple):
    """What the U-Net is given besides the noisy latents."""

    features_0: Tensor  # (B, c, H/4, W/4), of the encoder, from frame_0
    features_1: Tensor  # (B, c, H/4, W/4)
    latents_0: Tensor  # (B, C, h, w), quantised
    latents_1: Tensor  # (B, C, h, w), quantised
    volume_0: Tensor  # (B, n, h, w), similarity along each of n flows, at frame_0's places
    volume_1: Tensor  # (B, n, h, w), at frame_1's places
    frame_time: Tensor  # (B,) in (0, 1)

    @property
    def time_map(self) -> Tensor:
        """``frame_time`` as (B, 1, 1, 1)."""
        return self.frame_time.view(-1, 1, 1, 1)


class Estimate(NamedTuple):
    """A step's estimate of the drawing at frame_time."""

    latents: Tensor  # (B, C, h, w), clean, not quantised
    motion: Tensor  # (B, 4, h, w)
    visible: Tensor  # (B, 2, h, w), logits of being visible in frame_0 and in frame_1
    share: Tensor  # (B, 1, h, w), logit of frame_0's share in blending both frames
    hidden: Tensor  # (B, c, h, w), features for the next step
    choice: Choice | None = None  # the step's candidate flows, with their logits

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the map."""
        return self.motion.shape[-2], self.motion.shape[-1]

    def resize(self, size: tuple[int, int]) -> "Estimate":
        """Return the estimate resized to ``size`` (h, w), without its choice."""
        if self.size == size:
            return self._replace(choice=None)
        motion = resize_flow(self.motion, size)
        latents, visible, share, hidden = (
            F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
            for maps in (self.latents, self.visible, self.share, self.hidden)
        )
        return Estimate(latents, motion, visible, share, hidden)

    def detach(self) -> "Estimate":
        """Return it detached except for ``hidden``, as each step is trained by its own losses."""
        known = (self.latents, self.motion, self.visible, self.share)
        latents, motion, visible, share = (maps.detach() for maps in known)
        return Estimate(latents, motion, visible, share, self.hidden)


class Aligned(NamedTuple):
    """Both neighbours, warped along the motion found so far to the places of the drawing."""

    latents_0: Tensor  # (B, C, h, w)
    latents_1: Tensor  # (B, C, h, w)
    keys_0: Tensor  # (B, k, h, w), by which the U-Net compares the frames
    keys_1: Tensor  # (B, k, h, w)
    finer_0: Tensor  # (B, j, 2h, 2w), keys on a map twice as large
    finer_1: Tensor  # (B, j, 2h, 2w)


def observe(
    autoencoder: VQAutoencoder,
    search: Search,
    frame_0: Tensor,
    frame_1: Tensor,
    reduction: int = 1,
) -> Interval:
    """Encode and compare two frames in [-1, 1], (B, 3, H * reduction, W * reduction).

    Everything but the neighbours' frames is computed from frames reduced to (B, 3, H, W).
    """
    of_0, features_0, latents_0 = _look_at(autoencoder, frame_0, reduction)
    of_1, features_1, latents_1 = _look_at(autoencoder, frame_1, reduction)
    around = Neighbours(of_0, of_1)
    volumes = search(features_0, features_1)
    return Interval(around, features_0, features_1, latents_0, latents_1, *volumes)


def reduced(frame: Tensor, reduction: int) -> Tensor:
    """Average a frame (B, 3, H * reduction, W * reduction) down to (B, 3, H, W)."""
    return F.avg_pool2d(frame, reduction) if reduction > 1 else frame


def _look_at(
    autoencoder: VQAutoencoder, frame: Tensor, reduction: int
) -> tuple[Neighbour, Tensor, Tensor]:
    """Return a frame prepared for the decoder, its features at 1/4, and its quantised latents."""
    # One frame at a time: at 720p the encoder's features at 1/2 take 30 MB, which end here.
    encoding = autoencoder.encode(reduced(frame, reduction))
    latents = autoencoder.quantise(encoding.latents).latents
    return autoencoder.decoder.look_at(frame, encoding), encoding.features.quarter, latents


def both_warped(maps_0: Tensor, maps_1: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
    """Warp both neighbours' maps (B, c, h, w) along ``motion`` (B, 4, h, w)."""
    return warp(maps_0, motion[:, :2]), warp(maps_1, motion[:, 2:])


def before_any_step(conditions: Conditions, flow: Tensor, channels: int) -> Estimate:
    """Return the estimate before the first step: a motion, and the mean of both latents.

    Args:
        conditions: what the U-Net is given of the interval.
        flow: from frame_0 to frame_1, on the first step's map and in its pixels, (B, 2, h, w).
        channels: number of channels of the hidden features.
    """
    mean = torch.lerp(conditions.latents_0, conditions.latents_1, conditions.time_map)
    size = (flow.shape[-2], flow.shape[-1])
    latents = F.adaptive_avg_pool2d(mean, size)

    def zeros(count: int) -> Tensor:
        return latents.new_zeros(len(latents), count, *size)

    motion = along(flow, conditions.frame_time)
    return Estimate(latents, motion, zeros(2), zeros(1), zeros(channels))
