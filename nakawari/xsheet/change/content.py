"""What two pictures have in common, wherever it stands in them and however bright it is.

Two frames of a shot show the same things, which may have moved, been uncovered, or been lit in
another way. Two frames on either side of a cut show other things. So the contours of one are
looked for in the other. They may be in the same place, as they are or as a negative. One shift of
the whole picture may bring them there (a pan), or dense optical flow may (figures). How much is
found is measured by the correlation of the gradients, which no light changes.

The optical flow is Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.settings import DEFAULT, ContentSettings


class Slopes(NamedTuple):
    """The gradient of a picture, (H, W) float32 each: longer where steeper, but shorter than 1."""

    across: np.ndarray
    down: np.ndarray


class Content:
    """A picture made ready to be looked for in another."""

    def __init__(self, luma: np.ndarray, settings: ContentSettings = DEFAULT.content) -> None:
        """Take a smoothed plane, (H, W) uint8."""
        self._luma = luma
        self.settings = settings

    @cached_property
    def plane(self) -> np.ndarray:
        """The picture, reduced, float32 code values."""
        plane = self._luma.astype(np.float32)
        for _ in range(self.settings.reduced):
            height, width = plane.shape[0] // 2, plane.shape[1] // 2
            if min(height, width) < self.settings.least_reduced:
                break
            even = plane[: 2 * height, : 2 * width]
            plane = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
        return plane

    @cached_property
    def slopes(self) -> Slopes:
        """The gradient of ``plane``."""
        return slopes_of(self.plane, self.settings)


def slopes_of(plane: np.ndarray, settings: ContentSettings = DEFAULT.content) -> Slopes:
    """Return the gradient of a plane, (H, W), in which steep parts count little more than others.

    Otherwise the outline of one dark figure would outweigh everything around it.
    """
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1)
    steepness = cv2.magnitude(across, down)
    usual = max(float(steepness.mean()), settings.least_steepness)
    weight = 1 / np.hypot(steepness, usual)
    return Slopes(across * weight, down * weight)


def correlation(one: Slopes, other: Slopes) -> float:
    """Return the correlation of two gradients: 1 if equal, 0 if unrelated, -1 for a negative."""
    squares = [
        float(np.vdot(slopes.across, slopes.across) + np.vdot(slopes.down, slopes.down))
        for slopes in (one, other)
    ]
    product = float(np.vdot(one.across, other.across) + np.vdot(one.down, other.down))
    return product / max(float(np.sqrt(squares[0] * squares[1])), 1e-6)


def resemblance(one: Content, other: Content, enough: float = 1.0) -> float:
    """Return how much of what a picture shows is found in another, 0 to 1.

    Unrelated pictures have 0 to 0.4. The search ends as soon as ``enough`` is found.
    """
    settings = one.settings
    in_place = correlation(one.slopes, other.slopes)
    earlier, later = one.plane, other.plane
    lights = [later] if in_place > settings.clear_negative else [later, 255 - later]
    found = abs(in_place)
    for look_for in (_shifted, _flowed, _flowed_back):
        for lit in lights:
            if found >= enough or min(earlier.shape) < settings.least_side:
                return found
            found = max(found, look_for(earlier, lit, settings))
    return found


def _shifted(earlier: np.ndarray, later: np.ndarray, settings: ContentSettings) -> float:
    """Return the correlation of two planes where they overlap after their likeliest shift."""
    window = cv2.createHanningWindow(earlier.shape[::-1], cv2.CV_32F)
    # If phaseCorrelate were given the window, it would multiply the planes themselves by it.
    shift, _ = cv2.phaseCorrelate(earlier * window, later * window)
    (x, y), (height, width) = (round(way) for way in shift), earlier.shape
    shared = (height - abs(y)) * (width - abs(x))
    narrow = min(height - abs(y), width - abs(x)) < settings.least_side
    if narrow or shared < settings.least_overlap * earlier.size:
        return 0.0
    mine, others = _overlap(earlier, later, x, y)
    return correlation(slopes_of(mine, settings), slopes_of(others, settings))


def _overlap(
    earlier: np.ndarray, later: np.ndarray, x: int, y: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of two planes that show the same, if the later is shifted by (x, y) px."""
    height, width = earlier.shape
    return (
        earlier[max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)],
        later[max(y, 0) : height - max(-y, 0), max(x, 0) : width - max(-x, 0)],
    )


def _flowed(earlier: np.ndarray, later: np.ndarray, settings: ContentSettings) -> float:
    """Return the correlation of the earlier plane with the later, warped by the optical flow."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(settings.finest)
    one, other = (_in_full_light(plane, settings) for plane in (earlier, later))
    flow = search.calc(one, other, None)
    height, width = earlier.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    fetched = cv2.remap(
        later, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return correlation(slopes_of(earlier, settings), slopes_of(fetched, settings))


def _flowed_back(earlier: np.ndarray, later: np.ndarray, settings: ContentSettings) -> float:
    """Return the correlation of the later plane with the earlier, warped by the optical flow."""
    return _flowed(later, earlier, settings)


def _in_full_light(plane: np.ndarray, settings: ContentSettings) -> np.ndarray:
    """Return a plane as if in full light, uint8; rounding would hide what a dark one shows."""
    mean, deviation = float(plane.mean()), float(plane.std())
    full_light = settings.full_light
    gain = full_light / max(deviation, full_light / settings.max_gain)
    return np.clip((plane - mean) * gain + 128, 0, 255).astype(np.uint8)
