"""The body of drawn characters: clothed torso, arms and legs."""

from dataclasses import dataclass

import numpy as np

from nakawari.data.painting.colour import INK, Colour, darker, random_colour
from nakawari.data.painting.sketch import Sketch
from nakawari.data.painting.sprites import Sprite, oval, smooth


@dataclass(frozen=True)
class Outfit:
    """Colours, and proportions in half widths of the head."""

    skin: Colour
    cloth: Colour
    trim: Colour
    shoulder: float
    waist: float
    height: float  # of the torso
    line: float  # px
    skirt: bool


def sample_outfit(rng: np.random.Generator, unit: float, skin: Colour) -> Outfit:
    """Return random clothes for a head of half width ``unit`` px."""
    return Outfit(
        skin=skin,
        cloth=random_colour(rng, (0.0, 0.8), (0.2, 1.0)),
        trim=random_colour(rng, (0.0, 0.9), (0.2, 1.0)),
        shoulder=float(rng.uniform(0.95, 1.4)),
        waist=float(rng.uniform(0.65, 0.95)),
        height=float(rng.uniform(2.2, 3.0)),
        line=float(np.clip(unit * rng.uniform(0.008, 0.03), 1.0, 3.0)),
        skirt=bool(rng.random() < 0.5),
    )


def torso(rng: np.random.Generator, outfit: Outfit, unit: float) -> Sprite:
    """Return neck and torso; origin: where the neck meets the head."""
    sketch = Sketch()
    s, w, h = outfit.shoulder, outfit.waist, outfit.height
    neck = np.array([(-0.3, -0.5), (0.3, -0.5), (0.32, 0.5), (-0.32, 0.5)])
    sketch.shape(neck * unit, outfit.skin, outfit.line)
    sketch.inside(
        np.array([(-0.4, -0.5), (0.4, -0.5), (0.3, 0.1), (-0.1, 0.22)]) * unit,
        darker(outfit.skin, 0.78),
    )
    hip = w * rng.uniform(1.1, 1.5)
    slope = [(0.35, 0.32), (0.65 * s, 0.48), (0.92 * s, 0.68), (s, 1.0), (0.87 * s, 1.5)]
    half = [*slope, (w, 0.65 * h), (hip, h)]
    body = np.array(half + [(-x, y) for x, y in reversed(half)]) * unit
    sketch.shape(body, outfit.cloth)
    shadow = darker(outfit.cloth, rng.uniform(0.6, 0.85))
    side = rng.choice([-1.0, 1.0])
    fold = np.array([(s, 0.7), (s * 0.6, 1.2), (w * 0.5, 0.7 * h), (hip * 0.6, h), (hip, h)])
    sketch.inside(fold * [side, 1.0] * unit, shadow)
    _trim(rng, sketch, outfit, unit)
    sketch.line(np.concatenate([body, body[:1]]), outfit.line, INK)
    return sketch.sprite()


def _trim(rng: np.random.Generator, sketch: Sketch, outfit: Outfit, unit: float) -> None:
    """Add a collar, buttons, a scarf, stripes or a belt."""
    h = outfit.height
    kind = rng.integers(5)
    if kind == 0:  # sailor collar with a bow
        for side in (-1, 1):
            collar = np.array([(0.3, 0.3), (0.75, 0.5), (0.55, 0.95), (0.0, 1.15)]) * [side, 1]
            sketch.shape(collar * unit, outfit.trim, outfit.line)
        for side in (-1, 1):
            bow = np.array([(0, 1.1), (0.4, 0.95), (0.42, 1.4)]) * [side, 1]
            sketch.shape(bow * unit, darker(outfit.trim, 0.6), outfit.line)
    elif kind == 1:  # open jacket
        shirt = np.array([(-0.28, 0.3), (0.28, 0.3), (0.2, h), (-0.2, h)])
        sketch.shape(shirt * unit, outfit.trim, outfit.line)
        for y in np.arange(0.7, h - 0.1, 0.4):
            sketch.shape(oval((0, y), (0.05, 0.05)) * unit, darker(outfit.trim, 0.5))
    elif kind == 2:
        scarf = oval((0, 0.35), (0.55, 0.25))
        sketch.shape(scarf * unit, outfit.trim, outfit.line)
    elif kind == 3:
        for y in np.arange(rng.uniform(0.7, 1.0), h, rng.uniform(0.3, 0.6)):
            stripe = np.array([(-1.6, y), (1.6, y), (1.6, y + 0.15), (-1.6, y + 0.15)])
            sketch.inside(stripe * unit, outfit.trim)
    else:
        belt = np.array([(-1.6, 0.7 * h), (1.6, 0.7 * h), (1.6, 0.78 * h), (-1.6, 0.78 * h)])
        sketch.inside(belt * unit, outfit.trim)
        sketch.line(np.array([(0.0, 0.35), (0.05, 0.7 * h)]) * unit, outfit.line)


