"""What the decoder makes of a hint of the motion."""

import torch

from autoencoder import VQAutoencoder
from autoencoder.decoder import _settle
from autoencoder.refinement import Belief


def test_without_a_hint_nothing_is_believed(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    neighbours = tiny.neighbours(frames[0], frames[2])
    description = neighbours.of_0.description
    assert not tiny.decoder.motion(description, neighbours).belief.any()


def test_a_hint_is_believed_only_where_the_latent_agrees() -> None:
    belief = Belief(8)
    hidden, difference = torch.randn(1, 8, 6, 7), torch.randn(1, 4, 6, 7)
    agreeing, contrary = torch.ones(1, 9, 6, 7), -torch.ones(1, 9, 6, 7)
    believed = belief(hidden, difference, [agreeing, contrary])
    assert (believed[:, 0] > 0).all()
    assert not believed[:, 1].any()


def test_a_hint_that_is_believed_is_followed(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    # The corrections are zero before any training; the frame agrees with itself everywhere.
    for layer in (tiny.decoder.refine_8, tiny.decoder.refine_4):
        torch.nn.init.zeros_(layer.correction.weight)
        torch.nn.init.zeros_(layer.correction.bias)
    torch.nn.init.constant_(tiny.decoder.believe.layers[-1].bias, 50.0)
    neighbours = tiny.neighbours(frames[0], frames[0])
    description = neighbours.of_0.description
    height, width = neighbours.of_0.quarter.shape[-2:]
    hint = torch.zeros(len(frames[0]), 4, height, width)
    motion = tiny.decoder.motion(description, neighbours, hint)
    torch.testing.assert_close(motion.belief, torch.ones_like(motion.belief))
    torch.testing.assert_close(motion.quarter, hint, atol=1e-4, rtol=0)


def test_motion_takes_the_hint_beside_it_and_keeps_away_from_one_elsewhere() -> None:
    motion = torch.full((1, 4, 2, 3), 5.0)
    away = torch.tensor([0.3, 0.75, 2.0])  # px, of one of both flows, across the map
    hint = motion.clone()
    hint[:, 2] += away
    settled = _settle(motion, hint, None)
    expected = torch.tensor([0.3, 0.375, 0.0]).expand(2, 3)
    torch.testing.assert_close(settled[0, 2] - motion[0, 2], expected)
    torch.testing.assert_close(settled[:, [0, 1, 3]], motion[:, [0, 1, 3]])


def test_a_hint_that_is_certain_is_taken_whatever_the_latent_says(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    neighbours = tiny.neighbours(frames[0], frames[1])
    tiny.decoder.believe.layers[-1].bias.data.fill_(-1e4)  # nothing is believed
    height, width = neighbours.of_0.quarter.shape[-2:]
    hint = torch.full((len(frames[0]), 4, height, width), 3.0)
    certainty = torch.zeros(len(frames[0]), 1, height, width)
    certainty[..., : width // 2] = 1
    latents = torch.randn_like(tiny.encode(frames[0]).latents)
    description = tiny.decoder.describe(latents)
    motion = tiny.decoder.motion(description, neighbours, hint, certainty)
    wanted = torch.full_like(motion.eighth, 1.5)  # 3 px at 1/4
    agrees = torch.isclose(motion.eighth, wanted).all(dim=1)
    assert bool(agrees[..., : width // 8].all())
    assert not agrees[..., -(width // 8) :].any()
    full = 4 * torch.ones(1, 4, 8, 8)
    settled = _settle(torch.zeros(1, 4, 8, 8), full, torch.ones(1, 1, 2, 2))
    torch.testing.assert_close(settled, full)
