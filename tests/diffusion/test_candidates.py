"""A step proposes a few flows for each cell, and follows one that it compared the frames along."""

import pytest
import torch
from torch import Tensor

from diffusion.candidates import (
    AROUND,
    EVERYWHERE,
    OWN,
    Chooser,
    agreement,
    candidate_error,
    likeliest_flows,
    propose,
    votes_near,
)
from diffusion.search import Choice, Votes, classes
from nakawari.motion.warping import along
from tests.diffusion.conftest import estimate, votes_of

RADIUS = 3
SIZE = (8, 12)


def everywhere(*flow: float, size: tuple[int, int] = SIZE) -> Tensor:
    return torch.tensor(flow).view(1, 2, 1, 1).expand(1, 2, *size)


def votes_for(flow: Tensor) -> Votes:
    """All votes are for one flow (1, 2, h, w) a cell, whichever frame is asked."""
    return votes_of(classes(flow, RADIUS))


def test_flows_are_proposed_that_have_more_votes_than_any_next_to_them() -> None:
    # Most votes are for (2, -1), and half as many for (-1.25, 1), between two of the flows.
    shares = 0.66 * classes(everywhere(2.0, -1.0), RADIUS)
    shares = shares + 0.34 * classes(everywhere(-1.25, 1.0), RADIUS)
    first, second = likeliest_flows(shares, 2).unbind(1)
    torch.testing.assert_close(first, everywhere(2.0, -1.0))
    torch.testing.assert_close(second, everywhere(-1.25, 1.0))


def test_what_is_taken_is_not_proposed_again() -> None:
    shares = 0.5 * classes(everywhere(2.0, -1.0), RADIUS)
    shares = shares + 0.3 * classes(everywhere(-1.0, 1.0), RADIUS)
    shares = shares + 0.2 * classes(everywhere(-3.0, -3.0), RADIUS)
    taken = torch.stack([everywhere(1.25, -0.5), everywhere(9.0, 0.0)], dim=1)
    first, second = likeliest_flows(shares, 2, taken).unbind(1)
    torch.testing.assert_close(first, everywhere(-1.0, 1.0))
    torch.testing.assert_close(second, everywhere(-3.0, -3.0))
    same = likeliest_flows(shares.mean((2, 3), keepdim=True), 2, taken)
    torch.testing.assert_close(same, torch.stack([first, second], dim=1))


def test_the_votes_near_a_flow_are_those_within_a_cell_of_it() -> None:
    shares = torch.rand(1, 49, *SIZE, generator=torch.Generator().manual_seed(1))
    squares = shares.view(1, 7, 7, *SIZE)  # (dy, dx)
    flows = torch.stack([everywhere(0.6, -1.4), everywhere(3.0, 3.0), everywhere(9.0, 0.0)], dim=1)
    near = votes_near(shares, flows)
    torch.testing.assert_close(near[:, 0], squares[:, 1:4, 3:6].sum((1, 2)))
    torch.testing.assert_close(near[:, 1], squares[:, 5:, 5:].sum((1, 2)))
    assert not near[:, 2].any()


def test_a_cell_may_follow_itself_what_is_around_it_and_the_whole_picture() -> None:
    flow = everywhere(2.0, 0.0, size=(24, 40)).clone()  # the picture's
    flow[..., 8:24] = torch.tensor([-2.0, 1.0]).view(2, 1, 1)  # of a large thing
    flow[..., 12, 14:18] = torch.tensor([0.0, -3.0]).view(2, 1)  # of a small one on it
    before = everywhere(0.5, 0.5, size=(24, 40))
    flows, votes = propose(votes_for(flow), before)
    assert flows.shape == (1, 1 + OWN + AROUND + EVERYWHERE, 2, 24, 40)
    assert votes.shape == (1, 1 + OWN + AROUND + EVERYWHERE, 5, 24, 40)
    torch.testing.assert_close(flows[:, 0], before)
    of_cell = flows[0, :, :, 12, 16]
    torch.testing.assert_close(of_cell[1], torch.tensor([0.0, -3.0]))
    torch.testing.assert_close(of_cell[1 + OWN], torch.tensor([-2.0, 1.0]))
    torch.testing.assert_close(of_cell[1 + OWN + AROUND], torch.tensor([2.0, 0.0]))
    # Nobody but the cell votes as it does, and it does not vote as others do.
    own, others = votes[0, 1, :, 12, 16], votes[0, 1 + OWN, :, 12, 16]
    assert own[0] > -0.01
    assert own[1] < -2
    assert others[0] < -9
    assert others[1] > -0.1


def test_the_cells_around_agree_with_what_is_near_their_flow_so_far() -> None:
    so_far = everywhere(2.0, 0.0).clone()
    so_far[..., 6:] = torch.tensor([0.0, 0.75]).view(2, 1, 1)
    agree = agreement(torch.stack([so_far, everywhere(0.0, 0.0)], dim=1))
    assert agree.shape == (1, 2, 25, *SIZE)
    of_first, of_second = agree[0, ..., 4, 5].view(2, 5, 5)  # two columns are past the border
    assert bool((of_first[:, :3] == 1).all())
    assert not of_first[:, 3:].any()
    assert not of_second[:, :3].any()
    torch.testing.assert_close(of_second[:, 3:], torch.full((5, 2), 0.5))


