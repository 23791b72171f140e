"""What is fetched along a flow, and flows of other sizes."""

import pytest
import torch

from nakawari.motion.warping import pixel_grid, resize_flow, warp, warp_along_each


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(2, 32, 12, 14, generator=torch.Generator().manual_seed(0))


def test_zero_flow_gives_the_image_back(features: torch.Tensor) -> None:
    torch.testing.assert_close(warp(features, torch.zeros(2, 2, 12, 14)), features)


def test_warp_fetches_from_where_the_flow_points(features: torch.Tensor) -> None:
    flow = torch.zeros(2, 2, 12, 14)
    flow[:, 0] = 3  # x
    flow[:, 1] = -2  # y
    fetched = warp(features, flow)
    torch.testing.assert_close(fetched[..., 2:, :-3], features[..., :-2, 3:])


def test_warping_along_each_flow_is_warping_along_one_after_the_other(
    features: torch.Tensor,
) -> None:
    flows = 4 * torch.randn(2, 3, 2, 12, 14, generator=torch.Generator().manual_seed(1))
    one_by_one = [warp(features, flow) for flow in flows.unbind(1)]
    torch.testing.assert_close(warp_along_each(features, flows), torch.stack(one_by_one, dim=1))


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_threads_change_nothing(mode: str) -> None:
    image, flow = torch.randn(1, 3, 24, 20), 3 * torch.randn(1, 2, 24, 20)
    before, warped = torch.get_num_threads(), list[torch.Tensor]()
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            warped.append(warp(image, flow, mode))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(warped[0], warped[1])
    assert torch.equal(warped[0], warped[2])


def test_resizing_a_flow_rescales_its_displacements() -> None:
    flow = torch.ones(1, 4, 4, 8)
    resized = resize_flow(flow, (8, 24))
    assert resized.shape == (1, 4, 8, 24)
    torch.testing.assert_close(resized[0, :, 0, 0], torch.tensor([3.0, 2.0, 3.0, 2.0]))


def test_the_grid_holds_x_then_y() -> None:
    grid = pixel_grid(3, 5, torch.zeros(1))
    assert grid[:, 2, 4].tolist() == [4.0, 2.0]
