"""A tiny autoencoder and two frames."""

import pytest
import torch

from autoencoder import VQAutoencoder


@pytest.fixture
def tiny() -> VQAutoencoder:
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


@pytest.fixture
def frames() -> torch.Tensor:
    """Three different frames, (3, 1, 3, 48, 64), smooth enough to be resampled."""
    noise = torch.rand(3, 3, 6, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    smooth = torch.nn.functional.interpolate(noise, scale_factor=8, mode="bicubic")
    return smooth.clamp(-1, 1).unsqueeze(1)
