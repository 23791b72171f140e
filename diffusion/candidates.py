"""Which flows a cell may follow, and which of them it does follow.

What is seen in one frame only cannot be found by comparing both, and a pattern that repeats is
found everywhere. What lies around goes the right way most often: so a step proposes a few flows for
each cell, from what the cell itself, its surroundings and the whole picture voted for, and compares
both frames along each of them. One network judges all of them, and is not told where a flow leads:
it cannot learn how far the training's cels go.

Inside a flat colour every flow looks alike. So the cells judge several times, and each time they
hear what the cells around them think, above all those that show the same.

Legend: B batch, K candidates, n flows of the search, h/w size of a step's map. A flow goes from
frame_0 to frame_1, at the places of the drawing, in cells of 8 pixels whatever the map.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autoencoder.matching import unit_length
from diffusion.conditions import Estimate, both_warped
from diffusion.search import NEAR, Choice, Votes, all_flows
from nakawari.motion.pooling import box_mean
from nakawari.motion.warping import along, flow_of

OWN, AROUND, EVERYWHERE = 2, 3, 2
"""Flows that are proposed: by the cell's own votes, those around it, and all of the picture's."""
_AROUND = 9
"""Cells of a side of the square that is around a cell."""
_LEAST_VOTES = 1e-4
"""Added to the share of the votes that a flow has, so that none is out of the question."""
_FAR = 4.0
"""Cells: a candidate that is further from the flow so far is just far."""
_WIDTH = 64
_OF_VOTES = 5
_OF_COMPARISON = 5
_REACH = 2
"""Cells round a cell that are heard."""
_ROUNDS = 3
"""Times that the cells judge. The first time they know the flow so far of the cells around."""
_SHOWN = 16
"""Channels of what a cell shows along a candidate, by which cells of the same thing are known."""
_NEARLY_NOTHING = 0.02
"""Standard deviation of the weights that judge before any training."""


class Chooser(nn.Module):
    """Judges candidates by the votes for them, and by what both frames show along them."""

    def __init__(self, key_channels: int, hidden_channels: int) -> None:
        """Build it.

        Args:
            key_channels: of the maps that the frames are compared by.
            hidden_channels: of what the step before goes on with.
        """
        super().__init__()
        seen = 2 * key_channels + _OF_COMPARISON
        # What it was before, which of two frames the cell was seen in, and frame_time.
        self.of_cell = nn.Conv2d(hidden_channels + 2 + 1, _WIDTH, 1)
        # What is seen along it, its votes, and how far it is from the flow so far.
        self.of_candidate = nn.Conv2d(seen + _OF_VOTES + 1, _WIDTH, 1)
        # How many of the cells around are of its mind, and how many of those of the same thing.
        self.of_company = nn.Conv2d(2, _WIDTH, 1, bias=False)
        # Which of the cells round a cell are of the same thing: by where they lie, and by what
        # they show.
        self.fellows = nn.Conv2d(hidden_channels, (2 * _REACH + 1) ** 2, 1)
        self.shown = nn.Conv2d(seen, _SHOWN, 1)
        # Untrained, it follows the votes of the cell itself.
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
            so_far: what is known before the step, on maps of the same size.
            keys: what both frames are compared by, (B, c, h, w) each.
            closer: the same for places half as large, (B, j, 2h, 2w) each.
            frame_time: in (0, 1), shape (B,).
            scale: by which the maps are pooled: a cell is ``8 * scale`` pixels.
        """
        time = frame_time.view(-1, 1, 1, 1)
        before = flow_of(so_far.motion) * scale
        # The steps teach the keys: fetching so many would be dear on the way back.
        with torch.no_grad():
            flows, votes = propose(found, before)
            seen = _seen_along(flows / scale, keys, closer, frame_time)
            apart = (_distance(flows, before.unsqueeze(1)).unsqueeze(2) / _FAR).clamp(max=1)
            agree = agreement(flows)
        count = flows.shape[1]
        told = torch.cat([seen, votes, apart], dim=2).flatten(0, 1)
        of_candidate = self.of_candidate(told).unflatten(0, (-1, count))
        known = [so_far.hidden, so_far.visible, time.expand(-1, 1, *before.shape[-2:])]
        known = of_candidate + self.of_cell(torch.cat(known, dim=1)).unsqueeze(1)
        shown = self.shown(seen.flatten(0, 1)).unflatten(0, (-1, count))
        by_place = self.fellows(so_far.hidden).unsqueeze(1)
        # At first each cell is of the mind that it follows the flow so far, which is the first.
        logits = votes[:, :, 0]
        belief = torch.zeros_like(logits)
        belief[:, 0] = 1
        for _ in range(_ROUNDS):
            company = self._company(belief, agree, shown, by_place).flatten(0, 1)
            judged = self.judge(known.flatten(0, 1) + self.of_company(company))
            logits = votes[:, :, 0] + judged.float().view_as(belief)
            belief = logits.softmax(dim=1)
        return Choice(flows, logits)

    def _company(self, belief: Tensor, agree: Tensor, shown: Tensor, by_place: Tensor) -> Tensor:
        """Return how many of the cells around are of each candidate's mind, (B, K, 2, h, w).

        Of all, and of those that show what the cell shows along the candidate. ``belief`` is how
        likely each cell holds its candidates to be, (B, K, h, w), ``agree`` from ``agreement``,
        ``shown`` (B, K, c, h, w), and ``by_place`` (B, 1, cells around, h, w).
        """
        with_it = (agree * _around(belief).unsqueeze(1)).sum(2)  # (B, K, cells around, h, w)
        others = _around((belief.unsqueeze(2) * shown).sum(1))  # (B, c, cells around, h, w)
        alike = torch.einsum("bkchw,bcnhw->bknhw", shown, others) / _SHOWN**0.5
        fellows = (alike + by_place).softmax(dim=2)
        return torch.stack([with_it.mean(2), (with_it * fellows).sum(2)], dim=2)


