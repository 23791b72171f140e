"""The lines of a drawing: how far they are from where they should be, and how sharp they are.

All of it is computed on the CPU in float64, so that every machine finds the same lines.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.metrics.frames import area_mean, check_frame_pair

# The settings with which Chen and Zwicker evaluate.
SIGMA = 1.0  # px, standard deviation of the narrower Gaussian
RATIO = 1.6  # of the wider Gaussian's standard deviation to the narrower's
GAIN = 2.0  # factor on the difference of the two blurs
THRESHOLD = 0.01  # a point is on a line where that product is larger
_LUMA = (0.299, 0.587, 0.114)  # weights of R, G and B


class ChamferDistances(NamedTuple):
    """Distances between the lines of two frames, each of shape (B,), float64."""

    plain: Tensor
    weighted: Tensor  # the same, times up to 2 where one drawing has fewer line points


def line_drawing(frames: Tensor) -> np.ndarray:
    """Return where the dark lines of frames (B, 3, H, W) in [-1, 1] are, (B, H, W) bool.

    The lines are found by a difference of Gaussians of the luma in [0, 1]. A point is on a line
    where the wider blur, sigma 1.6 px, is brighter than the narrower, sigma 1 px, by over 0.005.
    """
    pictures = (frames.detach().double().clamp(-1, 1) + 1).permute(0, 2, 3, 1).cpu().numpy() / 2
    return np.stack([_lines_of(picture @ np.array(_LUMA)) for picture in pictures])


def _lines_of(luma: np.ndarray) -> np.ndarray:
    narrow, wide = (_blur(luma, sigma) for sigma in (SIGMA, SIGMA * RATIO))
    return GAIN * (wide - narrow) > THRESHOLD


def _blur(luma: np.ndarray, sigma: float) -> np.ndarray:
    size = 2 * int(4 * sigma) + 1
    return cv2.GaussianBlur(luma, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)


def chamfer_distances(prediction: Tensor, target: Tensor) -> ChamferDistances:
    """Compare the line drawings of frames (B, 3, H, W) in [-1, 1]; 0 where they are the same.

    ``plain`` follows Chen and Zwicker, "Improving the Perceptual Quality of 2D Animation
    Interpolation" (ECCV 2022), with the settings of their evaluation. The distances from the points
    of one drawing to the nearest point of the other are summed, and divided by the picture's area
    and diagonal. The result is the mean of both directions. A drawing without lines counts as a
    diagonal away from everything. Distances are small: 0.00004 is usual.

    ``weighted`` follows Zhu et al., "Thin-Plate Spline-based Interpolation for Animation Line
    Inbetweening" (2024). It is ``plain`` times ``2 sigmoid(|n - m| / min(n, m))`` for drawings of n
    and m points, so that lines that break or double cost up to twice as much.

    Frames of different shapes raise ``ValueError``.
    """
    check_frame_pair(prediction, target)
    pairs = zip(line_drawing(prediction), line_drawing(target), strict=True)
    plain, weighted = zip(*(_compare(ours, theirs) for ours, theirs in pairs), strict=True)
    return ChamferDistances(torch.tensor(plain).double(), torch.tensor(weighted).double())


def line_sharpness(prediction: Tensor, target: Tensor, area: Tensor | None = None) -> Tensor:
    """Return how sharp the lines are, as a share of the target's sharpness: (B,), float64.

    This is the ratio of the gradients' energies (squared differences of neighbouring pixels, on R,
    G and B) within a pixel of the lines of either frame. 1 is as sharp as the target, less is
    softer. Lines that are sharp but out of place cost nothing. The result is NaN for a frame whose
    target has no such energy.

    Args:
        prediction: (B, 3, H, W) in [-1, 1], as is ``target``; other shapes raise ``ValueError``.
        area: (B, 1, H, W) bool, where to look; None is everywhere.
    """
    check_frame_pair(prediction, target)
    lines = torch.from_numpy(line_drawing(prediction) | line_drawing(target))
    near = F.max_pool2d(lines[:, None].double(), 3, stride=1, padding=1)
    if area is not None:
        near = near * area.to(near)
    ours, theirs = (
        area_mean(_gradient_energy(frames.detach().double().cpu()), near)
        for frames in (prediction, target)
    )
    return ours / theirs


def _gradient_energy(frames: Tensor) -> Tensor:
    along_x = F.pad(frames.diff(dim=3), (0, 1))
    along_y = F.pad(frames.diff(dim=2), (0, 0, 0, 1))
    return along_x.square() + along_y.square()


def _compare(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    plain = (_one_way(ours, theirs) + _one_way(theirs, ours)) / 2
    most, least = max(ours.sum(), theirs.sum()), min(ours.sum(), theirs.sum())
    missing = (most - least) / least if least else math.inf if most else 0.0
    return plain, plain * 2 / (1 + math.exp(-missing))


def _one_way(points: np.ndarray, to: np.ndarray) -> float:
    diagonal = math.hypot(*points.shape)
    return float((_distance(to, diagonal) * points).mean() / diagonal)


def _distance(points: np.ndarray, without: float) -> np.ndarray:
    """Return the exact distance [px] of each pixel to the nearest of ``points``, (H, W).

    Every distance is ``without`` if there are no points.
    """
    if not points.any():
        return np.full(points.shape, without)
    free = (~points).astype(np.uint8)
    return cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
