"""Finding where the points of one feature map are in another.

Legend: B batch, C channels, h/w height and width of the map at hand, N = h * w.
A flow is (B, 2, h, w), (x, y) displacements in pixels of its own map: the point seen at ``p`` is
found in the other frame at ``p + flow[p]``.
"""

from math import isqrt
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.motion.warping import pixel_grid, warp

# Rows of the similarity matrix that are computed at once. 1080p has 8,160 cells at 1/16: their
# whole matrix would take 266 MB, and several tensors of that size are needed.
_QUERIES_AT_ONCE = 512


class Match(NamedTuple):
    """Where each point was found, and with which confidence."""

    flow: Tensor  # (B, 2, h, w), pixels of this map
    confidence: Tensor  # (B, 1, h, w) in (0, 1], the probability of the likeliest key


def unit_length(maps: Tensor) -> Tensor:
    """Normalise maps (B, C, h, w) over C, in a tenth of ``F.normalize``'s time on a CPU."""
    return maps * (maps.square().sum(1, keepdim=True) + 1e-12).rsqrt()


def global_match(queries: Tensor, keys: Tensor, temperature: Tensor, nearness: Tensor) -> Match:
    """Match every query against every key, after GMFlow (Xu et al., CVPR 2022, eqs. 1 to 3).

    The flow is the expected position under ``softmax(cosine / temperature - nearness * d**2)``,
    where d is the distance in cells. So among equal keys of a flat colour the nearest wins.

    Args:
        queries, keys: (B, C, h, w), of equal shape.
        temperature: of the softmax, a positive scalar.
        nearness: weight of the squared distance [1 / cell**2], a positive scalar.
    """
    batch, _, height, width = queries.shape
    queries = F.normalize(queries.flatten(2), dim=1)  # (B, C, N)
    keys = F.normalize(keys.flatten(2), dim=1)
    position = pixel_grid(height, width, queries).flatten(1).T  # (N, 2), float32
    flows, confidences = [], []
    for start in range(0, height * width, _QUERIES_AT_ONCE):
        rows = slice(start, start + _QUERIES_AT_ONCE)
        here = position[rows]
        similarity = (queries[..., rows].transpose(1, 2) @ keys).float()  # (B, n, N)
        logits = similarity / temperature - nearness * torch.cdist(here, position).square()
        probability = logits.softmax(dim=-1)
        with torch.autocast(here.device.type, enabled=False):
            flows.append(probability @ position - here)  # (B, n, 2)
        confidences.append(probability.amax(dim=-1))
    flow = torch.cat(flows, dim=1).transpose(1, 2).reshape(batch, 2, height, width)
    confidence = torch.cat(confidences, dim=1).reshape(batch, 1, height, width)
    return Match(flow, confidence)


def local_correlation(queries: Tensor, keys: Tensor, flow: Tensor, radius: int) -> Tensor:
    """Return the cosine of each query with the keys around the place that its flow points to.

    ``queries`` and ``keys`` are (B, C, h, w), ``flow`` is (B, 2, h, w). The result is that of
    ``correlation``.
    """
    queries, keys = unit_length(queries), unit_length(keys)
    return correlation(queries, warp(keys, flow), radius)


def correlation(queries: Tensor, keys: Tensor, radius: int) -> Tensor:
    """Return the dot products of each query with the keys around the same place.

    After PWC-Net (Sun et al., CVPR 2018, eq. 3). ``queries`` and ``keys`` are unit vectors,
    (B, C, h, w). The result is (B, (2 * radius + 1)**2, h, w) in [-1, 1], the offsets row by row
    from the upper left. It is zero for keys outside the map.
    """
    height, width = queries.shape[-2:]
    keys = F.pad(keys, [radius] * 4)
    window = range(2 * radius + 1)
    return torch.stack(
        [
            (queries * keys[..., y : y + height, x : x + width]).sum(1)
            for y in window
            for x in window
        ],
        dim=1,
    )


