"""The matrices of ITU-T H.273: how luma and two differences are made of red, green and blue."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Code points of ITU-T H.273, which FFmpeg's AVColorSpace and AVColorRange share.
BT709, BT601 = 1, 6
FULL = 2
SD_MAX_HEIGHT = 576  # px; up to this, a missing matrix is taken for BT.601, above it for BT.709


class LumaWeights(NamedTuple):
    """Kr and Kb of a matrix (ITU-T H.273, table 4), and Kg, which is what is left to one."""

    red: float
    blue: float

    @property
    def green(self) -> float:
        """Kg."""
        return 1 - self.red - self.blue


WEIGHTS = {
    1: LumaWeights(0.2126, 0.0722),  # BT.709
    4: LumaWeights(0.30, 0.11),  # FCC
    5: LumaWeights(0.299, 0.114),  # BT.470BG, BT.601 with 625 lines
    6: LumaWeights(0.299, 0.114),  # SMPTE 170M, BT.601 with 525 lines
    7: LumaWeights(0.212, 0.087),  # SMPTE 240M
    9: LumaWeights(0.2627, 0.0593),  # BT.2020, non-constant luminance
}


class Scales(NamedTuple):
    """How codes are laid out."""

    black: float  # code of luma
    luma_span: float  # codes from black to white
    chroma_span: float  # codes from the least difference to the most
    grey: float  # code of a difference of nothing


def scales(is_full: bool, bits: int) -> Scales:
    """Return how codes of ``bits`` bits are laid out, in full or limited range."""
    step = 2.0 ** (bits - 8)
    if is_full:
        return Scales(0.0, 2.0**bits - 1, 2.0**bits - 1, 128 * step)
    return Scales(16 * step, 219 * step, 224 * step, 128 * step)


def known_matrix(matrix: int, height: int) -> int:
    """Return a matrix, guessed from the height [px] where the tag is missing or exotic."""
    if matrix in WEIGHTS:
        return matrix
    return BT601 if height <= SD_MAX_HEIGHT else BT709


def rgb_from_codes(weights: LumaWeights, layout: Scales) -> NDArray[np.float64]:
    """Return the map from luma, Cb and Cr codes to RGB in 0 to 1, (3, 4): factors, offset."""
    red = 2 * (1 - weights.red) / layout.chroma_span
    blue = 2 * (1 - weights.blue) / layout.chroma_span
    luma = 1 / layout.luma_span
    rows = np.array(
        [
            [luma, 0, red],
            [
                luma,
                -weights.blue * blue / weights.green,
                -weights.red * red / weights.green,
            ],
            [luma, blue, 0],
        ]
    )
    black = np.array([layout.black, layout.grey, layout.grey])
    return np.column_stack([rows, -rows @ black])


def codes_from_rgb(weights: LumaWeights, layout: Scales) -> NDArray[np.float64]:
    """Return the map from RGB in 0 to 1 to luma, Cb and Cr codes, (3, 4): factors, offset."""
    forth = rgb_from_codes(weights, layout)
    rows = np.linalg.inv(forth[:, :3])
    return np.column_stack([rows, -rows @ forth[:, 3]])


AGREED = 0.9
"""Steps of RGB by which a channel may be off before better codes are looked for."""
BLOCK = 1 << 15
"""Pixels looked at together, so that their numbers stay in the cache."""


def nearest_codes(
    codes: NDArray[np.float32], weights: LumaWeights, layout: Scales, bits: int
) -> list[NDArray[np.uint16]]:
    """Return whole codes of luma, Cb and Cr whose colours are nearest to exact ones, (H, W) each.

    Rounding each of the three by itself moves a channel of RGB by up to 1.66 of its steps in
    limited range, because a code of Cb moves blue by 2.1. Where that is too much, the whole codes
    around are tried, and those are taken whose farthest channel is moved least. It is within 1.2
    steps (measured over colours of BT.601, BT.709 and BT.2020). Where that is still too much, every
    other pair of rows takes codes that make up for it, and the mean colour is within one step.
    Rows are paired because two rows share chroma in 4:2:0.

    Args:
        codes: luma, Cb and Cr that need not be whole, (H, W, 3).
        weights: of their matrix.
        layout: of their range.
        bits: of a code.
    """
    gains = rgb_from_codes(weights, layout)[:, :3].astype(np.float32) * (2**bits - 1)
    height, width, _ = codes.shape
    found = np.empty((3, height * width), np.uint16)
    for start in range(0, height * width, BLOCK):
        exact = codes.reshape(-1, 3)[start : start + BLOCK].T
        whole = exact.round()
        far = _far(whole - exact, gains)
        whole[:, far], error = _nearest(exact[:, far], gains)
        far = far[(error > AGREED) & ((start + far) // width // 2 % 2 == 1)]
        whole[:, far], _ = _nearest(2 * exact[:, far] - whole[:, far], gains)
        found[:, start : start + BLOCK] = whole.clip(0, 2**bits - 1)
    return list(found.reshape(3, height, width))


def _far(off: NDArray[np.float32], gains: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return which codes move a channel by more than ``AGREED``, given their errors, (3, N)."""
    return np.flatnonzero(np.abs(gains @ off).max(axis=0) > AGREED)


def _nearest(
    exact: NDArray[np.float32], gains: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the nearest whole codes, (3, N), and how far their farthest channel is off, (N,).

    Args:
        exact: luma, Cb and Cr, (3, N).
        gains: steps of red, green and blue that a code of each moves, (3, 3).
    """
    below = np.floor(exact[1:])
    found = np.empty_like(exact)
    least = np.full(exact.shape[1], np.inf, np.float32)
    for more in product((0, 1), repeat=2):
        chroma = below + np.array(more, np.float32)[:, None]
        moved = gains[:, 1:] @ (chroma - exact[1:])  # what chroma is off, by channel
        # Luma moves all channels alike. With the best luma, the channels that chroma moves least
        # and most are therefore equally far from where they should be.
        middle = (moved.max(axis=0) + moved.min(axis=0)) / 2
        luma = np.round(exact[0] - middle / gains[0, 0])
        off = np.abs((luma - exact[0]) * gains[0, 0] + moved).max(axis=0)
        better = off < least
        least[better] = off[better]
        found[:, better] = np.stack([luma, *chroma])[:, better]
    return found, least
