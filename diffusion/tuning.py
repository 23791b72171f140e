"""Tuning stage 1's decoder for the latents that inference gives it.

Stage 1 trains the decoder on the latents of the very frame that it is to draw. Inference has only
a guess of them, or what the U-Net makes of it, and a hint of the motion. Here it learns with both.

Legend: B batch, C latent channels, h/w latent size (H/8, W/8).
"""

from collections.abc import Callable

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from autoencoder import VQAutoencoder
from autoencoder.decoder import Decoder
from autoencoder.losses import decoding_terms
from diffusion.alignment import Conditions, Interval
from diffusion.bridge import sample
from diffusion.config import DecoderConfig
from diffusion.unet import InBetweenUNet
from nakawari.data.triplet import Triplet


def tuned_decoder(autoencoder: VQAutoencoder, config: DecoderConfig) -> Decoder:
    """Return the decoder, of which what is to be trained requires gradients.

    Raises ``ValueError`` when ``config.only`` names what a decoder has not.
    """
    decoder = autoencoder.decoder
    parts = dict(decoder.named_children())
    if unknown := set(config.only) - set(parts):
        raise ValueError(
            f"decoder.only names no part of the decoder: {', '.join(sorted(unknown))}; "
            f"it has {', '.join(parts)}"
        )
    for part in [parts[name] for name in config.only] or [decoder]:
        part.requires_grad_()
    return decoder


@torch.no_grad()
def mixed_latents(
    unet: InBetweenUNet, conditions: Conditions, target: Tensor, config: DecoderConfig
) -> Tensor:
    """Choose what each sample is decoded from, by the shares in ``config``.

    ``target`` are the true latents, (B, C, h, w). Returns latents (B, C, h, w), not quantised.
    The U-Net runs on the samples that it is chosen for, and on no others.
    """
    shares = torch.tensor(config.shares)
    kinds = shares.multinomial(len(target), replacement=True).to(target.device)  # (B,)
    _, aligned, sampled, noisy = (kinds == kind for kind in range(len(shares)))
    noise = torch.randn_like(target)
    strength = unet.config.noise_scale * torch.rand(len(target), 1, 1, 1, device=target.device)
    latents = target.clone()
    latents[aligned] = conditions.guess[aligned]
    if sampled.any():
        chosen = conditions.of(sampled)
        scheduler = FlowMatchEulerDiscreteScheduler()
        latents[sampled] = sample(unet, scheduler, chosen, noise[sampled], config.steps)
    latents[noisy] += (strength * noise)[noisy]
    return latents


def tuning_terms(
    autoencoder: VQAutoencoder,
    interval: Interval,
    hint: Tensor,
    latents: Tensor,
    triplet: Triplet,
    perceptual: Callable[[Tensor, Tensor], Tensor],
    config: DecoderConfig,
) -> dict[str, Tensor]:
    """Return what the decoder is tuned by, by the names of ``TuningLossConfig``'s weights.

    ``interval`` was observed with gradients. ``hint`` is the guess's motion, (B, 4, H/4, W/4).
    ``latents`` (B, C, h, w) are snapped first; the gradient ends there.
    """
    with torch.no_grad():
        snapped = autoencoder.quantise(latents).latents
    decoded = autoencoder.decode(snapped, interval.neighbours, hint)
    return decoding_terms(decoded, interval.neighbours, triplet, perceptual, config.loss.lines)
