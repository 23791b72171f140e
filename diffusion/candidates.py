"""Candidate flows for each cell, and the choice among them.

What only one frame shows cannot be found by comparing both frames, and a repeating pattern matches
in many places. What lies around a cell mostly moves in the right way. So a step proposes a few
candidate flows for each cell: those with most votes of the cell itself, of its surroundings and of
the whole picture. The step compares both frames along each candidate. One network judges all
candidates, and it is not given the flows themselves: so it cannot learn how far the training's cels
move.

Inside a flat colour every flow looks alike. So each cell is told how the cells around it move by
the flow so far, above all those that show the same thing.

Legend: B batch, K candidates, n flows of the search, h/w size of a step's map. A flow goes from
frame_0 to frame_1, at the places of the drawing, in cells of 8 pixels whatever the map. Votes are
the search's probabilities of the n flows.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.conditions import Estimate
from diffusion.search import Choice, Votes, all_flows
from nakawari.motion.pooling import box_mean
from nakawari.motion.warping import flow_of, warp_along_each

OWN, AROUND, EVERYWHERE = 2, 3, 2
"""How many candidates come from the votes of the cell itself, of the cells around it, and of the
whole picture. How often the right flow is among them is in docs/model.md."""
_AROUND = 9
"""Side of the square around a cell whose votes are averaged, in cells."""
_LEAST_VOTES = 1e-4
"""Added to a flow's share of the votes before its logarithm is taken, so that it stays finite."""
_NEAR = 1.5
"""Distance in cells from which on two flows count as different. Below it, their agreement rises
linearly to one."""
_FAR = 4.0
"""Distance from the flow so far, in cells, at which the distance of a candidate is clipped."""
_WIDTH = 64
"""Channels of the hidden layers."""
_OF_VOTES = 5
"""Channels of a candidate's votes (see ``propose``)."""
_OF_COMPARISON = 5
"""Cosines of both frames along a candidate: of the cell and of its four quarters."""
_REACH = 2
"""Radius of the square around a cell, in cells, whose flows so far the cell is told."""
_SHOWN = 16
"""Channels of the embedding of what a cell shows, by which cells of the same thing are found."""
_NEARLY_NOTHING = 0.02
"""Standard deviation of the last layer's initial weights, so small that at first votes decide."""


