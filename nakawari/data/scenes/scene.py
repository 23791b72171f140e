"""A random scene: a background, figures over it, a camera, and how far each of them moves."""

from dataclasses import dataclass

import numpy as np

from nakawari.data.art import Art
from nakawari.data.figures.figure import Figure, Manner, cel_figure
from nakawari.data.figures.merging import merged
from nakawari.data.figures.puppet import Gestures, puppet_figure
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.movement import sample_displacement
from nakawari.data.moving.render import Layer
from nakawari.data.moving.warps import Chain, Placement
from nakawari.data.scenes.backdrop import sample_backdrop
from nakawari.data.scenes.camera import Camera, CameraView, sample_camera
from nakawari.data.scenes.things import foreground, thing_figure

STAGE_HEIGHT = 288  # px, of the view for which displacements and sizes are given
STAGE_WIDTH = 512


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn, from back to front, in output pixels."""

    layers: list[Layer]
    kind: str  # one of ``KINDS``


# The kinds of scenes by what moves, and the share of samples of each kind. "still": only a small
# part moves. "figures": the figures move before a still background. "pan": only the camera moves,
# over held drawings. "all": everything moves. "follow": a camera follows the figures, so that they
# stay on the screen and the ground moves.
KINDS = {"still": 0.15, "figures": 0.25, "pan": 0.12, "all": 0.26, "follow": 0.22}
# Least and greatest displacement of a ground that slides behind figures, as in TV animation [px at
# a view 288 px high].
FOLLOWED_PAN = (6.0, 48.0)
PUPPET_SHARE = 0.55  # share of the figures that are drawn characters
MANED_SHARE = 0.4  # share of the drawn characters that have many locks, which swing far
WAVING_SHARE = 0.35  # share of the drawn characters, where parts may move, that wave their arms
_SWAY = 0.5
"""How far locks sway at most, as a share of the largest displacement: their ends go further."""
THING_SHARE = 0.13  # share that are things, often with a pattern; the others come from the art
FOREGROUND_SHARE = 0.2  # share of the scenes with something before the figures
# Range of a foreground's depth (see ``CameraView``): it is nearer than the figures. Some have a
# depth of 0 instead, as if they were part of the lens.
FOREGROUND_DEPTHS = (1.0, 2.2)


def sample_scene(
    rng: np.random.Generator, art: Art, height: int, width: int, max_motion: float
) -> Scene:
    """Return a scene seen through a window of (height, width) px.

    The window is cut out of a view of ``STAGE_WIDTH`` x ``STAGE_HEIGHT`` or, if that is too small,
    of the smallest view of that shape that contains it. ``max_motion`` [px at a view 288 px high]
    is the largest displacement that is asked for; bends may go a little past it.
    """
    scale = max(1.0, height / STAGE_HEIGHT, width / STAGE_WIDTH)
    view = (STAGE_WIDTH * scale, STAGE_HEIGHT * scale)
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    limit = max_motion * scale
    camera = Camera()
    if kind in ("pan", "all"):
        share = 1.2 if kind == "pan" else 0.9
        camera = sample_camera(rng, share * sample_displacement(rng, scale, limit), view[0])
    elif kind == "follow":
        low, high = FOLLOWED_PAN
        pan = low * (high / low) ** rng.random()
        camera = sample_camera(rng, min(pan * scale, limit), view[0])
    figures, focus = _sample_figures(rng, art, kind, scale, limit)
    centre = _window(rng, focus, height, width, view)
    layers = [_background(rng, art, camera, centre, view)]
    # Without parallax: a camera that turns, or a background as near as the figures, moves all
    # layers alike.
    flat = rng.random() < 0.35
    for depth, figure in figures:
        if kind == "follow":  # what is followed stays where it is, or nearly
            depth = 0.0 if flat else 0.15 * (depth - 1)
        elif flat:
            depth = 1.0
        look = CameraView(camera, depth, centre)
        whole = Chain([*figure.warps, look])
        layers += [
            Layer(part.pixels, Chain([*part.warps, part.group, whole]))
            for part in merged(figure.parts)
        ]
    if rng.random() < FOREGROUND_SHARE:
        layers.append(_foreground(rng, camera, centre, view, scale))
    return Scene(layers, kind)


def _foreground(
    rng: np.random.Generator,
    camera: Camera,
    centre: tuple[float, float],
    view: tuple[float, float],
    scale: float,
) -> Layer:
    """Return what is before the figures; only the camera moves it."""
    sprite = foreground(rng, int(1.5 * view[0]), int(1.3 * view[1]), scale)
    depth = 0.0 if rng.random() < 0.25 else float(rng.uniform(*FOREGROUND_DEPTHS))
    hang = Placement(sprite.anchor, LinearValue(0.0), LinearValue(0.0))
    return Layer(sprite.pixels, Chain([hang, CameraView(camera, depth, centre)]))


def _sample_figures(
    rng: np.random.Generator, art: Art, kind: str, scale: float, limit: float
) -> tuple[list[tuple[float, Figure]], Figure]:
    """Return figures with their depth (see ``CameraView``), back to front, and the one to show.

    In a "still" scene only the figure to show moves.
    """
    count = int(rng.choice([1, 2, 3, 4], p=[0.5, 0.32, 0.12, 0.06]))
    moving = int(rng.integers(count))
    figures = []
    for index in range(count):
        size, position = _framing(rng, scale)
        manner = _manner(rng, kind, scale, limit, index == moving)
        lot = rng.random()
        if lot < PUPPET_SHARE:
            moves = kind != "pan" and (kind != "still" or index == moving)
            gestures = _sample_gestures(rng, scale, limit, moves)
            figure = puppet_figure(rng, size, position, manner, gestures=gestures)
        elif lot < PUPPET_SHARE + THING_SHARE:
            middle = (position[0], float(rng.normal() * 0.2 * STAGE_HEIGHT * scale))
            figure = thing_figure(rng, 0.6 * size, middle, manner, scale)
        else:
            if kind == "still" and index == moving:  # a small thing moves as a whole
                size, manner = min(size, 130 * scale), Manner(manner.parts, manner.parts)
                position = (position[0], STAGE_HEIGHT * scale * float(rng.uniform(-0.1, 0.5)))
            # A cel is all head or all body, so it is drawn smaller; its top stays in place.
            standing = (position[0], position[1] - 0.35 * size)
            figure = cel_figure(rng, art, 0.65 * size, standing, manner)
        figures.append((size, figure))
    focus = figures[moving][1]
    figures.sort(key=lambda pair: pair[0])
    depths = np.sort(rng.uniform(0.8, 1.3, count))
    layered = [(float(depth), figure) for depth, (_, figure) in zip(depths, figures, strict=True)]
    return layered, focus


def _sample_gestures(rng: np.random.Generator, scale: float, limit: float, moves: bool) -> Gestures:
    hair = _SWAY * limit if rng.random() < MANED_SHARE else 0.0
    waves = rng.random() < WAVING_SHARE and moves
    return Gestures(hair, sample_displacement(rng, 2 * scale, limit) if waves else 0.0)


def _framing(rng: np.random.Generator, scale: float) -> tuple[float, tuple[float, float]]:
    """Return a figure's size [px] and its anchor's place: close-up, bust, full figure or far."""
    shot = rng.choice(["close", "bust", "full", "far"], p=[0.22, 0.4, 0.26, 0.12])
    low, high = {
        "close": (1.4, 2.4), "bust": (0.85, 1.4), "full": (0.5, 0.95), "far": (0.15, 0.5)
    }[str(shot)]  # fmt: skip
    view = STAGE_HEIGHT * scale
    size = view * rng.uniform(low, high)
    spread = STAGE_WIDTH * scale * (0.12 if shot == "close" else 0.28)
    if shot in ("close", "bust"):  # the head is in the picture, the feet are not
        top = view * rng.uniform(-0.65, -0.3)
        bottom = max(top + size, 0.5 * view)
    else:
        bottom = view * rng.uniform(0.0, 0.5) + size * rng.uniform(0.0, 0.25)
    return float(size), (float(rng.uniform(-spread, spread)), float(bottom))


def _manner(
    rng: np.random.Generator, kind: str, scale: float, limit: float, chosen: bool
) -> Manner:
    if kind == "pan":
        return Manner(0.0, 0.0)
    if kind == "still":
        # Only the parts of one figure, or one small figure, move.
        return Manner(0.0, sample_displacement(rng, scale, limit) if chosen else 0.0)
    if kind == "figures" and not chosen and rng.random() < 0.4:
        return Manner(0.0, 0.0)
    if kind == "follow" and rng.random() < 0.5:  # held, or only its parts move
        parts = sample_displacement(rng, scale, limit) if rng.random() < 0.5 else 0.0
        return Manner(0.0, parts)
    whole = sample_displacement(rng, scale, limit)
    return Manner(whole, min(whole * rng.uniform(0.3, 1.2), limit))


def _window(
    rng: np.random.Generator,
    focus: Figure,
    height: int,
    width: int,
    view: tuple[float, float],
) -> tuple[float, float]:
    """Return the output pixel of the stage's origin, such that the window shows ``focus``."""
    spare_x, spare_y = (view[0] - width) / 2, (view[1] - height) / 2
    left = np.clip(focus.x + rng.normal() * 0.18 * width, -spare_x, spare_x)
    top = rng.uniform(-spare_y, spare_y)
    return (width / 2 - float(left), height / 2 - float(top))


def _background(
    rng: np.random.Generator,
    art: Art,
    camera: Camera,
    centre: tuple[float, float],
    view: tuple[float, float],
) -> Layer:
    width, height = int(view[0] * 1.15), int(view[1] * 1.15)
    pixels = sample_backdrop(rng, art, height, width)
    hang = Placement((width / 2, height / 2), LinearValue(0.0), LinearValue(0.0))
    look = CameraView(camera, float(rng.uniform(0.6, 1.0)), centre)
    return Layer(pixels, Chain([hang, look]), endless=True)
