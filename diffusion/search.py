"""The search for the motion of a drawing's parts, among all flows up to a radius.

Every flow is a class. The keys by which the frames are compared are trained as a classifier, and so
is the choice that each step of the U-Net makes. A network that regresses flows learns the mean of
two possible motions, which is neither of them.

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
"""Channels of the feature maps."""
_KEYS = 64
"""Channels of the keys that see far surroundings."""
_NEAR_KEYS = 32
"""Channels of the keys that see near surroundings only."""
_KINDS = 32
"""Channels of the embedding by which points of the same kind are found."""
_NEAR = 2
"""Radius of the mean around the likeliest flow, in cells. The mean gives the flow to a fraction of
a cell."""
_LEAST_VOTES = 1e-4
"""Added to a flow's share of the votes before its logarithm is taken, so that it stays finite."""
_AGAINST_REST = 6.0
"""Taken from the logits of flows that are within a cell of no motion, where most of a picture
stands still. Most cells of the training's cels stand still, so inside flat colours the search
answers with no motion. What moves over a still ground lost its colours to it. The choice among the
candidates can still decide for rest: it is the likeliest flow of the whole picture, whose votes are
counted without this."""
_STILL = (0.4, 0.6)
"""Share of a picture's votes for no motion. Up to the first, nothing is taken from the logits; from
the second on, all of ``_AGAINST_REST``. Under a pan the ground moves and a held figure must be able
to stand: in the sample clip's pan, whose share is 0.30 to 0.36, its hair came off."""
_AGREEING = 3
"""Side of the square of points that vote together, in points of the map."""


class Logits(NamedTuple):
    """Logits of all flows by the points of either frame, at the places of the drawing."""

    of_0: Tensor  # (B, n, h, w)
    of_1: Tensor  # (B, n, h, w)

    @property
    def both(self) -> Tensor:
        """The mean of both, (B, n, h, w): the logits for what is visible in both frames."""
        return (self.of_0 + self.of_1) / 2

    def as_seen(self, visible: Tensor) -> Tensor:
        """Return the logits by the frames that show a place; ``visible`` is (B, 2, h, w) in {0, 1}.

        What one frame hides has no match there, but points of its kind in the other frame may tell
        its flow. Where both frames or neither show a place, the mean of both counts.
        """
        in_0, in_1 = (visible > 0.5).split(1, dim=1)
        return torch.where(in_0 == in_1, self.both, torch.where(in_0, self.of_0, self.of_1))


