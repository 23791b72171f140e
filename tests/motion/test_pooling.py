"""Means by sums of slices are those of pooling."""

import pytest
import torch
import torch.nn.functional as F

from nakawari.motion.pooling import box_mean, halve


@pytest.mark.parametrize("size", [1, 3, 5, 13])
@pytest.mark.parametrize("shape", [(2, 3, 20, 31), (1, 1, 5, 2)])
def test_box_mean_is_pooling_that_leaves_out_what_is_past_the_rim(size, shape) -> None:
    maps = torch.rand(*shape)
    pooled = F.avg_pool2d(maps, size, 1, size // 2, count_include_pad=False)
    torch.testing.assert_close(box_mean(maps, size), pooled)


def test_halves_are_pooled() -> None:
    maps = torch.rand(2, 3, 6, 10)
    torch.testing.assert_close(halve(maps), F.avg_pool2d(maps, 2))
