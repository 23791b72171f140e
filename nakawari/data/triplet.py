"""One training sample: two neighbours, the drawing between, and what is known of its motion."""

from typing import NamedTuple

import torch
from torch import Tensor


class Triplet(NamedTuple):
    """A sample, or a batch of samples (then every shape has B in front).

    ``default_collate`` turns a list of samples into a batched ``Triplet``. Motion is in pixels,
    (dx, dy) with y down: the surface seen at pixel p of the target is at ``p + motion_0[p]`` in
    ``frame_0``, wherever that may be; ``visible_0`` says whether it can be seen there (inside
    the frame and not covered). Real triplets have zeros there and ``has_motion`` False.
    """

    frame_0: Tensor  # (3, H, W) uint8 RGB
    target: Tensor  # (3, H, W) uint8 RGB
    frame_1: Tensor  # (3, H, W) uint8 RGB
    frame_time: Tensor  # () float32 in (0, 1)
    motion_0: Tensor  # (2, H, W) float16 [px]
    motion_1: Tensor  # (2, H, W) float16 [px]
    visible_0: Tensor  # (1, H, W) bool
    visible_1: Tensor  # (1, H, W) bool
    has_motion: Tensor  # () bool
    # Optical flow between the neighbours, both ways, at a quarter of the size and in pixels of that
    # map; empty where nobody asked for it (``diffusion.neighbour_flow``).
    flow_01: Tensor = torch.empty(0)  # (2, H/4, W/4) float32
    flow_10: Tensor = torch.empty(0)  # (2, H/4, W/4) float32


def as_frames(triplet: Triplet) -> Triplet:
    """Return the triplet with frames in [-1, 1] and all but ``has_motion`` float32.

    Works on one sample or a batch, on the device where it lies: send the bytes there first.
    """
    return Triplet(
        frame_0=_to_frame(triplet.frame_0),
        target=_to_frame(triplet.target),
        frame_1=_to_frame(triplet.frame_1),
        frame_time=triplet.frame_time.float(),
        motion_0=triplet.motion_0.float(),
        motion_1=triplet.motion_1.float(),
        visible_0=triplet.visible_0.float(),
        visible_1=triplet.visible_1.float(),
        has_motion=triplet.has_motion,
        flow_01=triplet.flow_01,
        flow_10=triplet.flow_10,
    )


def _to_frame(pixels: Tensor) -> Tensor:
    if pixels.dtype != torch.uint8:
        raise ValueError(
            f"frames must be uint8 to be converted, got {pixels.dtype}; "
            "as_frames() is called once, on what the dataset returns"
        )
    return pixels.float().div_(127.5).sub_(1.0)
