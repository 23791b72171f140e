"""Losses of stage 2, on latents and flows, and the augmentation that plays a sample backwards."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.matching import pixel_grid
from nakawari.data.triplet import Triplet


def code_direction_loss(clean: Tensor, target: Tensor, heads: int) -> Tensor:
    """Return one minus the mean cosine between predicted and true code of each head, a scalar.

    The quantiser snaps by direction alone, so this is what decides which code comes out. Both
    latents are (B, C, h, w), C a multiple of ``heads``.
    """
    cosine = F.cosine_similarity(
        clean.unflatten(1, (heads, -1)), target.unflatten(1, (heads, -1)), dim=2
    )
    return 1 - cosine.mean()


def one_way(backwards: Tensor, forth: Tensor, back: Tensor) -> Tensor:
    """Return ``back`` where ``backwards`` (B,) is true, else ``forth``; both are (B, ...)."""
    if not forth.numel():
        return forth  # flows that nobody asked for
    return torch.where(backwards.view(-1, *[1] * (forth.ndim - 1)), back, forth)


def play_backwards(triplet: Triplet, chosen: Tensor) -> Triplet:
    """Swap the neighbours and turn frame_time round where ``chosen`` (B,) is true."""
    swapped = partial(one_way, chosen)

    return triplet._replace(
        frame_0=swapped(triplet.frame_0, triplet.frame_1),
        frame_1=swapped(triplet.frame_1, triplet.frame_0),
        frame_time=swapped(triplet.frame_time, 1 - triplet.frame_time),
        motion_0=swapped(triplet.motion_0, triplet.motion_1),
        motion_1=swapped(triplet.motion_1, triplet.motion_0),
        visible_0=swapped(triplet.visible_0, triplet.visible_1),
        visible_1=swapped(triplet.visible_1, triplet.visible_0),
        flow_01=swapped(triplet.flow_01, triplet.flow_10),
        flow_10=swapped(triplet.flow_10, triplet.flow_01),
    )


def flow_error(of_01: Tensor, of_10: Tensor, triplet: Triplet) -> tuple[Tensor, Tensor]:
    """Return how far off flows between the neighbours are, and how much that weighs.

    What the target shows at p is at ``p + motion_0[p]`` in frame_0 and at ``p + motion_1[p]`` in
    frame_1: so that is where the flow from one to the other leads. Asked of each 4x4 pixels is the
    one where the target changes most, and the more it changes, the more it weighs: a contour must
    go with what it encloses, and what lies beside it, mostly flat, may go along.

    Flows are (B, 2, h, w), of any size. Returns the end-point errors of both in px of the frame,
    (B, 2, H/4, W/4), and weights of the same shape: 0 where a neighbour does not show it.
    """
    change, where = F.pixel_unshuffle(_edges(triplet.target), 4).max(1, keepdim=True)
    height, width = triplet.frame_0.shape[-2:]

    def there(maps: Tensor) -> Tensor:
        blocks = F.pixel_unshuffle(maps, 4).unflatten(1, (maps.shape[1], 16))  # (B, c, 16, h, w)
        return blocks.gather(2, where.unsqueeze(1).expand(-1, maps.shape[1], -1, -1, -1))[:, :, 0]

    place = there(pixel_grid(height, width, triplet.target).expand(len(where), -1, -1, -1))
    to_0, to_1 = there(triplet.motion_0), there(triplet.motion_1)
    extent = of_01.new_tensor([width, height]).view(1, 2, 1, 1)
    errors = []
    for flow, start, whole in ((of_01, to_0, to_1 - to_0), (of_10, to_1, to_0 - to_1)):
        grid = ((2 * (place + start) + 1) / extent - 1).permute(0, 2, 3, 1)
        found = F.grid_sample(flow.float(), grid, padding_mode="border", align_corners=False)
        found = found * extent / flow.new_tensor([flow.shape[-1], flow.shape[-2]]).view(1, 2, 1, 1)
        errors.append(((found - whole).square().sum(1, keepdim=True) + 1e-4).sqrt())
    seen = torch.cat([there(triplet.visible_0), there(triplet.visible_1)], dim=1)
    known = triplet.has_motion.view(-1, 1, 1, 1)
    return torch.cat(errors, dim=1), seen * known * (0.1 + (2 * change).clamp(max=1))


def _edges(frames: Tensor) -> Tensor:
    """Return how much frames (B, 3, H, W) change at each pixel, (B, 1, H, W)."""
    padded = F.pad(frames, [1] * 4, mode="replicate")
    along_x = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).abs()
    along_y = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).abs()
    return (along_x + along_y).amax(1, keepdim=True) / 2


def flow_loss(error: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean of ``error ** 0.7`` (both as of ``flow_error``), a scalar.

    A flow that is off by ten pixels is hardly worse than one that is off by five: what counts is
    how many points find their place.
    """
    return (error**0.7 * weight).sum() / weight.sum().clamp(min=1)
