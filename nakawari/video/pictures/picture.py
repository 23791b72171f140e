"""The one form in which pictures travel through the tool: planes of codes, upright, of even size.

What a picture holds is its ``PictureForm``: 8-bit 4:2:0 where it is only looked at, and for slow
motion as much of the source as the output can keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation

from nakawari.video.pictures.form import PLAIN, PictureForm
from nakawari.video.pictures.matrices import (
    FULL,
    WEIGHTS,
    codes_from_rgb,
    known_matrix,
    nearest_codes,
    scales,
)

FULL_RANGE_NAMES = {"yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p"}
# swscale's number for each matrix of H.273. For an unknown one it takes BT.601, as we do.
SWSCALE_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}


@dataclass(frozen=True, eq=False)
class Picture:
    """Planes of code values; their range and matrix are the clip's ``ColorTags``.

    Iterating over a picture yields its three planes of colour. In RGB they are green, blue and red.
    """

    luma: np.ndarray  # (H, W), H and W even; uint8, or uint16 where there are more than 8 bits
    blue_difference: np.ndarray  # (H/2, W/2) in 4:2:0
    red_difference: np.ndarray  # likewise
    alpha: np.ndarray | None = None  # (H, W), 0 to the largest code; colours not multiplied by it
    form: PictureForm = PLAIN

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.luma, self.blue_difference, self.red_difference))

    @property
    def height(self) -> int:
        """Height [px]."""
        return int(self.luma.shape[0])

    @property
    def width(self) -> int:
        """Width [px]."""
        return int(self.luma.shape[1])

    @property
    def planes(self) -> list[np.ndarray]:
        """All planes, in FFmpeg's order."""
        return [*self, *([] if self.alpha is None else [self.alpha])]

    def to_frame(self) -> av.VideoFrame:
        """Return a new frame of this form, without time, picture type or side data."""
        frame = av.VideoFrame(self.width, self.height, self.form.pixel_format)
        for plane, values in zip(frame.planes, self.planes, strict=True):
            _plane_view(plane, values.dtype)[:] = values
        return frame

    def cropped(self, width: int, height: int) -> Picture:
        """Return the left upper part of a picture whose chroma is as large as its luma."""
        assert self.form.shared == (1, 1), "else a part need not have an even size"
        return of_planes([plane[:height, :width] for plane in self.planes], self.form)

    def halved(self, times: int) -> Picture:
        """Return the picture halved in size ``times`` times; each pixel is the mean of four.

        Odd columns and rows at the right and lower edge are cut off, and the sizes may become odd.
        No side becomes shorter than one pixel.
        """
        return of_planes([_halved(plane, times) for plane in self.planes], self.form)


def of_planes(planes: list[np.ndarray], form: PictureForm) -> Picture:
    """Return the picture of a form that has these planes, in FFmpeg's order."""
    luma, blue_difference, red_difference = planes[:3]
    alpha = planes[3] if form.alpha else None
    return Picture(luma, blue_difference, red_difference, alpha, form)


def halved_picture(frame: av.VideoFrame, matrix: int, value_range: int, times: int) -> Picture:
    """Return ``picture_from_frame(...).halved(times)``, without a copy in full size on the way.

    Arguments as there; the frame's rotation is undone.
    """
    if _plane_format(frame) == PLAIN.pixel_format and not frame.rotation:
        planes = [_halved(_plane_view(plane, np.uint8), times) for plane in frame.planes]
        return of_planes(planes, PLAIN)
    return picture_from_frame(frame, matrix, value_range, frame.rotation).halved(times)


