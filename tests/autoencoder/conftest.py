"""A tiny autoencoder and two frames."""

import pytest
import torch

from autoencoder import VQAutoencoder
from tests.tiny import tiny_autoencoder


@pytest.fixture
def tiny() -> VQAutoencoder:
    return tiny_autoencoder()


@pytest.fixture
def frames() -> torch.Tensor:
    """Three different frames, (3, 1, 3, 48, 64), smooth enough to be resampled."""
    noise = torch.rand(3, 3, 6, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    smooth = torch.nn.functional.interpolate(noise, scale_factor=8, mode="bicubic")
    return smooth.clamp(-1, 1).unsqueeze(1)
