"""The augmentation that plays backwards, and the loss on directions."""

import torch

from diffusion.losses import code_direction_loss, play_backwards
from nakawari.data.triplet import Triplet


def test_playing_backwards_swaps_neighbours_and_turns_frame_time_round() -> None:
    frames = torch.rand(3, 2, 3, 4, 4)
    motion, visible = torch.rand(2, 2, 2, 4, 4), torch.rand(2, 2, 1, 4, 4)
    forth = Triplet(
        *frames,
        torch.tensor([0.25, 0.4]),
        *motion,
        *visible,
        torch.tensor([True, True]),
        *torch.rand(2, 2, 2, 1, 1),
    )
    mixed = play_backwards(forth, torch.tensor([True, False]))
    torch.testing.assert_close(mixed.frame_time, torch.tensor([0.75, 0.4]))
    assert torch.equal(mixed.frame_0[0], forth.frame_1[0])
    assert torch.equal(mixed.frame_1[0], forth.frame_0[0])
    assert torch.equal(mixed.motion_0[0], forth.motion_1[0])
    assert torch.equal(mixed.visible_1[0], forth.visible_0[0])
    assert torch.equal(mixed.flow_01[0], forth.flow_10[0])
    assert torch.equal(mixed.target, forth.target)
    assert all(torch.equal(a[1], b[1]) for a, b in zip(mixed, forth, strict=True))
    back = play_backwards(mixed, torch.tensor([True, False]))
    assert all(torch.equal(a, b) for a, b in zip(back, forth, strict=True))


def test_direction_is_all_that_counts() -> None:
    latents = torch.randn(2, 8, 3, 3)
    assert code_direction_loss(3 * latents, latents, heads=2).abs() < 1e-6
    torch.testing.assert_close(code_direction_loss(-latents, latents, heads=2), torch.tensor(2.0))
