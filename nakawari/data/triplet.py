"""One training sample: two neighbours, the drawing between them, and its motion, if known."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Triplet(NamedTuple):
    """A sample, or a batch of samples (then every shape has B in front).

    ``default_collate`` turns a list of samples into a batched ``Triplet``. Motion is in pixels,
    (dx, dy) with y down: the surface seen at pixel p of the target is at ``p + motion_0[p]`` in
    ``frame_0``, which may be outside of it. ``visible_0`` says whether it can be seen there: inside
    the frame and not occluded. In real triplets all of these are zero and ``has_motion`` is False.
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
    # Stage 1's codes of the frames, k codes for each token; empty where they were not asked for
    # (``diffusion.codes``).
    codes_0: Tensor = torch.empty(0)  # (H/8, W/8, k)
    codes: Tensor = torch.empty(0)  # (H/8, W/8, k), of the target
    codes_1: Tensor = torch.empty(0)  # (H/8, W/8, k)


def as_frames(triplet: Triplet) -> Triplet:
    """Return the triplet with frames in [-1, 1], times, motion and visibility in float32.

    It works on one sample or a batch, on the device that holds it. Move the sample to that device
    before the call, while its frames are still bytes.
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
    """Return a batch of frames in [-1, 1] at half its height and width, and with half the motion.

    Height and width must be even. The codes would not fit the new size and are left out.
    """
    frames = {
        name: F.avg_pool2d(getattr(triplet, name), 2) for name in ("frame_0", "target", "frame_1")
    }
    # One of each 2x2 points is taken: the mean of two motions is neither of them.
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
