"""A sample at half its size is the same sample."""

import torch
import torch.nn.functional as F

from nakawari.data.triplet import Triplet, as_frames, halved


def batch() -> Triplet:
    frames = torch.randint(0, 256, (3, 2, 3, 8, 12), dtype=torch.uint8)
    motions = torch.randn(2, 2, 2, 8, 12, dtype=torch.float16)
    seen = torch.rand(2, 2, 1, 8, 12) > 0.5
    times, known = torch.tensor([0.5, 0.25]), torch.tensor([True, False])
    codes = torch.ones(3, 2, 1, 2, 4, dtype=torch.int16)
    return as_frames(Triplet(*frames, times, *motions, *seen, known, *codes))


def test_half_the_size_is_half_the_motion_of_one_of_each_four_points() -> None:
    whole = batch()
    half = halved(whole)
    assert half.motion_0.shape == (2, 2, 4, 6)
    assert torch.equal(half.motion_0, whole.motion_0[..., ::2, ::2] / 2)
    assert torch.equal(half.motion_1, whole.motion_1[..., ::2, ::2] / 2)
    assert torch.equal(half.visible_1, whole.visible_1[..., ::2, ::2])
    for name in ("frame_0", "target", "frame_1"):
        assert torch.equal(getattr(half, name), F.avg_pool2d(getattr(whole, name), 2))
    assert torch.equal(half.frame_time, whole.frame_time)
    assert torch.equal(half.has_motion, whole.has_motion)


def test_half_the_size_has_no_codes_for_they_would_be_others() -> None:
    half = halved(batch())
    assert all(not codes.numel() for codes in (half.codes_0, half.codes, half.codes_1))
