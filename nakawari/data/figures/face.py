"""The face of drawn characters: head, eyes, brows, mouth."""

from dataclasses import dataclass

import numpy as np

from nakawari.data.painting.colour import INK, SKINS, Colour, darker, random_colour
from nakawari.data.painting.sketch import Sketch
from nakawari.data.painting.sprites import Sprite, oval, smooth


@dataclass(frozen=True)
class FaceStyle:
    """Colours, and proportions in half widths of the head."""

    skin: Colour
    shadow: Colour
    iris: Colour
    line: float  # px
    eye_width: float
    eye_height: float
    eye_x: float
    eye_y: float
    chin: float
    tilt: float  # slant of the eyes


def sample_style(rng: np.random.Generator, unit: float) -> FaceStyle:
    """Return a random face for a head of half width ``unit`` px."""
    light = SKINS[int(rng.choice(len(SKINS), p=[0.4, 0.25, 0.15, 0.1, 0.1]))]
    red, green, blue = (float(np.clip(c + rng.normal() * 6, 0, 255)) for c in light)
    return FaceStyle(
        skin=(red, green, blue),
        shadow=darker((red, green, blue), rng.uniform(0.75, 0.9), (220, 90, 90)),
        iris=random_colour(rng, (0.3, 0.9), (0.3, 0.85)),
        line=float(np.clip(unit * rng.uniform(0.008, 0.03), 1.0, 3.0)),
        eye_width=float(rng.uniform(0.24, 0.34)),
        eye_height=float(rng.uniform(0.18, 0.4)),
        eye_x=float(rng.uniform(0.42, 0.5)),
        eye_y=float(rng.uniform(0.1, 0.25)),
        chin=float(rng.uniform(0.95, 1.2)),
        tilt=float(rng.normal() * 0.03),
    )


def head(rng: np.random.Generator, style: FaceStyle, unit: float) -> Sprite:
    """Return the head without eyes and mouth; origin: middle of the face."""
    sketch = Sketch()
    half = [(0.0, -1.15), (0.75, -1.0), (0.98, -0.4), (0.95, 0.25), (0.7, 0.68), (0.2, style.chin)]
    if rng.random() < 0.7:
        for side in (-1, 1):
            ear = oval((side * 0.97, 0.15), (0.14, 0.26))
            sketch.shape(ear * unit, style.skin, style.line)
    mirrored = [(-x, y) for x, y in reversed(half) if x > 0]
    outline = smooth(np.array(half + mirrored)) * unit
    sketch.shape(outline, style.skin)
    if rng.random() < 0.8:  # the shadow of the fringe
        xs = np.linspace(1.1, -1.1, 9)
        low = np.stack([xs, -0.15 + np.where(np.arange(9) % 2, 0.12, -0.08) + 0.3 * xs**2], 1)
        sketch.inside(np.concatenate([[[-1.1, -1.3], [1.1, -1.3]], low]) * unit, style.shadow)
    if rng.random() < 0.5:
        for side in (-1, 1):
            blush = oval((side * 0.62, 0.5), (0.16, 0.08))
            red, green, blue = style.skin
            sketch.inside(blush * unit, (red, green * 0.85, blue * 0.85))
    nose = np.array([(0.03, 0.32), (0.08, 0.48), (0.02, 0.5)]) * rng.choice([-1, 1])
    nose[:, 1] = np.abs(nose[:, 1])
    sketch.line(nose * unit, max(style.line * 0.7, 1.0), darker(style.skin, 0.6))
    sketch.line(np.concatenate([outline, outline[:1]]), style.line, INK)
    return sketch.sprite()


def eye_white(style: FaceStyle, unit: float) -> Sprite:
    """Return the white of an eye; origin: middle of its lower edge."""
    sketch = Sketch()
    w, h = style.eye_width, style.eye_height
    shape = np.array(
        [(-w, -h), (-0.4 * w, -2 * h), (0.6 * w, -2 * h), (w, -h), (0.5 * w, 0), (-0.6 * w, 0)]
    )
    outline = smooth(shape) * unit
    sketch.shape(outline, (250, 248, 250))
    sketch.inside(
        np.array([(-w, -2 * h), (w, -2 * h), (w, -1.5 * h), (-w, -1.5 * h)]) * unit, (205, 205, 225)
    )
    sketch.line(np.array([(-0.5 * w, 0), (0.4 * w, 0)]) * unit, max(style.line * 0.6, 1.0))
    return sketch.sprite()


