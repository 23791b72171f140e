"""The baselines are what they say at any time between two frames."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from nakawari.slowmo.baselines import blend, dis, minterpolate, nearest
from nakawari.slowmo.interpolator import FrameInterpolator

DARK, BRIGHT = torch.full((1, 3, 4, 4), -1.0), torch.full((1, 3, 4, 4), 1.0)
TIMES = torch.tensor([0.25, 0.5, 0.75])


def test_a_cross_fade_is_linear_in_time() -> None:
    torch.testing.assert_close(blend(DARK, BRIGHT, TIMES).mean((1, 2, 3)), 2 * TIMES - 1)


def test_the_nearer_frame_is_repeated_and_the_earlier_at_one_half() -> None:
    assert nearest(DARK, BRIGHT, TIMES).mean((1, 2, 3)).tolist() == [-1, -1, 1]


def test_one_interval_serves_several_times() -> None:
    assert blend(DARK, BRIGHT, TIMES).shape == nearest(DARK, BRIGHT, TIMES).shape == (3, 3, 4, 4)


def _texture() -> Tensor:
    noise = np.random.default_rng(0).standard_normal((3, 96, 128))
    smooth = ndimage.gaussian_filter(noise, (0, 3, 3), mode="wrap")
    return torch.from_numpy(np.clip(8 * smooth, -1, 1))[None].float()


@pytest.mark.parametrize("interpolator", [dis, minterpolate])
@pytest.mark.parametrize("time", [0.25, 0.75])
def test_a_picture_that_moves_as_a_whole_is_drawn_where_it_is_at_that_time(
    interpolator: FrameInterpolator, time: float
) -> None:
    frame_0 = _texture()
    frame_1 = frame_0.roll(8, 3)
    drawn = interpolator(frame_0, frame_1, torch.tensor([time]))
    inside = (..., slice(16, -16), slice(24, -24))
    targets = [frame_0.roll(shift, 3)[inside] for shift in range(9)]
    errors = [(drawn[inside] - target).square().mean().item() for target in targets]
    assert errors.index(min(errors)) == 8 * time
    assert min(errors) < 0.02 * errors[4]  # four, or two, pixels further


@pytest.mark.parametrize("interpolator", [dis, minterpolate])
def test_what_stands_still_stays_as_it_is(interpolator: FrameInterpolator) -> None:
    frame = _texture()
    drawn = interpolator(frame, frame, torch.tensor([0.5]))
    assert (drawn - frame).abs().max() < 4 / 127.5  # by way of YUV, or of subpixels


def test_a_point_seen_from_both_sides_is_drawn_over_the_ground_it_hides() -> None:
    frame_0, frame_1 = (torch.full((1, 3, 64, 96), -0.5) for _ in range(2))
    frame_0[..., 20:44, 20:44] = _texture()[..., :24, :24]
    frame_1[..., 20:44, 32:56] = _texture()[..., :24, :24]
    target = torch.full((1, 3, 64, 96), -0.5)
    target[..., 20:44, 26:50] = _texture()[..., :24, :24]
    middle = torch.tensor([0.5])
    ours, blended = (f(frame_0, frame_1, middle) for f in (dis, blend))
    assert (ours - target).square().mean() < 0.05 * (blended - target).square().mean()


@pytest.mark.parametrize("interpolator", [dis, minterpolate])
def test_one_interval_at_several_times_is_each_time_by_itself(
    interpolator: FrameInterpolator,
) -> None:
    frame_0 = _texture()
    frame_1 = frame_0.roll(8, 3)
    together = interpolator(frame_0, frame_1, TIMES)
    for index, time in enumerate(TIMES):
        apart = interpolator(frame_0, frame_1, time[None])
        assert torch.equal(together[index : index + 1], apart)
    pairs = interpolator(frame_0.expand(3, -1, -1, -1), frame_1.expand(3, -1, -1, -1), TIMES)
    assert torch.equal(pairs, together)


def test_minterpolate_gives_the_nearer_frame_at_a_time_it_cannot_tell_from_it() -> None:
    frame = _texture()
    drawn = minterpolate(frame, -frame, torch.tensor([0.001, 0.999]))
    assert torch.allclose(drawn[0:1], frame, atol=0.005)
    assert torch.allclose(drawn[1:2], -frame, atol=0.005)
