"""Tiny models of both stages."""

from collections.abc import Iterator

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusion.alignment import Conditions

from autoencoder import VQAutoencoder
from diffusion import FrameInterpolationPipeline, InBetweenUNet
from tests.tiny import tiny_autoencoder


@pytest.fixture(autouse=True, scope="session")
def float32() -> Iterator[None]:
    """The same arithmetic on every machine; ``test_precision`` has the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cpu, "get_capabilities", dict)
        yield


@pytest.fixture
def autoencoder() -> VQAutoencoder:
    return tiny_autoencoder()


@pytest.fixture
def unet() -> InBetweenUNet:
    torch.manual_seed(0)
    unet = InBetweenUNet(latent_channels=8, channels=(16, 24, 32), time_channels=32).eval()
    torch.nn.init.normal_(unet.leave[-1].weight, std=0.1)  # as after some training
    return unet


@pytest.fixture
def pipeline(autoencoder: VQAutoencoder, unet: InBetweenUNet) -> FrameInterpolationPipeline:
    return FrameInterpolationPipeline(autoencoder, unet, FlowMatchEulerDiscreteScheduler())


@pytest.fixture
def frames() -> torch.Tensor:
    """Three different frames of a size that no level divides, (3, 1, 3, 50, 70)."""
    noise = torch.rand(3, 3, 5, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1
    smooth = torch.nn.functional.interpolate(noise, scale_factor=10, mode="bicubic")
    return smooth.clamp(-1, 1).unsqueeze(1)


def conditions(batch: int = 2, channels: int = 8, height: int = 9, width: int = 11) -> Conditions:
    """Random conditions, nothing moving; frame_time is 0.5."""
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn(5, batch, channels, height, width, generator=generator)
    coverage = torch.rand(batch, 2, height, width, generator=generator)
    return Conditions(
        latents[0],
        latents[1],
        latents[2],
        latents[3],
        coverage,
        guess=latents[4],
        motion=torch.zeros(batch, 4, 2 * height, 2 * width),
        frame_time=torch.full((batch,), 0.5),
    )
