"""Which part of a picture changes, and whether the rest stands still and keeps its colours."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.metrics.frames import area_mean, check_frame_pair

CHANGED = 6.0  # code values; lossy compression changes a still picture by less
WINDOW = 5  # px, side of the square over which a change is averaged
CODE_VALUE = 2 / 255  # frames lie in [-1, 1]


def changed_area(frames: Sequence[Tensor]) -> Tensor:
    """Return where the given frames are not all alike, (B, 1, H, W) bool.

    A pixel counts as changed if the largest difference between any two of the frames in any
    channel, averaged over the 5 x 5 pixels around it, is more than 6 of 255. If the true middle
    frame is among them, the area includes where a thing that moves far is between its two
    positions. A comparison of only ``frame_0`` and ``frame_1`` leaves that out.

    Args:
        frames: two or more, each (B, 3, H, W) in [-1, 1].
    """
    stacked = torch.stack(list(frames))  # (n, B, 3, H, W)
    spread = (stacked.amax(0) - stacked.amin(0)).amax(1, keepdim=True) / CODE_VALUE
    border = WINDOW // 2
    padded = F.pad(spread.double(), (border,) * 4, mode="replicate")
    # A millionth is added so that rounding does not decide where the spread is exactly the bound.
    return F.avg_pool2d(padded, WINDOW, stride=1) > CHANGED + 1e-6


def flicker(frame: Tensor, following: Tensor, still: Tensor) -> Tensor:
    """Return the mean change from a frame to the following one where all should stand still.

    The result is in code values of 255, shape (B,). It is NaN for a frame without still pixels.

    Args:
        frame: (B, 3, H, W) in [-1, 1], as is ``following``; other shapes raise ``ValueError``.
        still: (B, 1, H, W), true where the picture should stand still.
    """
    check_frame_pair(frame, following)
    change = (frame.double() - following.double()).abs() / CODE_VALUE
    return area_mean(change, still)


def colour_shift(prediction: Tensor, target: Tensor, still: Tensor) -> Tensor:
    """Return how far the mean colour is off where the picture stands still.

    The result is the shift of the channel that is furthest off, in code values of 255, shape (B,).
    It is NaN for a frame without still pixels.

    Args:
        prediction: (B, 3, H, W) in [-1, 1], as is ``target``; other shapes raise ``ValueError``.
        still: (B, 1, H, W), true where the picture stands still.
    """
    check_frame_pair(prediction, target)
    error = (prediction.double() - target.double()) / CODE_VALUE
    channels = [area_mean(channel, still) for channel in error.split(1, dim=1)]
    return torch.stack(channels).abs().amax(0)