def iris(style: FaceStyle, unit: float) -> Sprite:
    """Return iris, pupil and highlights; origin: middle of the eye's lower edge."""
    sketch = Sketch()
    w, h = style.eye_width * 0.62, style.eye_height * 0.92
    middle = -style.eye_height
    sketch.shape(oval((0, middle), (w, h)) * unit, style.iris, max(style.line * 0.7, 1.0))
    sketch.inside(oval((0, middle - h), (w * 1.5, h)) * unit, darker(style.iris, 0.45))
    light = tuple(min(c * 1.3 + 40, 255.0) for c in style.iris)
    sketch.inside(
        oval((0, middle + 0.9 * h), (w * 0.7, 0.45 * h)) * unit, (light[0], light[1], light[2])
    )
    sketch.inside(oval((0, middle), (0.38 * w, 0.45 * h)) * unit, (20, 15, 30))
    sketch.inside(oval((-0.35 * w, middle - 0.45 * h), (0.3 * w, 0.26 * h)) * unit, (255, 255, 255))
    sketch.inside(oval((0.4 * w, middle + 0.4 * h), (0.16 * w, 0.14 * h)) * unit, (255, 255, 255))
    return sketch.sprite()


def lash(rng: np.random.Generator, style: FaceStyle, unit: float, side: int) -> Sprite:
    """Return the upper lid with its lashes; origin: its middle. ``side`` -1 is the left."""
    sketch = Sketch()
    w, thick = style.eye_width * 1.15, rng.uniform(0.04, 0.09)
    xs = np.linspace(-w, w, 9)
    droop = 0.3 * style.eye_height
    y = droop * (xs / w) ** 2
    taper = thick * (0.5 + 0.5 * (xs * side / w + 1) / 2)
    top = np.stack([xs, y - taper], 1)
    low = np.stack([xs, y + 0.4 * taper], 1)[::-1]
    sketch.shape(np.concatenate([top, low]) * unit, INK)
    for reach in rng.uniform(0.7, 1.0, rng.integers(0, 3)):
        start = np.array([side * w * reach, droop * reach**2 - thick * 0.5])
        flick = start + np.array([side * 0.09, -0.07])
        sketch.line(np.stack([start, flick]) * unit, style.line)
    return sketch.sprite()


def brow(rng: np.random.Generator, style: FaceStyle, unit: float, colour: Colour) -> Sprite:
    """Return a brow; origin: its middle."""
    sketch = Sketch()
    w, slant = style.eye_width * 0.95, rng.normal() * 0.06
    points = np.array([(-w, slant), (0, -0.06), (w, -slant)]) * unit
    sketch.line(points, max(style.line * 1.4, 1.0), colour)
    return sketch.sprite()


def mouth(rng: np.random.Generator, style: FaceStyle, unit: float) -> Sprite:
    """Return an open mouth; origin: middle of the upper lip. To close, its height is scaled."""
    sketch = Sketch()
    w, h = rng.uniform(0.12, 0.3), rng.uniform(0.14, 0.34)
    shape = smooth(
        np.array([(-w, 0), (0, -0.05), (w, 0), (0.7 * w, 0.8 * h), (0, h), (-0.7 * w, 0.8 * h)])
    )
    sketch.shape(shape * unit, (150, 50, 60))
    sketch.inside(oval((0, h), (0.7 * w, 0.4 * h)) * unit, (225, 120, 120))
    if rng.random() < 0.5:
        sketch.inside(
            np.array([(-w, -0.06), (w, -0.06), (0.8 * w, 0.15 * h), (-0.8 * w, 0.15 * h)]) * unit,
            (255, 250, 250),
        )
    outline = shape * unit
    sketch.line(np.concatenate([outline, outline[:1]]), style.line, (70, 25, 35))
    return sketch.sprite()
