"""Colour: what a video's numbers mean, and the way from its planes to RGB tensors and back.

The arithmetic is ours and not swscale's, in float32, for one reason: pixels that the
interpolator leaves alone must come back to the very code values they had. Otherwise drawn
frames and passed-through frames differ a little in every still region, which flickers.
"""

# H/W picture size, even; chroma planes are (H/2, W/2): 4:2:0

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation

from nakawari.video.picture import SWSCALE_MATRIX, Picture

if TYPE_CHECKING:  # tags and reading need no torch, and `nakawari xsheet` starts without it
    import torch
    from torch import Tensor

# Code points of ITU-T H.273, which FFmpeg's AVColorSpace/AVColorRange share.
UNSPECIFIED = 2
BT709 = 1
BT601 = 6
RANGE_UNSPECIFIED = 0
LIMITED = 1
FULL = 2
RGB_MATRIX = 0

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


@dataclass(frozen=True, kw_only=True)
class ColorTags:
    """The four tags of a stream, as numbers of ITU-T H.273; unknown ones stay unknown."""

    matrix: int = UNSPECIFIED
    value_range: int = RANGE_UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @classmethod
    def of_frame(cls, frame: VideoFrame) -> ColorTags:
        """Return the tags that pictures made from ``frame`` carry.

        A YUV source keeps its tags, missing ones included, so that a player guesses about the
        output what it guessed about the input. An RGB source has no matrix: it gets the one
        that players assume for its height, and limited range, both written out.
        """
        if frame.format.is_rgb or frame.format.has_palette:
            matrix = _matrix_for_height(frame.height)
            return cls(matrix=matrix, value_range=LIMITED)
        value_range = frame.color_range
        if frame.format.name.startswith("yuvj"):
            value_range = FULL
        return cls(
            matrix=frame.colorspace,
            value_range=value_range,
            primaries=frame.color_primaries,
            transfer=frame.color_trc,
        )

    def weights(self, height: int) -> LumaWeights:
        """Return the luma weights, guessed from ``height`` where the tag is missing or exotic."""
        return WEIGHTS[self.known_matrix(height)]

    def known_matrix(self, height: int) -> int:
        """Return the matrix, guessed from ``height`` where the tag is missing or exotic."""
        return self.matrix if self.matrix in WEIGHTS else _matrix_for_height(height)

    @property
    def is_full(self) -> bool:
        """Whether luma uses 0–255 (full) and not 16–235 (limited, also when untagged)."""
        return self.value_range == FULL


def convert(frame: VideoFrame, tags: ColorTags, pixel_format: str, wanted: ColorTags) -> VideoFrame:
    """Return a YUV frame in another pixel format, and in the matrix and range of other tags.

    Args:
        frame: YUV, its codes as ``tags`` say.
        tags: of the frame.
        pixel_format: of the result, by FFmpeg's name.
        wanted: tags of the result. Primaries and transfer are left as they are.
    """
    return frame.reformat(
        format=pixel_format,
        src_colorspace=SWSCALE_MATRIX[tags.known_matrix(frame.height)],
        dst_colorspace=SWSCALE_MATRIX[wanted.known_matrix(frame.height)],
        src_color_range=FULL if tags.is_full else LIMITED,
        dst_color_range=FULL if wanted.is_full else LIMITED,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    )


def _matrix_for_height(height: int) -> int:
    return BT601 if height <= SD_MAX_HEIGHT else BT709


def _scales(tags: ColorTags) -> tuple[float, float, float]:
    """Return luma offset, luma span and chroma span in code values."""
    return (0.0, 255.0, 255.0) if tags.is_full else (16.0, 219.0, 224.0)


def to_rgb(picture: Picture, tags: ColorTags, device: torch.device | str = "cpu") -> Tensor:
    """Return the picture as an RGB tensor in [-1, 1], shape (1, 3, H, W), float32.

    Each chroma sample serves its 2×2 pixels. That is coarser than interpolating, and on
    purpose: ``from_rgb`` averages the same 2×2, so pixels left alone keep their code values.
    Only those of colours that RGB can show do: codes outside it (luma above white or below black,
    chroma too strong for its luma) are clamped to [-1, 1] here and come back as other codes.
    """
    import torch

    offset, luma_span, chroma_span = _scales(tags)
    height, width = picture.height, picture.width
    weights = tags.weights(height)
    luma, blue_difference, red_difference = (
        torch.from_numpy(np.ascontiguousarray(plane)).to(device).float() for plane in picture
    )
    # What chroma adds to luma, twice because the result spans [-1, 1]; (H/2, W/2) each.
    red = (red_difference - 128.0) * (4 * (1 - weights.red) / chroma_span)
    blue = (blue_difference - 128.0) * (4 * (1 - weights.blue) / chroma_span)
    green = -(weights.red * red + weights.blue * blue) / weights.green
    rgb = torch.stack([red, green, blue]).reshape(3, height // 2, 1, width // 2, 1)
    luma = (luma - offset) * (2 / luma_span) - 1
    rgb = rgb + luma.reshape(height // 2, 2, width // 2, 2)  # (3, H/2, 2, W/2, 2)
    return rgb.reshape(1, 3, height, width).clamp_(-1, 1)


def rgb_affine(tags: ColorTags, height: int) -> np.ndarray:
    """Return the map from luma, Cb and Cr codes to RGB codes 0 to 255, (3, 4): factors, offset.

    ``height`` [px] is the clip's, by which a missing matrix is guessed. The same arithmetic as
    ``to_rgb``, for pictures whose chroma is as large as their luma.
    """
    offset, luma_span, chroma_span = _scales(tags)
    weights = tags.weights(height)
    red = 2 * (1 - weights.red) / chroma_span
    blue = 2 * (1 - weights.blue) / chroma_span
    rows = np.array(
        [
            [1 / luma_span, 0, red],
            [
                1 / luma_span,
                -weights.blue * blue / weights.green,
                -weights.red * red / weights.green,
            ],
            [1 / luma_span, blue, 0],
        ]
    )
    black = np.array([offset, 128.0, 128.0])
    return np.column_stack([rows, -rows @ black]) * 255


def from_rgb(frame: Tensor, tags: ColorTags) -> Picture:
    """Return an RGB tensor in [-1, 1], shape (3, H, W) with even H and W, as a picture."""
    import torch

    offset, luma_span, chroma_span = _scales(tags)
    _, height, width = frame.shape
    weights = tags.weights(height)
    rgb = (frame.float().clamp(-1, 1) + 1) / 2
    mix = torch.tensor([weights.red, weights.green, weights.blue], device=frame.device)
    luma = torch.einsum("c,chw->hw", mix, rgb)
    # The way to chroma is linear, so averaging RGB first gives the same for a quarter of the work.
    red, green, blue = rgb.reshape(3, height // 2, 2, width // 2, 2).mean(dim=(2, 4))
    coarse_luma = weights.red * red + weights.green * green + weights.blue * blue
    blue_difference = (blue - coarse_luma) / (2 * (1 - weights.blue))
    red_difference = (red - coarse_luma) / (2 * (1 - weights.red))
    return Picture(
        _to_codes(luma * luma_span + offset),
        _to_codes(blue_difference * chroma_span + 128.0),
        _to_codes(red_difference * chroma_span + 128.0),
    )


def _to_codes(values: Tensor) -> np.ndarray:
    import torch

    return values.round().clamp(0, 255).to(torch.uint8).cpu().numpy()
