"""Hair of drawn characters: a fringe, locks beside the face, and what hangs behind."""

import math
from dataclasses import dataclass

import numpy as np

from nakawari.data.painting.colour import INK, Colour, darker, random_colour
from nakawari.data.painting.sketch import Sketch
from nakawari.data.painting.sprites import Sprite, smooth


@dataclass(frozen=True)
class HairStyle:
    """Colours, and proportions in half widths of the head."""

    colour: Colour
    shadow: Colour
    light: Colour
    line_colour: Colour
    line: float  # px
    length: float  # of the back hair below the ears
    width: float
    fringe: float  # how far down the fringe hangs: 0 at the brows
    parting: float  # -1 to 1


def sample_style(rng: np.random.Generator, unit: float) -> HairStyle:
    """Return a random style for a head of half width ``unit`` px."""
    value = rng.choice([0.2, 0.4, 0.7, 0.95])
    colour = random_colour(rng, (0.1, 0.75), (max(value - 0.12, 0.12), min(value + 0.05, 1.0)))
    light = tuple(min(c * 1.15 + 25, 255.0) for c in colour)
    return HairStyle(
        colour=colour,
        shadow=darker(colour, rng.uniform(0.55, 0.85)),
        light=(light[0], light[1], light[2]),
        line_colour=INK if rng.random() < 0.6 else darker(colour, 0.45),
        line=float(np.clip(unit * rng.uniform(0.008, 0.03), 1.0, 3.0)),
        length=float(rng.choice([0.3, 1.0, 2.0, 3.2]) * rng.uniform(0.7, 1.2)),
        width=float(rng.uniform(1.12, 1.45)),
        fringe=float(rng.uniform(-0.55, -0.1) if rng.random() < 0.85 else 0.15),
        parting=float(rng.normal() * 0.4),
    )


def fringe(rng: np.random.Generator, style: HairStyle, unit: float) -> Sprite:
    """Return the cap of hair over the brow, its tips pointing down; origin: middle of the face."""
    sketch = Sketch()
    count = int(rng.integers(4, 9))
    arc = np.linspace(math.pi, 2 * math.pi, 16)
    crown = np.stack([np.cos(arc) * 1.1, np.sin(arc) * 1.12 - 0.3], 1)
    xs = np.linspace(1.1, -1.1, count + 1)
    edge = []
    for left, right in zip(xs[1:], xs[:-1], strict=True):
        middle = (left + right) / 2
        near_side = abs(middle) / 1.1
        tip = style.fringe + 0.55 * near_side**2 + rng.normal() * 0.08 + 0.2
        lean = (middle - style.parting) * 0.12
        edge += [
            (right * 0.98, tip - rng.uniform(0.35, 0.5)),
            (middle + lean + 0.08 * (right - left), tip - 0.12),
            (middle + lean, tip),
        ]
    edge.append((-1.1, style.fringe + 0.3))
    outline = np.concatenate([crown, np.array(edge)]) * unit
    sketch.shape(outline, style.colour)
    band = np.linspace(math.pi * 1.12, math.pi * 1.88, 14)
    lift = rng.uniform(0.55, 0.8)
    ripple = np.where(np.arange(14) % 2, 0.07, -0.05)
    upper = np.stack([np.cos(band) * 1.05, np.sin(band) * lift - 0.3], 1)
    lower = np.stack([np.cos(band) * 1.05, np.sin(band) * (lift - 0.16) - 0.3 + ripple], 1)
    if rng.random() < 0.7:
        sketch.inside(np.concatenate([upper, lower[::-1]]) * unit, style.light)
    if rng.random() < 0.6:
        sketch.inside(
            np.array([[-1.3, -1.6], [-0.75, -1.6], [-0.95, 0.8], [-1.3, 0.8]]) * unit, style.shadow
        )
    for x in rng.uniform(-0.9, 0.9, rng.integers(2, 7)):  # single hairs
        bottom = style.fringe - 0.1 + 0.4 * x * x
        sketch.line(
            np.array([[x * 0.6 + style.parting * 0.4, -1.0], [x * 0.92, -0.6], [x, bottom]]) * unit,
            max(style.line * 0.6, 1.0),
            style.line_colour,
        )
    _close(sketch, outline, style)
    if rng.random() < 0.3:
        _ornament(rng, sketch, unit)
    return sketch.sprite()


