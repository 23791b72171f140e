"""Things other than characters: signs, boxes and lattices that move, and the foreground."""

import math

import numpy as np

from nakawari.data.figures.figure import Figure, Manner, Part
from nakawari.data.moving.movement import bends, place
from nakawari.data.painting.colour import INK, Colour, random_colour
from nakawari.data.painting.patterns import patterned, sample_pattern
from nakawari.data.painting.sprites import Sprite, canvas, fill, oval, shaded, smooth, stroke

_LATTICE = 3.0
"""Factor on the periods of a lattice against cloth's, so that what is behind it can be seen."""


def thing_figure(
    rng: np.random.Generator,
    size: float,
    position: tuple[float, float],
    manner: Manner,
    scale: float,
) -> Figure:
    """Return a thing ``size`` px wide or high, its middle at ``position`` on the stage.

    ``scale`` is the view's height divided by 288 px.
    """
    width, height = size * rng.uniform(0.4, 1.0, 2)
    kind = rng.choice(["panel", "lattice", "wires"], p=[0.6, 0.2, 0.2])
    if kind == "panel":
        sprite = _panel(rng, width, height, scale)
    elif kind == "lattice":
        sprite = _lattice(rng, width, height, scale)
    else:
        sprite = _wires(rng, width, height, scale)
    displacement = max(manner.whole, manner.parts)
    return Figure(
        parts=[Part(sprite.pixels)],
        warps=[
            *bends(rng, sprite.anchor, height, 0.3 * displacement),
            place(rng, sprite.anchor, position, size, 1.1 * displacement),
        ],
        x=position[0],
    )


def foreground(rng: np.random.Generator, width: int, height: int, scale: float) -> Sprite:
    """Return what stands before the figures: posts, bars, a lattice, a window, leaves, a shape.

    Args:
        rng: makes the random choices.
        width: of the drawing [px], more than the view's.
        height: of the drawing [px].
        scale: the view's height divided by 288 px.
    """
    kind = rng.choice(
        ["posts", "lattice", "window", "leaves", "shape"], p=[0.4, 0.1, 0.15, 0.2, 0.15]
    )
    middle = (width / 2, height / 2)
    if kind == "lattice":
        return Sprite(_lattice(rng, width, height, scale).pixels, middle)
    pixels = canvas(width, height)
    colour, line = random_colour(rng), float(rng.choice([0.0, 1.0, 2.0]))
    if kind == "posts":
        _posts(rng, pixels, colour, line, scale)
    elif kind == "window":
        _window(rng, pixels, colour, line, scale)
    elif kind == "leaves":
        _leaves(rng, pixels, colour, line, scale)
    else:
        centre = (width * rng.uniform(0.2, 0.8), height * rng.choice([0.15, 0.85]))
        radii = (width * rng.uniform(0.05, 0.2), height * rng.uniform(0.2, 0.6))
        fill(pixels, _wobbled(rng, oval(centre, radii)), colour, line)
    return Sprite(pixels, middle)


def _panel(rng: np.random.Generator, width: float, height: float, scale: float) -> Sprite:
    """Return a box, a disc or a blob, mostly with a pattern."""
    margin = 3.0
    middle, half = (width / 2 + margin, height / 2 + margin), (width / 2, height / 2)
    draw = rng.random()
    if draw < 0.6:
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
        points = corners * rng.uniform(0.8, 1.0, (4, 1)) + middle
    else:
        points = oval(middle, half)
        points = _wobbled(rng, points) if draw > 0.8 else points
    pixels = canvas(width + 2 * margin, height + 2 * margin)
    colour = random_colour(rng)
    fill(pixels, points, colour)
    sprite = Sprite(pixels, middle)
    if rng.random() < 0.8:
        sprite = patterned(rng, sprite, scale)
    if rng.random() < 0.3:
        sprite = shaded(rng, sprite)
    if rng.random() < 0.8:
        stroke(sprite.pixels, points, rng.uniform(1.0, 3.0), INK, closed=True)
    return sprite


def _lattice(rng: np.random.Generator, width: float, height: float, scale: float) -> Sprite:
    """Return a pattern with gaps through which what is behind can be seen."""
    pixels = canvas(width, height)
    marks = sample_pattern(rng, pixels.shape[0], pixels.shape[1], _LATTICE * scale)
    colours = np.array((*random_colour(rng), 255.0), np.float32)
    marks = np.minimum(2 * marks, 1)  # half-transparent marks would show two motions at once
    pixels = (marks[:, :, None] * colours).round().astype(np.uint8)
    if rng.random() < 0.6:
        corners = np.array([(2, 2), (width - 3, 2), (width - 3, height - 3), (2, height - 3)])
        stroke(pixels, corners, rng.uniform(1.0, 4.0), INK, closed=True)
    return Sprite(pixels, (width / 2, height / 2))


