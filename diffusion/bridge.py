"""The noise schedule: a straight bridge from a noisy guess to the clean latent.

Rectified flow (Liu et al., ICLR 2023, eq. 1; diffusers' ``FlowMatchEulerDiscreteScheduler``)
whose source is not pure noise but the neighbours' aligned latents plus a little noise, as in the
Brownian bridges of video interpolation (Lyu et al., ACM MM 2024). The source has low variance,
so few steps do.

Legend: B batch, C latent channels, h/w latent size. ``timestep`` is the noise level in [0, 1]:
0 is the clean latent, 1 the source.
"""

from copy import copy

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from diffusion.alignment import Conditions
from diffusion.unet import InBetweenUNet


def source(guess: Tensor, noise: Tensor, noise_scale: float) -> Tensor:
    """Return where the bridge starts: ``guess + noise_scale * noise``, (B, C, h, w)."""
    return guess + noise_scale * noise


def between(clean: Tensor, start: Tensor, timestep: Tensor) -> Tensor:
    """Return the point of the bridge at ``timestep`` (B,): ``(1 - s) clean + s start``."""
    level = timestep.view(-1, 1, 1, 1)
    return (1 - level) * clean + level * start


def sample(
    unet: InBetweenUNet,
    scheduler: FlowMatchEulerDiscreteScheduler,
    conditions: Conditions,
    noise: Tensor,
    num_steps: int,
) -> Tensor:
    """Walk the bridge from its source to the clean latent in ``num_steps`` Euler steps.

    ``noise`` is (B, C, h, w) of unit variance, or (1, C, h, w) for all. Returns latents that are
    not yet quantised. Fewer than one step raises ``ValueError``.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1, got {num_steps}")
    latents = source(conditions.guess, noise, unet.config.noise_scale)
    levels = torch.linspace(1, 1 / num_steps, num_steps).tolist()
    scheduler = copy(scheduler)  # it counts steps, and others may be walking
    scheduler.set_timesteps(sigmas=levels, device=latents.device)
    for level, timestep in zip(levels, scheduler.timesteps, strict=True):
        clean = unet(latents, latents.new_full((len(latents),), level), conditions)
        velocity = (latents - clean) / level  # d latents / d level
        latents = scheduler.step(velocity, timestep, latents, return_dict=False)[0]
    return latents
