"""Layered scenes: a character over a ground that the camera pans, with poles or a fence behind.

In-betweens are torn most by a contour over a ground with another motion, and by thin verticals that
the contour crosses. Everything moves evenly from one drawing to the next, so that nothing but the
layers is hard.
"""

import dataclasses
import itertools
from typing import Any

import numpy as np

from eval.sets.hard_scenes import HEIGHT, WIDTH, HardScene
from nakawari.data.art import load_art
from nakawari.data.figures.figure import Figure, Manner
from nakawari.data.figures.merging import merged
from nakawari.data.figures.puppet import puppet_figure
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.render import Layer, render
from nakawari.data.moving.warps import Chain, Placement
from nakawari.data.painting.colour import INK, darker, random_colour
from nakawari.data.painting.sprites import fill, stroke
from nakawari.data.scenes.backdrop import sample_backdrop

LAYERED_KINDS = ("held-figure", "moving-figure", "hair", "arms")
"""The character before the ground: it rests on the screen, moves as a whole, or rests except for
its hair or its arms."""
GROUNDS = ("poles", "fence")
"""The thin verticals that stand on the ground; they alternate from scene to scene."""
SEED = 3_000_003  # training counts its seeds from 0
_SWING = 24.0  # px from drawing to drawing, of hair and arms: the median of TV animation is 11.5
_SEEN = 150  # number of pixels of the picture that must move at least a third of that
_MARGIN = 40  # px of ground beyond each side of the picture: more than the widest pan
_HEADROOM = 24  # px of the picture above the head


def layered_scene(kind: str, pan: float, number: int) -> HardScene:
    """Draw the ``number``-th scene of one of ``LAYERED_KINDS``, its ground panned by ``pan`` px.

    The moving layer of the result is the ground, which is always the lowest. The same kind and
    number give the same pictures at any pan, except for the moving character: it goes as far as the
    ground, in about the opposite direction.
    """
    for attempt in itertools.count():
        seed = [SEED, LAYERED_KINDS.index(kind), number, attempt]
        ground_rng, figure_rng, way_rng = np.random.default_rng(seed).spawn(3)
        side = 1.0 if way_rng.random() < 0.5 else -1.0
        angle = way_rng.uniform(-0.5, 0.5)
        against = -side * pan * np.array([np.cos(angle), np.sin(angle)])
        way = against if kind == "moving-figure" else np.zeros(2)
        figure = _figure(figure_rng, kind)
        layers = [
            _ground(ground_rng, ground_of(number), side * pan),
            *_in_the_picture(figure, way),
        ]
        if kind not in ("hair", "arms") or _moves_enough(layers):
            break  # else its hair is short, or its arms are outside of the picture
    return HardScene(layers, 0, np.array([side * pan, 0.0]))


def ground_of(number: int) -> str:
    """Return which of ``GROUNDS`` stands on the ground of the ``number``-th scene."""
    return GROUNDS[number % len(GROUNDS)]


def _figure(rng: np.random.Generator, kind: str) -> Figure:
    """Return a character whose head is in the picture; the origin is the picture's middle."""
    size = rng.uniform(300, 400)  # its lower edge is below the picture
    position = (float(rng.uniform(-110, 110)), float(_HEADROOM - HEIGHT / 2 + size))
    parts_move = kind in ("hair", "arms")
    manner = Manner(0.0, _SWING if parts_move else 0.0)
    return puppet_figure(rng, size, position, manner, active={kind} if parts_move else set())


def _in_the_picture(figure: Figure, way: np.ndarray) -> list[Layer]:
    """Return the layers of a figure that as a whole moves by ``way`` [px], and not otherwise."""
    pose = _held(Chain(figure.warps))
    carry = Placement((0.0, 0.0), LinearValue(WIDTH / 2, way[0]), LinearValue(HEIGHT / 2, way[1]))
    layers = []
    for part in merged(figure.parts):
        layers.append(Layer(part.pixels, Chain([*part.warps, part.group, pose, carry])))
    return layers


def _held(warp: Any) -> Any:
    """Return a warp, or a chain of warps, that stays as it is at the start."""
    if isinstance(warp, Chain):
        return Chain([_held(inner) for inner in warp.warps])
    values = {name: value for name, value in vars(warp).items() if isinstance(value, LinearValue)}
    return dataclasses.replace(
        warp, **{name: LinearValue(path(0.0)) for name, path in values.items()}
    )


def _moves_enough(layers: list[Layer]) -> bool:
    drawn = render(layers, 0.0, HEIGHT, WIDTH, motion_times=(1.0,))
    far = np.hypot(*np.moveaxis(drawn.motions[0], -1, 0)) > _SWING / 3
    return bool((far & (drawn.layer_ids > 0)).sum() >= _SEEN)


def _ground(rng: np.random.Generator, kind: str, pan: float) -> Layer:
    width = WIDTH + 2 * _MARGIN
    pixels = sample_backdrop(rng, load_art(), HEIGHT, width)
    (_poles if kind == "poles" else _fence)(rng, pixels)
    across = LinearValue(-_MARGIN - pan / 2, pan)
    return Layer(pixels, Chain([Placement((0.0, 0.0), across, LinearValue(0.0))]), endless=True)


def _poles(rng: np.random.Generator, pixels: np.ndarray) -> None:
    """Draw poles of 2 to 6 px on the ground, unevenly spaced, and two wires over them."""
    width = pixels.shape[1]
    colour = random_colour(rng, value=(0.2, 0.9))
    left = rng.uniform(0, 40)
    while left < width:
        thick, top = rng.uniform(2, 6), rng.uniform(0, 60)
        _bar(pixels, left, top, thick, HEIGHT, colour)
        left += rng.uniform(22, 80)
    for height in rng.uniform(20, 110, 2):
        x = np.linspace(0, width, 40)
        sag = height + 6 * np.cos(x / rng.uniform(20, 60))
        stroke(pixels, np.stack([x, sag], axis=1), 1.0)


def _fence(rng: np.random.Generator, pixels: np.ndarray) -> None:
    """Draw a fence with uneven pickets: of an even one nobody could say how far it pans."""
    width = pixels.shape[1]
    colour = random_colour(rng, value=(0.5, 1.0))
    top, period, thick = rng.uniform(60, 130), rng.uniform(14, 24), rng.uniform(3, 6)
    for rail in (0.25, 0.75):
        y = top + rail * (HEIGHT - top)
        corners = [[0, y], [width, y], [width, y + 4], [0, y + 4]]
        fill(pixels, np.array(corners), darker(colour, 0.8), line=1.0)
    for place in np.arange(0, width, period):
        left, higher = place + rng.uniform(-0.2, 0.2) * period, rng.uniform(0, 12)
        _bar(pixels, left, top - higher, thick, HEIGHT, colour)


def _bar(
    pixels: np.ndarray,
    left: float,
    top: float,
    thick: float,
    bottom: float,
    colour: tuple[float, float, float],
) -> None:
    corners = [[left, top], [left + thick, top], [left + thick, bottom], [left, bottom]]
    fill(pixels, np.array(corners), colour)
    for x in (left, left + thick):  # ink on both sides
        stroke(pixels, np.array([[x, top], [x, bottom]]), 1.0, INK)