def propose(found: Votes, before: Tensor) -> tuple[Tensor, Tensor]:
    """Return the flow so far and others, (B, K, 2, h, w), and what votes they have.

    The second is (B, K, 5, h, w): the logarithms of the share of the votes within a cell of each:
    the cell's own, around it, of the picture, and the cell's as either frame alone votes.
    """
    around = box_mean(found.shares, _AROUND)
    everywhere = found.shares.mean(dim=(2, 3), keepdim=True)
    size = before.shape[-2:]
    of_all = likeliest_flows(everywhere, EVERYWHERE).expand(-1, -1, -1, *size)
    of_some = likeliest_flows(around, AROUND)
    flows = torch.cat(
        [before.unsqueeze(1), likeliest_flows(found.shares, OWN), of_some, of_all], dim=1
    )
    shares = (found.shares, around, everywhere.expand_as(around), found.shares_0, found.shares_1)
    votes = [(votes_near(one, flows) + _LEAST_VOTES).log() for one in shares]
    return flows, torch.stack(votes, dim=2)


def likeliest_flows(shares: Tensor, count: int) -> Tensor:
    """Return the ``count`` flows that have more votes (B, n, h, w) than any next to them.

    They are (B, count, 2, h, w), the likeliest first, each the mean of those within a cell of it.
    Where there are fewer, the rest have hardly any votes.
    """
    radius = (math.isqrt(shares.shape[1]) - 1) // 2
    flows = all_flows(radius, shares)
    peaks = torch.where(_is_peak(shares), shares, 0)
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
    """Return the share of the votes (B, n, h, w) within a cell of each flow (B, K, 2, h, w)."""
    return _within_a_cell(shares, flows.round())[0].sum(2)


