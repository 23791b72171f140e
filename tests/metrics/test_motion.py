"""DIS finds a known motion, and the weights of FloLPIPS lie where it is wrong."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from nakawari.flow import dis_flow
from nakawari.metrics import load_lpips, motion_error, psnr_div
from nakawari.metrics.motion import divergent_area

BT709 = np.array([0.2126, 0.7152, 0.0722])


def _texture(height: int = 96, width: int = 128) -> Tensor:
    noise = np.random.default_rng(0).standard_normal((3, height, width))
    smooth = ndimage.gaussian_filter(noise, (0, 3, 3), mode="wrap")
    return torch.from_numpy(np.clip(8 * smooth, -1, 1))[None].float()


def test_a_picture_moved_as_a_whole_has_its_motion_as_flow() -> None:
    frame = _texture()
    flow = dis_flow(frame, frame.roll((3, 5), (2, 3)))[..., 16:-16, 16:-16]
    assert flow.mean((0, 2, 3)).tolist() == pytest.approx([5, 3], abs=0.1)


def test_a_picture_smaller_than_dis_takes_has_flow_too() -> None:
    frame = _texture(24, 20)
    assert dis_flow(frame, frame).abs().max() < 0.1
    assert dis_flow(frame, frame).shape == (1, 2, 24, 20)


def test_each_pair_of_a_batch_has_its_own_flow() -> None:
    frame = _texture()
    moved = frame.roll(4, 3)
    flow = dis_flow(torch.cat([frame, frame]), torch.cat([frame, moved]))
    assert torch.equal(flow[0:1], dis_flow(frame, frame))
    assert torch.equal(flow[1:2], dis_flow(frame, moved))


def test_the_true_frame_has_no_error_and_one_drawn_too_early_has_that_of_its_delay() -> None:
    frame_0 = _texture()
    target, frame_1 = frame_0.roll(4, 3), frame_0.roll(8, 3)
    early, true = dis_flow(frame_0, frame_1), dis_flow(target, frame_1)
    assert motion_error(true, true).max() == 0
    error = motion_error(early, true)[..., 16:-16, 16:-16]
    assert error.mean().item() == pytest.approx(4, abs=0.2)


def test_flolpips_looks_where_the_motion_is_wrong() -> None:
    target = _texture()
    wrong = target.clone()
    wrong[..., 64:] = target.roll(6, 3)[..., 64:]
    alex = load_lpips()
    weights = motion_error(dis_flow(wrong, target), dis_flow(target, target))
    assert alex(wrong, target, weights).item() > 1.5 * alex(wrong, target).item()


def test_flows_of_different_shapes_fails() -> None:
    flow = torch.zeros(1, 2, 4, 4)
    with pytest.raises(ValueError, match="flows must have one shape"):
        motion_error(flow, flow[..., 1:])


def _smooth_flow() -> Tensor:
    noise = np.random.default_rng(2).standard_normal((2, 40, 48))
    return torch.from_numpy(3 * ndimage.gaussian_filter(noise, (0, 4, 4)))[None].float()


def test_psnr_div_is_numpys_on_the_luma_where_the_divergence_is() -> None:
    flow, frames = _smooth_flow(), torch.rand(2, 1, 3, 40, 48) * 2 - 1
    u, v = flow[0].double().numpy()
    divergence = np.abs(np.gradient(u, axis=1) + np.gradient(v, axis=0))
    mask = divergence / divergence.max() > 0.01
    assert 0.5 < mask.mean() < 1
    lumas = [
        ((frame[0].double().numpy() + 1) * 127.5 * BT709[:, None, None]).sum(0) for frame in frames
    ]
    expected = 20 * np.log10(255 / np.sqrt(np.square(lumas[0] - lumas[1])[mask].mean()))
    assert psnr_div(frames[0], frames[1], flow).item() == pytest.approx(expected, abs=1e-4)


def test_a_turn_or_a_slide_does_not_diverge_and_then_all_of_the_frame_counts() -> None:
    y, x = torch.meshgrid(torch.arange(20.0), torch.arange(30.0), indexing="ij")
    assert divergent_area(torch.stack([-y, x])[None]).all()
    assert divergent_area(torch.ones(1, 2, 20, 30)).all()
    zoomed = torch.stack([x.clamp(max=10), torch.zeros_like(y)])[None]
    assert divergent_area(zoomed)[0, 0].all(dim=0).tolist() == [True] * 11 + [False] * 19


def test_frames_of_different_shapes_fails() -> None:
    frame = torch.zeros(1, 3, 8, 8)
    with pytest.raises(ValueError, match="must have one shape"):
        psnr_div(frame, frame[..., 1:], torch.zeros(1, 2, 8, 8))