def symmetric_correlation(
    maps_0: Tensor, maps_1: Tensor, frame_time: Tensor, radius: int
) -> Tensor:
    """Return the correlation of both maps along every flow, at the places of a drawing between.

    After the bilateral cost volume of Park et al. (ECCV 2020, eq. 2). Along a flow ``d``, the
    drawing's place ``p`` at ``frame_time`` is ``p - frame_time * d`` in ``maps_0`` and
    ``p + (1 - frame_time) * d`` in ``maps_1``. So a small thing is compared with itself where it is
    to be drawn, not where it was. The correlation is zero outside the maps.

    Args:
        maps_0, maps_1: unit vectors, (B, C, h, w).
        frame_time: of the drawing, in [0, 1], shape (B,).
        radius: largest flow to each side, in pixels of the map.

    Returns:
        (B, (2 * radius + 1)**2, h, w) in [-1, 1], the flows row by row from the upper left.
    """
    return at_drawing(cost_volume(maps_0, maps_1, radius), frame_time)


def cost_volume(maps_0: Tensor, maps_1: Tensor, radius: int) -> Tensor:
    """Return the dot products of each point of ``maps_0`` with all of ``maps_1`` in a radius.

    This is ``symmetric_correlation`` at frame_time 0: (B, (2 * radius + 1)**2, h, w).
    """
    batch, _, height, width = maps_0.shape
    span = 2 * radius + 1
    queries = maps_0.permute(0, 2, 3, 1)  # (B, h, w, C)
    keys = F.pad(maps_1, [radius] * 4).permute(0, 2, 1, 3)  # (B, h + 2r, C, w + 2r)
    rows = []
    for down in range(span):
        # The products of each point of a row with all of the other row are (B, h, w, w + 2r).
        # Read with rows that are one longer, column d has the products of x with x + d.
        products = (queries @ keys[:, down : down + height]).flatten(2)
        rows.append(F.pad(products, [0, width]).unflatten(2, (width, -1))[..., :span])
    volume = torch.stack(rows, dim=1)  # (B, dy, h, w, dx)
    return volume.permute(0, 1, 4, 2, 3).reshape(batch, span**2, height, width)


def at_drawing(volume: Tensor, frame_time: Tensor) -> Tensor:
    """Move a cost volume from the places of frame_0 to those of the drawing, (B, n, h, w).

    ``volume`` is (B, n, h, w), with the n flows of a square row by row. The map of each flow ``d``
    is moved by ``frame_time * d``; a negative time moves it back. Beyond the map's edge are zeros.
    """
    batch, flows, height, width = volume.shape
    span = isqrt(flows)
    volume = volume.view(batch, span, span, height, width).permute(0, 1, 3, 4, 2)
    volume = _moved(frame_time, span, height, volume) @ volume.flatten(3)  # (B, dy, h, w * dx)
    volume = volume.view(batch, span, height, width, span).permute(0, 4, 3, 1, 2)
    volume = _moved(frame_time, span, width, volume) @ volume.flatten(3)  # (B, dx, w, dy * h)
    volume = volume.view(batch, span, width, span, height).permute(0, 3, 1, 4, 2)
    return volume.reshape(batch, span**2, height, width)


def _moved(frame_time: Tensor, span: int, length: int, like: Tensor) -> Tensor:
    """Return matrices that move a line of points by ``frame_time * d``, (B, span, length, length).

    ``d`` goes from ``-(span // 2)`` to ``span // 2``. Between two points they interpolate linearly.
    """
    place = torch.arange(length, device=like.device)
    offsets = torch.arange(span, device=like.device) - span // 2
    moved = frame_time.float().view(-1, 1, 1, 1) * offsets.view(1, -1, 1, 1)
    apart = place.view(-1, 1) - moved - place
    return (1 - apart.abs()).clamp(min=0).to(like.dtype)
