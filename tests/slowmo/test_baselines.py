"""The baselines are what they say at any time between two frames."""

import torch

from nakawari.slowmo.baselines import blend, nearest

DARK, BRIGHT = torch.full((1, 3, 4, 4), -1.0), torch.full((1, 3, 4, 4), 1.0)
TIMES = torch.tensor([0.25, 0.5, 0.75])


def test_a_cross_fade_is_linear_in_time() -> None:
    torch.testing.assert_close(blend(DARK, BRIGHT, TIMES).mean((1, 2, 3)), 2 * TIMES - 1)


def test_the_nearer_frame_is_repeated_and_the_earlier_at_one_half() -> None:
    assert nearest(DARK, BRIGHT, TIMES).mean((1, 2, 3)).tolist() == [-1, -1, 1]


def test_one_interval_serves_several_times() -> None:
    assert blend(DARK, BRIGHT, TIMES).shape == nearest(DARK, BRIGHT, TIMES).shape == (3, 3, 4, 4)