class Chooser(nn.Module):
    """Judges candidate flows by the votes for them, and by what both frames show along them."""

    def __init__(self, key_channels: int, hidden_channels: int) -> None:
        """Build it.

        Args:
            key_channels: channels of the keys by which the frames are compared.
            hidden_channels: channels of the hidden features of the step before.
        """
        super().__init__()
        seen = 2 * key_channels + _OF_COMPARISON
        # Of the cell: hidden features and visibility by the step before, and frame_time.
        self.of_cell = nn.Conv2d(hidden_channels + 2 + 1, _WIDTH, 1)
        # Of a candidate: what both frames show along it, its votes, how far it is from the flow so
        # far.
        self.of_candidate = nn.Conv2d(seen + _OF_VOTES + 1, _WIDTH, 1)
        # How far the cells around move along a candidate: all, and those of the same thing.
        self.of_company = nn.Conv2d(2, _WIDTH, 1, bias=False)
        # Attention over the cells around, to find those of the same thing: ``fellows`` scores
        # their places, ``shown`` what they show.
        self.fellows = nn.Conv2d(hidden_channels, (2 * _REACH + 1) ** 2, 1)
        self.shown = nn.Conv2d(seen, _SHOWN, 1)
        # An untrained chooser follows the votes of the cell itself.
        verdict = nn.Conv2d(_WIDTH, 1, 1)
        nn.init.normal_(verdict.weight, std=_NEARLY_NOTHING)
        self.judge = nn.Sequential(nn.SiLU(), nn.Conv2d(_WIDTH, _WIDTH, 1), nn.SiLU(), verdict)

    def forward(
        self,
        found: Votes,
        so_far: Estimate,
        keys: tuple[Tensor, Tensor],
        closer: tuple[Tensor, Tensor],
        frame_time: Tensor,
        scale: int,
    ) -> Choice:
        """Propose flows for a step, and judge them.

        Args:
            found: the votes, on maps of the step's size.
            so_far: the estimate before the step, on maps of the same size.
            keys: the keys of both frames, (B, c, h, w) each.
            closer: keys on maps of twice the size, (B, j, 2h, 2w) each.
            frame_time: in (0, 1), shape (B,).
            scale: factor by which the maps are pooled: a cell is ``8 * scale`` pixels.
        """
        time = frame_time.view(-1, 1, 1, 1)
        before = flow_of(so_far.motion) * scale
        # No gradient: the steps train the keys, and so many warps are costly to back-propagate.
        with torch.no_grad():
            flows, votes = propose(found, before)
            seen = _seen_along(flows / scale, keys, closer, frame_time)
        known = [so_far.hidden, so_far.visible, time.expand(-1, 1, *before.shape[-2:])]
        return Choice(flows, self.logits(flows, votes, seen, torch.cat(known, dim=1)))

    def logits(self, flows: Tensor, votes: Tensor, seen: Tensor, known: Tensor) -> Tensor:
        """Judge candidates, the first of which is the flow so far: (B, K, h, w).

        Args:
            flows: (B, K, 2, h, w), in cells of 8 pixels.
            votes: their votes, (B, K, 5, h, w), as ``propose`` returns them.
            seen: what both frames show along them, (B, K, c, h, w).
            known: of the cell itself: hidden features, visibility and frame_time, (B, c, h, w).
        """
        count = flows.shape[1]
        with torch.no_grad():
            apart = (_distance(flows, flows[:, :1]).unsqueeze(2) / _FAR).clamp(max=1)
            agree = agreement(flows)
        told = torch.cat([seen, votes, apart], dim=2).flatten(0, 1)
        of_candidate = self.of_candidate(told).unflatten(0, (-1, count))
        company = self.of_company(self._company(agree, seen, known).flatten(0, 1))
        both = (of_candidate + self.of_cell(known).unsqueeze(1)).flatten(0, 1) + company
        votes_of_cell = votes[:, :, 0]
        return votes_of_cell + self.judge(both).float().view_as(votes_of_cell)

    def _company(self, agree: Tensor, seen: Tensor, known: Tensor) -> Tensor:
        """Return how far the cells around move along each candidate, (B, K, 2, h, w) in [0, 1].

        The first channel is the mean over all these cells. The second gives more weight to those
        that show, along their flow so far, what the cell shows along the candidate. ``agree`` is
        from ``agreement``; the rest is as in ``logits``.
        """
        shown = self.shown(seen.flatten(0, 1)).unflatten(0, (-1, seen.shape[1]))
        others = _around(shown[:, 0])  # (B, c, cells around, h, w)
        alike = torch.einsum("bkchw,bcnhw->bknhw", shown, others) / _SHOWN**0.5
        by_place = self.fellows(known[:, : self.fellows.in_channels]).unsqueeze(1)
        fellows = (alike + by_place).softmax(dim=2)
        return torch.stack([agree.mean(2), (agree * fellows).sum(2)], dim=2)


def propose(found: Votes, before: Tensor) -> tuple[Tensor, Tensor]:
    """Return the candidate flows, (B, K, 2, h, w), and their votes, (B, K, 5, h, w).

    The first candidate is the flow so far, ``before`` (B, 2, h, w). None is proposed twice: no
    motion at all is likely by every source, and would have several times the probability. Votes are
    the logarithm of the share within a cell of the candidate. The five channels are the cell's own
    votes, those around it, those of the whole picture, and the cell's own by frame_0 alone and by
    frame_1 alone.
    """
    around = box_mean(found.shares, _AROUND)
    flows = before.unsqueeze(1)
    for one, count in ((found.shares, OWN), (around, AROUND), (found.everywhere, EVERYWHERE)):
        flows = torch.cat([flows, likeliest_flows(one, count, flows)], dim=1)
    everywhere = found.everywhere.expand_as(around)
    shares = (found.shares, around, everywhere, found.shares_0, found.shares_1)
    votes = [(votes_near(one, flows) + _LEAST_VOTES).log() for one in shares]
    return flows, torch.stack(votes, dim=2)