def _seen_along(
    flows: Tensor, keys: tuple[Tensor, Tensor], closer: tuple[Tensor, Tensor], frame_time: Tensor
) -> Tensor:
    """Return what both frames show along flows in cells of the map, (B, K, 2 * c + 5, h, w).

    The keys of either, how alike they are, and the same for the four places of each cell.
    ``flows`` are (B, K, 2, h, w), the rest as in ``Chooser.forward``.
    """
    count = flows.shape[1]
    motion = along(flows.flatten(0, 1), frame_time.repeat_interleave(count))
    from_0, from_1 = both_warped(_repeat(keys[0], count), _repeat(keys[1], count), motion)
    finer = 2 * F.interpolate(motion, scale_factor=2, mode="nearest")
    near = both_warped(_repeat(closer[0], count), _repeat(closer[1], count), finer)
    alike = F.pixel_unshuffle(_cosine(*near), 2)
    told = torch.cat([from_0, from_1, _cosine(from_0, from_1), alike], dim=1)
    return told.unflatten(0, (-1, count))


def agreement(flows: Tensor) -> Tensor:
    """Return how near each of flows (B, K, 2, h, w) is to each of the cells around.

    The result is (B, K, K, cells around, h, w) in [0, 1]: by the cell's flow, the other's flow, and
    the other's place, row by row from the upper left. Past the rim the flows of the rim go on.
    """
    # In place where it can be: it is large, and taking memory would cost more than the sums.
    across, down = (
        (here.unsqueeze(2).unsqueeze(2) - _around(here).unsqueeze(1)).square_()
        for here in flows.unbind(2)
    )
    return across.add_(down).sqrt_().div_(-NEAR).add_(1).clamp_(min=0)


def candidate_error(choice: Choice, flow: Tensor, weight: Tensor) -> Tensor:
    """Return how improbable what is near the true flow (B, 2, h, w) is held to be, a scalar.

    ``weight`` is (B, 1, h, w); where no candidate is near, nothing counts.
    """
    apart = _distance(choice.flows, flow.unsqueeze(1)).detach()
    worth = (1 - apart / NEAR).clamp(min=0)  # (B, K, h, w)
    best = worth.amax(dim=1, keepdim=True)
    chosen = (choice.logits.softmax(dim=1) * worth).sum(dim=1, keepdim=True) / best.clamp(min=1e-6)
    weight = weight * (best > 0)
    return -((chosen + 1e-6).log() * weight).sum() / weight.sum().clamp(min=1)


def _is_peak(shares: Tensor) -> Tensor:
    """Return where a flow has as many votes (B, n, h, w) as any of those round it."""
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
    """Return what the nine flows round each of ``centres`` have, (B, K, 9, h, w).

    ``centres`` are whole flows, (B, K, 2, h, w); what lies past the radius has nothing. The second
    result are the offsets of the nine, (2, 9).
    """
    radius = (math.isqrt(shares.shape[1]) - 1) // 2
    offsets = all_flows(1, shares)
    there = centres.long().unsqueeze(3) + offsets.long().view(1, 1, 2, 9, 1, 1)
    is_inside = (there.abs() <= radius).all(dim=2)  # (B, K, 9, h, w)
    x, y = there.clamp(-radius, radius).unbind(2)
    index = (y + radius) * (2 * radius + 1) + x + radius
    return shares.gather(1, index.flatten(1, 2)).view_as(index) * is_inside, offsets


def _around(maps: Tensor) -> Tensor:
    """Return maps (B, c, h, w) at the cells round each cell, (B, c, cells around, h, w).

    Row by row from the upper left; past the rim the rim goes on.
    """
    padded = F.pad(maps, [_REACH] * 4, mode="replicate")
    return F.unfold(padded, 2 * _REACH + 1).view(*maps.shape[:2], -1, *maps.shape[-2:])


def _repeat(maps: Tensor, count: int) -> Tensor:
    """Return each of maps (B, c, h, w) ``count`` times, (B * count, c, h, w)."""
    return maps.unsqueeze(1).expand(-1, count, -1, -1, -1).flatten(0, 1)


def _distance(flows: Tensor, others: Tensor) -> Tensor:
    """Return how far apart flows (B, K, 2, h, w) and others are, (B, K, h, w)."""
    return torch.hypot(*(flows - others).unbind(2))


def _cosine(maps_0: Tensor, maps_1: Tensor) -> Tensor:
    return (unit_length(maps_0) * unit_length(maps_1)).sum(1, keepdim=True)
