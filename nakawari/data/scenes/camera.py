"""The camera: one movement that shifts every layer, near ones more than far ones (parallax)."""

import math
from dataclasses import dataclass

import numpy as np

from nakawari.data.moving.linear import LinearValue, about
from nakawari.data.moving.warps import STILL, Matrix, Projective


@dataclass(frozen=True)
class Camera:
    """Position [px], rotation [rad] and natural logarithm of the zoom, over the stage."""

    x: LinearValue = STILL
    y: LinearValue = STILL
    rotation: LinearValue = STILL
    zoom: LinearValue = STILL


@dataclass(frozen=True)
class CameraView(Projective):
    """The camera's effect on a layer; with ``depth`` 1 it moves in full, with 0 not at all.

    It maps the stage (origin in the middle of the view) to output pixels. ``centre`` is the output
    pixel at which the stage's origin lies.
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
    """Return a pan, zoom, roll or shake, or all at once, that moves by about ``displacement`` px.

    ``extent`` is the size of the view [px], on which the displacement of a zoom or roll depends.
    """
    kind = rng.choice(["pan", "zoom", "roll", "shake", "all"], p=[0.5, 0.15, 0.05, 0.15, 0.15])
    reach = 0.25 * extent
    if kind == "pan":
        # Most pans of TV animation run along one axis.
        angle = rng.choice([0.0, 0.5, 1.0, 1.5]) * math.pi + rng.normal() * 0.1
        return _move(displacement, angle)
    if kind == "shake":
        return _move(displacement, rng.uniform(0, 2 * math.pi))
    sign = rng.choice([-1.0, 1.0])
    if kind == "zoom":
        return Camera(zoom=about(0.0, sign * displacement / reach))
    if kind == "roll":
        return Camera(rotation=about(0.0, sign * displacement / reach))
    shares = rng.dirichlet([2.0, 1.0, 1.0])
    shares *= displacement / np.linalg.norm(shares)
    pan = _move(shares[0], rng.uniform(0, 2 * math.pi))
    return Camera(
        pan.x,
        pan.y,
        about(0.0, sign * shares[1] / reach),
        about(0.0, rng.choice([-1.0, 1.0]) * shares[2] / reach),
    )


def _move(displacement: float, angle: float) -> Camera:
    return Camera(
        about(0.0, displacement * math.cos(angle)), about(0.0, displacement * math.sin(angle))
    )
