"""A tiny autoencoder for tests of both stages."""

import torch

from autoencoder import VQAutoencoder


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
