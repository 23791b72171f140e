"""Transparent pictures, drawn in two layers: how they look on black, and how opaque they are.

An interpolator knows three channels and no transparency. The colours stored where a picture is
transparent may be anything, and would be matched as if they were visible. So the colours are drawn
as they look on black, and the same interpolator draws the opacity as a grey picture of its own.
Dividing the colours by the opacity gives again those that a transparent picture stores.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.video.pictures.picture import Picture

SEEN = 1 / 510
"""Opacity below which a pixel has no colour: half a step of eight bits."""


def on_black(frame: Tensor, alpha: Tensor) -> Tensor:
    """Return a frame (1, 3, H, W) in [-1, 1] as it looks on black.

    ``alpha`` is the frame's opacity, (H, W) in [0, 1].
    """
    return (frame + 1) * alpha - 1


def off_black(frames: Tensor, alpha: Tensor) -> Tensor:
    """Return frames (K, 3, H, W) in [-1, 1] as they were before they were laid on black.

    ``alpha`` is their opacity, (K, H, W) in [0, 1]. Where it is below ``SEEN``, they become black.
    """
    opacity = alpha[:, None]
    seen = (frames + 1) / opacity.clamp(min=SEEN)
    return torch.where(opacity < SEEN, torch.zeros_like(seen), seen).clamp(0, 2) - 1


def as_grey(alpha: Tensor) -> Tensor:
    """Return an opacity (H, W) in [0, 1] as a frame (1, 3, H, W) in [-1, 1]."""
    return (alpha * 2 - 1).expand(1, 3, -1, -1).contiguous()


def from_grey(frames: Tensor) -> Tensor:
    """Return the opacity (K, H, W) in [0, 1] of grey frames (K, 3, H, W) in [-1, 1]."""
    return ((frames.float().mean(dim=1) + 1) / 2).clamp(0, 1)


def opacity_of(picture: Picture, device: torch.device | str) -> Tensor:
    """Return the opacity of a picture that has one, (H, W) in [0, 1]."""
    assert picture.alpha is not None, "asked only of pictures that can be transparent"
    codes = torch.from_numpy(np.ascontiguousarray(picture.alpha)).to(device)
    return codes.float() / (2**picture.form.bits - 1)


def opacity_between(
    interpolator: FrameInterpolator, alpha_0: Tensor, alpha_1: Tensor
) -> Callable[[Tensor], Tensor]:
    """Return the function that draws the opacity (K, H, W) of in-betweens at times (K,).

    If both keys have the same opacity everywhere, the interpolator is not called.
    """
    if torch.equal(alpha_0, alpha_1):
        return lambda frame_time: alpha_0.expand(len(frame_time), -1, -1)
    greys = as_grey(alpha_0), as_grey(alpha_1)
    return lambda frame_time: from_grey(interpolator(*greys, frame_time))
