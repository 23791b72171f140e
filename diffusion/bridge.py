"""The noise schedule: a bridge from the noisy mean of both neighbours to the clean latent.

It is a rectified flow (Liu et al., ICLR 2023, eq. 1; diffusers'
``FlowMatchEulerDiscreteScheduler``). Its source is not pure noise but the neighbours' latents,
aligned by the motion found so far, plus a little noise. Brownian bridges for video interpolation
start in the same way (Lyu et al., ACM MM 2024). The source has low variance, so few steps suffice.
They go from coarse to fine: each step pools the latents by its scale, aligns both neighbours anew,
and predicts the clean latents and the motion. The next step starts from this prediction, noised to
its own level.

Legend: B batch, C latent channels, H/W frame size, h/w latent size (H/8, W/8). ``timestep`` is the
noise level in [0, 1]: 0 is the clean latent, 1 the source.
"""

from copy import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from diffusion.conditions import Aligned, Conditions, Estimate, before_any_step, both_warped
from diffusion.search import Logits
from diffusion.unet import FineMotion, InBetweenUNet
from nakawari.motion.warping import along, resize_flow


class Denoised(NamedTuple):
    """The result of denoising."""

    logits: Logits  # of all flows, as the search found them before any step
    steps: list[Estimate]  # one after each step, coarse to fine; the last has the clean latents
    fine: FineMotion  # motion at 1/4

    @property
    def latents(self) -> Tensor:
        """The clean latents, not quantised, (B, C, h, w)."""
        return self.steps[-1].latents


def step_scales(scales: tuple[int, ...], num_steps: int | None = None) -> tuple[int, ...]:
    """Return the scale of each of ``num_steps`` steps; None takes one for each of ``scales``.

    Additional steps are made at the finest scale, and fewer steps leave out the coarsest scales.
    Fewer than one raise ``ValueError``.
    """
    if num_steps is None:
        return scales
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1, got {num_steps}")
    return scales[-num_steps:] + (scales[-1],) * (num_steps - len(scales))


def denoise(
    unet: InBetweenUNet,
    scheduler: FlowMatchEulerDiscreteScheduler,
    conditions: Conditions,
    noise: Tensor,
    *,
    scales: tuple[int, ...] | None = None,
    realign: bool = True,
) -> Denoised:
    """Walk the bridge from its source to the clean latent.

    Args:
        unet: the network that makes the steps.
        scheduler: noises latents to the level of each step.
        conditions: what the U-Net is given of the interval.
        noise: (B, C, h, w) of unit variance, or (1, C, h, w) for all samples. Unless h and w are
            multiples of the coarsest scale, ``ValueError`` is raised.
        scales: one scale for each step; None takes the U-Net's own.
        realign: False is for the benchmark: the neighbours are not warped.
    """
    scales = scales or tuple(unet.config.scales)
    height, width = conditions.latents_0.shape[-2:]
    if height % scales[0] or width % scales[0]:
        raise ValueError(
            f"height and width of the latents must be multiples of {scales[0]}, got "
            f"{height}x{width}; pad the frames"
        )
    levels = torch.linspace(1, 1 / len(scales), len(scales)).tolist()
    scheduler = copy(scheduler)  # it counts steps, and other threads may use it too
    scheduler.set_timesteps(sigmas=levels, device=noise.device)
    hidden_channels = unet.config.channels[0]
    logits = unet.search.logits(conditions.volume_0, conditions.volume_1, conditions.frame_time)
    votes = unet.votes(logits)
    start = votes.pooled(scales[0]).flow / scales[0]
    estimate = before_any_step(conditions, start, hidden_channels)
    looks_0, looks_1 = _Looks(unet, conditions.features_0), _Looks(unet, conditions.features_1)
    steps = list[Estimate]()
    for scale, level, timestep in zip(scales, levels, scheduler.timesteps, strict=True):
        size = (height // scale, width // scale)
        so_far = estimate.detach().resize(size)
        found = votes.pooled(scale)
        keys, closer = zip(looks_0.at(scale), looks_1.at(scale), strict=True)
        choice = unet.chooser(found, so_far, keys, closer, conditions.frame_time, scale)
        so_far = so_far._replace(motion=along(choice.flow / scale, conditions.frame_time))
        motion = so_far.motion if realign else torch.zeros_like(so_far.motion)
        around = _pooled(conditions.latents_0, scale), _pooled(conditions.latents_1, scale)
        aligned = _align(unet, conditions, around, keys, closer, motion, scale)
        # Pooling white noise by a scale divides its standard deviation by that scale.
        source = torch.lerp(aligned.latents_0, aligned.latents_1, conditions.time_map)
        source = source + unet.config.noise_scale * scale * _pooled(noise, scale)
        noisy = scheduler.scale_noise(so_far.latents, timestep[None], source)
        at = noise.new_full((len(noisy),), level)
        estimate = unet(noisy, at, conditions.frame_time, around, aligned, so_far, found, scale)
        estimate = estimate._replace(choice=choice)
        steps.append(estimate)
    return Denoised(logits, steps, unet.refine(estimate, conditions.frame_time))


class _Looks:
    """The keys by which a frame is compared, on the maps of every step."""

    def __init__(self, unet: InBetweenUNet, features: Tensor) -> None:
        self._keys = unet.look(features)
        self._closer = unet.look_closely(features)

    def at(self, scale: int) -> tuple[Tensor, Tensor]:
        """Return the keys on a map pooled by ``scale``, and keys on a map twice as large."""
        if scale == 1:
            return self._keys, self._closer
        return _pooled(self._keys, scale), _pooled(self._keys, scale // 2)


def _align(
    unet: InBetweenUNet,
    conditions: Conditions,
    around: tuple[Tensor, Tensor],
    keys: tuple[Tensor, Tensor],
    closer: tuple[Tensor, Tensor],
    motion: Tensor,
    scale: int,
) -> Aligned:
    """Warp both neighbours along ``motion``, on maps pooled by ``scale``.

    ``around`` are their latents, ``keys`` and ``closer`` their keys from ``_Looks``, pooled alike.
    At the finest scale the features are warped, and keys are computed from the result. Warped keys
    would be accurate to a cell of eight pixels only.
    """
    latents = both_warped(*around, motion)
    finer = resize_flow(motion, (2 * motion.shape[-2], 2 * motion.shape[-1]))
    if scale > 1:
        return Aligned(*latents, *both_warped(*keys, motion), *both_warped(*closer, finer))
    fetched = both_warped(conditions.features_0, conditions.features_1, finer)
    seen = unet.look(fetched[0]), unet.look(fetched[1])
    return Aligned(*latents, *seen, unet.look_closely(fetched[0]), unet.look_closely(fetched[1]))


def _pooled(maps: Tensor, scale: int) -> Tensor:
    return F.avg_pool2d(maps, scale) if scale > 1 else maps
