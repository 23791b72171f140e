"""Peak signal-to-noise ratio."""

import torch
from torch import Tensor

from nakawari.metrics.frames import check_frame_pair

DATA_RANGE = 2.0  # frames lie in [-1, 1]


def psnr(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio [dB] of each frame, shape (B,), float32.

    Both arguments are frames in [-1, 1], shape (B, 3, H, W); the squared error is averaged
    over pixels and channels before the logarithm. Identical frames give ``inf``; frames of
    different shapes raise ``ValueError``.
    """
    check_frame_pair(prediction, target)
    error = (prediction.double() - target.double()).square().mean(dim=(1, 2, 3))
    return (10 * torch.log10(DATA_RANGE**2 / error)).float()
