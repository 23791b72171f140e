"""Carrying frames along their motion: exact where the motion is simple."""

import torch

from autoencoder import VQAutoencoder
from diffusion.alignment import _motion_at, align, observe
from diffusion.splatting import fill_holes, splat


def test_a_zero_flow_carries_nothing_anywhere() -> None:
    values, weight = torch.randn(2, 3, 6, 7), torch.rand(2, 1, 6, 7) + 0.1
    total, carried = splat(values, torch.zeros(2, 2, 6, 7), weight)
    torch.testing.assert_close(carried, weight)
    torch.testing.assert_close(total / carried, values)


def test_splatting_carries_along_the_flow_and_keeps_the_sum() -> None:
    values = torch.zeros(1, 1, 8, 8)
    values[0, 0, 3, 2] = 1.0
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0], flow[:, 1] = 2.5, 1.0
    total, _ = splat(values, flow, torch.ones(1, 1, 8, 8))
    assert total[0, 0, 4, 4] == 0.5
    assert total[0, 0, 4, 5] == 0.5
    assert total.sum() == 1


def test_what_leaves_the_map_is_lost() -> None:
    flow = torch.zeros(1, 2, 4, 4)
    flow[:, 0] = 10
    _, carried = splat(torch.ones(1, 1, 4, 4), flow, torch.ones(1, 1, 4, 4))
    assert carried.sum() == 0


def test_holes_take_what_surrounds_them_and_the_known_stays() -> None:
    values = torch.full((1, 2, 9, 13), 3.0)
    weight = torch.ones(1, 1, 9, 13)
    weight[..., 3:6, 4:9] = 0
    torch.testing.assert_close(fill_holes(values * weight, weight), values)
    assert fill_holes(values * 0, weight * 0).abs().max() == 0


def test_a_pan_is_split_by_frame_time(autoencoder: VQAutoencoder, frames: torch.Tensor) -> None:
    frame = torch.nn.functional.pad(frames[0], [0, 10, 0, 14])  # 64 x 80
    interval = observe(autoencoder, frame, frame)
    pan = torch.zeros_like(interval.motion_01)
    pan[:, 0] = 4
    interval = interval._replace(motion_01=pan, motion_10=-pan)
    motion, coverage = _motion_at(interval, torch.tensor([0.25]))
    inner = motion[0, :, :, 4:-4].mean((1, 2))
    torch.testing.assert_close(inner, torch.tensor([-1.0, 0.0, 3.0, 0.0]), atol=1e-4, rtol=0)
    assert coverage[0, 0, :, 0].max() == 0  # nothing of frame_0 comes to lie at the left edge


def test_frames_that_do_not_move_are_their_own_guess(
    autoencoder: VQAutoencoder, frames: torch.Tensor
) -> None:
    frame = torch.nn.functional.pad(frames[0], [0, 10, 0, 14])
    interval = observe(autoencoder, frame, frame)
    still = torch.zeros_like(interval.motion_01)
    interval = interval._replace(motion_01=still, motion_10=still)
    conditions = align(autoencoder, interval, torch.tensor([0.3]))
    torch.testing.assert_close(conditions.guess, interval.latents_0)
    torch.testing.assert_close(conditions.aligned_1, interval.latents_1)


def test_the_motion_between_the_frames_is_found(autoencoder: VQAutoencoder) -> None:
    noise = torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(3)) * 2 - 1
    large = torch.nn.functional.interpolate(noise, size=(96, 136), mode="bicubic")
    frame_0, frame_1 = large[..., :64, 16:112], large[..., :64, 8:104]  # moves 8 px to the right
    interval = observe(autoencoder, frame_0, frame_1)
    inner = (slice(None), slice(None), slice(4, -4), slice(6, -6))
    expected = torch.tensor([2.0, 0.0])  # px at 1/4
    torch.testing.assert_close(
        interval.motion_01[inner].mean((0, 2, 3)), expected, atol=0.1, rtol=0
    )
    torch.testing.assert_close(
        interval.motion_10[inner].mean((0, 2, 3)), -expected, atol=0.1, rtol=0
    )
