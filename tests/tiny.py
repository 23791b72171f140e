"""Tiny networks for tests of both stages."""

from typing import Any

import torch

from autoencoder import VQAutoencoder
from diffusion.unet import InBetweenUNet


def tiny_autoencoder() -> VQAutoencoder:
    """Build it, its codebook filled, in evaluation mode."""
    torch.manual_seed(0)
    autoencoder = VQAutoencoder(
        encoder_channels=(8, 16, 16),
        decoder_channels=(8, 8, 16),
        match_channels=8,
        latent_channels=8,
        codebook_heads=2,
        codebook_size=16,
    )
    autoencoder.train().quantise(torch.randn(4, 8, 8, 8))  # k-means fills the codebook
    return autoencoder.eval()


def tiny_unet(**sizes: Any) -> InBetweenUNet:
    """Build one for ``tiny_autoencoder``'s latents, in evaluation mode."""
    torch.manual_seed(0)
    settings = {
        "latent_channels": 8,
        "feature_channels": 16,
        "key_channels": 8,
        "channels": (8, 16),
        "time_channels": 16,
        "search_radius": 3,
    }
    return InBetweenUNet(**{**settings, "scales": (2, 1), **sizes}).eval()


def as_if_trained(unet: InBetweenUNet) -> InBetweenUNet:
    """Give a U-Net answers that are not nearly nothing: motion of some pixels, other latents."""
    for layer in (unet.answer, unet.fine[-1]):
        torch.nn.init.normal_(layer.weight, std=0.1)
    return unet
