"""Drawings as pixels: premultiplied RGBA, from art or from strokes and shapes."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.data.painting.colour import INK, Colour, darker

_SHIFT = 4  # cv2 takes fixed-point coordinates: 1/16 px


class Sprite(NamedTuple):
    """A drawing and the point by which it is held."""

    pixels: np.ndarray  # (h, w, 4) uint8 RGBA, premultiplied
    anchor: tuple[float, float]  # (x, y) [px]


def premultiply(pixels: np.ndarray) -> np.ndarray:
    """Return (h, w, 4) uint8 RGBA with the colours multiplied by alpha."""
    alpha = pixels[:, :, 3]
    colours = cv2.multiply(pixels[:, :, :3], cv2.merge([alpha] * 3), scale=1 / 255)
    return np.dstack([colours, alpha])


def resized(pixels: np.ndarray, scale: float) -> np.ndarray:
    """Return a premultiplied drawing at another scale, its lines crisp.

    It is shrunk by averaging areas. It is enlarged by bicubic interpolation and then sharpened,
    because the lines of a drawing in a film are equally sharp at any size.
    """
    height, width = pixels.shape[:2]
    size = (max(round(width * scale), 2), max(round(height * scale), 2))
    if scale <= 1:
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    if scale > 1.15:
        soft = cv2.GaussianBlur(large, (0, 0), 0.6 * scale)
        sharp = cv2.addWeighted(large, 2.2, soft, -1.2, 0)
        # No pixel may be brighter or darker than all near it: a drawing has no halos.
        near = np.ones((2 * round(scale) + 1,) * 2, np.uint8)
        large = np.clip(sharp, cv2.erode(large, near), cv2.dilate(large, near))
    alpha = large[:, :, 3:]
    np.minimum(large[:, :, :3], alpha, out=large[:, :, :3])  # at most alpha, as premultiplied
    return large


def outlined(sprite: Sprite, thickness: int, colour: Colour = INK) -> Sprite:
    """Return the drawing with a line of ``thickness`` px around its silhouette."""
    border = thickness + 1
    pixels = cv2.copyMakeBorder(
        sprite.pixels, border, border, border, border, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)
    )
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thickness + 1,) * 2)
    grown = cv2.GaussianBlur(cv2.dilate(pixels[:, :, 3], disc), (3, 3), 0)
    line = cv2.multiply(cv2.merge([grown] * 3), (*colour, 1.0), scale=1 / 255)
    behind = cv2.merge([255 - pixels[:, :, 3]] * 4)
    under = cv2.multiply(np.dstack([line, grown]), behind, scale=1 / 255)
    anchor = (sprite.anchor[0] + border, sprite.anchor[1] + border)
    return Sprite(cv2.add(pixels, under), anchor)


def shaded(rng: np.random.Generator, sprite: Sprite) -> Sprite:
    """Return the drawing with a two-tone shadow: one side of a curve is darker."""
    height, width = sprite.pixels.shape[:2]
    shade = np.full((height, width, 3), 255, np.uint8)
    centre = (rng.uniform(-0.4, 1.4) * width, rng.uniform(-0.2, 0.8) * height)
    reach = max(height, width)
    axes = (reach * rng.uniform(0.5, 1.1), reach * rng.uniform(0.5, 1.1))
    tone = darker((255, 255, 255), rng.uniform(0.6, 0.85))
    shade[:] = np.array(tone, np.uint8)
    cv2.ellipse(shade, (centre, (2 * axes[0], 2 * axes[1]), 0.0), (255, 255, 255), -1, cv2.LINE_AA)
    colours = cv2.multiply(sprite.pixels[:, :, :3], shade, scale=1 / 255)
    return Sprite(np.dstack([colours, sprite.pixels[:, :, 3]]), sprite.anchor)


def graded(rng: np.random.Generator, sprite: Sprite) -> Sprite:
    """Return the drawing with soft light: one end darker and of another tone."""
    height, width = sprite.pixels.shape[:2]
    ends = 255 - rng.uniform(0, 90, (2, 1, 3)) * [[[1.0]], [[0.15]]]
    if rng.random() < 0.4:
        ends = ends[::-1]
    if rng.random() < 0.3:
        ends = ends.transpose(1, 0, 2)
    light = cv2.resize(ends.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    colours = cv2.multiply(sprite.pixels[:, :, :3], light, scale=1 / 255)
    return Sprite(np.dstack([colours, sprite.pixels[:, :, 3]]), sprite.anchor)


def canvas(width: float, height: float) -> np.ndarray:
    """Return an empty drawing of at least this size."""
    return np.zeros((math.ceil(height), math.ceil(width), 4), np.uint8)


def fill(pixels: np.ndarray, points: np.ndarray, colour: Colour, line: float = 0.0) -> None:
    """Draw a polygon (n, 2) [px] in a colour, with an ink line of ``line`` px around it."""
    fixed = [np.rint(np.asarray(points) * (1 << _SHIFT)).astype(np.int32)]
    cv2.fillPoly(pixels, fixed, (*colour, 255), cv2.LINE_AA, _SHIFT)
    if line > 0:
        stroke(pixels, points, line, INK, closed=True)


def stroke(
    pixels: np.ndarray, points: np.ndarray, width: float, colour: Colour = INK, closed: bool = False
) -> None:
    """Draw a line through points (n, 2) [px]."""
    fixed = [np.rint(np.asarray(points) * (1 << _SHIFT)).astype(np.int32)]
    cv2.polylines(pixels, fixed, closed, (*colour, 255), max(round(width), 1), cv2.LINE_AA, _SHIFT)


def oval(
    centre: tuple[float, float], radii: tuple[float, float], start: float = 0.0, end: float = 1.0
) -> np.ndarray:
    """Return points (n, 2) on an ellipse, from ``start`` to ``end`` of a turn, clockwise."""
    angle = np.linspace(start, end, 33) * 2 * math.pi
    return np.stack(
        [centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], axis=1
    )


def smooth(points: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Return a closed polygon (n, 2) with its corners cut (Chaikin), 4n points for two rounds."""
    points = np.asarray(points, np.float64)
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        points = np.stack([points * 0.75 + following * 0.25, points * 0.25 + following * 0.75], 1)
        points = points.reshape(-1, 2)
    return points


