"""Colour: what a video's numbers mean, and the conversion of its planes to RGB tensors and back.

The arithmetic is ours and not swscale's, in float32, for one reason: pixels that the
interpolator leaves alone must come back to exactly the code values they had. Otherwise drawn
frames and passed-through frames differ a little in every still region, which flickers.
"""

# H/W picture size, even; h/w size of the chroma planes, (H/2, W/2) in 4:2:0

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from av import VideoFormat, VideoFrame
from av.video.reformatter import Interpolation

from nakawari.video.pictures.form import PLAIN, PictureForm
from nakawari.video.pictures.matrices import (
    BT601,
    BT709,
    FULL,
    WEIGHTS,
    LumaWeights,
    Scales,
    codes_from_rgb,
    known_matrix,
    nearest_codes,
    rgb_from_codes,
    scales,
)
from nakawari.video.pictures.picture import (
    SWSCALE_MATRIX,
    Picture,
    keep_opaque,
    of_planes,
    picture_from_frame,
)

if TYPE_CHECKING:  # tags and reading need no torch, and `nakawari xsheet` starts without it
    import torch
    from torch import Tensor

# Code points of ITU-T H.273, which FFmpeg's AVColorSpace/AVColorRange share.
UNSPECIFIED = 2
RANGE_UNSPECIFIED = 0
LIMITED = 1
RGB_MATRIX = 0

__all__ = ["BT601", "BT709", "FULL", "LIMITED", "ColorTags", "from_rgb", "rgb_affine", "to_rgb"]


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
            return cls(
                matrix=known_matrix(UNSPECIFIED, frame.height),
                value_range=LIMITED,
                primaries=frame.color_primaries,
                transfer=frame.color_trc,
            )
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
        return known_matrix(self.matrix, height)

    @property
    def is_full(self) -> bool:
        """Whether luma uses 0–255 (full) and not 16–235 (limited, also when untagged)."""
        return self.value_range == FULL


def convert(frame: VideoFrame, tags: ColorTags, pixel_format: str, wanted: ColorTags) -> VideoFrame:
    """Return a YUV frame in another pixel format, and in the matrix and range of other tags.

    Args:
        frame: a YUV frame, whose codes mean what ``tags`` say.
        tags: of the frame.
        pixel_format: FFmpeg's name of the result's pixel format.
        wanted: tags of the result. Primaries and transfer are left as they are.
    """
    form = PictureForm.of(frame.format)
    matrices = tags.known_matrix(frame.height), wanted.known_matrix(frame.height)
    if form.bits > 8 and (matrices[0] != matrices[1] or tags.is_full != wanted.is_full):
        bits = PictureForm.of(VideoFormat(pixel_format)).bits
        frame, tags = _exactly_converted(frame, form, tags, wanted, bits), wanted
    converted = frame.reformat(
        format=pixel_format,
        src_colorspace=SWSCALE_MATRIX[tags.known_matrix(frame.height)],
        dst_colorspace=SWSCALE_MATRIX[wanted.known_matrix(frame.height)],
        src_color_range=FULL if tags.is_full else LIMITED,
        dst_color_range=FULL if wanted.is_full else LIMITED,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    )
    keep_opaque(converted, frame)
    return converted


def _exactly_converted(
    frame: VideoFrame, form: PictureForm, tags: ColorTags, wanted: ColorTags, bits: int
) -> VideoFrame:
    """Return a frame in another matrix and range, with ``bits`` bits and full chroma.

    swscale is off by up to two codes of ten bits here, and mere rounding by 1.66 steps of RGB.
    """
    read, written = form._replace(chroma="444"), PictureForm("444", bits, False)
    planes = picture_from_frame(frame, tags.matrix, tags.value_range, form=read).planes
    back = rgb_from_codes(tags.weights(frame.height), _layout(tags, read))
    forth = codes_from_rgb(wanted.weights(frame.height), _layout(wanted, written))
    factors = forth[:, :3] @ back[:, :3]
    offset = forth[:, :3] @ back[:, 3] + forth[:, 3]
    codes = cv2.transform(
        cv2.merge([plane.astype(np.float32) for plane in planes[:3]]),
        np.column_stack([factors, offset]),
    )
    changed = nearest_codes(codes, wanted.weights(frame.height), _layout(wanted, written), bits)
    if form.alpha:
        scale = (2**bits - 1) / (2**form.bits - 1)
        changed.append((planes[3] * scale).round().astype(np.uint16))
    return of_planes(changed, written._replace(alpha=form.alpha)).to_frame()


def rgb_frame(picture: Picture, tags: ColorTags, pixel_format: str) -> VideoFrame:
    """Return a picture as an RGB frame.

    Args:
        picture: of any form.
        tags: of the picture; an RGB picture needs none.
        pixel_format: FFmpeg's name of a format in RGB, with 8 or 16 bits.
    """
    form, frame = picture.form, picture.to_frame()
    if form.is_rgb:
        return frame.reformat(format=pixel_format)
    # swscale only scales the chroma to the luma's size. It is too coarse to convert YUV to RGB.
    whole = PictureForm("444", form.bits, form.alpha)
    value_range = FULL if tags.is_full else LIMITED
    planes = picture_from_frame(frame, tags.matrix, value_range, form=whole).planes
    most = 255 if form.bits == 8 else 65535
    affine = rgb_from_codes(tags.weights(picture.height), _layout(tags, form)) * most
    rgb = cv2.transform(cv2.merge([plane.astype(np.float32) for plane in planes[:3]]), affine)
    pixels = [rgb]
    if form.alpha:
        pixels.append(planes[3].astype(np.float32)[..., None] * (most / (2**form.bits - 1)))
    codes = np.concatenate(pixels, axis=2).round().clip(0, most)
    named = "rgba" if form.alpha else "rgb"
    if form.bits == 8:
        named += "" if form.alpha else "24"
        return VideoFrame.from_ndarray(codes.astype(np.uint8), named).reformat(format=pixel_format)
    named += "64le" if form.alpha else "48le"
    return VideoFrame.from_ndarray(codes.astype(np.uint16), named).reformat(format=pixel_format)


