"""Figures that move on their own: cels and faces from the art, with limbs and strands added."""

from dataclasses import dataclass, field

import numpy as np

from nakawari.data.art import Art
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.movement import bends, dangle, limb_bend, place
from nakawari.data.moving.warps import Chain, Placement, Warp
from nakawari.data.painting.colour import Colour, random_colour, recolour
from nakawari.data.painting.sprites import Sprite, outlined, premultiply, resized, shaded, strip

_ALONE = Chain()


@dataclass(frozen=True)
class Part:
    """A drawing, its own warps, and the warps that it shares with its group, such as a head."""

    pixels: np.ndarray  # (h, w, 4) uint8 RGBA, premultiplied
    warps: list[Warp] = field(default_factory=list)
    group: Chain = _ALONE


@dataclass(frozen=True)
class Figure:
    """Parts from back to front, and the warps of all parts, which place them on the stage."""

    parts: list[Part]
    warps: list[Warp]
    x: float  # where it stands on the stage [px]


@dataclass(frozen=True)
class Manner:
    """How far a figure moves as a whole and in its parts between the two drawings [px]."""

    whole: float
    parts: float


def cel_figure(
    rng: np.random.Generator,
    art: Art,
    size: float,
    position: tuple[float, float],
    manner: Manner,
) -> Figure:
    """Return a cel or a face, ``size`` px high or wide, standing at ``position`` on the stage."""
    kinds = [kind for kind in ("cels", "faces") if art.count(kind)]
    kind = kinds[rng.integers(len(kinds))]
    drawing = recolour(rng, art.pick(rng, kind), any_hue=0.5 if kind == "cels" else 0.1)
    if rng.random() < 0.5:
        drawing = drawing[:, ::-1]
    scale = size / max(drawing.shape[:2])
    pixels = resized(premultiply(drawing), scale)
    height, width = pixels.shape[:2]
    body = Sprite(pixels, (width / 2, height * rng.uniform(0.6, 1.0)))
    if rng.random() < 0.35:
        body = shaded(rng, body)
    if rng.random() < 0.3:
        body = outlined(body, int(rng.integers(1, 4)))
    behind, before = _attachments(rng, body, size, manner.parts)
    return Figure(
        parts=[*behind, Part(body.pixels), *before],
        warps=[
            *bends(rng, body.anchor, float(height), 0.7 * manner.whole),
            place(rng, body.anchor, position, size, 1.1 * manner.whole),
        ],
        x=position[0],
    )


def _attachments(
    rng: np.random.Generator, body: Sprite, size: float, displacement: float
) -> tuple[list[Part], list[Part]]:
    """Return limbs and strands that hang on the body: those behind it and those before it."""
    behind: list[Part] = []
    before: list[Part] = []
    if size < 50:
        return behind, before
    ys, xs = np.nonzero(body.pixels[::4, ::4, 3] > 200)
    if not len(ys):
        return behind, before
    draw = rng.random()
    limbs = int(rng.integers(1, 4)) if draw < 0.35 else 0
    tufts = int(rng.integers(1, 3)) if draw > 0.6 else 0
    for _ in range(limbs):
        pick = rng.integers(len(ys))
        root = (4.0 * float(xs[pick]), 4.0 * float(ys[pick]))
        part = limb(rng, root, size * rng.uniform(0.25, 0.55), displacement)
        (before if rng.random() < 0.6 else behind).append(part)
    for _ in range(tufts):
        pick = rng.integers(max(len(ys) // 2, 1))  # hair grows on the upper half
        root = (4.0 * float(xs[pick]), 4.0 * float(ys[pick]))
        parts = tuft(rng, root, size * rng.uniform(0.15, 0.45), displacement)
        (before if rng.random() < 0.6 else behind).extend(parts)
    return behind, before


def limb(
    rng: np.random.Generator,
    root: tuple[float, float],
    length: float,
    displacement: float,
    colour: Colour | None = None,
) -> Part:
    """Return an arm or leg of ``length`` px held at ``root``, pointing anywhere."""
    colour = colour or random_colour(rng, (0.05, 0.7), (0.4, 1.0))
    width = length * rng.uniform(0.14, 0.3)
    line = 0.0 if rng.random() < 0.2 else rng.uniform(1.0, 2.5)
    sprite = strip(
        rng,
        length,
        width,
        width * rng.uniform(0.8, 1.1),
        width * rng.uniform(0.7, 1.2),
        colour,
        line,
    )
    resting = LinearValue(rng.uniform(-np.pi, np.pi))
    hang = Placement(sprite.anchor, LinearValue(root[0]), LinearValue(root[1]), resting)
    return Part(sprite.pixels, [*limb_bend(rng, sprite.anchor, length, displacement), hang])


def tuft(
    rng: np.random.Generator,
    root: tuple[float, float],
    length: float,
    displacement: float,
    colour: Colour | None = None,
) -> list[Part]:
    """Return one to five strands that grow from about ``root`` and sway one after the other."""
    colour = colour or random_colour(rng, (0.1, 0.8), (0.15, 0.9))
    direction = rng.uniform(-np.pi, np.pi)
    sway = displacement * rng.choice([-1.0, 1.0])
    parts = []
    for _ in range(rng.integers(1, 6)):
        own = length * rng.uniform(0.7, 1.1)
        width = own * rng.uniform(0.1, 0.3)
        line = rng.uniform(0.8, 2.0)
        sprite = strip(rng, own, width, width * rng.uniform(0.7, 1.1), 0.0, colour, line)
        hang = Placement(
            sprite.anchor,
            LinearValue(root[0] + rng.normal() * 0.08 * length),
            LinearValue(root[1] + rng.normal() * 0.04 * length),
            LinearValue(direction + rng.normal() * 0.3),
        )
        lag = sway * rng.uniform(0.5, 1.2)
        parts.append(Part(sprite.pixels, [*dangle(rng, sprite.anchor, own, lag), hang]))
    return parts
