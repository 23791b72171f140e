"""A drawing made of shapes and lines, given around its own origin and then put into pixels."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from nakawari.data.painting.colour import INK, Colour
from nakawari.data.painting.sprites import Sprite, canvas, fill, stroke


@dataclass(frozen=True)
class _Mark:
    points: np.ndarray  # (n, 2) [px]
    colour: Colour | None
    line: float
    line_colour: Colour
    inside: bool
    closed: bool


@dataclass
class Sketch:
    """Marks from back to front, in px around the origin, y down."""

    marks: list[_Mark] = field(default_factory=list)

    def shape(
        self, points: np.ndarray, colour: Colour, line: float = 0.0, line_colour: Colour = INK
    ) -> None:
        """Add a filled polygon (n, 2), with a line of ``line`` px around it."""
        self.marks.append(_Mark(np.asarray(points), colour, line, line_colour, False, True))

    def inside(self, points: np.ndarray, colour: Colour) -> None:
        """Add a polygon (n, 2) that shows only where something has been drawn: shadow, light."""
        self.marks.append(_Mark(np.asarray(points), colour, 0.0, colour, True, True))

    def line(self, points: np.ndarray, width: float, colour: Colour = INK) -> None:
        """Add an open line through points (n, 2)."""
        self.marks.append(_Mark(np.asarray(points), None, width, colour, False, False))

    def sprite(self) -> Sprite:
        """Draw all marks; the origin is the sprite's anchor.

        A sketch that has nothing but ``inside`` marks raises ``ValueError``.
        """
        solid = [mark for mark in self.marks if not mark.inside]
        if not solid:
            raise ValueError("nothing to draw: add a shape or a line first")
        low = np.min([mark.points.min(0) - mark.line for mark in solid], axis=0) - 2
        high = np.max([mark.points.max(0) + mark.line for mark in solid], axis=0) + 2
        low = np.floor(low)
        pixels = canvas(*(high - low))
        for mark in self.marks:
            _draw(pixels, mark, mark.points - low)
        return Sprite(pixels, (float(-low[0]), float(-low[1])))


def _draw(pixels: np.ndarray, mark: _Mark, points: np.ndarray) -> None:
    if mark.inside and mark.colour is not None:
        left, top = (max(int(low) - 2, 0) for low in points.min(0))
        right, bottom = (max(int(high) + 3, 0) for high in points.max(0))
        part = pixels[top:bottom, left:right]
        if part.size:
            _draw_inside(part, points - [left, top], mark.colour)
        return
    if mark.colour is not None:
        fill(pixels, points, mark.colour)
    if mark.line > 0:
        stroke(pixels, points, mark.line, mark.line_colour, mark.closed)


def _draw_inside(pixels: np.ndarray, points: np.ndarray, colour: Colour) -> None:
    """Draw a polygon in place; the alpha stays as it was."""
    drawn = pixels.copy()
    fill(drawn, points, colour)
    alpha = pixels[:, :, 3]
    # The factor (of 255) from colours premultiplied by the new alpha to those by the old one.
    share = cv2.divide(alpha, cv2.max(drawn[:, :, 3], 1), scale=255)
    pixels[:, :, :3] = cv2.multiply(drawn[:, :, :3], cv2.merge([share] * 3), scale=1 / 255)
