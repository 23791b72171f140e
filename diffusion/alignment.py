"""What the U-Net knows of the neighbours: their latents, and those latents carried to frame_time.

Optical flow tells the motion from ``frame_0`` to ``frame_1``, and the reverse; a network mends it
where it fails. Carried along it
(linear in time), both frames come to lie where the middle frame is; encoded again, they are the
coarse guess that diffusion starts from and corrects. The decoder takes the same motion as a hint,
and believes it where the latent agrees.

Large frames are looked at reduced; only the pixels that the decoder fetches are theirs.

Legend: B batch, C latent channels, H/W frame size, as it is looked at; h/w latent size (H/8, W/8).
Flows are in pixels of their own map, as in ``autoencoder.matching``.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder import Neighbour, Neighbours, VQAutoencoder
from autoencoder.matching import resize_flow, warp
from diffusion.flow_refiner import FlowRefiner, refine
from diffusion.neighbour_flow import Flows, find_flows
from diffusion.pieces import find_pieces, move_pieces
from diffusion.splatting import fill_holes, splat


class Interval(NamedTuple):
    """Two frames, and everything about them that does not depend on frame_time."""

    neighbours: Neighbours
    latents_0: Tensor  # (B, C, h, w), quantised
    latents_1: Tensor  # (B, C, h, w), quantised
    motion_01: Tensor  # (B, 2, H/4, W/4), from frame_0 to frame_1
    motion_10: Tensor  # (B, 2, H/4, W/4), from frame_1 to frame_0
    pieces: Tensor | None = None  # (B, P, 2, 3), what moves as one; None: not looked for

    def expand(self, batch: int) -> "Interval":
        """Repeat one interval for a batch of ``batch`` without copying it."""
        tensors = (
            None if tensor is None else tensor.expand(batch, -1, -1, -1) for tensor in self[1:]
        )
        return Interval._make([self.neighbours.expand(batch), *tensors])


class Conditions(NamedTuple):
    """What the U-Net is given besides the noisy latents."""

    latents_0: Tensor  # (B, C, h, w)
    latents_1: Tensor  # (B, C, h, w)
    aligned_0: Tensor  # (B, C, h, w), frame_0 carried to frame_time
    aligned_1: Tensor  # (B, C, h, w), frame_1 carried to frame_time
    coverage: Tensor  # (B, 2, h, w) in [0, 1]: does any of frame_0, frame_1 come to lie here
    guess: Tensor  # (B, C, h, w), the aligned latents' mean, by time and coverage
    motion: Tensor  # (B, 4, H/4, W/4), from frame_time to both frames, as the guess has it
    frame_time: Tensor  # (B,) in (0, 1)
    certainty: Tensor | None = None  # (B, 1, H/4, W/4) in [0, 1], how far motion is certain

    def of(self, samples: Tensor) -> "Conditions":
        """Return those of some samples, (B,) bool."""
        return Conditions._make(None if tensor is None else tensor[samples] for tensor in self)

    @staticmethod
    def channels(latent_channels: int) -> int:
        """Return the channels of the noisy latents and all maps together."""
        return 5 * latent_channels + 2

    def maps(self) -> tuple[Tensor, ...]:
        """Return the maps to concatenate with the noisy latents."""
        return self.latents_0, self.latents_1, self.aligned_0, self.aligned_1, self.coverage


def observe(
    autoencoder: VQAutoencoder,
    frame_0: Tensor,
    frame_1: Tensor,
    *,
    flows: Flows | None = None,
    refiner: FlowRefiner | None = None,
    reduction: int = 1,
    with_pieces: bool = False,
) -> Interval:
    """Encode two frames in [-1, 1] and find the motion between them.

    Frames are (B, 3, H * reduction, W * reduction), looked at as (B, 3, H, W). ``flows`` None are
    found here; ``refiner`` mends them. ``with_pieces``: what moves as one is looked for, too.
    """
    seen_0, seen_1 = reduced(frame_0, reduction), reduced(frame_1, reduction)
    of_0, latents_0, features_0 = _look_at(autoencoder, frame_0, seen_0)
    of_1, latents_1, features_1 = _look_at(autoencoder, frame_1, seen_1)
    neighbours = Neighbours(of_0, of_1)
    flows = flows or find_flows(seen_0, seen_1)
    if refiner is not None:
        flows = refine(refiner, (features_0, features_1), (seen_0, seen_1), flows)
    pieces = find_pieces(seen_0, seen_1) if with_pieces else None
    return Interval(neighbours, latents_0, latents_1, *flows, pieces)


def reduced(frame: Tensor, reduction: int) -> Tensor:
    """Return a frame, (B, 3, H * reduction, W * reduction), as it is looked at: (B, 3, H, W)."""
    return F.avg_pool2d(frame, reduction) if reduction > 1 else frame


def _look_at(
    autoencoder: VQAutoencoder, frame: Tensor, seen: Tensor
) -> tuple[Neighbour, Tensor, Tensor]:
    """Return a frame as the decoder looks at it, its latents, and its features at 1/4."""
    # One frame at a time: at 720p the encoder's features at 1/2 take 30 MB, and end here.
    encoding = autoencoder.encode(seen)
    latents = autoencoder.quantise(encoding.latents).latents
    return autoencoder.decoder.look_at(frame, encoding), latents, encoding.features.quarter


def align(autoencoder: VQAutoencoder, interval: Interval, frame_time: Tensor) -> Conditions:
    """Carry both frames of each interval to ``frame_time``, shape (B,) in (0, 1)."""
    reduction = interval.neighbours.of_0.frame.shape[-1] // (8 * interval.latents_0.shape[-1])
    frame_0, frame_1 = (reduced(neighbour.frame, reduction) for neighbour in interval.neighbours)
    motion_4, coverage = _motion_at(interval, frame_time)
    certainty = None
    if interval.pieces is not None:
        motion_4, certainty = move_pieces(motion_4, interval.pieces, (frame_0, frame_1), frame_time)
    motion = resize_flow(motion_4, (frame_0.shape[-2], frame_0.shape[-1]))
    aligned_0, aligned_1 = (
        autoencoder.quantise(autoencoder.encode(frame).latents).latents
        for frame in (warp(frame_0, motion[:, :2]), warp(frame_1, motion[:, 2:]))
    )
    size = interval.latents_0.shape[-2:]
    coverage = F.interpolate(coverage, size=size, mode="area")
    return Conditions(
        latents_0=interval.latents_0,
        latents_1=interval.latents_1,
        aligned_0=aligned_0,
        aligned_1=aligned_1,
        coverage=coverage,
        guess=guess_from(aligned_0, aligned_1, coverage, frame_time),
        motion=motion_4,
        frame_time=frame_time,
        certainty=certainty,
    )


def guess_from(
    aligned_0: Tensor, aligned_1: Tensor, coverage: Tensor, frame_time: Tensor
) -> Tensor:
    """Return the mean of the aligned latents (B, C, h, w), by time and coverage."""
    near_0 = 1 - frame_time.view(-1, 1, 1, 1)
    weight_0 = near_0 * coverage[:, 0:1] + 1e-3
    weight_1 = (1 - near_0) * coverage[:, 1:2] + 1e-3
    share_0 = weight_0 / (weight_0 + weight_1)
    return share_0 * aligned_0 + (1 - share_0) * aligned_1


def _motion_at(interval: Interval, frame_time: Tensor) -> tuple[Tensor, Tensor]:
    """Return the motion from ``frame_time`` to both frames, (B, 4, H/4, W/4), and coverage.

    Every point of either frame is carried to where it is at ``frame_time``, and with it what it
    knows: how far it has come, and how far it has to go.
    """
    time = frame_time.view(-1, 1, 1, 1)
    motion_01, motion_10 = interval.motion_01, interval.motion_10
    frames = [
        F.interpolate(neighbour.frame, size=motion_01.shape[-2:], mode="area")
        for neighbour in interval.neighbours
    ]
    # Softmax splatting (Niklaus and Liu, CVPR 2020): of two points that come to lie on one
    # another, the one that looks the same at both ends is believed.
    trust_0 = torch.exp(-5 * (frames[0] - warp(frames[1], motion_01)).abs().mean(1, keepdim=True))
    trust_1 = torch.exp(-5 * (frames[1] - warp(frames[0], motion_10)).abs().mean(1, keepdim=True))
    known_0 = torch.cat([-time * motion_01, (1 - time) * motion_01], dim=1)
    known_1 = torch.cat([time * motion_10, (time - 1) * motion_10], dim=1)
    sum_0, weight_0 = splat(known_0, time * motion_01, trust_0)
    sum_1, weight_1 = splat(known_1, (1 - time) * motion_10, trust_1)
    total = (1 - time) * sum_0 + time * sum_1
    weight = (1 - time) * weight_0 + time * weight_1
    coverage = torch.cat([weight_0, weight_1], dim=1).clamp(0, 1)
    return fill_holes(total, weight), coverage
