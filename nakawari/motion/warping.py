"""Backward warping of maps along an optical flow, and arithmetic on flows.

Legend: B batch, C channels, K flows, h/w height and width of the map at hand.
A flow is (B, 2, h, w), (x, y) displacements in pixels of its own map: the point seen at ``p`` is
found in the other frame at ``p + flow[p]``. Motion is (B, 4, h, w): the flow from the drawing at
frame_time to frame_0, then to frame_1.
"""

from functools import partial
from math import gcd

import torch
import torch.nn.functional as F
from torch import Tensor


def pixel_grid(height: int, width: int, like: Tensor) -> Tensor:
    """Return the (x, y) position of each pixel, shape (2, height, width), device of ``like``."""
    y = torch.arange(height, device=like.device, dtype=torch.float32)
    x = torch.arange(width, device=like.device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1])


def warp(image: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Fetch ``image`` at ``p + flow[p]`` for each pixel p (backward warping).

    Positions outside take the nearest pixel inside. ``image`` is (B, C, h, w), ``flow``
    (B, 2, h, w); a zero flow gives the image back. ``mode`` is "bilinear" or "bicubic".
    """
    return warp_along_each(image, flow.unsqueeze(1), mode).squeeze(1)


def warp_along_each(image: Tensor, flows: Tensor, mode: str = "bilinear") -> Tensor:
    """Fetch ``image`` along each of K flows, (B, K, C, h, w), as ``warp`` does along one.

    ``image`` is (B, C, h, w) and ``flows`` (B, K, 2, h, w). The image is not copied for each flow.
    """
    count, _, height, width = flows.shape[1:]
    position = pixel_grid(height, width, image) + flows.float()  # (B, K, 2, h, w)
    size = position.new_tensor([width, height]).view(2, 1, 1)
    # align_corners=False: pixel centres are at (i + 0.5) * 2 / size - 1
    grid = ((2 * position + 1) / size - 1).permute(0, 1, 3, 4, 2).flatten(1, 2)  # (B, Kh, w, 2)
    # In float32 also under mixed precision: bfloat16 resolves positions to half a pixel at best.
    with torch.autocast(image.device.type, enabled=False):
        fetched = _fetch(image.float(), grid, mode)
    return fetched.to(image.dtype).unflatten(2, (count, height)).transpose(1, 2)


def _fetch(image: Tensor, grid: Tensor, mode: str) -> Tensor:
    """Sample an image (B, C, h, w) at a grid (B, h, w, 2) in [-1, 1]."""
    sample = partial(F.grid_sample, mode=mode, padding_mode="border", align_corners=False)
    if image.device.type != "cpu" or len(image) > 1:
        return sample(image, grid)
    # On a CPU the threads divide the samples of a batch among them, but not the rows of a sample.
    # So a single sample is split into equal bands of rows, at most one for each thread.
    bands = gcd(grid.shape[1], torch.get_num_threads())
    fetched = sample(image.expand(bands, -1, -1, -1), grid.unflatten(1, (bands, -1))[0])
    return fetched.transpose(0, 1).flatten(1, 2).unsqueeze(0)


def flow_length(flow: Tensor) -> Tensor:
    """Return how far each point goes, (B, 1, h, w), without gradients.

    This is ``hypot`` because ``norm`` over the channels takes some thirty times as long: 17 ms of
    a core at 512x288.
    """
    return torch.hypot(*flow.detach().split(1, dim=1))


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a flow to ``size`` (h, w) and rescale its displacements to the new pixels.

    Takes any number of flows stacked as (B, 2k, h, w).
    """
    scale_x, scale_y = size[1] / flow.shape[-1], size[0] / flow.shape[-2]
    resized = F.interpolate(flow, size=size, mode="bilinear", align_corners=False)
    return resized * resized.new_tensor([scale_x, scale_y] * (flow.shape[1] // 2)).view(1, -1, 1, 1)


def flow_of(motion: Tensor) -> Tensor:
    """Return the flow from frame_0 to frame_1, (B, 2, h, w), at the places of the drawing.

    ``motion`` is (B, 4, h, w): the flow from the drawing to frame_0, then to frame_1.
    """
    return motion[:, 2:] - motion[:, :2]


def along(flow: Tensor, frame_time: Tensor) -> Tensor:
    """Return the motion (B, 4, h, w) of points that go from frame_0 to frame_1 at constant speed.

    Args:
        flow: from frame_0 to frame_1, at the places of the drawing, (B, 2, h, w).
        frame_time: of the drawing, in (0, 1), shape (B,).
    """
    time = frame_time.view(-1, 1, 1, 1)
    return torch.cat([-time * flow, (1 - time) * flow], dim=1)


def evened(motion: Tensor, frame_time: Tensor | None) -> Tensor:
    """Return motion (B, 4, h, w) corrected to constant speed; unchanged if ``frame_time`` is None.

    Only the flow from frame_0 to frame_1 is kept, in which an error that both flows share cancels.
    Under such an error the two frames still agree, so nothing in them reveals it. But the drawing
    is displaced: a straight line becomes wavy.
    """
    return motion if frame_time is None else along(flow_of(motion), frame_time)
