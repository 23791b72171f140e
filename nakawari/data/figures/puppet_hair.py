"""The hair of a drawn character, put on its head so that it swings."""

from dataclasses import replace

import numpy as np

from nakawari.data.figures import hair
from nakawari.data.figures.puppet_build import PuppetBuild, where_it_is
from nakawari.data.moving.linear import LinearValue, about
from nakawari.data.moving.movement import dangle, ripples
from nakawari.data.moving.warps import Bow, Placement
from nakawari.data.painting.sprites import Sprite


def add_back_hair(build: PuppetBuild, style: hair.HairStyle) -> None:
    """Add the hair behind the head, perhaps with tails, or with many locks that swing far."""
    rng, unit = build.rng, build.unit
    amount = build.amount("hair")
    sprite = hair.back_hair(rng, style, unit)
    swing = min(amount, 0.5 * unit * style.length) * rng.choice([-1.0, 1.0])
    wave = min(0.4 * amount, 0.12 * unit) * rng.choice([-1.0, 0.0, 1.0])
    bow = Bow(
        sprite.anchor,
        (style.length + 0.4) * unit,
        0.0,
        about(rng.normal() * 0.15 * unit, swing),
        about(rng.normal() * 0.04 * unit, wave),
        about(rng.uniform(0, 6.28), rng.normal() * 0.5 * (amount > 0)),
    )
    if rng.random() < 0.25:  # tails, two or one
        for side in (-1, 1) if rng.random() < 0.7 else (1,):
            length = rng.uniform(1.8, 3.5)
            tail = hair.lock(rng, style, unit, length)
            hang = dangle(rng, tail.anchor, length * unit, amount)
            build.on_head(tail, (side * 1.1, -0.7), -0.3, hang)
    if build.gestures.hair > 0:
        _add_mane(build, style, amount)
    waves = ripples(rng, (style.length + 1) * unit, amount)
    build.on_head(sprite, (0, 0), -0.6, [*waves, bow])
    if build.gestures.hair > 0 and rng.random() < 0.3:
        _add_mane(build, style, amount)


def _add_mane(build: PuppetBuild, style: hair.HairStyle, amount: float) -> None:
    """Add many locks that look alike, blown to one side, and swing together far.

    As they lie over each other, each place shows some lock in both drawings: what stays there
    looks as right as the true motion, and only what is around tells them apart.
    """
    rng, unit = build.rng, build.unit
    blown = rng.normal() * 0.7
    sway = min(amount * rng.uniform(1.0, 2.5), build.gestures.hair) * rng.choice([-1.0, 1.0])
    long = rng.uniform(1.5, 4.0)
    for _ in range(rng.integers(6, 15)):
        length = long * rng.uniform(0.6, 1.1)
        shade = style.colour if rng.random() < 0.6 else style.shadow
        sprite = hair.lock(rng, replace(style, colour=shade), unit, length)
        x, y = rng.uniform(-1.1, 1.1), rng.uniform(-0.9, 0.4)
        lean = Placement(
            sprite.anchor, *where_it_is(sprite), LinearValue(blown - 0.35 * x + rng.normal() * 0.2)
        )
        hang = dangle(rng, sprite.anchor, length * unit, sway * rng.uniform(0.7, 1.15))
        build.on_head(sprite, (x, y), -0.4, [*hang, lean])


def add_front_hair(build: PuppetBuild, style: hair.HairStyle) -> None:
    """Add the locks beside the face, the fringe, and perhaps a lock that stands up."""
    rng, unit = build.rng, build.unit
    amount = build.amount("hair")
    for side in (-1, 1):
        for _ in range(rng.integers(0, 3)):
            length = rng.uniform(0.9, 2.4)
            sprite = hair.lock(rng, style, unit, length)
            lag = amount * rng.uniform(0.6, 1.1)
            hang = dangle(rng, sprite.anchor, length * unit, lag)
            build.on_head(sprite, (side * rng.uniform(0.75, 1.02), -0.45), 0.3, hang)
    cap = hair.fringe(rng, style, unit)
    flutter = min(0.3 * amount, 0.12 * unit) * rng.choice([-1.0, 1.0])
    root = (cap.anchor[0], cap.anchor[1] - 0.5 * unit)
    waves = ripples(rng, unit, 0.4 * amount)
    build.on_head(cap, (0, 0), 0.55, [*waves, Bow(root, unit, 0.0, about(0.0, flutter))])
    if rng.random() < 0.3:
        sprite = hair.lock(rng, style, unit, rng.uniform(0.5, 0.9))
        hang = dangle(rng, sprite.anchor, 0.7 * unit, amount)
        turned = Placement(
            sprite.anchor, LinearValue(0), LinearValue(0), LinearValue(np.pi + rng.normal() * 0.5)
        )
        stand = Sprite(sprite.pixels, (0.0, 0.0))
        build.on_head(stand, (rng.normal() * 0.2, -1.3), 0.4, [*hang, turned])