class Votes(NamedTuple):
    """The probabilities of all flows by the search, on a step's map.

    Where no more is said, they are those of ``against_rest``.
    """

    shares: Tensor  # (B, n, h, w), mean over the cell's points; they sum to one
    shares_0: Tensor  # (B, n, h, w), by frame_0 alone, whose logits are zero beyond its edge
    shares_1: Tensor  # (B, n, h, w), by frame_1 alone
    everywhere: Tensor  # (B, n, 1, 1), mean over the whole picture; rest counts as any other flow
    evidence: Tensor  # (B, c, h, w), features of the shares for the U-Net; rest counts likewise

    @property
    def flow(self) -> Tensor:
        """The flow with most votes, (B, 2, h, w), in cells of 8 pixels."""
        logits = (self.shares + _LEAST_VOTES).log()
        return likeliest(logits, (math.isqrt(self.shares.shape[1]) - 1) // 2)

    def pooled(self, scale: int) -> "Votes":
        """Return the votes on a map pooled by ``scale``, a power of two."""
        if scale == 1:
            return self
        of_cells = (self.shares, self.shares_0, self.shares_1, self.evidence)
        shares, shares_0, shares_1, evidence = map(halve, of_cells)
        halved = Votes(shares, shares_0, shares_1, self.everywhere, evidence)
        return halved.pooled(scale // 2)


class Choice(NamedTuple):
    """The candidate flows of each cell, and how likely each of them is."""

    flows: Tensor  # (B, K, 2, h, w)
    logits: Tensor  # (B, K, h, w)

    @property
    def flow(self) -> Tensor:
        """The most likely candidate, (B, 2, h, w), without gradients."""
        index = self.logits.argmax(dim=1)[:, None, None].expand(-1, 1, 2, -1, -1)
        return self.flows.detach().gather(1, index).squeeze(1)


class Search(nn.Module):
    """Compares both frames along every flow, by keys that are trained for it."""

    def __init__(self, feature_channels: int, radius: int) -> None:
        """Build it.

        Args:
            feature_channels: channels of the encoder's features at 1/4.
            radius: largest flow to each side, in cells of 8 pixels.
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
        # The last channel tells how much a point relies on the other points of its kind.
        self.kind = nn.Conv2d(_WIDTH, _KINDS + 1, 1)
        self.log_near_share = nn.Parameter(torch.tensor(0.0))
        self.log_temperature = nn.Parameter(torch.tensor(0.1).log())
        self.log_nearness = nn.Parameter(torch.tensor(0.02).log())
        self.log_company = nn.Parameter(torch.tensor(1.0).log())

    def forward(self, features_0: Tensor, features_1: Tensor) -> tuple[Tensor, Tensor]:
        """Return the similarity of both frames along each flow, at the places of either frame.

        Both results are (B, n, h, w), and do not depend on frame_time. ``features_0`` and
        ``features_1`` are (B, c, H/4, W/4).
        """
        entered = self.enter(torch.cat([features_0, features_1]))
        seen = self.look(entered)
        # Where a figure passes a background, or passes behind something, the far surroundings of a
        # point move differently from it. So keys of its near surroundings are compared as well.
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
        """Add to each point's similarities the mean similarities of the points of its kind.

        The mean is weighted by similarity of kind and by nearness. A flat colour, or a pattern that
        repeats, does not tell how far it moved, but the contour of the same thing does. A thin line
        needs no others, and the ground around it is of another kind. ``volume`` is
        (B, n, h, w) and ``kinds`` (B, k + 1, h, w), of one frame.
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
    """Return the probability of each flow by logits (B, n, h, w), averaged over 3x3 points."""
    return box_mean(logits, _AGREEING).softmax(dim=1)


def against_rest(logits: Tensor, everywhere: Tensor) -> Tensor:
    """Return logits (B, n, h, w) that are lower for flows within a cell of no motion.

    They are lower only in pictures that mostly stand still by ``everywhere``, the votes
    (B, n, 1, 1) of the whole picture.
    """
    radius = (math.isqrt(logits.shape[1]) - 1) // 2
    is_rest = (all_flows(radius, logits).abs() <= 1).all(dim=0).view(1, -1, 1, 1)
    none, all_of_it = _STILL
    standing = (everywhere * is_rest).sum(dim=1, keepdim=True)
    amount = ((standing - none) / (all_of_it - none)).clamp(0, 1)
    return logits - _AGAINST_REST * amount * is_rest


def certainty(logits: Tensor) -> Tensor:
    """Return the probability of the likeliest flow, mean over all places, (B,) in [0, 1].

    It is low where most of the picture moves farther than the radius: no flow stands out there.
    """
    return votes(logits).amax(dim=1).mean(dim=(1, 2))


def all_flows(radius: int, like: Tensor) -> Tensor:
    """Return the flows (x, y) that are compared, in cells, (2, n)."""
    offsets = torch.arange(-radius, radius + 1, device=like.device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(offsets, offsets, indexing="ij")[::-1]).flatten(1)


def likeliest(logits: Tensor, radius: int) -> Tensor:
    """Return the likeliest flow (B, 2, h, w) by logits (B, n, h, w), without gradients.

    It is the mean of the flows within two cells of the highest logit, weighted by probability.
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
    """Return the bilinear share of each class in a flow (B, 2, h, w), (B, n, h, w).

    The shares sum to one, and for a flow beyond the radius to less, or to zero.
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
