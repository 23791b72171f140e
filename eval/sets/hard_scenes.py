"""Scenes that are hard for one reason each: a thing moves straight, by a known distance.

They are cel animation from the built-in art, drawn with seeds that no training uses.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nakawari.data.art import Art, load_art
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.render import Layer, render
from nakawari.data.moving.warps import Chain, Placement
from nakawari.data.painting.colour import INK, random_colour, recolour
from nakawari.data.painting.sprites import canvas, fill, premultiply, resized, stroke
from nakawari.data.scenes.backdrop import sample_backdrop

HEIGHT, WIDTH = 288, 512
SEED = 2_000_003  # training counts its seeds from 0
_PERIOD = 14  # px, of the repeated pattern


class HardScene(NamedTuple):
    """Layers, the index of the moving one, and how far it moves from time 0 to 1."""

    layers: list[Layer]
    moving: int
    way: np.ndarray  # (dx, dy) [px]


class Moment(NamedTuple):
    """A scene at one time."""

    frame: np.ndarray  # (H, W, 3) uint8 RGB
    moving: np.ndarray  # (H, W) bool, where the thing that moves is visible


def hard_scene(kind: str, distance: float, seed: int) -> HardScene:
    """Draw a scene of a ``kind`` of ``KINDS``, in which something moves ``distance`` px.

    The same seed gives the same pictures at any distance and angle, in every run.
    """
    rng = np.random.default_rng([SEED, seed])
    art = load_art()
    background = sample_backdrop(rng, art, HEIGHT, WIDTH)
    angle = rng.uniform(-0.6, 0.6) + (np.pi if rng.random() < 0.5 else 0.0)
    way = distance * np.array([np.cos(angle), np.sin(angle)])
    pixels = KINDS[kind](rng, art)
    middle = np.array([WIDTH, HEIGHT]) / 2 + rng.uniform(-30, 30, 2)
    start = middle - way / 2
    anchor = (pixels.shape[1] / 2, pixels.shape[0] / 2)
    place = Placement(anchor, LinearValue(start[0], way[0]), LinearValue(start[1], way[1]))
    layers = [Layer(background, Chain([]), endless=True), Layer(pixels, Chain([place]))]
    if kind == "occlusion":
        layers.append(Layer(_posts(rng), Chain([])))
    return HardScene(layers, 1, way)


def at(scene: HardScene, frame_time: float) -> Moment:
    """Draw a scene at a time in [0, 1]."""
    drawn = render(scene.layers, frame_time, HEIGHT, WIDTH)
    return Moment(drawn.frame, drawn.layer_ids == scene.moving)


def _figure(rng: np.random.Generator, art: Art) -> np.ndarray:
    drawing = recolour(rng, art.pick(rng, "cels"), any_hue=0.3)
    return resized(premultiply(drawing), rng.uniform(110, 190) / max(drawing.shape[:2]))


def _thin_lines(rng: np.random.Generator, art: Art) -> np.ndarray:
    """Draw strands and wires, one or two pixels wide, with nothing between them."""
    pixels = canvas(170, 170)
    for _ in range(9):
        stroke(pixels, rng.uniform(10, 160, (3, 2)), float(rng.choice([1, 2])))
    return pixels


def _repeated_pattern(rng: np.random.Generator, art: Art) -> np.ndarray:
    """Draw a striped or chequered cloth: each period of it looks like the next."""
    pixels = canvas(160, 150)
    light = random_colour(rng, value=(0.7, 1.0))
    fill(pixels, np.array([[4, 4], [156, 4], [156, 146], [4, 146]], float), light, line=1.5)
    for left in range(10, 150 - _PERIOD // 2, _PERIOD):
        right = left + _PERIOD // 2
        fill(pixels, np.array([[left, 8], [right, 8], [right, 142], [left, 142]], float), INK)
    if rng.random() < 0.5:
        for top in range(12, 140, _PERIOD):
            stroke(pixels, np.array([[8, top], [152, top]], float), 2.0, light)
    return pixels


def _posts(rng: np.random.Generator) -> np.ndarray:
    """Draw a fence in front, behind which the moving thing is hidden and shown again."""
    pixels = canvas(WIDTH, HEIGHT)
    colour = random_colour(rng)
    for left in range(int(rng.integers(20, 70)), WIDTH, 90):
        corners = [[left, 0], [left + 26, 0], [left + 26, HEIGHT], [left, HEIGHT]]
        fill(pixels, np.array(corners, float), colour, line=1.5)
    return pixels


KINDS: dict[str, Callable[[np.random.Generator, Art], np.ndarray]] = {
    "figure": _figure,
    "thin-lines": _thin_lines,
    "repeated-pattern": _repeated_pattern,
    "occlusion": _figure,
}
"""The kinds of scenes, and the functions that draw what moves in them."""
