"""Matching: what is moved by a known amount is found there."""

import pytest
import torch

from autoencoder.matching import global_match, local_correlation, symmetric_correlation, unit_length


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(2, 32, 12, 14, generator=torch.Generator().manual_seed(0))


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


@pytest.mark.parametrize(("frame_time", "in_0", "in_1"), [(0.5, 1, 1), (0.25, 1, 3), (0.75, 3, 1)])
def test_a_flow_is_found_at_the_place_of_the_drawing(
    features: torch.Tensor, frame_time: float, in_0: int, in_1: int
) -> None:
    drawing = unit_length(features)
    flow = in_0 + in_1  # px to the right, in all
    maps_0 = torch.roll(drawing, shifts=-in_0, dims=3)
    maps_1 = torch.roll(drawing, shifts=in_1, dims=3)
    time = torch.full((2,), frame_time)
    product = symmetric_correlation(maps_0, maps_1, time, radius=4)[..., 4:-4, 4:-4]
    right = 4 * 9 + 4 + flow  # row 4 of nine: none up or down
    torch.testing.assert_close(product[:, right], torch.ones_like(product[:, right]))
    assert bool((product.argmax(dim=1) == right).all())


def test_a_small_thing_is_compared_where_it_is_to_be_drawn() -> None:
    maps_0, maps_1 = torch.zeros(2, 1, 4, 9, 9).unbind()
    maps_0[..., 4, 2], maps_1[..., 4, 6] = 0.5, 0.5  # the thing goes from x 2 to x 6
    product = symmetric_correlation(maps_0, maps_1, torch.tensor([0.5]), radius=4)
    assert product[0, 4 * 9 + 8].argmax() == 4 * 9 + 4  # halfway
    assert product[0, 4 * 9 + 8, 4, 4].item() == pytest.approx(1)
    assert product.sum().item() == pytest.approx(1)  # and nothing elsewhere