def _wires(rng: np.random.Generator, width: float, height: float, scale: float) -> Sprite:
    """Return lines and nothing between them."""
    pixels = canvas(width, height)
    colour = INK if rng.random() < 0.6 else random_colour(rng)
    for _ in range(rng.integers(2, 12)):
        points = rng.uniform(0.03, 0.97, (int(rng.integers(2, 5)), 2)) * (width, height)
        stroke(pixels, points, scale * rng.uniform(0.8, 3.0), colour)
    return Sprite(pixels, (width / 2, height / 2))


def _posts(
    rng: np.random.Generator, pixels: np.ndarray, colour: Colour, line: float, scale: float
) -> None:
    height, width = pixels.shape[:2]
    gap = scale * 20.0 * (10.0 ** rng.random())  # 20 to 200 px
    thick = gap * rng.uniform(0.05, 0.45)
    lean = math.tan(rng.normal() * 0.2) if rng.random() < 0.3 else 0.0
    top, bottom = (
        (-5.0, height + 5.0)
        if rng.random() < 0.6
        else (height * rng.uniform(0.3, 0.7), height + 5.0)
    )
    left = rng.uniform(-gap, 0.0)
    even = rng.random() < 0.7
    while left < width:
        corners = [(left, bottom), (left + thick, bottom)]
        shift = lean * (bottom - top)
        corners += [(left + thick + shift, top), (left + shift, top)]
        fill(pixels, np.array(corners), colour, line)
        left += gap if even else gap * rng.uniform(0.6, 1.6)
    for rail in rng.uniform(max(top, 0.0), height, int(rng.integers(0, 3))):
        corners = [(-5, rail), (width + 5, rail), (width + 5, rail + thick), (-5, rail + thick)]
        fill(pixels, np.array(corners, float), colour, line)


def _window(
    rng: np.random.Generator, pixels: np.ndarray, colour: Colour, line: float, scale: float
) -> None:
    """Draw a window: frames on both sides of an opening, which bars may divide."""
    height, width = pixels.shape[:2]
    thick = scale * rng.uniform(4.0, 40.0)
    left, right = width * rng.uniform(0.1, 0.35), width * rng.uniform(0.65, 0.9)
    for start, end in ((-5.0, left), (right, width + 5.0)):
        fill(
            pixels,
            np.array([(start, -5), (end, -5), (end, height + 5), (start, height + 5)]),
            colour,
            line,
        )
    for x in rng.uniform(left, right, int(rng.integers(0, 3))):
        fill(
            pixels,
            np.array([(x, -5), (x + thick, -5), (x + thick, height + 5), (x, height + 5)]),
            colour,
            line,
        )
    for y in rng.uniform(0, height, int(rng.integers(0, 3))):
        fill(
            pixels,
            np.array([(-5, y), (width + 5, y), (width + 5, y + thick), (-5, y + thick)]),
            colour,
            line,
        )


def _leaves(
    rng: np.random.Generator, pixels: np.ndarray, colour: Colour, line: float, scale: float
) -> None:
    """Draw leaves, petals or flakes, from a few large ones to many small ones."""
    height, width = pixels.shape[:2]
    size = scale * 4.0 * (12.0 ** rng.random())  # 4 to 48 px
    count = int(rng.integers(6, max(7, int(1500 * scale / size))))
    for _ in range(count):
        angle, own = rng.uniform(0, math.pi), size * rng.uniform(0.5, 1.5)
        leaf = oval((0.0, 0.0), (own / 2, own * rng.uniform(0.15, 0.5)))
        cos, sin = math.cos(angle), math.sin(angle)
        leaf = leaf @ np.array([[cos, sin], [-sin, cos]]) + rng.uniform((0, 0), (width, height))
        shade = tuple(channel * rng.uniform(0.75, 1.0) for channel in colour)
        fill(pixels, leaf, (shade[0], shade[1], shade[2]), line)


def _wobbled(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """Return a closed outline (n, 2) with bumps."""
    middle = points.mean(axis=0)
    coarse = points[:: max(len(points) // 9, 1)]
    return smooth(middle + (coarse - middle) * rng.uniform(0.7, 1.2, (len(coarse), 1)))
