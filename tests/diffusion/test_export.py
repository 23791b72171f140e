"""Each network can be exported, for other programs to run, and then gives what it gave before."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from autoencoder import VQAutoencoder
from diffusion.unet import InBetweenUNet
from tests.diffusion.conftest import aligned, around, conditions, estimate, undecided
from tests.tiny import as_if_trained, tiny_autoencoder, tiny_unet


class Part(NamedTuple):
    """A network, and what it is given."""

    network: nn.Module
    inputs: tuple[Any, ...]


def chance(*shape: int, seed: int = 5) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def encoder() -> Part:
    return Part(tiny_autoencoder().encoder, (chance(1, 3, 32, 48),))


def quantiser() -> Part:
    return Part(tiny_autoencoder().quantiser, (chance(1, 8, 4, 6),))


def decoder() -> Part:
    autoencoder: VQAutoencoder = tiny_autoencoder()
    with torch.no_grad():
        neighbours = autoencoder.neighbours(chance(1, 3, 32, 48), chance(1, 3, 32, 48, seed=6))
    given, frame_time = chance(1, 4, 8, 12), torch.tensor([0.3])
    return Part(autoencoder.decoder, (chance(1, 8, 4, 6), neighbours, given, frame_time))


def search() -> Part:
    known = conditions()
    return Part(as_if_trained(tiny_unet()).search, (known.features_0, known.features_1))


def step() -> Part:
    unet: InBetweenUNet = as_if_trained(tiny_unet())
    times = torch.tensor([0.5, 0.5]), torch.tensor([0.3, 0.7])
    known = (around(), aligned(), estimate(), undecided())
    return Part(unet, (chance(2, 8, 8, 12), *times, *known, 1))


def chooser() -> Part:
    shown = aligned()
    keys, closer = (shown.keys_0, shown.keys_1), (shown.finer_0, shown.finer_1)
    known = (undecided(), estimate(), keys, closer, torch.tensor([0.3, 0.7]))
    return Part(as_if_trained(tiny_unet()).chooser, (*known, 1))


@pytest.mark.parametrize("part", [encoder, quantiser, decoder, search, chooser, step])
def test_an_exported_network_gives_what_it_gave_before(part: Callable[[], Part]) -> None:
    network, inputs = part()
    with torch.no_grad():
        # Guards are left out: torch confuses fields such as ``shares`` and ``shares_0`` in them.
        exported = torch.export.export(network, inputs).module(check_guards=False)
        torch.testing.assert_close(exported(*inputs), network(*inputs))