def likeliest_flows(shares: Tensor, count: int, taken: Tensor | None = None) -> Tensor:
    """Return the ``count`` largest local maxima of votes (B, n, h, w), as flows.

    They are (B, count, 2, h, w), the likeliest first. Each is the weighted mean of the flows within
    a cell of the maximum. Where there are fewer maxima, the rest have hardly any votes. Maxima
    within a cell of flows that are ``taken``, (B, K, 2, h, w), do not count. With these, votes that
    are the same everywhere may be (B, n, 1, 1).
    """
    radius = (math.isqrt(shares.shape[1]) - 1) // 2
    flows = all_flows(radius, shares)
    peaks = torch.where(_is_peak(shares), shares, 0)
    if taken is not None:
        size = taken.shape[-2:]
        shares, peaks = (maps.expand(-1, -1, *size) for maps in (shares, peaks))
        index, _ = _index_within_a_cell(taken.round(), radius)
        peaks = peaks.scatter(1, index.flatten(1, 2), 0)
    chosen = []
    for _ in range(count):
        best = peaks.argmax(dim=1, keepdim=True)
        peaks.scatter_(1, best, -1)
        chosen.append(flows[:, best.squeeze(1)].transpose(0, 1))
    centres = torch.stack(chosen, dim=1)  # (B, count, 2, h, w)
    weights, offsets = _within_a_cell(shares, centres)
    total = weights.sum(2, keepdim=True).clamp(min=1e-9)
    return centres + torch.einsum("bkjhw,cj->bkchw", weights / total, offsets)


def votes_near(shares: Tensor, flows: Tensor) -> Tensor:
    """Return the share of votes (B, n, h, w) within a cell of each flow (B, K, 2, h, w)."""
    return _within_a_cell(shares, flows.round())[0].sum(2)


def _seen_along(
    flows: Tensor, keys: tuple[Tensor, Tensor], closer: tuple[Tensor, Tensor], frame_time: Tensor
) -> Tensor:
    """Return what both frames show along flows in cells of the map, (B, K, 2 * c + 5, h, w).

    These are the keys of both frames, their cosine, and the cosines in the four quarters of each
    cell. ``flows`` are (B, K, 2, h, w), and the rest is as in ``Chooser.forward``.
    """
    time = frame_time.view(-1, 1, 1, 1, 1)
    motions = -time * flows, (1 - time) * flows
    from_0, from_1 = _both_along(keys, motions)
    finer = [2 * motion.repeat_interleave(2, 3).repeat_interleave(2, 4) for motion in motions]
    near = F.pixel_unshuffle(_cosine(*_both_along(closer, (finer[0], finer[1]))), 2)
    return torch.cat([from_0, from_1, _cosine(from_0, from_1), near], dim=2)


