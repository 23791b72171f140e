"""Structural similarity with a Gaussian window."""

import math

import torch
from torch import Tensor

from nakawari.metrics.frames import area_mean, check_frame_pair

WINDOW = 11  # px, side of the Gaussian window
SIGMA = 1.5  # px, its standard deviation
# Stabilising constants (K L)^2 of Wang et al. 2004, eq. 7 and 10, for L = 1.
_C1 = 0.01**2
_C2 = 0.03**2


def ssim(prediction: Tensor, target: Tensor, area: Tensor | None = None) -> Tensor:
    """Return the structural similarity of each frame, shape (B,), float32, at most 1.

    Both arguments are frames in [-1, 1], shape (B, 3, H, W). This is eq. 13 of Wang et al., "Image
    quality assessment: from error visibility to structural similarity" (2004), with their Gaussian
    window of 11 x 11 and sigma 1.5. It is computed on each of R, G and B, then averaged.

    Only windows that lie wholly inside the frame count. So do they in skimage's
    ``structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)``,
    which crops a border of five pixels; on the same 8-bit pictures the two agree to 1e-6.

    Frames smaller than the window or of different shapes raise ``ValueError``.

    With ``area``, (B, 1, H, W), true or 1 where it counts, only windows centred there are averaged.
    The result is NaN if there are none.
    """
    check_frame_pair(prediction, target)
    batch, _, height, width = prediction.shape
    if min(height, width) < WINDOW:
        raise ValueError(
            f"frames must be at least {WINDOW}x{WINDOW} for SSIM, got {height}x{width}; "
            "measure larger frames"
        )
    # On [0, 1], as is usual: the luminance term compares ratios of means, so SSIM changes when
    # black moves to -1. In float64, because E[x^2] - E[x]^2 cancels on flat colour, which is most
    # of a cel.
    x, y = (prediction.double() + 1) / 2, (target.double() + 1) / 2
    moments = _window_mean(torch.cat([x, y, x * x, y * y, x * y]))
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = moments.split(batch)  # (B, 3, H - 10, W - 10)
    variances = (mean_xx - mean_x**2) + (mean_yy - mean_y**2)
    covariance = mean_xy - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)) / (
        (mean_x**2 + mean_y**2 + _C1) * (variances + _C2)
    )
    border = WINDOW // 2
    centres = None if area is None else area[..., border:-border, border:-border]
    return area_mean(similarity, centres).float()


def _window_mean(images: Tensor) -> Tensor:
    """Weight (N, 3, H, W) by the Gaussian window, rows then columns: (N, 3, H - 10, W - 10)."""
    weights = [math.exp(-0.5 * ((k - WINDOW // 2) / SIGMA) ** 2) for k in range(WINDOW)]
    for dim in (-2, -1):
        size = images.shape[dim] - WINDOW + 1
        # A sum of shifted copies is seven times as fast on a CPU as conv2d with one channel, which
        # has no fast path in float64 (0.05 s against 0.36 s at 512x288).
        total = images.narrow(dim, 0, size) * (weights[0] / sum(weights))
        for k in range(1, WINDOW):
            total.add_(images.narrow(dim, k, size), alpha=weights[k] / sum(weights))
        images = total
    return images
