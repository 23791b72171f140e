"""Matching and warping: what is moved by a known amount is found there."""

import pytest
import torch

from autoencoder.matching import (
    global_match,
    local_correlation,
    pixel_grid,
    resize_flow,
    warp,
)


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


def test_global_match_finds_a_shift(features: torch.Tensor) -> None:
    moved = torch.roll(features, shifts=(1, 2), dims=(2, 3))  # what was at p is now at p + (2, 1)
    match = global_match(features, moved, torch.tensor(0.02), torch.tensor(0.0))
    inner = match.flow[..., :-1, :-2]
    torch.testing.assert_close(inner[:, 0], torch.full_like(inner[:, 0], 2.0), atol=0.05, rtol=0)
    torch.testing.assert_close(inner[:, 1], torch.full_like(inner[:, 1], 1.0), atol=0.05, rtol=0)


def test_of_equals_the_nearest_is_matched() -> None:
    flat = torch.ones(1, 8, 6, 6)
    match = global_match(flat, flat, torch.tensor(0.1), torch.tensor(5.0))
    assert match.flow[..., 1:-1, 1:-1].abs().max() < 0.05


def test_matching_in_pieces_is_matching_at_once(
    features: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (features, features.flip(3), torch.tensor(0.1), torch.tensor(0.01))
    whole = global_match(*arguments)
    monkeypatch.setattr("autoencoder.matching._QUERIES_AT_ONCE", 37)
    pieces = global_match(*arguments)
    torch.testing.assert_close(pieces.flow, whole.flow)
    torch.testing.assert_close(pieces.confidence, whole.confidence)


def test_local_correlation_is_highest_at_the_remaining_displacement(
    features: torch.Tensor,
) -> None:
    moved = torch.roll(features, shifts=(0, 3), dims=(2, 3))
    flow = torch.zeros(2, 2, 12, 14)
    flow[:, 0] = 2  # one short of the truth
    correlation = local_correlation(features, moved, flow, radius=1)
    best = correlation[..., 2:-2, 2:-5].argmax(dim=1)
    assert bool((best == 5).all())  # row 1, column 2 of three: one to the right


def test_the_grid_holds_x_then_y() -> None:
    grid = pixel_grid(3, 5, torch.zeros(1))
    assert grid[:, 2, 4].tolist() == [4.0, 2.0]
