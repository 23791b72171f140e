"""What two pictures have in common, wherever it stands in them and however bright it is.

Two frames of a shot show the same things, moved, uncovered, lit otherwise; on either side of a cut
they show others. So the contours of one are looked for in the other: where they are, as they are
or as a negative shows them; where one shift of the whole picture brings them (a pan); and where
dense optical flow does (figures; Kroeger et al., "Fast optical flow using dense inverse search",
ECCV 2016). What is found is told by the correlation of the gradients, which no light changes.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

REDUCED = 2  # halvings; the contours that are left are those of shapes, not of grain
LEAST_REDUCED = 48  # px: a picture is not reduced further
LEAST_SIDE = 16  # px: smaller, anything is found by moving pieces
CLEAR_NEGATIVE = -0.25  # correlation: perhaps the other is a negative, moved on
LEAST_OVERLAP = 0.4  # of the picture that a shift leaves
# Of Sobel's, which is 8 times the code values a px: grain has so much, and is no contour.
LEAST_STEEPNESS = 16.0
FULL_LIGHT = 40.0  # code values: the standard deviation of a picture by day
MAX_GAIN = 16.0
FINEST = 1  # halvings at which the flow ends


class Slopes(NamedTuple):
    """The gradient of a picture, (H, W) float32 each: shorter than 1, the steeper the longer."""

    across: np.ndarray
    down: np.ndarray


class Content:
    """A picture made ready to be looked for in another."""

    def __init__(self, luma: np.ndarray) -> None:
        """Take a smoothed plane, (H, W) uint8."""
        self._luma = luma

    @cached_property
    def plane(self) -> np.ndarray:
        """The picture, reduced, float32 code values."""
        plane = self._luma.astype(np.float32)
        for _ in range(REDUCED):
            height, width = plane.shape[0] // 2, plane.shape[1] // 2
            if min(height, width) < LEAST_REDUCED:
                break
            even = plane[: 2 * height, : 2 * width]
            plane = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
        return plane

    @cached_property
    def slopes(self) -> Slopes:
        """Its gradient."""
        return slopes_of(self.plane)


def slopes_of(plane: np.ndarray) -> Slopes:
    """Return the gradient of a plane, (H, W), its steep parts counting little more than others.

    Else the outline of one dark figure outweighs all that stands around it.
    """
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1)
    steepness = cv2.magnitude(across, down)
    weight = 1 / np.hypot(steepness, max(float(steepness.mean()), LEAST_STEEPNESS))
    return Slopes(across * weight, down * weight)


def correlation(one: Slopes, other: Slopes) -> float:
    """Return how alike two gradients are: 1 the same, 0 nothing in common, -1 a negative."""
    squares = [
        float(np.vdot(slopes.across, slopes.across) + np.vdot(slopes.down, slopes.down))
        for slopes in (one, other)
    ]
    product = float(np.vdot(one.across, other.across) + np.vdot(one.down, other.down))
    return product / max(float(np.sqrt(squares[0] * squares[1])), 1e-6)


def resemblance(one: Content, other: Content, enough: float = 1.0) -> float:
    """Return how much of what a picture shows is found in another, 0 to 1.

    Unrelated pictures have 0 to 0.4. Where ``enough`` is found, no more is looked for.
    """
    in_place = correlation(one.slopes, other.slopes)
    earlier, later = one.plane, other.plane
    lights = [later] if in_place > CLEAR_NEGATIVE else [later, 255 - later]
    found = abs(in_place)
    for look_for in (_shifted, _flowed, _flowed_back):
        for lit in lights:
            if found >= enough or min(earlier.shape) < LEAST_SIDE:
                return found
            found = max(found, look_for(earlier, lit))
    return found


def _shifted(earlier: np.ndarray, later: np.ndarray) -> float:
    """Return how alike two planes are where the likeliest shift of the whole makes them overlap."""
    window = cv2.createHanningWindow(earlier.shape[::-1], cv2.CV_32F)
    # Given a window, it would lay it over the planes themselves.
    shift, _ = cv2.phaseCorrelate(earlier * window, later * window)
    (x, y), (height, width) = (round(way) for way in shift), earlier.shape
    shared = (height - abs(y)) * (width - abs(x))
    if min(height - abs(y), width - abs(x)) < LEAST_SIDE or shared < LEAST_OVERLAP * earlier.size:
        return 0.0
    mine, others = _overlap(earlier, later, x, y)
    return correlation(slopes_of(mine), slopes_of(others))


def _overlap(
    earlier: np.ndarray, later: np.ndarray, x: int, y: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of two planes that show the same, if the later is shifted by (x, y) px."""
    height, width = earlier.shape
    return (
        earlier[max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)],
        later[max(y, 0) : height - max(-y, 0), max(x, 0) : width - max(-x, 0)],
    )


def _flowed(earlier: np.ndarray, later: np.ndarray) -> float:
    """Return how alike the earlier plane is to the later, fetched by the optical flow."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(FINEST)
    flow = search.calc(_in_full_light(earlier), _in_full_light(later), None)
    height, width = earlier.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    fetched = cv2.remap(
        later, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return correlation(slopes_of(earlier), slopes_of(fetched))


def _flowed_back(earlier: np.ndarray, later: np.ndarray) -> float:
    return _flowed(later, earlier)


def _in_full_light(plane: np.ndarray) -> np.ndarray:
    """Return a plane as bright and contrasty as any, uint8: whole code values hide a night's."""
    mean, deviation = float(plane.mean()), float(plane.std())
    gain = FULL_LIGHT / max(deviation, FULL_LIGHT / MAX_GAIN)
    return np.clip((plane - mean) * gain + 128, 0, 255).astype(np.uint8)
