"""Disturbed motion and latents, which the decoder is given in training.

When the decoder is used, both come from stage 2, which makes errors. A decoder that was trained on
correct inputs only would trust them always. With wrong inputs it learns what to trust: the latent
more than the motion, and the neighbours where the latent is vague.

Legend: B batch, C latent channels, h/w latent size (H/8, W/8). Motion is (B, 4, H/4, W/4), in
pixels of its own map: the flow to frame_0 (x, y), then the flow to frame_1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.config import DisturbanceConfig
from nakawari.data.triplet import Triplet
from nakawari.motion.warping import resize_flow, warp


def disturbed_motion(triplet: Triplet, config: DisturbanceConfig) -> Tensor:
    """Return a motion for each sample of a batch: right, or wrong in one of four ways.

    The kind is drawn at random by the shares in ``config``. Where the true motion is unknown, zero
    stands for it, which may be right or wrong.
    """
    height, width = triplet.target.shape[-2:]
    size = (height // 4, width // 4)
    truth = resize_flow(torch.cat([triplet.motion_0, triplet.motion_1], dim=1), size)
    kinds = torch.tensor(config.shares).multinomial(len(truth), replacement=True)
    right, degraded, stale, _, other = (
        (kinds == kind).view(-1, 1, 1, 1).to(truth.device) for kind in range(len(config.shares))
    )
    motion = truth * right
    motion = torch.where(degraded, _degraded(truth), motion)
    motion = torch.where(stale, truth * _uniform(truth, -0.5, 0.9), motion)
    return torch.where(other, truth.roll(1, dims=0), motion)


def disturbed_latents(
    latents: Tensor, latents_0: Tensor, latents_1: Tensor, motion: Tensor, config: DisturbanceConfig
) -> Tensor:
    """Return latents (B, C, h, w), not quantised: a share of them noisy, a share of them mixed.

    Mixed latents are a blend of the true ones and of the neighbours', warped along ``motion``. A
    U-Net that is unsure of the motion makes such errors.
    """
    lots = torch.rand(len(latents), 1, 1, 1, device=latents.device)
    noisy = lots < config.noisy_share
    mixed = (lots >= config.noisy_share) & (lots < config.noisy_share + config.mixed_share)
    motion_8 = resize_flow(motion, (latents.shape[-2], latents.shape[-1]))
    both = (warp(latents_0, motion_8[:, :2]) + warp(latents_1, motion_8[:, 2:])) / 2
    noise = _uniform(latents, 0, config.noise) * torch.randn_like(latents)
    # The share of the truth varies over the frame: a U-Net is sure of some places only.
    share = _field(latents, 1, cells=8).sigmoid()
    lerped = torch.lerp(both, latents, share) + 0.3 * noise
    return torch.where(mixed, lerped, latents + noise * noisy)


def _degraded(motion: Tensor) -> Tensor:
    """Return motion as if found on a map 2, 4 or 8 times smaller, plus a smooth random field."""
    height, width = motion.shape[-2:]
    factor = 2 ** int(torch.randint(1, 4, ()))
    small = F.interpolate(motion, size=(max(1, height // factor), max(1, width // factor)))
    blurred = F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    amount = (2 * torch.randn(len(motion), 1, 1, 1, device=motion.device) - 1).exp()  # px at 1/4
    return blurred + amount.clamp(max=6) * _field(motion, 4, cells=6)


def _field(like: Tensor, channels: int, cells: int) -> Tensor:
    """Return a smooth random field of about unit variance, (B, channels, h, w)."""
    height, width = like.shape[-2:]
    coarse = (max(1, height // cells), max(1, width // cells))
    noise = torch.randn(len(like), channels, *coarse, device=like.device)
    return F.interpolate(noise, size=(height, width), mode="bicubic", align_corners=False)


def _uniform(like: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(len(like), 1, 1, 1, device=like.device).uniform_(low, high)
