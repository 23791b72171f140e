"""How much a frame differs from another, as an animator would look at it.

What counts is the part of the picture that changed most, not the mean: a mouth of a few pixels
is a drawing as much as a whole figure. And what the camera does is no change: each pixel may have
stood still, or gone with the camera, or with a second layer; the best of these is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from nakawari.video.picture import Picture
from nakawari.xsheet.motion import Matrix

BLOCK = 8  # px
BLUR = 1.0  # px, standard deviation: against grain and the ringing of lossy coding
# The largest few blocks overlap by half, so a mouth of 8 px fills four of them; one alone is noise.
RANK = 4
# Of the gradient: a picture moved by a fraction of a pixel is never found again quite the same.
MISMATCH = 0.2  # px
VISIBLE = 6.0  # code values, a block's mean
GRID = (5, 8)  # cells in which a change of brightness is looked for


class Plate(NamedTuple):
    """A frame made ready to be compared."""

    luma: np.ndarray  # (H, W) uint8, as it came
    smooth: np.ndarray  # (H, W) uint8, blurred
    blue_difference: np.ndarray  # (h, w) uint8, blurred
    red_difference: np.ndarray
    cells: np.ndarray  # GRID float64, mean luma


def plate(picture: Picture) -> Plate:
    """Prepare a reduced picture (some 500 px wide)."""
    smooth, blue, red = (cv2.GaussianBlur(plane, (0, 0), BLUR) for plane in picture)
    return Plate(picture.luma, smooth, blue, red, _cells(smooth))


def block_change(before: Plate, after: Plate) -> float:
    """Return the change of the most changed part, nothing having moved [code values]."""
    luma = _top(_block_means(cv2.absdiff(before.smooth, after.smooth)))
    blue = _top(_block_means(cv2.absdiff(before.blue_difference, after.blue_difference)))
    red = _top(_block_means(cv2.absdiff(before.red_difference, after.red_difference)))
    return max(luma, blue, red)


def light_change(before: Plate, after: Plate) -> float:
    """Return by how much most of the picture grew brighter or darker [code values].

    The upper quartile over ``GRID`` cells of the change of their mean: noise and small movements
    cancel out within a cell, a slow fade does not.
    """
    return float(np.percentile(np.abs(after.cells - before.cells), 75))


def changed_share(before: np.ndarray, after: np.ndarray) -> float:
    """Return the share of blocks with something in them that changed, nothing having moved.

    Both are smoothed luma, (H, W) uint8. A picture without contours has changed wholly.
    """
    change = _block_means(cv2.absdiff(before, after))
    gradient = cv2.morphologyEx(after, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    textured = _block_means(gradient) > 2 * VISIBLE
    return float((change[textured] > VISIBLE).mean()) if textured.any() else 1.0


def moved_change(before: Plate, after: Plate, motions: list[Matrix]) -> float:
    """Return the change of the most changed part if each pixel may have stood still or moved.

    What the first of ``motions`` brings into the picture is not counted.
    """
    height, width = after.luma.shape
    gradient = cv2.morphologyEx(after.smooth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    allowance = cv2.convertScaleAbs(gradient, alpha=MISMATCH / 2)  # it spans two pixels
    least = cv2.absdiff(before.smooth, after.smooth)
    for motion in motions:
        moved = cv2.warpAffine(
            before.smooth, motion, (width, height), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        least = cv2.min(least, cv2.subtract(cv2.absdiff(moved, after.smooth), allowance))
    known = cv2.warpAffine(np.full((height, width), 255, np.uint8), motions[0], (width, height))
    return _top(_block_means(cv2.bitwise_and(least, known)))


def _cells(luma: np.ndarray) -> np.ndarray:
    rows, columns = (
        np.linspace(0, side, count + 1).astype(int)
        for side, count in zip(luma.shape, GRID, strict=True)
    )
    sums = cv2.integral(luma)[np.ix_(rows, columns)]
    areas = np.outer(np.diff(rows), np.diff(columns))
    return (sums[1:, 1:] - sums[:-1, 1:] - sums[1:, :-1] + sums[:-1, :-1]) / np.maximum(areas, 1)


def _block_means(difference: np.ndarray) -> np.ndarray:
    """Return the mean of every block that begins at a multiple of half a block."""
    sums = cv2.integral(difference)[:: BLOCK // 2, :: BLOCK // 2].astype(np.float32)
    return (sums[2:, 2:] - sums[:-2, 2:] - sums[2:, :-2] + sums[:-2, :-2]) / BLOCK**2


def _top(blocks: np.ndarray) -> float:
    rank = min(RANK, blocks.size)
    return float(np.partition(blocks.ravel(), -rank)[-rank]) if rank else 0.0
