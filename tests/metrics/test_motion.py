"""DIS finds a known motion, and the weights of FloLPIPS lie where it is wrong."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from nakawari.flow import dis_flow
from nakawari.metrics import load_lpips, motion_error


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
    assert motion_error(target, target, frame_1).max() == 0
    error = motion_error(frame_0, target, frame_1)[..., 16:-16, 16:-16]
    assert error.mean().item() == pytest.approx(4, abs=0.2)


def test_flolpips_looks_where_the_motion_is_wrong() -> None:
    target = _texture()
    wrong = target.clone()
    wrong[..., 64:] = target.roll(6, 3)[..., 64:]
    alex = load_lpips()
    weighted = alex(wrong, target, motion_error(wrong, target, target))
    assert weighted.item() > 1.5 * alex(wrong, target).item()


def test_frames_of_different_shapes_fails() -> None:
    frame = _texture()
    with pytest.raises(ValueError, match="must have one shape"):
        motion_error(frame, frame, frame[..., 1:])
