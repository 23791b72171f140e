"""Losses measure what they say."""

import pytest
import torch

from autoencoder import losses
from autoencoder.decoder import Decoded, Description
from autoencoder.discriminator import PatchDiscriminator
from nakawari.data.triplet import Triplet

NOTHING = Description(*[torch.zeros(1, 1, 1, 1)] * 4)


def triplet(motion: float, visible: float = 1.0, known: bool = True) -> Triplet:
    frames = torch.zeros(1, 3, 16, 16)
    flow = torch.full((1, 2, 16, 16), motion)
    shown = torch.full((1, 1, 16, 16), visible)
    return Triplet(
        frames,
        frames,
        frames,
        torch.tensor([0.5]),
        flow,
        -flow,
        shown,
        shown,
        torch.tensor([known]),
    )


def test_a_dark_line_is_a_line_and_a_bright_one_is_not() -> None:
    paper = torch.ones(1, 3, 21, 21)
    paper[..., 10] = -1
    drawn = losses.lines(paper)
    assert drawn[0, 0, 10, 10] > 0.9
    assert drawn[0, 0, 10, 2] == 0
    assert losses.lines(-paper)[0, 0, 10, 10] == 0


def test_a_wrong_line_costs_more_than_a_wrong_flat() -> None:
    target = torch.ones(1, 3, 21, 21)
    target[..., 10] = -1
    on_line, on_flat = target.clone(), target.clone()
    on_line[..., 10, 10] = 1
    on_flat[..., 10, 2] = -1
    cost = losses.line_weighted_l1(on_line, target, strength=4.0)
    assert cost > 3 * losses.line_weighted_l1(on_flat, target, strength=4.0)


def test_end_point_error_is_in_pixels_of_the_frame_at_every_level() -> None:
    sample = triplet(4.0)
    quarter = torch.tensor([1.0, 1.0, -1.0, -1.0]).view(1, 4, 1, 1).expand(1, 4, 4, 4)
    assert losses.end_point_error(quarter, sample).item() == pytest.approx(0, abs=1e-5)
    zero = torch.zeros(1, 4, 8, 8)
    assert losses.end_point_error(zero, sample).item() == pytest.approx(32**0.5, rel=1e-5)


def test_motion_counts_only_where_it_is_known() -> None:
    wrong = (torch.zeros(1, 4, 4, 4),)
    assert losses.motion_loss(wrong, triplet(4.0, known=False)).item() == 0
    assert losses.motion_loss(wrong, triplet(4.0)) > losses.motion_loss(wrong, triplet(1.0)) > 0


def test_keys_that_lead_to_the_truth_cost_less_than_keys_that_do_not() -> None:
    frames, shown = torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    moved = torch.zeros(1, 2, 64, 64)
    moved[:, 0] = 16.0  # two cells at 1/8, one at 1/16
    sample = Triplet(
        frames, frames, frames, torch.tensor([0.5]), moved, -moved, shown, shown,
        torch.tensor([True]),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    key_8 = torch.randn(1, 32, 8, 8, generator=generator)
    key_16 = torch.randn(1, 32, 4, 4, generator=generator)

    def described(shift: int) -> Description:
        keys = torch.roll(key_8, 2 * shift, dims=3), torch.roll(key_16, shift, dims=3)
        return Description(key_8, key_16, *keys)

    still, right, left = described(0), described(1), described(-1)
    cost = losses.matching_loss(still, right, left, sample)
    assert cost < 0.2
    assert losses.matching_loss(still, left, right, sample) > cost + 3
    unknown = sample._replace(has_motion=torch.tensor([False]))
    assert losses.matching_loss(still, left, right, unknown) == 0


def test_drawing_from_the_neighbour_that_shows_the_point_costs_nothing() -> None:
    sample = triplet(0.0)._replace(visible_1=torch.zeros(1, 1, 16, 16))
    right = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    frames = torch.zeros(1, 3, 16, 16)
    assert losses.source_loss(Decoded(frames, (), right, frames, NOTHING), sample).item() == 0
    assert (
        losses.source_loss(Decoded(frames, (), right.flip(1), frames, NOTHING), sample).item() > 5
    )


def test_the_discriminator_learns_to_tell_flat_from_noise() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(8)
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    history = []
    for _ in range(30):
        real, fake = torch.rand(2, 3, 32, 32) * 2 - 1, torch.zeros(2, 3, 32, 32)
        loss = losses.hinge_discriminator_loss(discriminator(real), discriminator(fake))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(loss.item())
    assert history[-1] < 0.5 * history[0]


def test_a_doubled_line_costs_sharpness_and_a_line_out_of_place_does_not() -> None:
    target, moved = torch.ones(1, 3, 64, 64), torch.ones(1, 3, 64, 64)
    target[..., 30], moved[..., 33] = -1, -1
    doubled = (target + moved) / 2
    assert losses.sharpness_loss(moved, target).item() == pytest.approx(0, abs=1e-6)
    assert losses.sharpness_loss(doubled, target) > 0.05
    assert losses.sharpness_loss(2 * target - 1, target) > 0.05
