"""Mixing what was fetched from both neighbours."""

import pytest
import torch

from autoencoder.composition import Composition

# What the decoder hands over of a latent: hidden features and a sketch, at half of 48 x 64.
LATENT = (
    torch.randn(1, 8, 24, 32, generator=torch.Generator().manual_seed(0)),
    torch.zeros(1, 3, 24, 32),
)
STILL = torch.zeros(1, 4, 48, 64)


@pytest.fixture
def composition() -> Composition:
    torch.manual_seed(0)
    composition = Composition(8)
    for layer in (composition.to_pixels, composition.look[-1]):
        torch.nn.init.normal_(layer.weight, std=0.1)
    return composition


def test_shares_sum_to_one_and_say_what_was_mixed(
    composition: Composition, frames: torch.Tensor
) -> None:
    composed = composition(*LATENT, STILL, frames[0], frames[1])
    assert composed.frames.shape == (1, 3, 48, 64)
    torch.testing.assert_close(composed.weights.sum(1), torch.ones(1, 48, 64))


def test_it_looks_at_the_pixels_that_were_fetched(
    composition: Composition, frames: torch.Tensor
) -> None:
    one = composition(*LATENT, STILL, frames[0], frames[1])
    another = composition(*LATENT, STILL, frames[0], frames[2])
    assert not torch.equal(one.weights, another.weights)


def test_where_both_neighbours_agree_and_nothing_moves_they_are_copied(
    composition: Composition, frames: torch.Tensor
) -> None:
    composed = composition(*LATENT, STILL, frames[0], frames[0])
    torch.testing.assert_close(composed.frames, frames[0])


def test_without_neighbours_everything_is_paint(composition: Composition) -> None:
    composed = composition.paint(*LATENT)
    assert composed.frames.shape == (1, 3, 48, 64)
    assert (composed.weights[:, 2] == 1).all()
    assert not composed.weights[:, :2].any()
