"""Warps of the plane that can be undone in closed form, posed by values that change evenly.

Every warp maps the points of a drawing forward (towards the screen) and inversely (back to the
drawing), both exactly. Points are a pair of float arrays (x, y) of one shape, in pixels, y down.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from nakawari.data.moving.linear import LinearValue

Points = tuple[np.ndarray, np.ndarray]
# A projective 3x3 matrix, row by row. Plain floats: a scene has hundreds, and numpy's overhead
# on so small arrays would cost more than all the drawing.
Matrix = tuple[float, float, float, float, float, float, float, float, float]
STILL = LinearValue(0.0)
AS_DRAWN = LinearValue(1.0)


class Warp(Protocol):
    """A mapping of the plane onto itself that changes over ``frame_time`` in [0, 1]."""

    def forward(self, points: Points, frame_time: float) -> Points: ...

    def inverse(self, points: Points, frame_time: float) -> Points: ...


def is_still(warp: Warp) -> bool:
    """Return whether a warp is the same at every time."""
    if isinstance(warp, Chain):
        return all(is_still(inner) for inner in warp.warps)
    return not any(isinstance(value, LinearValue) and value.moves for value in vars(warp).values())


class Projective:
    """A warp that is a 3x3 matrix at every time; neighbours in a chain are multiplied first."""

    def matrix(self, frame_time: float) -> Matrix:
        """Return the matrix of the forward direction."""
        raise NotImplementedError

    def forward(self, points: Points, frame_time: float) -> Points:
        return apply_matrix(self.matrix(frame_time), points)

    def inverse(self, points: Points, frame_time: float) -> Points:
        return apply_matrix(inverted(self.matrix(frame_time)), points)


@dataclass(frozen=True)
class Placement(Projective):
    """Carries ``anchor`` to (x, y), turned by ``rotation`` [rad] and scaled about it.

    ``log_scale`` is natural, ``stretch`` makes it taller and as much thinner, ``opening`` is its
    height (an eye that closes, a mouth that opens: 1 as drawn, above 0), ``turn`` [rad] turns it
    about its vertical axis in perspective, seen from ``distance`` px away.
    """

    anchor: tuple[float, float]
    x: LinearValue
    y: LinearValue
    rotation: LinearValue = STILL
    log_scale: LinearValue = STILL
    stretch: LinearValue = STILL
    opening: LinearValue = AS_DRAWN
    turn: LinearValue = STILL
    distance: float = 1000.0

    def matrix(self, frame_time: float) -> Matrix:
        angle = self.rotation(frame_time)
        scale = math.exp(self.log_scale(frame_time))
        stretch = math.exp(self.stretch(frame_time))
        turn = self.turn(frame_time)
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        width, height = math.cos(turn) / stretch, stretch * self.opening(frame_time)
        depth = math.sin(turn) / self.distance
        x, y = self.x(frame_time), self.y(frame_time)
        place = (
            cos * width + x * depth, -sin * height, x,
            sin * width + y * depth, cos * height, y,
            depth, 0.0, 1.0,
        )  # fmt: skip
        return multiplied(
            place, (1.0, 0.0, -self.anchor[0], 0.0, 1.0, -self.anchor[1], 0.0, 0.0, 1.0)
        )


@dataclass(frozen=True)
class Bow:
    """Shears the drawing sideways ever more along an axis: a body that bows, cloth, tall grass.

    Along the axis, at distance u past ``anchor`` (in units of ``length``), points move across it
    by ``amount`` px times u² / (1 + u) * 2, plus ``wave`` px times min(u, 1) sin(2π u - phase).
    Nothing moves behind the anchor. ``angle`` 0 has the axis pointing down.
    """

    anchor: tuple[float, float]
    length: float
    angle: float
    amount: LinearValue
    wave: LinearValue = STILL
    phase: LinearValue = STILL

    def forward(self, points: Points, frame_time: float) -> Points:
        return self._shear(points, frame_time, 1.0)

    def inverse(self, points: Points, frame_time: float) -> Points:
        return self._shear(points, frame_time, -1.0)

    def _shear(self, points: Points, frame_time: float, sign: float) -> Points:
        x, y = points
        across_x, across_y = math.cos(self.angle), -math.sin(self.angle)
        along = (x - self.anchor[0]) * (-across_y / self.length)
        along += (y - self.anchor[1]) * (across_x / self.length)
        np.maximum(along, 0.0, out=along)
        offset = along * along / (1.0 + along)
        offset *= 2.0 * self.amount(frame_time) * sign
        wave = self.wave(frame_time)
        if wave:
            ripple = np.sin(along * (2.0 * math.pi) - self.phase(frame_time))
            ripple *= np.minimum(along, 1.0)
            offset += ripple * (wave * sign)
        return x + offset * across_x, y + offset * across_y


@dataclass(frozen=True)
class Ripple:
    """Moves points to and fro across an axis: a thing that is drawn anew is never quite alike.

    At distance d along the axis, points move across it by ``amount`` px times
    sin(2π d / ``length`` + ``phase``). ``angle`` [rad] 0 has the axis pointing down.
    """

    angle: float
    length: float
    phase: float
    amount: LinearValue

    def forward(self, points: Points, frame_time: float) -> Points:
        return self._shear(points, self.amount(frame_time))

    def inverse(self, points: Points, frame_time: float) -> Points:
        return self._shear(points, -self.amount(frame_time))

    def _shear(self, points: Points, amount: float) -> Points:
        x, y = points
        across_x, across_y = math.cos(self.angle), -math.sin(self.angle)
        turns = 2.0 * math.pi / self.length
        offset = np.sin(x * (-across_y * turns) + y * (across_x * turns) + self.phase)
        offset *= amount
        return x + offset * across_x, y + offset * across_y


@dataclass(frozen=True)
class Swirl:
    """Turns points about a joint by an angle that depends on their distance r from it alone.

    The angle is ``bend`` [rad] times a smooth step of r from ``inner`` to ``outer`` px. A limb
    that starts at the joint bends like an elbow between the two; a strand curls. The distance
    does not change, so turning back by the same angle is the exact inverse.
    """

    joint: tuple[float, float]
    inner: float
    outer: float
    bend: LinearValue

    def forward(self, points: Points, frame_time: float) -> Points:
        return self._turn(points, self.bend(frame_time))

    def inverse(self, points: Points, frame_time: float) -> Points:
        return self._turn(points, -self.bend(frame_time))

    def _turn(self, points: Points, bend: float) -> Points:
        x, y = points[0] - self.joint[0], points[1] - self.joint[1]
        step = (np.sqrt(x * x + y * y) - self.inner) * (1.0 / (self.outer - self.inner))
        np.clip(step, 0.0, 1.0, out=step)
        angle = step * step * (3.0 - 2.0 * step) * bend
        cos, sin = np.cos(angle), np.sin(angle)
        return x * cos - y * sin + self.joint[0], x * sin + y * cos + self.joint[1]


@dataclass(frozen=True)
class Chain:
    """Warps one after the other: the first is next to the drawing, the last next to the screen.

    Chains may hold chains: what the parts of a figure have in common is worked out once.
    """

    warps: Sequence[Warp] = ()
    _known: dict[float, list[Matrix | Warp]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def forward(self, points: Points, frame_time: float) -> Points:
        for step in self._steps(frame_time):
            if isinstance(step, tuple):
                points = apply_matrix(step, points)
            else:
                points = step.forward(points, frame_time)
        return points

    def inverse(self, points: Points, frame_time: float) -> Points:
        for step in reversed(self._steps(frame_time)):
            if isinstance(step, tuple):
                points = apply_matrix(inverted(step), points)
            else:
                points = step.inverse(points, frame_time)
        return points

    def _steps(self, frame_time: float) -> list[Matrix | Warp]:
        """Return the chain with neighbouring matrices multiplied, the first warp first."""
        steps = self._known.get(frame_time)
        if steps is None:
            steps = []
            for warp in self.warps:
                if isinstance(warp, Chain):
                    for step in warp._steps(frame_time):
                        _append(steps, step)
                else:
                    _append(
                        steps, warp.matrix(frame_time) if isinstance(warp, Projective) else warp
                    )
            self._known[frame_time] = steps
        return steps


def _append(steps: list[Matrix | Warp], step: Matrix | Warp) -> None:
    before = steps[-1] if steps else None
    if isinstance(before, tuple) and isinstance(step, tuple):
        steps[-1] = multiplied(step, before)
    else:
        steps.append(step)


def multiplied(left: Matrix, right: Matrix) -> Matrix:
    """Return the product: ``right`` is applied first."""
    a, b, c, d, e, f, g, h, i = left
    j, k, l, m, n, o, p, q, r = right  # noqa: E741
    return (
        a * j + b * m + c * p, a * k + b * n + c * q, a * l + b * o + c * r,
        d * j + e * m + f * p, d * k + e * n + f * q, d * l + e * o + f * r,
        g * j + h * m + i * p, g * k + h * n + i * q, g * l + h * o + i * r,
    )  # fmt: skip


def inverted(matrix: Matrix) -> Matrix:
    """Return the inverse, by cofactors; a matrix without one raises ``ZeroDivisionError``."""
    a, b, c, d, e, f, g, h, i = matrix
    cofactors = (e * i - f * h, f * g - d * i, d * h - e * g)
    scale = 1.0 / (a * cofactors[0] + b * cofactors[1] + c * cofactors[2])
    return (
        cofactors[0] * scale, (c * h - b * i) * scale, (b * f - c * e) * scale,
        cofactors[1] * scale, (a * i - c * g) * scale, (c * d - a * f) * scale,
        cofactors[2] * scale, (b * g - a * h) * scale, (a * e - b * d) * scale,
    )  # fmt: skip


def apply_matrix(matrix: Matrix, points: Points) -> Points:
    """Map points by a projective matrix; the last division is left out where it is by one."""
    x, y = points
    a, b, c, d, e, f, g, h, i = matrix
    new_x, new_y = x * a + (y * b + c), x * d + (y * e + f)
    if g == 0.0 and h == 0.0:
        return (new_x, new_y) if i == 1.0 else (new_x / i, new_y / i)
    depth = x * g + (y * h + i)
    return new_x / depth, new_y / depth
