"""The augmentation that plays backwards, and the losses on directions and flows."""

import pytest
import torch

from diffusion.losses import code_direction_loss, flow_error, flow_loss, play_backwards
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


def moving(to_0: tuple[float, float], to_1: tuple[float, float]) -> Triplet:
    """All of it goes from ``to_0`` to ``to_1`` [px]; the upper half cannot be seen in frame_1."""
    frames = torch.zeros(3, 1, 3, 32, 48)
    motions = [torch.tensor(to).view(1, 2, 1, 1).expand(1, 2, 32, 48) for to in (to_0, to_1)]
    seen = torch.ones(1, 1, 32, 48)
    hidden = torch.cat([torch.zeros(1, 1, 16, 48), torch.ones(1, 1, 16, 48)], dim=2)
    return Triplet(*frames, torch.tensor([0.4]), *motions, seen, hidden, torch.tensor([True]))


def test_the_true_flow_has_no_error_at_any_size() -> None:
    triplet = moving((-2.0, 1.0), (3.0, -0.5))
    for scale in (4, 8):
        flow = torch.tensor([5.0, -1.5]).view(1, 2, 1, 1).expand(1, 2, 32 // scale, 48 // scale)
        error, seen = flow_error(flow / scale, -flow / scale, triplet)
        assert error.shape == seen.shape == (1, 2, 8, 12)
        assert error.max() < 0.02
        assert seen[0, 0].all()
        assert seen[0, 1, 4:].all()
        assert not seen[0, 1, :4].any()
    error, _ = flow_error(flow / 8 + torch.tensor([3 / 8, 0.5]).view(2, 1, 1), -flow / 8, triplet)
    torch.testing.assert_close(error[:, :1], torch.full((1, 1, 8, 12), 5.0))  # 3 and 4 px
    assert flow_loss(error, torch.zeros_like(seen)) == 0
    unknown = triplet._replace(has_motion=torch.tensor([False]))
    assert flow_error(flow, flow, unknown)[1].count_nonzero() == 0
    half_seen = flow_loss(torch.tensor([1.0, 32.0]), torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(half_seen, torch.tensor(1.0))


def test_contours_weigh_more_and_are_asked_where_they_are() -> None:
    triplet = moving((0.0, 0.0), (0.0, 0.0))
    target = torch.full((1, 3, 32, 48), -1.0)
    target[..., 7:9] = 1.0  # a line in the second and third column of 4x4 pixels
    flow = torch.zeros(1, 2, 32, 48)
    flow[:, 0, :, 6] = 9.0  # wrong beside the line only, where the target changes, too
    flow[:, 0, :, 4] = 5.0  # wrong where it does not
    error, weight = flow_error(flow, torch.zeros_like(flow), triplet._replace(target=target))
    assert weight[0, 0, 4, 1] == weight[0, 0, 4, 2] == pytest.approx(1.1)
    assert weight[0, 0, 4, 4] == pytest.approx(0.1)
    assert error[0, 0, 4, 1] == pytest.approx(9)
    assert error[0, 0, 4, 2] < 0.02


def test_flow_is_asked_for_where_things_are_in_the_neighbour() -> None:
    triplet = moving((-8.0, 0.0), (8.0, 0.0))
    flow = torch.zeros(1, 2, 8, 12)
    flow[:, 0, :, 5:7] = 4.0  # right only round x = 24 of frame_0: 32 of the target
    error, _ = flow_error(flow, torch.zeros(1, 2, 8, 12), triplet)
    assert error[0, 0, 4, 8] < 0.02
    assert error[0, 0, 4, 6] > 15
