"""Interpolators without a model: what any model must beat, and quick stand-ins for one."""

from __future__ import annotations

from torch import Tensor

from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.minterpolate import minterpolate
from nakawari.slowmo.optical_flow import dis


def blend(frame_0: Tensor, frame_1: Tensor, frame_time: Tensor) -> Tensor:
    """Cross-fade: the mean of the two frames weighted by ``frame_time``.

    Shapes and range as in ``FrameInterpolator``.
    """
    weight = frame_time.to(frame_0).reshape(-1, 1, 1, 1)
    return frame_0 * (1 - weight) + frame_1 * weight


def nearest(frame_0: Tensor, frame_1: Tensor, frame_time: Tensor) -> Tensor:
    """Repeat the frame that is nearer in time; at one half, the earlier.

    Shapes and range as in ``FrameInterpolator``.
    """
    is_later = (frame_time > 0.5).to(frame_0).reshape(-1, 1, 1, 1)
    return frame_0 * (1 - is_later) + frame_1 * is_later


BASELINES: dict[str, FrameInterpolator] = {
    "blend": blend,
    "nearest": nearest,
    "dis": dis,
    "minterpolate": minterpolate,
}