def back_hair(rng: np.random.Generator, style: HairStyle, unit: float) -> Sprite:
    """Return the hair behind the head, down to its length; origin: middle of the face."""
    sketch = Sketch()
    width, bottom = style.width, 0.4 + style.length
    flare = rng.uniform(0.8, 1.25)
    arc = np.linspace(math.pi, 2 * math.pi, 14)
    crown = np.stack([np.cos(arc) * width, np.sin(arc) * 1.2 - 0.3], 1)
    count = int(rng.integers(4, 10))
    xs = np.linspace(width * flare, -width * flare, 2 * count + 1)
    tips = np.where(np.arange(2 * count + 1) % 2, 0.0, -rng.uniform(0.1, 0.35))
    ends = np.stack([xs, bottom + tips - 0.12 * np.abs(xs)], 1)
    outline = np.concatenate([crown, ends]) * unit
    sketch.shape(outline, style.shadow if rng.random() < 0.6 else style.colour)
    for x in rng.uniform(-0.9, 0.9, rng.integers(2, 8)):
        strand = np.array(
            [[x * width * 0.9, -0.4], [x * width, bottom * 0.5], [x * width * flare, bottom - 0.3]]
        )
        sketch.line(strand * unit, max(style.line * 0.6, 1.0), style.line_colour)
    _close(sketch, outline, style)
    return sketch.sprite()


def lock(rng: np.random.Generator, style: HairStyle, unit: float, length: float) -> Sprite:
    """Return a lock that hangs from its origin and ends in a point, ``length`` half heads long."""
    sketch = Sketch()
    half = rng.uniform(0.1, 0.2) if length < 2 else rng.uniform(0.2, 0.4)
    curve = rng.normal() * 0.12
    right = [(half * 0.7, 0.0), (half * 1.1, length * 0.35), (half * 0.8 + curve, length * 0.75)]
    left = [(-half * 0.7 + curve, length * 0.7), (-half, length * 0.3), (-half * 0.7, 0.0)]
    outline = np.array([*right, (curve * 2, length), *left]) * unit
    outline = smooth(outline, 1)
    sketch.shape(outline, style.colour)
    shade = np.array([(0.1 * half, 0), *right, (curve * 2, length), (0.2 * half, length * 0.5)])
    if rng.random() < 0.6:
        sketch.inside(shade * unit, style.shadow)
    middle = np.array([(-0.2 * half, 0.1), (0.0, length * 0.4), (curve, length * 0.8)]) * unit
    sketch.line(middle, max(style.line * 0.6, 1.0), style.line_colour)
    _close(sketch, outline, style)
    return sketch.sprite()


def _close(sketch: Sketch, outline: np.ndarray, style: HairStyle) -> None:
    sketch.line(np.concatenate([outline, outline[:1]]), style.line, style.line_colour)


def _ornament(rng: np.random.Generator, sketch: Sketch, unit: float) -> None:
    """Add a bow, a pin or a band."""
    colour = random_colour(rng, (0.3, 0.9), (0.4, 1.0))
    kind = rng.integers(3)
    x, y = rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 0.8), rng.uniform(-0.95, -0.5)
    centre = np.array([x, y])
    if kind == 0:
        for side in (-1, 1):
            wing = [(0, 0), (side * 0.4, -0.22), (side * 0.42, 0.2)]
            sketch.shape((np.array(wing) + centre) * unit, colour, 1.5)
        knot = np.array([(-0.08, -0.08), (0.08, -0.08), (0.08, 0.08), (-0.08, 0.08)])
        sketch.shape((knot + centre) * unit, darker(colour, 0.7), 1.5)
    elif kind == 1:
        pin = np.array([(-0.18, -0.05), (0.18, 0.03), (0.18, 0.09), (-0.18, 0.01)])
        sketch.shape((pin + centre) * unit, colour, 1.0)
    else:
        arc = np.linspace(math.pi * 1.05, math.pi * 1.95, 12)
        outer = np.stack([np.cos(arc) * 1.1, np.sin(arc) * 1.02 - 0.3], 1)
        inner = np.stack([np.cos(arc) * 1.1, np.sin(arc) * 0.86 - 0.3], 1)
        sketch.shape(np.concatenate([outer, inner[::-1]]) * unit, colour, 1.5)
