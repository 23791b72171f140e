"""Tiny networks for tests of both stages."""

import torch

from autoencoder import VQAutoencoder
from diffusion.flow_refiner import FlowRefiner
from diffusion.loading import encoder_hash


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


def tiny_refiner(autoencoder: VQAutoencoder) -> FlowRefiner:
    """Build one for ``autoencoder``, that changes flows as if it had been trained."""
    torch.manual_seed(0)
    refiner = FlowRefiner(
        encoder_channels=16,
        match_channels=8,
        channels=8,
        levels=2,
        radius=1,
        steps=2,
        encoder=encoder_hash(autoencoder),
    )
    torch.nn.init.normal_(refiner.to_change.weight, std=0.1)
    return refiner.eval()
