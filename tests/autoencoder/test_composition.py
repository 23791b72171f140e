"""Mixing what was fetched from both neighbours."""

import pytest
import torch

from autoencoder.composition import Composition
from nakawari.motion.warping import warp

# What the decoder hands over of 48x64 px: hidden features at 1/4, and a sketch at 1/2.
LATENT = (
    torch.randn(1, 8, 12, 16, generator=torch.Generator().manual_seed(0)),
    torch.zeros(1, 3, 24, 32),
)
STILL = torch.zeros(1, 4, 12, 16)


@pytest.fixture
def composition() -> Composition:
    """As after some training, but for the motion, which it leaves as it is given."""
    torch.manual_seed(0)
    composition = Composition(8, 8)
    torch.nn.init.normal_(composition.to_pixels.weight[:-4], std=0.1)
    return composition


def test_shares_sum_to_one_and_say_what_was_mixed(
    composition: Composition, frames: torch.Tensor
) -> None:
    moved = STILL + 1.5
    composed = composition(*LATENT, moved, frames[0], frames[1])
    assert composed.frames.shape == (1, 3, 48, 64)
    torch.testing.assert_close(composed.weights.sum(1), torch.ones(1, 48, 64))
    assert composed.weights.min() > 0
    # Of paint nothing is known but that it takes what the others leave.
    full = torch.full((1, 2, 48, 64), 6.0)
    fetched = [warp(frame, full, "bicubic") for frame in (frames[0], frames[1])]
    shown = sum(composed.weights[:, k : k + 1] * fetched[k] for k in (0, 1))
    paint = (composed.frames - shown) / composed.weights[:, 2:]
    again = composition(*LATENT, moved, frames[0] * 0, frames[1] * 0)
    assert paint.abs().max() < 20
    assert again.frames.abs().max() > 0  # it may paint


def test_it_looks_at_the_pixels_that_were_fetched(
    composition: Composition, frames: torch.Tensor
) -> None:
    one = composition(*LATENT, STILL, frames[0], frames[1])
    another = composition(*LATENT, STILL, frames[0], frames[2])
    assert not torch.equal(one.weights, another.weights)


def test_untrained_it_shows_both_where_the_motion_leads(frames: torch.Tensor) -> None:
    composition = Composition(8, 8)
    motion = STILL.clone()
    motion[:, 0], motion[:, 2] = 1.0, -1.0  # 4 px of the frame to either side
    composed = composition(*LATENT, motion, frames[0].roll(4, 3), frames[0].roll(-4, 3))
    inside = (..., slice(8, -8))
    share = composed.weights[:, :2].sum(1, keepdim=True)
    assert share.min() > 0.9  # painting begins as the exception
    expected = (share * frames[0])[inside]
    torch.testing.assert_close(composed.frames[inside], expected, atol=0.02, rtol=0)
    torch.testing.assert_close(composed.motion, 2 * motion.repeat_interleave(2, 2)[..., :1].expand(
        -1, -1, -1, 32
    ))  # fmt: skip


def test_where_both_neighbours_agree_and_nothing_moves_they_are_copied_exactly(
    composition: Composition, frames: torch.Tensor
) -> None:
    composed = composition(*LATENT, STILL, frames[0], frames[0])
    assert torch.equal(composed.frames, frames[0])


def test_a_still_area_is_copied_exactly_beside_one_that_changes(
    composition: Composition, frames: torch.Tensor
) -> None:
    changed = frames[0].clone()
    changed[..., 40:] = frames[1][..., 40:]
    composed = composition(*LATENT, STILL, frames[0], changed)
    assert torch.equal(composed.frames[..., :36], frames[0][..., :36])
    assert not torch.allclose(composed.frames[..., 44:], frames[0][..., 44:])


def test_what_moves_is_not_copied_though_both_neighbours_agree(
    composition: Composition, frames: torch.Tensor
) -> None:
    composed = composition(*LATENT, STILL + 2.0, frames[0], frames[0])
    assert not torch.allclose(composed.frames, frames[0], atol=0.05)


def test_larger_frames_keep_their_pixels(composition: Composition, frames: torch.Tensor) -> None:
    large = torch.rand(1, 3, 96, 128) * 2 - 1  # looked at half as large
    composed = composition(*LATENT, STILL, large, large)
    assert torch.equal(composed.frames, large)
    assert composed.weights.shape == (1, 3, 96, 128)
    assert composed.motion.shape == (1, 4, 48, 64)


def test_without_neighbours_everything_is_paint(composition: Composition) -> None:
    composed = composition.paint(*LATENT)
    assert composed.frames.shape == (1, 3, 48, 64)
    assert (composed.weights[:, 2] == 1).all()
    assert not composed.weights[:, :2].any()
    assert not composed.motion.any()
