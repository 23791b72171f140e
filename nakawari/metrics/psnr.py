"""Peak signal-to-noise ratio."""

import torch
from torch import Tensor

from nakawari.metrics.frames import area_mean, check_frame_pair

DATA_RANGE = 2.0  # frames lie in [-1, 1]


def psnr(prediction: Tensor, target: Tensor, area: Tensor | None = None) -> Tensor:
    """Return the peak signal-to-noise ratio [dB] of each frame, shape (B,), float32.

    Both frames are (B, 3, H, W) in [-1, 1]; the squared error is averaged over pixels and
    channels before the logarithm. Identical frames give ``inf``; frames of different shapes raise
    ``ValueError``. With ``area``, (B, 1, H, W), true or 1 where it counts, the average is over
    those pixels only; an empty area gives NaN.
    """
    check_frame_pair(prediction, target)
    error = (prediction.double() - target.double()).square()
    return (10 * torch.log10(DATA_RANGE**2 / area_mean(error, area))).float()