def plain(picture: Picture, tags: ColorTags) -> Picture:
    """Return a picture as it is looked at: in 8-bit 4:2:0, without transparency."""
    if picture.form == PLAIN:
        return picture
    return picture_from_frame(picture.to_frame(), tags.matrix, tags.value_range)


def _layout(tags: ColorTags, form: PictureForm = PLAIN) -> Scales:
    """Return how the codes of a picture's planes are laid out."""
    return scales(tags.is_full, form.bits)


def to_rgb(picture: Picture, tags: ColorTags, device: torch.device | str = "cpu") -> Tensor:
    """Return the picture as an RGB tensor in [-1, 1], shape (1, 3, H, W), float32.

    Each chroma sample serves all the pixels that share it, 2×2 in 4:2:0. That is coarser than
    interpolating, and on purpose: ``from_rgb`` averages the same pixels, so those left alone keep
    their code values. This holds only for colours that RGB can show. Codes outside RGB (luma above
    white or below black, chroma too strong for its luma) are clamped to [-1, 1] here, and come back
    as other codes. Transparency is left out.
    """
    import torch

    form = picture.form
    planes = [torch.from_numpy(np.ascontiguousarray(plane)).to(device).float() for plane in picture]
    if form.is_rgb:
        green, blue, red = planes
        return torch.stack([red, green, blue])[None] * (2 / (2**form.bits - 1)) - 1
    layout = _layout(tags, form)
    height, width = picture.height, picture.width
    columns, rows = form.shared
    weights = tags.weights(height)
    luma, blue_difference, red_difference = planes
    # What chroma adds to luma, twice because the result spans [-1, 1]; (h, w) each.
    red = (red_difference - layout.grey) * (4 * (1 - weights.red) / layout.chroma_span)
    blue = (blue_difference - layout.grey) * (4 * (1 - weights.blue) / layout.chroma_span)
    green = -(weights.red * red + weights.blue * blue) / weights.green
    rgb = torch.stack([red, green, blue]).reshape(3, height // rows, 1, width // columns, 1)
    luma = (luma - layout.black) * (2 / layout.luma_span) - 1
    rgb = rgb + luma.reshape(height // rows, rows, width // columns, columns)  # (3, h, ., w, .)
    return rgb.reshape(1, 3, height, width).clamp_(-1, 1)


def rgb_affine(tags: ColorTags, height: int) -> np.ndarray:
    """Return the map from luma, Cb and Cr codes to RGB codes 0 to 255, (3, 4): factors, offset.

    ``height`` [px] is the clip's, by which a missing matrix is guessed. The arithmetic is that of
    ``to_rgb``, for pictures of 8 bits whose chroma is as large as their luma.
    """
    return rgb_from_codes(tags.weights(height), _layout(tags)) * 255


def from_rgb(
    frame: Tensor, tags: ColorTags, form: PictureForm = PLAIN, alpha: Tensor | None = None
) -> Picture:
    """Return an RGB tensor in [-1, 1], shape (3, H, W) with even H and W, as a picture.

    Args:
        frame: the colours.
        tags: of the picture.
        form: of the picture.
        alpha: its opacity, (H, W) in [0, 1], if the form has any.
    """
    import torch

    rgb = (frame.float().clamp(-1, 1) + 1) / 2
    most = 2**form.bits - 1
    opacity = None if alpha is None else _to_codes(alpha * most, form)
    if form.is_rgb:
        red, green, blue = (_to_codes(plane * most, form) for plane in rgb)
        return Picture(green, blue, red, opacity, form)
    layout = _layout(tags, form)
    _, height, width = frame.shape
    columns, rows = form.shared
    weights = tags.weights(height)
    mix = torch.tensor([weights.red, weights.green, weights.blue], device=frame.device)
    luma = torch.einsum("c,chw->hw", mix, rgb)
    # The conversion to chroma is linear: averaging RGB first gives the same for less work.
    grid = rgb.reshape(3, height // rows, rows, width // columns, columns)
    red, green, blue = grid.mean(dim=(2, 4))
    coarse_luma = weights.red * red + weights.green * green + weights.blue * blue
    blue_difference = (blue - coarse_luma) / (2 * (1 - weights.blue))
    red_difference = (red - coarse_luma) / (2 * (1 - weights.red))
    return Picture(
        _to_codes(luma * layout.luma_span + layout.black, form),
        _to_codes(blue_difference * layout.chroma_span + layout.grey, form),
        _to_codes(red_difference * layout.chroma_span + layout.grey, form),
        opacity,
        form,
    )


def _to_codes(values: Tensor, form: PictureForm) -> np.ndarray:
    codes = values.round().clamp(0, 2**form.bits - 1).cpu().numpy()
    return codes.astype(np.uint8 if form.bits == 8 else np.uint16)