@pytest.mark.parametrize("hears_its_like", [True, False])
def test_a_cell_without_a_mind_of_its_own_hears_those_that_show_the_same(
    hears_its_like: bool,
) -> None:
    # Ground above, a flat figure below that goes two cells. Its upper row went with the ground so
    # far, and does not know better: most around it go with the ground.
    torch.manual_seed(0)
    chooser = Chooser(8, 8)
    with torch.no_grad():
        for layer in (chooser.of_cell, chooser.of_candidate, chooser.fellows, chooser.shown):
            for value in layer.parameters():
                value.zero_()
        if hears_its_like:
            chooser.shown.weight[:, :8] = 3 * torch.eye(16, 8).unsqueeze(2).unsqueeze(3)
        chooser.of_company.weight.copy_(
            torch.tensor([0.0, 30.0]).view(1, 2, 1, 1).expand(64, -1, 1, 1)
        )
        for layer in chooser.judge:
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.fill_(1 / 64)
                torch.nn.init.zeros_(layer.bias)
    keys = torch.zeros(1, 8, 8, 12)
    keys[:, 0, :4], keys[:, 1, 4:] = 2, 2
    flow = everywhere(0.0, 0.0).clone()
    flow[:, 0, 5:] = 2
    shares = classes(flow, RADIUS)
    undecided = 0.5 * classes(everywhere(0.0, 0.0), RADIUS) + 0.5 * classes(
        everywhere(2.0, 0.0), RADIUS
    )
    shares[..., 4:, :] = undecided[..., 4:, :]
    time = torch.tensor([0.5])
    so_far = estimate(1)._replace(motion=along(flow, time))
    closer = torch.ones(1, 4, 16, 24)
    found = votes_of(shares)
    choice = chooser(found, so_far, (keys, keys), (closer, closer), time, 1)
    inside = (0, 0, slice(None), slice(3, -3))
    chosen = choice.flow[inside]
    assert not chosen[:4].any()
    torch.testing.assert_close(chosen[5:], torch.full_like(chosen[5:], 2))
    assert bool((chosen[4] == 2).all()) is hears_its_like


def test_the_likeliest_candidate_is_chosen_in_each_cell() -> None:
    flows = torch.tensor([(3.0, 0.0), (0.0, -1.5)]).view(1, 2, 2, 1, 1).expand(-1, -1, -1, 1, 2)
    logits = torch.tensor([[1.0, -1.0], [0.5, 2.0]]).view(1, 2, 1, 2)
    chosen = Choice(flows, logits).flow
    assert chosen[0, :, 0].T.tolist() == [[3.0, 0.0], [0.0, -1.5]]


def test_a_choice_is_judged_by_what_is_near_the_truth() -> None:
    flows = torch.stack([everywhere(0.0, 0.0), everywhere(2.0, 0.0), everywhere(2.25, 0.0)], dim=1)
    weight = torch.ones(1, 1, *SIZE)

    def error(logits: tuple[float, float, float], *truth: float) -> float:
        of_each = torch.tensor(logits).view(1, 3, 1, 1).expand(1, 3, *SIZE)
        return float(candidate_error(Choice(flows, of_each), everywhere(*truth), weight))

    assert error((-20.0, 9.0, -20.0), 2.0, 0.0) < 1e-4
    assert error((9.0, 0.0, 0.0), 2.0, 0.0) > 5
    # The nearest is best, and a near one is better than one that is far.
    assert error((-20.0, 9.0, -20.0), 2.0, 0.0) < error((-20.0, -20.0, 9.0), 2.0, 0.0) < 0.3
    assert error((9.0, 0.0, 0.0), 5.0, 5.0) == 0  # none of them was right


def test_untrained_a_cell_follows_its_own_votes() -> None:
    torch.manual_seed(0)
    flow = everywhere(2.0, 0.0).clone()
    flow[..., 5:7, 5:7] = torch.tensor([-2.0, 1.0]).view(2, 1, 1)
    keys, closer = torch.randn(2, 1, 8, 8, 12), torch.randn(2, 1, 4, 16, 24)
    time = torch.tensor([0.5])
    so_far = estimate(1)._replace(motion=along(everywhere(0.0, 0.0), time))
    choice = Chooser(8, 8)(votes_for(flow), so_far, (*keys,), (*closer,), time, 1)
    torch.testing.assert_close(choice.flow, flow)


@pytest.mark.parametrize("further", [2, -2])
def test_how_far_a_flow_goes_makes_it_neither_likelier_nor_less_likely(further: int) -> None:
    # The same scene, all of which goes some cells further the second time.
    torch.manual_seed(0)
    size = (20, 28)
    chooser = Chooser(8, 8)
    torch.nn.init.normal_(chooser.judge[-1].weight)
    scene, closer = torch.randn(1, 8, *size), torch.randn(1, 4, 40, 56)
    time, known = torch.tensor([0.5]), estimate(1).resize(size)

    around = [(0.0, 0.0), (2.0, 2.0), (-2.0, 2.0), (2.0, -2.0), (-2.0, -2.0)]
    around += [(0.0, 4.0), (0.0, -4.0), (4.0, 0.0)]

    def choose(by: int) -> Choice:
        shares = sum(
            (8 - number) / 36 * classes(everywhere(by + x, y, size=size), 8)
            for number, (x, y) in enumerate(around)
        )
        found = votes_of(shares)
        # The drawing lies halfway: in frame_0 it was half as far to the left.
        keys = scene.roll(-by // 2, 3), scene.roll(by // 2, 3)
        near = closer.roll(-by, 3), closer.roll(by, 3)
        so_far = known._replace(motion=along(everywhere(float(by), 0.0, size=size), time))
        return chooser(found, so_far, keys, near, time, 1)

    first, second = choose(0), choose(further)
    there = second.flows - torch.tensor([float(further), 0.0]).view(1, 1, 2, 1, 1)
    torch.testing.assert_close(there, first.flows, atol=1e-4, rtol=0)
    inside = (slice(None), slice(None), slice(8, -8), slice(9, -9))  # past the rim lies nothing
    assert first.logits[inside].std() > 0.1
    torch.testing.assert_close(second.logits[inside], first.logits[inside], atol=1e-3, rtol=0)
