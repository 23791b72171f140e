"""Finding how far a drawing's parts go from frame to frame, among all flows up to a radius.

Every flow is a class. The keys that the frames are compared by are learnt as a classifier is, and
so is the choice that each step of the U-Net makes: halfway between two motions lies neither, but a
network that answers with numbers learns just that.

Legend: B batch, h/w latent size (H/8, W/8) divided by a step's scale, n = (2 * radius + 1)**2
flows, row by row from the upper left. A flow goes from frame_0 to frame_1, at the places of the
drawing, in cells of 8 pixels whatever the map.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers.models.downsampling import Downsample2D
from torch import Tensor, nn

from autoencoder.layers import residual_block
from autoencoder.matching import at_drawing, cost_volume, unit_length
from nakawari.motion.pooling import box_mean, halve
from nakawari.motion.warping import pixel_grid

_WIDTH = 96
_KEYS = 64
_NEAR_KEYS = 32
_KINDS = 32
_NEAR = 2
"""Cells round the likeliest flow that are averaged: it is then known to a fraction of a cell."""
NEAR = 1.5
"""Cells from the true flow up to which a candidate is worth something."""
_LEAST_VOTES = 1e-4
"""Added to the share of the votes that a flow has before its logarithm is taken."""
_AGREEING = 3
"""Cells, of a side of the square whose points look for a flow together."""


class Logits(NamedTuple):
    """What either frame says of all flows, at the places of the drawing."""

    of_0: Tensor  # (B, n, h, w)
    of_1: Tensor  # (B, n, h, w)

    @property
    def both(self) -> Tensor:
        """What both say together, (B, n, h, w): the logits of what can be seen in both."""
        return (self.of_0 + self.of_1) / 2

    def as_seen(self, visible: Tensor) -> Tensor:
        """Return those of the frames that a place is ``visible`` in, (B, 2, h, w) in {0, 1}.

        What is hidden in one frame has no fellow there, but the other may know by its company.
        """
        in_0, in_1 = (visible > 0.5).split(1, dim=1)
        return torch.where(in_0 == in_1, self.both, torch.where(in_0, self.of_0, self.of_1))


class Votes(NamedTuple):
    """What both frames say of all flows, on a step's map."""

    shares: Tensor  # (B, n, h, w), of the votes of the cell's points; they sum to one
    shares_0: Tensor  # (B, n, h, w), as frame_0 alone votes; past its rim it does not
    shares_1: Tensor  # (B, n, h, w)
    evidence: Tensor  # (B, c, h, w), what the network reads of them

    @property
    def flow(self) -> Tensor:
        """The flow that most votes are for, (B, 2, h, w) in cells of 8 pixels."""
        logits = (self.shares + _LEAST_VOTES).log()
        return likeliest(logits, (math.isqrt(self.shares.shape[1]) - 1) // 2)

    def pooled(self, scale: int) -> "Votes":
        """Return them on a map pooled by ``scale``."""
        return self if scale == 1 else Votes(*map(halve, self)).pooled(scale // 2)


class Choice(NamedTuple):
    """How likely each of a few flows is at each cell."""

    flows: Tensor  # (B, K, 2, h, w)
    logits: Tensor  # (B, K, h, w)

    @property
    def flow(self) -> Tensor:
        """The one that most is near to, (B, 2, h, w), no gradients.

        Several candidates may be nearly the same flow: what is probable is counted together.
        """
        with torch.no_grad():
            shares = self.logits.softmax(dim=1)
            apart = self.flows.unsqueeze(1) - self.flows.unsqueeze(2)  # (B, K, K, 2, h, w)
            worth = (1 - torch.hypot(*apart.unbind(3)) / NEAR).clamp(min=0)
            best = (worth * shares.unsqueeze(1)).sum(2).argmax(dim=1)  # (B, h, w)
            index = best[:, None, None].expand(-1, 1, 2, -1, -1)
            return self.flows.gather(1, index).squeeze(1)


class Search(nn.Module):
    """Compares both frames along every flow, by keys of its own."""

    def __init__(self, feature_channels: int, radius: int) -> None:
        """Build it.

        Args:
            feature_channels: of the encoder's features at 1/4.
            radius: of the flows, in cells of 8 pixels.
        """
        super().__init__()
        self.radius = radius
        self.enter = Downsample2D(feature_channels, True, out_channels=_WIDTH, padding=1, name="op")
        self.near_key = nn.Sequential(nn.SiLU(), nn.Conv2d(_WIDTH, _NEAR_KEYS, 1))
        self.look = nn.Sequential(
            residual_block(_WIDTH),
            residual_block(_WIDTH),
            nn.GroupNorm(8, _WIDTH),
            nn.SiLU(),
        )
        self.key = nn.Conv2d(_WIDTH, _KEYS, 1)
        # The last channel: how much a point listens to its company.
        self.kind = nn.Conv2d(_WIDTH, _KINDS + 1, 1)
        self.log_near_share = nn.Parameter(torch.tensor(0.0))
        self.log_temperature = nn.Parameter(torch.tensor(0.1).log())
        self.log_nearness = nn.Parameter(torch.tensor(0.02).log())
        self.log_company = nn.Parameter(torch.tensor(1.0).log())

    def forward(self, features_0: Tensor, features_1: Tensor) -> tuple[Tensor, Tensor]:
        """Return how alike both frames are along each flow, at the places of either frame.

        Both are (B, n, h, w) and belong to an interval, whatever is drawn in it. ``features_0`` and
        ``features_1`` are (B, c, H/4, W/4).
        """
        entered = self.enter(torch.cat([features_0, features_1]))
        seen = self.look(entered)
        # What lies far round a point moves otherwise than the point where a figure passes a ground,
        # or something that stands before it: keys of its near surroundings are compared as well.
        near = self.log_near_share.exp() * unit_length(self.near_key(entered))
        keys_0, keys_1 = torch.cat([unit_length(self.key(seen)), near], dim=1).chunk(2)
        kinds_0, kinds_1 = self.kind(seen).chunk(2)
        of_0 = cost_volume(keys_0, keys_1, self.radius).float()
        of_1 = at_drawing(of_0, of_0.new_ones(len(of_0)))
        return self._in_company(of_0, kinds_0), self._in_company(of_1, kinds_1)

    def logits(self, volume_0: Tensor, volume_1: Tensor, frame_time: Tensor) -> Logits:
        """Return the logits of all flows at each place of the drawing.

        ``volume_0`` and ``volume_1`` are what ``forward`` returns, ``frame_time`` (B,) in (0, 1).
        """
        there = at_drawing(volume_0, frame_time), at_drawing(volume_1, frame_time - 1)
        return Logits(*(volume / self.log_temperature.exp() for volume in there))

    def _in_company(self, volume: Tensor, kinds: Tensor) -> Tensor:
        """Add to what each point tells of the flows what the points of its kind tell together.

        A flat colour, or a pattern that repeats, does not tell how far it went; the contour of the
        same thing does. A thin line knows by itself, and the ground around it is no company.
        ``volume`` is (B, n, h, w) and ``kinds`` (B, k + 1, h, w), of one frame.
        """
        kinds, need = kinds.split([_KINDS, 1], dim=1)
        height, width = volume.shape[-2:]
        size = (-(-height // 2), -(-width // 2))
        others = F.adaptive_avg_pool2d(kinds, size).flatten(2)  # (B, k, M)
        told = F.adaptive_avg_pool2d(volume, size).flatten(2)  # (B, n, M)
        place = pixel_grid(height, width, volume).flatten(1).T  # (N, 2)
        there = 2 * pixel_grid(*size, volume).flatten(1).T + 0.5
        near = self.log_nearness.exp() * torch.cdist(place, there).square()  # (N, M)
        alike = kinds.flatten(2).transpose(1, 2) @ others / _KINDS**0.5  # (B, N, M)
        share = (alike.float() - near).softmax(dim=-1)
        company = (told @ share.transpose(1, 2)).view_as(volume)
        return volume + self.log_company.exp() * need.sigmoid() * company


def votes(logits: Tensor) -> Tensor:
    """Return the probability of each flow by logits (B, n, h, w), neighbours agreeing."""
    return box_mean(logits, _AGREEING).softmax(dim=1)


def certainty(logits: Tensor) -> Tensor:
    """Return the probability of the likeliest flow, mean over all places, (B,) in [0, 1].

    Where most goes further than the radius, no flow has more votes than others.
    """
    return votes(logits).amax(dim=1).mean(dim=(1, 2))


def all_flows(radius: int, like: Tensor) -> Tensor:
    """Return the flows (x, y) that are compared, (2, n)."""
    offsets = torch.arange(-radius, radius + 1, device=like.device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(offsets, offsets, indexing="ij")[::-1]).flatten(1)


def likeliest(logits: Tensor, radius: int) -> Tensor:
    """Return the flow (B, 2, h, w) round which logits (B, n, h, w) are highest, no gradients.

    It is the mean of the flows within two cells of the highest, as far as they are likely.
    """
    with torch.no_grad():
        flows = all_flows(radius, logits)
        best = flows[:, logits.argmax(dim=1)].transpose(0, 1)  # (B, 2, h, w)
        across = torch.arange(-_NEAR, _NEAR + 1, device=logits.device)
        there = best.long().unsqueeze(2) + across.view(1, 1, -1, 1, 1)  # (B, 2, 5, h, w)
        x, y = there[:, 0].unsqueeze(1), there[:, 1].unsqueeze(2)
        inside = (x.abs() <= radius) & (y.abs() <= radius)  # (B, 5, 5, h, w)
        index = (y + radius) * (2 * radius + 1) + x + radius
        near = logits.gather(1, index.clamp(0, flows.shape[1] - 1).flatten(1, 2))
        near = near.masked_fill(~inside.flatten(1, 2), -torch.inf).softmax(dim=1)
        near = near.view_as(index)
        place = torch.stack([near.sum(1), near.sum(2)], dim=1)  # (B, 2, 5, h, w), by x, by y
        return best + (place * across.view(1, 1, -1, 1, 1)).sum(2)


def classes(flow: Tensor, radius: int) -> Tensor:
    """Return how much of a flow (B, 2, h, w) each class has, (B, n, h, w): bilinear, sum one.

    A flow beyond the radius has less, or nothing, of any.
    """
    offsets = torch.arange(-radius, radius + 1, device=flow.device).view(1, -1, 1, 1)
    across, down = ((1 - (one - offsets).abs()).clamp(min=0) for one in flow.split(1, dim=1))
    return (down.unsqueeze(2) * across.unsqueeze(1)).flatten(1, 2)


def choice_error(logits: Tensor, flow: Tensor, weight: Tensor, radius: int) -> Tensor:
    """Return the mean cross-entropy of logits (B, n, h, w) for the true flow, a scalar.

    ``weight`` is (B, 1, h, w); a flow beyond the radius does not count.
    """
    true = classes(flow, radius)
    entropy = -(true * F.log_softmax(logits, dim=1)).sum(dim=1, keepdim=True)
    return (entropy * weight).sum() / weight.sum().clamp(min=1)