def arm(rng: np.random.Generator, outfit: Outfit, unit: float, length: float) -> Sprite:
    """Return a straight arm with a hand, hanging down; origin: the shoulder."""
    sketch = Sketch()
    w = rng.uniform(0.22, 0.34)
    wrist = rng.uniform(0.75, 1.5) * w
    sleeve = length * (rng.choice([0.4, 0.85]))
    hand = length + 0.15
    skin = [(0.75 * w, 0.2), (0.6 * w, length), (-0.6 * w, length), (-0.75 * w, 0.2)]
    sketch.shape(np.array(skin) * unit, outfit.skin, outfit.line)
    sketch.shape(oval((0, hand), (0.2, 0.24)) * unit, outfit.skin, outfit.line)
    for x in (-0.1, 0.0, 0.1):
        finger = np.array([(x, hand + 0.05), (x * 1.5, hand + 0.22)])
        sketch.line(finger * unit, max(outfit.line * 0.6, 1.0))
    cloth = np.array(
        [
            (-0.8 * w, -0.15),
            (0.8 * w, -0.15),
            (w, 0.3),
            (wrist, sleeve),
            (-wrist, sleeve),
            (-w, 0.3),
        ]
    )
    sketch.shape(cloth * unit, outfit.cloth)
    shade = np.array([(0.3 * w, -0.15), (w, 0.0), (wrist, sleeve), (0.4 * wrist, sleeve)])
    sketch.inside(shade * unit, darker(outfit.cloth, 0.75))
    if rng.random() < 0.5:
        cuff = np.array(
            [(-wrist, sleeve - 0.2), (wrist, sleeve - 0.2), (wrist, sleeve), (-wrist, sleeve)]
        )
        sketch.shape(cuff * unit, outfit.trim, outfit.line)
    sketch.line(np.concatenate([cloth, cloth[:1]]) * unit, outfit.line)
    return sketch.sprite()


def leg(rng: np.random.Generator, outfit: Outfit, unit: float, length: float) -> Sprite:
    """Return a leg with a shoe, hanging down; origin: the hip."""
    sketch = Sketch()
    w = rng.uniform(0.3, 0.4)
    stocking = length * rng.uniform(0.3, 0.8)
    bare = np.array([(-w, 0), (w, 0), (0.65 * w, length), (-0.65 * w, length)])
    sketch.shape(bare * unit, outfit.skin if outfit.skirt else outfit.trim)
    low = np.array([(-w, stocking), (w, stocking), (w, length), (-w, length)])
    sketch.inside(low * unit, outfit.trim)
    sketch.line(np.concatenate([bare, bare[:1]]) * unit, outfit.line)
    shoe = smooth(
        np.array(
            [
                (-0.7 * w, length - 0.2),
                (0.7 * w, length - 0.2),
                (1.1 * w, length + 0.2),
                (-0.8 * w, length + 0.2),
            ]
        ),
        1,
    )
    sketch.shape(shoe * unit, darker(outfit.trim, 0.5), outfit.line)
    return sketch.sprite()


def skirt(rng: np.random.Generator, outfit: Outfit, unit: float) -> Sprite:
    """Return a pleated skirt; origin: the middle of the waist."""
    sketch = Sketch()
    top, low, h = outfit.waist * 1.05, outfit.waist * rng.uniform(1.5, 2.2), rng.uniform(1.0, 1.9)
    count = int(rng.integers(4, 9))
    xs = np.linspace(low, -low, 2 * count + 1)
    hem = np.stack([xs, h + np.where(np.arange(2 * count + 1) % 2, 0.08, 0.0)], 1)
    outline = np.concatenate([[(-top, 0), (top, 0)], hem]) * unit
    colour = outfit.cloth if rng.random() < 0.5 else outfit.trim
    sketch.shape(outline, colour)
    for x in xs[1:-1:2]:
        pleat = np.array(
            [(x * top / low, 0.05), (x, h), (x + 0.15, h), (x * top / low + 0.02, 0.05)]
        )
        sketch.inside(pleat * unit, darker(colour, 0.7))
    sketch.line(np.concatenate([outline, outline[:1]]), outfit.line)
    return sketch.sprite()