def _halved(plane: np.ndarray, times: int) -> np.ndarray:
    if times == 0:
        return plane.copy()
    # A decoded frame is in no near cache. Halving reads two rows at a time and waits for them,
    # which takes 0.55 ms for 1080p. This call only reads the plane once in order before that; then
    # it takes 0.36 ms in all.
    cv2.countNonZero(plane)
    for _ in range(times):  # in OpenCV seven times as fast as quartering in one step
        height, width = max(plane.shape[0] // 2, 1), max(plane.shape[1] // 2, 1)
        even = plane[: 2 * height, : 2 * width]
        plane = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return plane


def _plane_view(plane: av.video.plane.VideoPlane, kind: np.typing.DTypeLike) -> np.ndarray:
    size = np.dtype(kind).itemsize
    rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // size)
    return rows[: plane.height, : plane.width]


def _plane_format(frame: av.VideoFrame) -> str:
    """Return FFmpeg's name of a frame's planes, whatever range it is for."""
    return FULL_RANGE_NAMES.get(frame.format.name, frame.format.name)


def picture_from_frame(
    frame: av.VideoFrame,
    matrix: int,
    value_range: int,
    rotation: int = 0,
    form: PictureForm = PLAIN,
) -> Picture:
    """Return a decoded frame as a picture.

    The planes of a frame of this very form are copied as they are. Everything else is converted,
    in the given matrix and range (numbers of ITU-T H.273). Where the form has no transparency,
    transparent pixels are laid on black. An odd width or height grows by repeating the last column
    or row: 4:2:0 needs even sizes, and so nothing is cut off.

    Args:
        frame: what PyAV decoded.
        matrix: the clip's matrix.
        value_range: the clip's range.
        rotation: degrees counter-clockwise, as PyAV states them; quarter turns are undone.
        form: of the picture. It may be RGB only for a frame in RGB.
    """
    quarter_turns = round(rotation / 90) % 4
    if quarter_turns % 2 and form.chroma == "422":  # turned by 90 degrees, it is no known form
        whole = form._replace(chroma="444")
        upright = picture_from_frame(frame, matrix, value_range, rotation, whole)
        return picture_from_frame(upright.to_frame(), matrix, value_range, form=form)
    if _plane_format(frame) != form.pixel_format:
        frame = _converted(frame, matrix, value_range, form)
    kind = np.uint8 if form.bits == 8 else np.uint16
    planes = [_plane_view(plane, kind) for plane in frame.planes]
    height, width = planes[0].shape
    padding = np.array([height % 2, width % 2])
    for number, plane in enumerate(planes):
        is_chroma = number in (1, 2)
        columns, rows = form.shared if is_chroma else (1, 1)
        after = (np.array([height, width]) + padding) // (rows, columns) - plane.shape
        grown = np.pad(plane, [(0, int(more)) for more in after], mode="edge")
        planes[number] = np.rot90(grown, quarter_turns).copy() if quarter_turns else grown
    return of_planes(planes, form)


def _converted(
    frame: av.VideoFrame, matrix: int, value_range: int, form: PictureForm
) -> av.VideoFrame:
    source = PictureForm.of(frame.format)
    if source.alpha and not form.alpha:
        frame = _flatten(frame)
    if frame.format.is_rgb and source.bits > 8 and not form.is_rgb:
        frame = _deep_codes(frame, matrix, value_range, form.bits)
    is_rgb = frame.format.is_rgb or frame.format.has_palette
    converted = frame.reformat(
        format=form.pixel_format,
        dst_colorspace=SWSCALE_MATRIX.get(matrix, 5) if is_rgb else None,
        src_color_range=None if is_rgb else value_range,
        dst_color_range=value_range,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    )
    keep_opaque(converted, frame)
    return converted


def keep_opaque(converted: av.VideoFrame, source: av.VideoFrame) -> None:
    """Correct the opacity of a frame that swscale converted from fewer bits.

    swscale turns 255 of 8 bits into 1020 of ten bits, which is not quite opaque.
    """
    form, before = PictureForm.of(converted.format), PictureForm.of(source.format)
    if form.alpha and before.alpha and before.bits == 8 < form.bits:
        exact = (_opacity(source).astype(np.uint32) * (2**form.bits - 1) + 127) // 255
        _plane_view(converted.planes[3], np.uint16)[:] = exact


def _opacity(frame: av.VideoFrame) -> np.ndarray:
    """Return the opacity of a frame of 8 bits, (H, W) uint8, exactly.

    When swscale converts YUV to RGB, it turns 255 into 254.
    """
    if len(frame.planes) == 4:
        return _plane_view(frame.planes[3], np.uint8)
    if frame.format.name == "ya8":
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return rows[: frame.height, 1 : 2 * frame.width : 2]
    return frame.to_ndarray(format="rgba")[..., 3]


def _deep_codes(frame: av.VideoFrame, matrix: int, value_range: int, bits: int) -> av.VideoFrame:
    """Return an RGB frame of more than 8 bits in a matrix, with full chroma.

    The result has at least ten bits. swscale is off by up to one code of 255 here.

    Args:
        frame: the frame.
        matrix: of the result.
        value_range: of the result.
        bits: how many are needed. Pictures of 8 bits are only looked at, so their codes are merely
            rounded.
    """
    has_alpha = has_alpha_channel(frame)
    rgba = frame.reformat(format="rgba64le" if has_alpha else "rgb48le").to_ndarray()
    deep = max(bits, 10)
    weights, layout = WEIGHTS[known_matrix(matrix, frame.height)], scales(value_range == FULL, deep)
    affine = codes_from_rgb(weights, layout)
    affine[:, :3] /= 65535
    codes = cv2.transform(rgba[..., :3].astype(np.float32), affine)
    most = 2**deep - 1
    if bits == 8:
        planes = [plane.round().clip(0, most).astype(np.uint16) for plane in cv2.split(codes)]
    else:
        planes = nearest_codes(codes, weights, layout, deep)
    if has_alpha:
        planes.append((rgba[..., 3] * (most / 65535)).round().astype(np.uint16))
    return of_planes(planes, PictureForm("444", deep, has_alpha)).to_frame()


def has_alpha_channel(frame: av.VideoFrame) -> bool:
    """Return whether the frame's format can hold transparency."""
    return PictureForm.of(frame.format).alpha


def is_see_through(frame: av.VideoFrame) -> bool:
    """Return whether any pixel of the frame is not opaque."""
    return has_alpha_channel(frame) and bool(frame.to_ndarray(format="rgba")[..., 3].min() < 255)


def _flatten(frame: av.VideoFrame) -> av.VideoFrame:
    """Return a frame laid on black, in RGB."""
    is_deep = PictureForm.of(frame.format).bits > 8
    kind, most = ("64le", 65535) if is_deep else ("", 255)
    rgba = frame.to_ndarray(format=f"rgba{kind}").astype(np.uint32)
    rgb = (rgba[..., :3] * rgba[..., 3:] + most // 2) // most
    if is_deep:
        return av.VideoFrame.from_ndarray(rgb.astype(np.uint16), format="rgb48le")
    return av.VideoFrame.from_ndarray(rgb.astype(np.uint8), format="rgb24")
