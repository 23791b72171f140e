"""One training sample: two neighbours, the drawing between, and what is known of its motion."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
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
    # What stage 1 makes of the frames, k codes a token; empty where nobody asked for it
    # (``diffusion.codes``).
    codes_0: Tensor = torch.empty(0)  # (H/8, W/8, k)
    codes: Tensor = torch.empty(0)  # (H/8, W/8, k), of the target
    codes_1: Tensor = torch.empty(0)  # (H/8, W/8, k)


def as_frames(triplet: Triplet) -> Triplet:
    """Return the triplet with frames in [-1, 1], times, motion and visibility in float32.

    Works on one sample or a batch, on the device where it lies: send the bytes there first.
    """
    return triplet._replace(
        frame_0=_to_frame(triplet.frame_0),
        target=_to_frame(triplet.target),
        frame_1=_to_frame(triplet.frame_1),
        frame_time=triplet.frame_time.float(),
        motion_0=triplet.motion_0.float(),
        motion_1=triplet.motion_1.float(),
        visible_0=triplet.visible_0.float(),
        visible_1=triplet.visible_1.float(),
    )


def halved(triplet: Triplet) -> Triplet:
    """Return a batch at half its size, frames in [-1, 1], and so with half the motion.

    Height and width must be even. Codes are of another size then, and left out.
    """
    frames = {
        name: F.avg_pool2d(getattr(triplet, name), 2) for name in ("frame_0", "target", "frame_1")
    }
    # One of each 2x2 points: halfway between two motions lies neither.
    motions = {name: getattr(triplet, name)[..., ::2, ::2] / 2 for name in ("motion_0", "motion_1")}
    seen = {name: getattr(triplet, name)[..., ::2, ::2] for name in ("visible_0", "visible_1")}
    none = torch.empty(0)
    codes = {"codes_0": none, "codes": none, "codes_1": none}
    return triplet._replace(**frames, **motions, **seen, **codes)


def _to_frame(pixels: Tensor) -> Tensor:
    if pixels.dtype != torch.uint8:
        raise ValueError(
            f"frames must be uint8 to be converted, got {pixels.dtype}; "
            "as_frames() is called once, on what the dataset returns"
        )
    return pixels.float().div_(127.5).sub_(1.0)
