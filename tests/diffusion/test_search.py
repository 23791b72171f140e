"""The search finds how far things go, and is judged as a classifier is."""

import math

import pytest
import torch
from torch import Tensor

from diffusion.search import (
    Logits,
    Search,
    against_rest,
    all_flows,
    certainty,
    choice_error,
    classes,
    likeliest,
    votes,
)

RADIUS = 3
FLOWS = (2 * RADIUS + 1) ** 2


def everywhere(*flow: float) -> Tensor:
    """Return one flow (x, y) for a whole map, (1, 2, 4, 5)."""
    return torch.tensor(flow).view(1, 2, 1, 1).expand(1, 2, 4, 5)


def test_the_flows_lie_row_by_row_from_the_upper_left() -> None:
    flows = all_flows(RADIUS, torch.zeros(1))
    assert flows.shape == (2, FLOWS)
    assert flows[:, 0].tolist() == [-3, -3]
    assert flows[:, 1].tolist() == [-2, -3]
    assert flows[:, FLOWS // 2].tolist() == [0, 0]


@pytest.mark.parametrize("flow", [(0.0, 0.0), (3.0, -3.0), (1.25, -0.5), (-2.9, 2.1)])
def test_the_mean_of_a_flows_classes_is_that_flow(flow: tuple[float, float]) -> None:
    of_each = classes(everywhere(*flow), RADIUS)
    torch.testing.assert_close(of_each.sum(dim=1), torch.ones(1, 4, 5))
    mean = torch.einsum("cn,bnhw->bchw", all_flows(RADIUS, of_each), of_each)
    torch.testing.assert_close(mean, everywhere(*flow))


@pytest.mark.parametrize("flow", [(4.0, 0.0), (0.0, -7.5)])
def test_a_flow_beyond_the_radius_is_of_no_class(flow: tuple[float, float]) -> None:
    assert not classes(everywhere(*flow), RADIUS).any()


@pytest.mark.parametrize("flow", [(0.0, 0.0), (3.0, -3.0), (1.25, -0.4), (-2.9, 2.1)])
def test_the_likeliest_flow_is_known_to_a_fraction_of_a_cell(flow: tuple[float, float]) -> None:
    logits = (classes(everywhere(*flow), RADIUS) + 1e-9).log()
    torch.testing.assert_close(likeliest(logits, RADIUS), everywhere(*flow), atol=1e-4, rtol=0)


def test_of_two_flows_the_likelier_is_taken_and_not_their_mean() -> None:
    of_each = 0.55 * classes(everywhere(3.0, 0.0), RADIUS) + 0.45 * classes(
        everywhere(-3.0, 0.0), RADIUS
    )
    found = likeliest((of_each + 1e-9).log(), RADIUS)
    torch.testing.assert_close(found, everywhere(3.0, 0.0), atol=1e-4, rtol=0)


def test_a_point_that_disagrees_with_all_round_it_is_outvoted() -> None:
    logits = 5 * classes(everywhere(2.0, 0.0), RADIUS)
    logits[..., 2, 2] = 5 * classes(everywhere(-2.0, 1.0), RADIUS)[..., 2, 2]
    shares = votes(logits)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(1, 4, 5))
    assert bool(
        (shares.argmax(dim=1) == classes(everywhere(2.0, 0.0), RADIUS)[0, :, 0, 0].argmax()).all()
    )


def test_only_in_still_pictures_flows_near_rest_are_less_likely_than_they_were() -> None:
    before = torch.randn(2, FLOWS, 4, 5, generator=torch.Generator().manual_seed(2))
    still, panned = everywhere(0.0, 0.0), everywhere(2.0, 0.0)
    of_whole = torch.cat([classes(flow, RADIUS)[..., :1, :1] for flow in (still, panned)])
    in_still, in_panned = before - against_rest(before, of_whole)
    in_still = in_still.unflatten(0, (2 * RADIUS + 1, 2 * RADIUS + 1))
    assert (in_still[2:5, 2:5] > 1).all()
    assert in_still.count_nonzero() == in_still[2:5, 2:5].numel()
    assert not in_panned.any()


def test_an_error_is_the_cross_entropy_where_it_counts() -> None:
    weight = torch.ones(1, 1, 4, 5)
    true = everywhere(2.0, -1.0)
    undecided = torch.zeros(1, FLOWS, 4, 5)
    sure = 50 * classes(true, RADIUS)
    assert choice_error(sure, true, weight, RADIUS) < 1e-6
    nothing_known = choice_error(undecided, true, weight, RADIUS)
    torch.testing.assert_close(nothing_known, torch.tensor(math.log(FLOWS)))
    half = weight.clone()
    half[..., :2, :] = 0
    mixed = sure.clone()
    mixed[..., :2, :] = 0
    assert choice_error(mixed, true, half, RADIUS) < 1e-6
    assert choice_error(undecided, everywhere(9.0, 0.0), weight, RADIUS) == 0


def test_what_one_frame_hides_is_told_by_the_other_alone() -> None:
    said = Logits(torch.full((1, 9, 2, 2), 1.0), torch.full((1, 9, 2, 2), 3.0))
    in_0 = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    in_1 = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    told = said.as_seen(torch.stack([in_0, in_1])[None])
    assert told[0, 4].tolist() == [[2.0, 1.0], [3.0, 2.0]]


@pytest.mark.parametrize(
    ("frame_time", "back", "forth"), [(0.5, 1, 1), (1 / 3, 1, 2), (0.75, 3, 1)]
)
def test_untrained_it_finds_how_far_a_scene_goes(frame_time: float, back: int, forth: int) -> None:
    torch.manual_seed(0)
    search = Search(feature_channels=16, radius=4).eval()
    scene = torch.randn(1, 16, 32, 64)  # at 1/4: two points are a cell
    frame_0, frame_1 = (scene.roll(2 * cells, dims=3) for cells in (-back, forth))
    with torch.no_grad():
        logits = search.logits(*search(frame_0, frame_1), torch.tensor([frame_time])).both
    assert logits.shape == (1, 81, 16, 32)
    found = likeliest(logits, 4)[..., 2:-2, 6:-6]
    expected = torch.tensor([float(back + forth), 0.0]).view(1, 2, 1, 1).expand_as(found)
    torch.testing.assert_close(found, expected, atol=0.3, rtol=0)


def test_what_goes_further_than_the_radius_has_no_votes_to_speak_of() -> None:
    torch.manual_seed(0)
    search = Search(feature_channels=16, radius=4).eval()
    scene = torch.randn(1, 16, 32, 96)
    sure = {}
    for cells in (2, 4, 12):
        with torch.no_grad():
            volumes = search(scene, scene.roll(2 * cells, dims=3))
            sure[cells] = float(certainty(search.logits(*volumes, torch.tensor([0.5])).both))
    assert min(sure[2], sure[4]) > 2 * sure[12]
