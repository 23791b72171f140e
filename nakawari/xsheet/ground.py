"""Whether the ground behind the figures goes with a motion, or stands.

A close figure that moves as one has as many contours that follow as a camera's ground: what tells
them apart is all else. Over a block of the picture the motion foretells a change, were it the
camera's; the share of it that came is near 1 on a ground that a camera carries, near 0 on one that
stands. Added up over a block, the faintest shades of a background tell, which have no contour.
Asked are the outermost blocks at the left, right and upper edge, where figures are seldom. What a
slow camera foretells is less than the noise of one frame: several frames are added up too.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.alignment import Matrix

BLOCK = 16  # px
DEPTH = 2  # blocks from the edge
FORETOLD = 11.0  # standard deviations of one pixel's noise: the root of a block's summed squares
GOES, TOO_FAR, STANDS = 0.7, 1.3, 0.3  # of the change foretold
MIN_GOING = 0.5  # of the blocks that go or stand; figures fixed to the screen stand
MIN_SEEN = 0.2  # of all blocks asked


class Ground(NamedTuple):
    """What the outermost blocks do, as shares of them; the others do not tell."""

    goes: float
    stands: float

    @property
    def carried(self) -> bool:
        """Whether enough of the ground goes with the motion for it to be a camera's."""
        return self.goes >= max(MIN_SEEN, MIN_GOING * (self.goes + self.stands))


class Evidence(NamedTuple):
    """What the outermost blocks, (N,) each, tell of a motion; of one frame or of several."""

    squares: np.ndarray  # mean square of the change foretold [code values squared]
    products: np.ndarray  # mean product of the change foretold and the change that came
    noise: float  # standard deviation of a pixel that stands [code values]

    def after(self, earlier: Evidence | None, share: float) -> Evidence:
        """Return this and a ``share`` of what frames before have told."""
        if earlier is None:
            return self
        return Evidence(
            self.squares + share * earlier.squares,
            self.products + share * earlier.products,
            max(self.noise, earlier.noise),
        )

    @property
    def ground(self) -> Ground:
        """What the blocks do that tell anything."""
        if not self.squares.size:
            return Ground(0.0, 0.0)
        tells = self.squares > (FORETOLD * self.noise / BLOCK) ** 2
        share = self.products / np.maximum(self.squares, 1e-6)
        goes = tells & (share > GOES) & (share < TOO_FAR)
        stands = tells & (np.abs(share) < STANDS)
        return Ground(float(goes.mean()), float(stands.mean()))


def evidence(before: np.ndarray, now: np.ndarray, camera: Matrix, noise: float) -> Evidence:
    """Ask how the ground takes a motion from one smoothed luma plane, (H, W) uint8, to the next.

    ``noise`` is the standard deviation of a pixel that stands [code values].
    """
    height, width = before.shape
    rows, columns = height // BLOCK, width // BLOCK
    if min(rows, columns) <= 2 * DEPTH:
        return Evidence(np.empty(0, np.float32), np.empty(0, np.float32), noise)
    earlier = before.astype(np.float32)
    squares: list[np.ndarray] = []
    products: list[np.ndarray] = []
    for strip in _strips(rows, columns):
        y, x = (side.start for side in strip)
        came = cv2.subtract(now[strip], before[strip], dtype=cv2.CV_32F)
        moved = cv2.warpAffine(
            earlier, camera - np.array([[0, 0, x], [0, 0, y]]), came.shape[::-1],
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        foretold = cv2.subtract(moved, earlier[strip])
        squares.append(_block_means(cv2.multiply(foretold, foretold)))
        products.append(_block_means(cv2.multiply(foretold, came)))
    return Evidence(np.concatenate(squares), np.concatenate(products), noise)


def _strips(rows: int, columns: int) -> tuple[tuple[slice, slice], ...]:
    """Return the lines and columns [px] of the blocks that are asked: a quarter of the picture."""
    outer, below = slice(0, DEPTH * BLOCK), slice(DEPTH * BLOCK, rows * BLOCK)
    right = slice((columns - DEPTH) * BLOCK, columns * BLOCK)
    return (outer, slice(0, columns * BLOCK)), (below, outer), (below, right)


def _block_means(strip: np.ndarray) -> np.ndarray:
    """Return the mean of every block of a strip, (N,)."""
    height, width = strip.shape
    size = (width // BLOCK, height // BLOCK)
    return cv2.resize(strip, size, interpolation=cv2.INTER_AREA).ravel()
