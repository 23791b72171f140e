"""The camera: one movement seen by every layer, by near ones more than by far ones."""

import math
from dataclasses import dataclass

import numpy as np

from nakawari.data.easing import EasedValue, Easing, sample_easing
from nakawari.data.warps import STILL, Matrix, Projective


@dataclass(frozen=True)
class Camera:
    """Position [px], rotation [rad] and natural logarithm of the zoom, over the stage."""

    x: EasedValue = STILL
    y: EasedValue = STILL
    rotation: EasedValue = STILL
    zoom: EasedValue = STILL


@dataclass(frozen=True)
class CameraView(Projective):
    """What the camera does to a layer of some ``depth``: 1 moves in full, 0 not at all.

    Maps the stage (origin in the middle of the view) to output pixels, where ``centre`` is the
    output pixel at which the stage's origin lies.
    """

    camera: Camera
    depth: float
    centre: tuple[float, float]

    def matrix(self, frame_time: float) -> Matrix:
        angle = -self.camera.rotation(frame_time)
        zoom = math.exp(self.camera.zoom(frame_time) * self.depth)
        cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
        x = -self.camera.x(frame_time) * self.depth
        y = -self.camera.y(frame_time) * self.depth
        return (
            cos, -sin, cos * x - sin * y + self.centre[0],
            sin, cos, sin * x + cos * y + self.centre[1],
            0.0, 0.0, 1.0,
        )  # fmt: skip


def sample_camera(rng: np.random.Generator, displacement: float, extent: float) -> Camera:
    """Return a pan (60 %), zoom, roll or shake that moves the view by about ``displacement`` px.

    ``extent`` is the size of the view in px: what a zoom or a roll moves depends on it.
    """
    kind = rng.choice(["pan", "zoom", "roll", "shake", "all"], p=[0.5, 0.15, 0.05, 0.15, 0.15])
    easing = sample_easing(rng)
    reach = 0.25 * extent
    if kind == "pan":
        # Most pans of TV animation run along one axis.
        angle = rng.choice([0.0, 0.5, 1.0, 1.5]) * math.pi + rng.normal() * 0.1
        return _move(easing, displacement, angle)
    if kind == "shake":
        return _move(Easing(), displacement, rng.uniform(0, 2 * math.pi), rng.normal() * 0.1)
    sign = rng.choice([-1.0, 1.0])
    if kind == "zoom":
        return Camera(zoom=easing.value(0.0, sign * displacement / reach))
    if kind == "roll":
        return Camera(rotation=easing.value(0.0, sign * displacement / reach))
    shares = rng.dirichlet([2.0, 1.0, 1.0])
    shares *= displacement / np.linalg.norm(shares)
    pan = _move(easing, shares[0], rng.uniform(0, 2 * math.pi))
    return Camera(
        pan.x,
        pan.y,
        easing.value(0.0, sign * shares[1] / reach),
        easing.value(0.0, rng.choice([-1.0, 1.0]) * shares[2] / reach),
    )


def _move(easing: Easing, displacement: float, angle: float, arc: float = 0.0) -> Camera:
    across = arc * displacement
    return Camera(
        easing.value(0.0, displacement * math.cos(angle), -across * math.sin(angle)),
        easing.value(0.0, displacement * math.sin(angle), across * math.cos(angle)),
    )
