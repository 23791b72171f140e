"""How the contours at the rim make a camera's motion exact, and tell how much it explains.

Tracked corners tell the motion where there are corners. A background of soft patches and long
edges has few that can be followed. But every pixel with a gradient tells how far it went across
its own contour, and together such pixels tell how the whole picture went. The method is that of
Lucas and Kanade, "An iterative image registration technique", IJCAI 1981. It is inverse
compositional, as in Baker and Matthews, "Lucas-Kanade 20 years on", IJCV 56, 2004. Where a figure
hides the background, points miss the motion by far more than elsewhere, and do not count.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nakawari.xsheet.settings import DEFAULT, ContourSettings

Matrix = np.ndarray  # (2, 3) float64: where a point of the earlier frame is in the later one

EDGE = 3  # px at the picture's edge, where blur and interpolation lack values from outside


class Agreement(NamedTuple):
    """How much of what changed at the rim follows a motion."""

    share: float  # 0 to 1
    x: np.ndarray  # (N,) float32 [px], of the points that follow
    y: np.ndarray


class Contours:
    """Points with a gradient at the left, right and upper rim of a frame, sought in the next."""

    def __init__(
        self, before: np.ndarray, now: np.ndarray, settings: ContourSettings = DEFAULT.contours
    ) -> None:
        """Take two smoothed luma planes, (H, W) uint8."""
        self._settings = settings
        self._now = now
        self._middle = np.array([before.shape[1], before.shape[0]], np.float32) / 2
        # Every other line tells as much. From here on y counts those lines.
        across = cv2.Sobel(before, cv2.CV_32F, 1, 0, scale=1 / 8)[::2]
        down = cv2.Sobel(before, cv2.CV_32F, 0, 1, scale=1 / 8)[::2]
        steepness = cv2.magnitude(across, down)
        rim = _rim_mask(*before.shape, settings.rim)[::2]
        before, now = before[::2], now[::2]
        change = cv2.subtract(now, before, dtype=cv2.CV_32F)
        self.noise = _noise(change[::2][rim[::2]], steepness[::2][rim[::2]], settings)
        steep = rim & (steepness > max(settings.min_gradient, self.noise))
        allowed = cv2.addWeighted(steepness, settings.rest_distance, steepness, 0, self._allowance)
        moved = steep & (cv2.absdiff(now, before) > allowed)
        places = np.flatnonzero(moved)
        self.resting = 1 - places.size / max(int(np.count_nonzero(steep)), 1)
        every = max(-(-places.size // settings.max_points), 1)
        y, x = np.divmod(places[::every], before.shape[1])
        self._x, self._y = x.astype(np.float32), 2 * y.astype(np.float32)
        self._values = before[y, x].astype(np.float32)
        self._steepness, self._change = steepness[y, x], np.abs(change[y, x])
        across, down = across[y, x], down[y, x]
        u, v = self._x - self._middle[0], self._y - self._middle[1]
        # Derivatives by the similarity's parameters: zoom and roll about the middle, and shift.
        self._slopes = np.stack([across * u + down * v, down * u - across * v, across, down], 1)

    @property
    def _allowance(self) -> float:
        """The change [code values] that a place may show through noise alone."""
        return self._settings.noise_margin * self.noise

    @property
    def enough(self) -> bool:
        """Whether there are enough points to tell a motion by."""
        return self._x.size >= self._settings.min_points

    def agreement(self, camera: Matrix) -> Agreement:
        """Return how much of what changed follows a motion."""
        misfit, inside = self._misfit(camera)
        settings = self._settings
        follows = np.abs(misfit) < self._allowance + settings.follow_distance * self._steepness
        # Where only grain changes a contour, no motion explains it better than stillness.
        follows &= inside & (np.abs(misfit) < settings.unexplained * self._change)
        seen = int(np.count_nonzero(inside))
        share = np.count_nonzero(follows) / seen if seen >= settings.min_points else 0.0
        return Agreement(float(share), self._x[follows], self._y[follows])

    def fit(self, camera: Matrix) -> Matrix:
        """Return the exact motion near a given one, which may be about a pixel off."""
        settings = self._settings
        for limit, rounds in (
            (settings.coarse_limit, settings.coarse_rounds),
            (settings.fine_limit, settings.fine_rounds),
        ):
            for _ in range(rounds):
                misfit, inside = self._misfit(camera)
                stray = misfit / (limit * self._steepness + self._allowance)
                weights = np.where(inside, np.maximum(1 - stray**2, 0.0) ** 2, 0.0)
                weighted = self._slopes * weights[:, None]
                squares = weighted.T @ self._slopes + np.diag([1e4, 1e4, 1.0, 1.0])
                zoom, roll, *shift = np.linalg.solve(
                    squares.astype(np.float64), weighted.T @ misfit
                )
                turn = np.array([[1 + zoom, -roll], [roll, 1 + zoom]])
                onward = self._middle - turn @ self._middle + shift
                camera = after(camera, inverse(np.hstack([turn, onward[:, None]])))
                reach = self._middle[0] * max(abs(zoom), abs(roll))
                if max(reach, *np.abs(shift)) < settings.converged:
                    break
        return camera

    def search(self) -> Matrix:
        """Return the shift by which most of what changed fits, to within a px or so."""
        some = np.s_[:: max(self._x.size // self._settings.searched, 1)]
        x, y = self._x[some].astype(np.intp), self._y[some].astype(np.intp)
        reach = self._settings.reach
        framed = cv2.copyMakeBorder(self._now, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
        around = sliding_window_view(framed, (2 * reach + 1, 2 * reach + 1))
        misfit = np.abs(around[y, x] - self._values[some][:, None, None])  # (N, down, across)
        # The true shift is at most a px away. A larger misfit counts no more, however large it is.
        limit = self._allowance + self._steepness[some]
        total = np.minimum(misfit / limit[:, None, None], 1.0).sum(axis=0)
        down, across = np.unravel_index(total.argmin(), total.shape)
        return np.array([[1.0, 0.0, across - reach], [0.0, 1.0, down - reach]])

    def _misfit(self, camera: Matrix) -> tuple[np.ndarray, np.ndarray]:
        """Return each point's change along a motion, (N,), and whether the point stays inside."""
        matrix = camera.astype(np.float32)
        x = matrix[0, 0] * self._x + matrix[0, 1] * self._y + matrix[0, 2]
        y = matrix[1, 0] * self._x + matrix[1, 1] * self._y + matrix[1, 2]
        height, width = self._now.shape
        inside = (x >= EDGE) & (y >= EDGE) & (x < width - EDGE) & (y < height - EDGE)
        there = cv2.remap(self._now, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return there.ravel() - self._values, inside


def inverse(motion: Matrix) -> Matrix:
    """Return the motion that leads back."""
    (a, b, x), (c, d, y) = motion.tolist()
    # np.linalg.inv and np.hstack take seven times as long over so few numbers.
    area = a * d - b * c
    a, b, c, d = d / area, -b / area, -c / area, a / area
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])


