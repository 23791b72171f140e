"""A small picture of every drawing, for the page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from nakawari.xsheet.sheet.sheet import ExposureSheet

if TYPE_CHECKING:
    from nakawari.video.pictures.color import ColorTags
    from nakawari.video.pictures.picture import Picture

# About 8, 5, 4 and 2.6 kB each as data URIs: the page stays below some 16 MB up to 6000 drawings.
# The smallest take 2 kB: a page of 17,000, an episode on twos, has 42 MB and opens in 3 s.
WIDTHS = {800: 160, 1600: 120, 3000: 96, 6000: 72}  # number of thumbnails to their width [px]
SMALLEST = 56  # px
JPEG_QUALITY = 82


@dataclass(frozen=True, kw_only=True)
class Thumbnails:
    """Pictures of the drawings, and the size of the clip they come from."""

    width: int  # px, of the clip
    height: int
    pixel_ratio: Fraction = Fraction(1)  # width over height of one of its pixels
    uris: Mapping[int, str] = field(default_factory=dict)  # first frame of a drawing to data URI

    @property
    def aspect(self) -> float:
        """Width over height of the clip as it is shown."""
        return float(self.width * self.pixel_ratio / self.height)


def make_thumbnails(
    path: Path,
    sheet: ExposureSheet,
    on_frame: Callable[[int, int | None], None] = lambda done, expected: None,
) -> Thumbnails:
    """Read the clip again and return a JPEG of the first frame of each drawing.

    Raises ``UserError`` as ``VideoReader`` does.
    """
    from nakawari.video.reader import VideoReader

    wanted = {drawing.start for drawing in sheet.drawings}
    uris = {}
    with VideoReader(path) as reader:
        info = reader.info
        shape = thumbnail_shape(len(wanted), info.width, info.height, info.sample_aspect_ratio)
        for number, frame in enumerate(reader.frames()):
            if number in wanted:
                uris[number] = _data_uri(shrink(frame.picture, info.tags, shape))
            on_frame(number + 1, sheet.frames)
    return Thumbnails(
        width=info.width, height=info.height, pixel_ratio=info.sample_aspect_ratio, uris=uris
    )


def thumbnail_shape(
    number: int, width: int, height: int, pixel_ratio: Fraction = Fraction(1)
) -> tuple[int, int]:
    """Return height and width [px] of a page's thumbnails: the more there are, the smaller.

    ``width`` and ``height`` are the clip's [px]; the thumbnails have square pixels.
    """
    across = next((size for most, size in WIDTHS.items() if number <= most), SMALLEST)
    down = max(1, round(across * height / (width * float(pixel_ratio))))
    return down, across


def shrink(picture: Picture, tags: ColorTags, shape: tuple[int, int]) -> np.ndarray:
    """Return a picture as RGB, uint8, (height, width, 3), scaled to ``shape`` (height, width)."""
    offset, luma_span, chroma_span = (0, 255, 255) if tags.is_full else (16, 219, 224)
    weights = tags.weights(picture.height)
    size = shape[::-1]
    # Scaling and the conversion to RGB are both linear: scaling first leaves little to convert.
    luma, blue_difference, red_difference = (
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        for plane in picture
    )
    luma = (luma - offset) / luma_span
    red = luma + (red_difference - 128) * (2 * (1 - weights.red) / chroma_span)
    blue = luma + (blue_difference - 128) * (2 * (1 - weights.blue) / chroma_span)
    green = (luma - weights.red * red - weights.blue * blue) / weights.green
    rgb = np.stack([red, green, blue], axis=-1)
    return (rgb.clip(0, 1) * 255).round().astype(np.uint8)


def _data_uri(pixels: np.ndarray) -> str:
    # Chroma is kept in full: at 160 px, a thin red line is little more than its colour.
    options = [
        cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]  # fmt: skip
    _, content = cv2.imencode(".jpg", pixels[..., ::-1], options)
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode()
