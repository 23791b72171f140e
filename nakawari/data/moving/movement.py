"""How far and in what manner one thing moves between two drawings."""

import math

import numpy as np

from nakawari.data.moving.linear import LinearValue, about
from nakawari.data.moving.warps import Bow, Placement, Ripple, Swirl, Warp

# Lognormal displacement between frame_0 and frame_1, at a view of 288 px: TV animation moves
# 4.7 / 11.5 / 28.7 px (10th/50th/90th percentile). It is a little more here, as large motion is
# where in-betweens fail.
MEDIAN_DISPLACEMENT = 14.0
SIGMA = 0.65
# The median distance of a figure's pixels from its anchor, as a share of its size: what a
# rotation by one radian, or growth by a factor e, moves them. Measured.
_REACH = 0.25
RIPPLED_SHARE = 0.5
"""Of what moves is not quite the same shape in both drawings."""
# How long a ripple is, as a share of what it runs through, and its least length [px]: shorter ones
# could not be told from another drawing, and are coarser than the points where a warp is evaluated.
_RIPPLE_LENGTH = (0.45, 1.4)
_LEAST_RIPPLE = 48.0
_MOST_RIPPLE = 0.07
"""Of its length, that a ripple changes by: it shears by two fifths at most."""


def sample_displacement(rng: np.random.Generator, scale: float, limit: float) -> float:
    """Return a displacement [px] for a view ``scale`` times 288 px high, at most ``limit``."""
    return float(min(MEDIAN_DISPLACEMENT * scale * math.exp(SIGMA * rng.standard_normal()), limit))


def place(
    rng: np.random.Generator,
    anchor: tuple[float, float],
    position: tuple[float, float],
    extent: float,
    displacement: float,
    lean: float = 0.08,
) -> Placement:
    """Return the placement of a whole figure that moves by about ``displacement`` px.

    The displacement is shared out at random between moving, rotating, growing, stretching and
    turning; ``extent`` [px] is the figure's size, ``lean`` [rad] the spread of its resting angle.
    """
    shares = rng.dirichlet([1.2, 0.5, 0.25, 0.1, 0.3])
    shares *= displacement / np.linalg.norm(shares)
    move, rotate, grow, stretch, turn = shares
    reach = _REACH * extent
    angle = rng.uniform(0, 2 * math.pi)
    sign = rng.choice([-1.0, 1.0], 4)
    resting_turn = rng.normal() * 0.2
    return Placement(
        anchor=anchor,
        x=about(position[0], move * math.cos(angle)),
        y=about(position[1], move * math.sin(angle)),
        rotation=about(rng.normal() * lean, sign[0] * min(rotate / reach, 0.9)),
        log_scale=about(0.0, sign[1] * min(grow / reach, 0.5)),
        stretch=about(rng.normal() * 0.03, sign[2] * min(stretch / reach, 0.3)),
        turn=about(resting_turn, sign[3] * min(1.2 * turn / reach, 0.7)),
        distance=3.0 * extent,
    )


def bends(
    rng: np.random.Generator, anchor: tuple[float, float], extent: float, displacement: float
) -> list[Warp]:
    """Return the bends and ripples of a body held at ``anchor``, moving it by about so many px."""
    warps = ripples(rng, extent, displacement)
    if rng.random() < 0.6:
        share = rng.uniform(0.3, 1.0) * displacement
        amount = min(1.2 * share, 0.35 * extent) * rng.choice([-1.0, 1.0])
        wave = min(share, 0.05 * extent) * rng.choice([-1.0, 0.0, 1.0])
        warps.append(
            Bow(
                anchor=anchor,
                length=extent,
                # Mostly upwards from the feet, or sideways.
                angle=math.pi + rng.normal() * 0.5 if rng.random() < 0.7 else rng.uniform(0, 6.28),
                amount=about(rng.normal() * 0.04 * extent, amount),
                wave=about(rng.normal() * 0.015 * extent, wave),
                # What is held does not ripple either.
                phase=about(rng.uniform(0, 2 * math.pi), rng.normal() * 0.4 * (displacement > 0)),
            )
        )
    if rng.random() < 0.35:
        outer = extent * rng.uniform(0.25, 0.6)
        middle = (
            anchor[0] + rng.normal() * 0.2 * extent,
            anchor[1] - rng.uniform(0.2, 0.8) * extent,
        )
        angle = min(rng.uniform(0.2, 0.8) * displacement / outer, 0.6) * rng.choice([-1.0, 1.0])
        bend = about(rng.normal() * 0.06, angle)
        # Inside out: what is near the joint turns, what is far stays.
        warps.append(Swirl(middle, outer, outer * 0.1, bend))
    return warps


def ripples(rng: np.random.Generator, extent: float, displacement: float) -> list[Warp]:
    """Return none, or two ripples across each other, of a drawing of ``extent`` px.

    They move it by a part of ``displacement`` px; with 0 the drawing is held.
    """
    if displacement <= 0 or rng.random() >= RIPPLED_SHARE:
        return []
    warps: list[Warp] = []
    angle = rng.uniform(0, 2 * math.pi)
    for turned in (0.0, math.pi / 2 + rng.normal() * 0.3):
        length = max(extent * rng.uniform(*_RIPPLE_LENGTH), _LEAST_RIPPLE)
        change = min(rng.uniform(0.15, 0.7) * displacement, _MOST_RIPPLE * length)
        amount = about(rng.normal() * 0.01 * length, change * rng.choice([-1.0, 1.0]))
        warps.append(Ripple(angle + turned, length, rng.uniform(0, 2 * math.pi), amount))
    return warps


def dangle(
    rng: np.random.Generator,
    root: tuple[float, float],
    length: float,
    displacement: float,
) -> list[Warp]:
    """Return the sway of a strand that hangs from ``root``: it ripples, curls, and swings."""
    angle = displacement / (0.6 * length) * rng.uniform(0.6, 1.4)
    curl = float(np.clip(angle * rng.choice([-0.7, 0.8, 1.2]), -1.1, 1.1))
    swing = float(np.clip(angle, -0.6, 0.6))
    return [
        *ripples(rng, length, displacement),
        Swirl(root, 0.0, 1.1 * length, about(rng.normal() * 0.35, curl)),
        Placement(
            root,
            LinearValue(root[0]),
            LinearValue(root[1]),
            about(rng.normal() * 0.08, 0.4 * swing),
        ),
    ]


def limb_bend(
    rng: np.random.Generator,
    root: tuple[float, float],
    length: float,
    displacement: float,
    resting: float = 0.6,
) -> list[Warp]:
    """Return the movement of a limb held at its shoulder: it bends at the elbow and swings.

    ``resting`` [rad] is the spread of the angle at which its elbow stands.
    """
    angle = min(displacement / (0.55 * length), 1.3)
    share = rng.uniform(0.2, 0.8)
    bend = share * angle * rng.choice([-1.0, 1.0])
    swing = (1 - share) * angle * rng.choice([-1.0, 1.0])
    return [
        Swirl(root, 0.3 * length, 0.8 * length, about(rng.normal() * resting, bend)),
        Placement(root, LinearValue(root[0]), LinearValue(root[1]), about(0.0, swing)),
    ]