def after(second: Matrix, first: Matrix) -> Matrix:
    """Return the motion of ``first`` and then ``second``."""
    both = second[:, :2] @ first
    both[:, 2] += second[:, 2]
    return both


def corner_ways(motion: Matrix, shape: tuple[int, ...]) -> np.ndarray:
    """Return by how many px a motion moves the corners of a picture of (height, width), (2, 4)."""
    corners = _corners(*shape)
    return motion @ corners - corners[:2]


def goes_back(
    motion: Matrix,
    other: Matrix,
    shape: tuple[int, ...],
    settings: ContourSettings = DEFAULT.contours,
) -> bool:
    """Return whether a motion carries a picture of (height, width) px back where ``other`` began.

    On a pan, the motion to each earlier frame does: that frame is farther back on the same way.
    """
    way, came = corner_ways(motion, shape), corner_ways(other, shape)
    lengths = math.sqrt(np.vdot(way, way) * np.vdot(came, came))
    return bool(np.vdot(way, came) <= settings.backwards * lengths)


def _noise(change: np.ndarray, steepness: np.ndarray, settings: ContourSettings) -> float:
    """Return the noise of the change [code values]: what plain places show, however they move."""
    if not change.size:
        return settings.least_noise
    # As 16-bit numbers (code values times 2048), they are sorted in a fifth of the time.
    steps = np.minimum(2048 * steepness, 65535).astype(np.uint16)
    plain = change[steps <= np.sort(steps, kind="stable")[steps.size // 4]]
    noise = 1.48 * _median(np.abs(plain - _median(plain)))
    return min(max(noise, settings.least_noise), settings.most_noise)


def _median(values: np.ndarray) -> float:
    """Return the median by sorting: np.median takes many times as long where values are alike."""
    middle = np.sort(values)[(values.size - 1) // 2 : values.size // 2 + 1]
    return float(middle.mean())


@cache
def _corners(height: int, width: int) -> np.ndarray:
    """Return the corners of a picture, homogeneous, (3, 4)."""
    return np.array([[0.0, width, 0.0, width], [0.0, 0.0, height, height], [1.0] * 4])


@cache
def _rim_mask(height: int, width: int, depth: float) -> np.ndarray:
    """Return which pixels are in a rim whose depth is a share of each side; (H, W) bool."""
    rim = np.zeros((height, width), bool)
    rim[EDGE : height - EDGE, EDGE : width - EDGE] = True
    rim[round(depth * height) :, round(depth * width) : width - round(depth * width)] = False
    return rim