def strip(
    rng: np.random.Generator,
    length: float,
    width_root: float,
    width_middle: float,
    width_tip: float,
    colour: Colour,
    line: float,
) -> Sprite:
    """Return a tapered stroke that hangs down from its anchor: a strand, a limb, a tail."""
    margin = line + 2
    half = max(width_root, width_middle, width_tip) / 2
    pixels = canvas(2 * (half + margin), length + 2 * margin)
    x = half + margin
    along = np.linspace(0, 1, 12)
    widths = np.interp(along, [0, 0.5, 1], [width_root, width_middle, width_tip]) / 2
    y = margin + along * length
    if width_tip > 2:  # a round end
        end = oval((0, 0), (width_tip / 2, min(width_tip / 2, length / 3)), 0.0, 0.5)
        y = margin + along * (length - end[:, 1].max())
        end += np.array([x, y[-1]])
    else:
        end = np.array([[x, y[-1]]])
    right = np.stack([x + widths, y], 1)
    left = np.stack([x - widths, y], 1)[::-1]
    fill(pixels, np.concatenate([right, end, left]), colour)
    if rng.random() < 0.6:
        shadow = np.concatenate([np.stack([x + widths * 0.3, y], 1), right[::-1]])
        fill(pixels, shadow, darker(colour, 0.75))
    if line > 0:
        stroke(pixels, np.concatenate([right, end, left]), line)
    return Sprite(pixels, (x, margin))
