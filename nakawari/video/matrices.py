"""The matrices of ITU-T H.273: how luma and two differences are made of red, green and blue."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Code points of ITU-T H.273, which FFmpeg's AVColorSpace and AVColorRange share.
BT709, BT601 = 1, 6
FULL = 2
SD_MAX_HEIGHT = 576


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
    """Return how codes of so many bits are laid out, in full or limited range."""
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
