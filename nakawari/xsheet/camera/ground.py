"""Whether the ground behind the figures goes with a motion, or stands.

A close figure that moves as one has as many contours that follow a motion as a camera's ground has.
The rest of the picture tells the two apart. If the motion is the camera's, it predicts how each
block of the picture changes. The share of that change which is observed is near 1 on a ground that
the camera carries, and near 0 on a ground that stands still. Summed over a block, even the faintest
shades of a background tell, although they have no contour. The blocks are the outermost ones at the
left, right and upper edge, where figures seldom are. A slow camera changes a block by less than the
noise of one frame, so several frames are added up.

A ground that is nearly plain, or hidden by figures, has few blocks that tell anything, and coarse
coding makes its faint shades stand still. What counts then is at which sides there are blocks that
go. A camera has them at all three sides. The close figure that was most like a camera had them
there in none of 70 drawings.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.camera.alignment import Matrix
from nakawari.xsheet.settings import DEFAULT, GroundSettings

BLOCK = 16  # px: side of the blocks over which the evidence is added up
DEPTH = 2  # blocks from the edge inwards that are looked at

_NONE = np.empty(0, np.intp)


class Ground(NamedTuple):
    """What the outermost blocks do, as shares of all of them; the remaining ones tell nothing."""

    goes: float
    stands: float
    # The same of the blocks whose predicted change is large.
    goes_firmly: float = 0.0
    stands_firmly: float = 0.0
    going_sides: int = 0  # at how many of the three sides blocks go firmly
    settings: GroundSettings = DEFAULT.ground

    @property
    def carried(self) -> bool:
        """Whether enough of the ground goes with the motion for it to be a camera's."""
        settings = self.settings
        least = max(settings.min_seen, settings.min_going * (self.goes + self.stands))
        return self.goes >= least

    @property
    def may_be_carried(self) -> bool:
        """Whether the motion is a camera's if it also explains all else that changes."""
        settings = self.settings
        firmly = self.goes_firmly + self.stands_firmly
        goes_firmly = self.goes_firmly >= settings.min_going_if * firmly
        return goes_firmly and self.goes >= settings.min_seen_if and self.going_sides >= 2

    @property
    def goes_everywhere(self) -> bool:
        """Whether the same holds for a ground of which few blocks tell anything."""
        most = self.goes >= self.settings.min_going_plain * (self.goes + self.stands_firmly)
        return most and self.going_sides == 3


class Evidence(NamedTuple):
    """What the outermost blocks tell about a motion, in one frame or several; (N,) each."""

    squares: np.ndarray  # mean square of the predicted change [code values squared]
    products: np.ndarray  # mean product of the predicted change and the observed one
    noise: float  # standard deviation of a pixel that stands [code values]
    sides: np.ndarray = _NONE  # int: the index of each block's side
    settings: GroundSettings = DEFAULT.ground

    def after(self, earlier: Evidence | None, share: float) -> Evidence:
        """Return this plus a ``share`` of earlier evidence, if that is of the same blocks."""
        if earlier is None or earlier.squares.shape != self.squares.shape:
            return self
        return Evidence(
            self.squares + share * earlier.squares,
            self.products + share * earlier.products,
            max(self.noise, earlier.noise),
            self.sides,
            self.settings,
        )

    @property
    def ground(self) -> Ground:
        """What those blocks do that tell anything."""
        settings = self.settings
        if not self.squares.size:
            return Ground(0.0, 0.0, settings=settings)
        tells = self.squares > (settings.min_predicted * self.noise / BLOCK) ** 2
        share = self.products / np.maximum(self.squares, 1e-6)
        goes = tells & (share > settings.goes) & (share < settings.too_far)
        stands = tells & (np.abs(share) < settings.stands)
        clear = self.squares > settings.firm**2
        at_sides = np.bincount(self.sides[(goes & clear)[: self.sides.size]], minlength=3)
        return Ground(
            float(goes.mean()),
            float(stands.mean()),
            float((goes & clear).mean()),
            float((stands & clear).mean()),
            int(np.count_nonzero(at_sides >= settings.min_side_going)),
            settings,
        )


def evidence(
    before: np.ndarray,
    now: np.ndarray,
    camera: Matrix,
    noise: float,
    settings: GroundSettings = DEFAULT.ground,
) -> Evidence:
    """Return what the ground tells about a motion from one smoothed luma plane to the next.

    The planes are (H, W) uint8. ``noise`` is the standard deviation of a pixel that stands [code
    values].
    """
    height, width = before.shape
    rows, columns = height // BLOCK, width // BLOCK
    if min(rows, columns) <= 2 * DEPTH:
        nothing = np.empty(0, np.float32)
        return Evidence(nothing, nothing, noise, settings=settings)
    earlier = before.astype(np.float32)
    squares: list[np.ndarray] = []
    products: list[np.ndarray] = []
    for y, x in _strips(rows, columns):
        strip = slice(y.start * BLOCK, y.stop * BLOCK), slice(x.start * BLOCK, x.stop * BLOCK)
        came = cv2.subtract(now[strip], before[strip], dtype=cv2.CV_32F)
        shift = np.array([[0, 0, strip[1].start], [0, 0, strip[0].start]])
        moved = cv2.warpAffine(
            earlier, camera - shift, came.shape[::-1], borderMode=cv2.BORDER_REPLICATE
        )
        predicted = cv2.subtract(moved, earlier[strip])
        squares.append(_block_means(cv2.multiply(predicted, predicted)))
        products.append(_block_means(cv2.multiply(predicted, came)))
    return Evidence(
        np.concatenate(squares),
        np.concatenate(products),
        noise,
        _sides(rows, columns),
        settings,
    )


def _strips(rows: int, columns: int) -> tuple[tuple[slice, slice], ...]:
    """Return the rows and columns of the blocks that are looked at: a quarter of the picture."""
    outer, below = slice(0, DEPTH), slice(DEPTH, rows)
    return (outer, slice(0, columns)), (below, outer), (below, slice(columns - DEPTH, columns))


@cache
def _sides(rows: int, columns: int) -> np.ndarray:
    """Return at which side each of these blocks is: left 0, right 1, top 2; (N,) int."""
    sides = np.full((rows, columns), 2)
    sides[:, :DEPTH], sides[:, -DEPTH:] = 0, 1
    return np.concatenate([sides[strip].ravel() for strip in _strips(rows, columns)])


def _block_means(strip: np.ndarray) -> np.ndarray:
    """Return the mean of every block of a strip, (N,)."""
    height, width = strip.shape
    size = (width // BLOCK, height // BLOCK)
    return cv2.resize(strip, size, interpolation=cv2.INTER_AREA).ravel()
