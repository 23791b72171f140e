"""Drawing a scene at any time, and knowing for every pixel where its surface is at other times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.data.moving.warps import Chain, Points

# Pixels between the points where a warp is evaluated; between them it is interpolated linearly.
# All warps here are smooth over several pixels: the error stays under 0.1 px.
_STRIDE = 4
_MARGIN = 6  # px around a layer's outline on the screen, which may bulge between its points
# Points of a layer, as shares of its width and height, that tell where it is on the screen.
_OUTLINE = np.meshgrid(*[np.linspace(0, 1, 7, dtype=np.float32)] * 2)

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 [px]


@dataclass(frozen=True)
class Layer:
    """A drawing and the warps that carry it to output pixels.

    ``pixels``: (h, w, 4) uint8 RGBA, premultiplied. ``endless`` layers (backgrounds) are
    mirrored at their borders and cover the whole frame.
    """

    pixels: np.ndarray
    chain: Chain
    endless: bool = False


class Rendering(NamedTuple):
    """A frame and, for every pixel, its topmost layer with alpha over one half.

    ``motions`` has an array (H, W, 2) float32 for each of the times asked for: the displacement
    (dx, dy) [px] of the surface at each pixel from the frame's time to that time.
    """

    frame: np.ndarray  # (H, W, 3) uint8 RGB
    layer_ids: np.ndarray  # (H, W) uint8, index into the layers
    motions: list[np.ndarray]


def render(
    layers: Sequence[Layer],
    frame_time: float,
    height: int,
    width: int,
    motion_times: Sequence[float] = (),
) -> Rendering:
    """Draw the layers, the first at the bottom, at ``frame_time`` in [0, 1]."""
    frame = np.zeros((height, width, 3), np.uint8)
    layer_ids = np.zeros((height, width), np.uint8)
    motions = [np.zeros((height, width, 2), np.float32) for _ in motion_times]
    for layer_id, layer in enumerate(layers):
        box = _bounding_box(layer, frame_time, height, width)
        if box is None:
            continue
        view = np.s_[box[1] : box[3], box[0] : box[2]]
        screen = _coarse_grid(box)
        surface = layer.chain.inverse(screen, frame_time)
        on_top = _composite(layer, _fine(surface, box), frame[view])
        cv2.copyTo(np.full_like(on_top, layer_id), on_top, layer_ids[view])
        for motion, time in zip(motions, motion_times, strict=True):
            x, y = layer.chain.forward(surface, time)
            vectors = _fine((x - screen[0], y - screen[1]), box)
            cv2.copyTo(vectors, on_top, motion[view])
    return Rendering(frame, layer_ids, motions)


def flattened(layers: Sequence[Layer], height: int, width: int) -> np.ndarray:
    """Return layers that do not move as one drawing, (height, width, 4) uint8 premultiplied."""
    picture = np.zeros((height, width, 4), np.uint8)
    for layer in layers:
        box = _bounding_box(layer, 0.0, height, width)
        if box is not None:
            surface = layer.chain.inverse(_coarse_grid(box), 0.0)
            _composite(layer, _fine(surface, box), picture[box[1] : box[3], box[0] : box[2]])
    return picture


def visibility(layer_ids: np.ndarray, motion: np.ndarray, neighbour_ids: np.ndarray) -> np.ndarray:
    """Return where the surface is also seen in the neighbour, (H, W) bool.

    It is seen if ``motion`` leads to a pixel inside the neighbour at which the same layer is on
    top, to within one pixel, because edges fall on fractions of pixels.
    """
    height, width = layer_ids.shape
    column = np.rint(motion[:, :, 0] + np.arange(width, dtype=np.float32)).astype(np.int32)
    row = np.rint(motion[:, :, 1] + np.arange(height, dtype=np.float32)[:, None]).astype(np.int32)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    stride = width + 2
    around = cv2.copyMakeBorder(neighbour_ids, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255).ravel()
    index = np.where(inside, (row + 1) * stride + (column + 1), stride + 1)
    same = np.zeros((height, width), bool)
    for step in (0, -1, 1, -stride, stride):
        same |= around.take(index + step) == layer_ids
    return same & inside


def _composite(layer: Layer, coordinates: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Draw the layer over ``frame``, in place; return where it is on top, (h, w) uint8 0 or 1.

    ``frame`` is (h, w, 3) opaque, or (h, w, 4) premultiplied.
    """
    if layer.endless:
        mirror = cv2.BORDER_REFLECT_101
        drawn = cv2.remap(layer.pixels, coordinates, None, cv2.INTER_LINEAR, borderMode=mirror)
        frame[:] = drawn[:, :, :3]
        return np.ones(frame.shape[:2], np.uint8)
    drawn = cv2.remap(
        layer.pixels, coordinates, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    channels = cv2.split(drawn)
    alpha, count = channels[3], frame.shape[2]
    under = cv2.multiply(frame, cv2.merge([cv2.bitwise_not(alpha)] * count), scale=1 / 255)
    frame[:] = cv2.add(under, cv2.merge(channels[:count]))
    # Not cv2.compare, which mistakes a map of 4x1 pixels and a number for two arrays whose sizes
    # differ.
    return (alpha > 127).astype(np.uint8)


def _bounding_box(layer: Layer, frame_time: float, height: int, width: int) -> Box | None:
    """Return the part of the frame that the layer may cover, or None."""
    if layer.endless:
        return 0, 0, width, height
    rows, columns = layer.pixels.shape[:2]
    x, y = layer.chain.forward((_OUTLINE[0] * columns, _OUTLINE[1] * rows), frame_time)
    x0, x1 = max(math.floor(x.min()) - _MARGIN, 0), min(math.ceil(x.max()) + _MARGIN, width)
    y0, y1 = max(math.floor(y.min()) - _MARGIN, 0), min(math.ceil(y.max()) + _MARGIN, height)
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _coarse_grid(box: Box) -> Points:
    """Return every ``_STRIDE``-th pixel of the box and one more on each side, two float32 maps."""
    x0, y0, x1, y1 = box
    columns, rows = -(-(x1 - x0) // _STRIDE) + 2, -(-(y1 - y0) // _STRIDE) + 2
    # cv2.resize puts sample j of the small map at pixel _STRIDE * j + (_STRIDE - 1) / 2.
    first = (_STRIDE - 1) / 2 - _STRIDE
    x = np.arange(columns, dtype=np.float32) * _STRIDE + np.float32(x0 + first)
    y = np.arange(rows, dtype=np.float32) * _STRIDE + np.float32(y0 + first)
    return np.tile(x, (rows, 1)), np.tile(y[:, None], (1, columns))


def _fine(coarse: Points, box: Box) -> np.ndarray:
    """Interpolate maps on the coarse grid at each pixel of the box, (h, w, 2) float32."""
    x0, y0, x1, y1 = box
    both = cv2.merge([np.asarray(coarse[0], np.float32), np.asarray(coarse[1], np.float32)])
    size = (both.shape[1] * _STRIDE, both.shape[0] * _STRIDE)
    fine = cv2.resize(both, size, interpolation=cv2.INTER_LINEAR)
    return fine[_STRIDE : _STRIDE + y1 - y0, _STRIDE : _STRIDE + x1 - x0]