def _both_along(
    maps: tuple[Tensor, Tensor], motions: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Warp both frames' maps along each candidate, (B, K, c, h, w) each."""
    return warp_along_each(maps[0], motions[0]), warp_along_each(maps[1], motions[1])


def agreement(flows: Tensor) -> Tensor:
    """Return how far the cells around move along each candidate of (B, K, 2, h, w).

    Their flow is the flow so far, their first candidate. The result is (B, K, cells around, h, w)
    in [0, 1], with the cells row by row from the upper left: 1 for equal flows, and 0 from
    ``_NEAR`` cells on. Beyond the map's edge its last cells are repeated.
    """
    across, down = (here.unsqueeze(2) - _around(here[:, :1]) for here in flows.unbind(2))
    return (1 - torch.hypot(across, down) / _NEAR).clamp(min=0)


def candidate_error(choice: Choice, flow: Tensor, weight: Tensor) -> Tensor:
    """Return the cross-entropy of choosing what is near the true flow (B, 2, h, w), a scalar.

    A candidate counts by its nearness to the true flow, relative to the nearest one. ``weight`` is
    (B, 1, h, w). Places where no candidate is near do not count.
    """
    apart = _distance(choice.flows, flow.unsqueeze(1)).detach()
    worth = (1 - apart / _NEAR).clamp(min=0)  # (B, K, h, w)
    best = worth.amax(dim=1, keepdim=True)
    chosen = (choice.logits.softmax(dim=1) * worth).sum(dim=1, keepdim=True) / best.clamp(min=1e-6)
    weight = weight * (best > 0)
    return -((chosen + 1e-6).log() * weight).sum() / weight.sum().clamp(min=1)


def _is_peak(shares: Tensor) -> Tensor:
    """Return where a flow has at least as many votes (B, n, h, w) as the eight flows around it."""
    span = math.isqrt(shares.shape[1])
    squares = shares.unflatten(1, (span, span))
    most = squares
    for axis in (1, 2):
        near = most.clone()
        for here, there in ((0, 1), (1, 0)):
            one = near.narrow(axis, here, span - 1)
            torch.maximum(one, most.narrow(axis, there, span - 1), out=one)
        most = near
    return (squares == most).flatten(1, 2)


def _within_a_cell(shares: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Return the votes of the nine flows around each of ``centres``, (B, K, 9, h, w).

    ``centres`` are flows in whole cells, (B, K, 2, h, w). Flows beyond the search radius have no
    votes. The second result is the offsets of the nine flows, (2, 9).
    """
    radius = (math.isqrt(shares.shape[1]) - 1) // 2
    index, is_inside = _index_within_a_cell(centres, radius)
    near = shares.gather(1, index.flatten(1, 2)).view_as(index) * is_inside
    return near, all_flows(1, shares)


def _index_within_a_cell(centres: Tensor, radius: int) -> tuple[Tensor, Tensor]:
    """Return which of all flows up to ``radius`` are the nine round each centre.

    ``centres`` are whole flows, (B, K, 2, h, w). Indices, and whether there is such a flow, are
    (B, K, 9, h, w); where there is none, the index is of the nearest.
    """
    offsets = all_flows(1, centres).long().view(1, 1, 2, 9, 1, 1)
    there = centres.long().unsqueeze(3) + offsets
    is_inside = (there.abs() <= radius).all(dim=2)
    x, y = there.clamp(-radius, radius).unbind(2)
    return (y + radius) * (2 * radius + 1) + x + radius, is_inside


def _around(maps: Tensor) -> Tensor:
    """Return maps (B, c, h, w) at the cells around each cell, (B, c, cells around, h, w).

    The cells around are row by row from the upper left. Beyond the edge its cells are repeated.
    """
    padded = F.pad(maps, [_REACH] * 4, mode="replicate")
    return F.unfold(padded, 2 * _REACH + 1).view(*maps.shape[:2], -1, *maps.shape[-2:])


def _distance(flows: Tensor, others: Tensor) -> Tensor:
    """Return the distance between flows (B, K, 2, h, w) and others, (B, K, h, w)."""
    return torch.hypot(*(flows - others).unbind(2))


def _cosine(maps_0: Tensor, maps_1: Tensor) -> Tensor:
    """Return the cosine over the channels of maps (..., c, h, w), (..., 1, h, w)."""
    lengths = maps_0.square().sum(-3, keepdim=True) * maps_1.square().sum(-3, keepdim=True)
    return (maps_0 * maps_1).sum(-3, keepdim=True) * (lengths + 1e-12).rsqrt()
