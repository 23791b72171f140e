"""Tiny models of both stages."""

from collections.abc import Iterator

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from autoencoder import VQAutoencoder
from diffusion import FrameInterpolationPipeline, InBetweenUNet
from diffusion.conditions import Aligned, Conditions, Estimate
from diffusion.search import Search, Votes
from tests.tiny import as_if_trained, tiny_autoencoder, tiny_unet


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
    return as_if_trained(tiny_unet())


@pytest.fixture
def pipeline(autoencoder: VQAutoencoder, unet: InBetweenUNet) -> FrameInterpolationPipeline:
    return FrameInterpolationPipeline(autoencoder, unet, FlowMatchEulerDiscreteScheduler())


@pytest.fixture
def frames() -> Tensor:
    """Three different frames of a size that no level divides, (3, 1, 3, 50, 70)."""
    noise = torch.rand(3, 3, 5, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1
    smooth = torch.nn.functional.interpolate(noise, scale_factor=10, mode="bicubic")
    return smooth.clamp(-1, 1).unsqueeze(1)


def conditions(batch: int = 2, height: int = 8, width: int = 12) -> Conditions:
    """Random conditions for ``tiny_unet``, latents (batch, 8, height, width).

    frame_time is 0.5.
    """
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(2, batch, 16, 2 * height, 2 * width, generator=generator)
    latents = torch.randn(2, batch, 8, height, width, generator=generator)
    volumes = torch.rand(2, batch, 49, height, width, generator=generator)
    return Conditions(
        *features,
        *latents,
        *volumes,
        frame_time=torch.full((batch,), 0.5),
    )


def compared(known: Conditions, search: Search) -> Conditions:
    """Return conditions whose features are compared by a search, and not by chance."""
    volume_0, volume_1 = search(known.features_0, known.features_1)
    return known._replace(volume_0=volume_0, volume_1=volume_1)


def around(batch: int = 2, height: int = 8, width: int = 12) -> tuple[Tensor, Tensor]:
    """Both neighbours' latents as they are, by chance."""
    generator = torch.Generator().manual_seed(6)
    latents_0, latents_1 = torch.randn(2, batch, 8, height, width, generator=generator)
    return latents_0, latents_1


def aligned(batch: int = 2, height: int = 8, width: int = 12) -> Aligned:
    """What both neighbours show, by chance."""
    generator = torch.Generator().manual_seed(3)
    whole = torch.randn(4, batch, 8, height, width, generator=generator)
    finer = torch.randn(2, batch, 4, 2 * height, 2 * width, generator=generator)
    return Aligned(*whole, *finer)


def votes_of(shares: torch.Tensor) -> Votes:
    """Return votes whose shares (B, n, h, w) are the same whichever frame is asked."""
    evidence = torch.zeros(len(shares), 64, *shares.shape[-2:])
    return Votes(shares, shares, shares, shares.mean((2, 3), keepdim=True), evidence)


def undecided(batch: int = 2, height: int = 8, width: int = 12) -> Votes:
    """What is read of votes that are evenly spread, but for twice as many for no motion."""
    shares = torch.ones(batch, 49, height, width)
    shares[:, 24] += 1
    shares = shares / shares.sum(dim=1, keepdim=True)
    return votes_of(shares)


def estimate(batch: int = 2, height: int = 8, width: int = 12) -> Estimate:
    """What was found before a step, by chance."""
    generator = torch.Generator().manual_seed(4)

    def chance(channels: int) -> Tensor:
        return torch.randn(batch, channels, height, width, generator=generator)

    flow = 2 * chance(2)
    return Estimate(
        latents=chance(8),
        motion=torch.cat([-flow / 2, flow / 2], dim=1),  # of the middle frame
        visible=chance(2),
        share=chance(1),
        hidden=chance(8),
    )
