"""The motion of the camera between two frames, and of a layer that feels a part of it.

A camera that moves carries the whole background by one similarity (shift, zoom, roll). A layer
nearer or farther than the background goes ``depth`` times as far: a character fixed to the
screen has depth 0, one that stands on the ground depth 1, and in between lies parallax. So what
remains to be found in a picture that moves all over is one similarity and one number.

Corners are tracked (Lucas-Kanade, pyramids) and a similarity is fitted with RANSAC. Sizes are in
pixels of the pictures given, which are to be some 500 px wide.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

RIM_CORNERS = 130
INNER_CORNERS = 80
# OpenCV's least eigenvalue; grain has 0.0003 to 0.0005, and moves as it likes.
MIN_CONTRAST = 7e-4
MIN_TRACKS = 6  # fewer corners say nothing
MIN_INLIERS = 5
MIN_LAYER_TRACKS = 8
MAX_DEPTH = 2.5  # a foreground nearer than that hurries by
MIN_ASKED = 6
INLIER_DISTANCE = 0.25  # px
FOLLOW_DISTANCE = 0.5  # px; coarse coding shifts blocks by quarters of a pixel
REST_DISTANCE = 0.1  # px; what moved less stands still
MIN_SPREAD = 0.5  # of the width: a camera moves the picture, not one place in it
MIN_SUPPORT = 0.5  # of a motion that is to be trusted
MIN_SIDES = 2  # of three, near which something follows
MAX_RESTING = 0.9  # of the tracks at the rim, if a camera moves; figures may fill it

_SEARCH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.02)
RIM = 0.18  # of the picture's width and height: where the background shows beside a figure

Matrix = np.ndarray  # (2, 3) float64: where a point of the earlier frame is in the later one
STILL: Matrix = np.eye(2, 3)


class Motion(NamedTuple):
    """What moves between two frames."""

    camera: Matrix
    speed: float  # px a frame: root mean square over the picture of the camera's displacement
    support: float  # 0 to 1: of what moves near the edges of the picture, so much follows
    layer: Matrix | None  # of a second layer, if one was found
    depth: float  # of that layer


def camera_motion(before: np.ndarray, after: np.ndarray) -> Motion | None:
    """Return how the camera moves from one luma plane, (H, W) uint8, to the next.

    ``None`` if there is too little to go by (a flat or dark picture, a cut) or nothing moves.
    """
    points, targets = _tracks(before, after)
    # A figure that stands still on the screen may have most of the corners: it is left aside.
    moving = np.hypot(*(targets - points).T) > REST_DISTANCE
    if moving.sum() < MIN_TRACKS:
        return None
    rim = _in_rim(points, before.shape)
    fits = [
        fit
        for chosen in (moving & rim, moving)
        if chosen.sum() >= MIN_TRACKS and (fit := _fit(points, targets, chosen))
    ]
    if not fits:
        return None
    best = max(fits, key=lambda fit: fit.share(moving & rim))
    support = best.share(moving & rim)
    follows = best.stray < INLIER_DISTANCE
    carried = points[follows & moving]
    wide = len(carried) > 0 and np.ptp(carried[:, 0]) >= MIN_SPREAD * before.shape[1]
    rests = rim.any() and (~moving[rim]).mean() > MAX_RESTING
    if not wide or rests or _sides(carried, before.shape) < MIN_SIDES:
        support = 0.0
    layer, depth = _second_layer(points, targets, best.camera, follows)
    return Motion(best.camera, _speed(best.camera, before.shape), support, layer, depth)


class _Fit(NamedTuple):
    camera: Matrix
    stray: np.ndarray  # (N,) px, by how much each of all tracks misses it

    def share(self, asked: np.ndarray) -> float:
        """Return the share of the tracks asked that follow; of all, if they are few."""
        follows = self.stray < FOLLOW_DISTANCE
        return float((follows[asked] if asked.sum() >= MIN_ASKED else follows).mean())


def _fit(points: np.ndarray, targets: np.ndarray, chosen: np.ndarray) -> _Fit | None:
    """Fit a similarity to the chosen tracks."""
    camera, inliers = cv2.estimateAffinePartial2D(
        points[chosen], targets[chosen], ransacReprojThreshold=INLIER_DISTANCE, maxIters=500
    )
    if camera is None or inliers.sum() < MIN_INLIERS:
        return None
    stray = np.hypot(*(points @ camera[:, :2].T + camera[:, 2] - targets).T)
    return _Fit(camera, stray)


def _tracks(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of ``before`` and where they are in ``after``, both (N, 2) float32.

    The rim has its own: a figure's contours are stronger than a background's.
    """
    half = cv2.resize(before, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    rim = _rim_mask(*half.shape)
    found = [
        cv2.goodFeaturesToTrack(half, count, 0.005, 4, mask=mask)
        for count, mask in ((RIM_CORNERS, rim), (INNER_CORNERS, cv2.bitwise_not(rim)))
    ]
    corners = [some for some in found if some is not None]
    if not corners:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    points = np.concatenate(corners) * 2 + np.float32(0.5)
    targets, kept, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=(15, 15), maxLevel=3, criteria=_SEARCH,
        minEigThreshold=MIN_CONTRAST,
    )  # fmt: skip
    kept = kept[:, 0] == 1
    return points[kept, 0], targets[kept, 0]


@cache
def _rim_mask(height: int, width: int) -> np.ndarray:
    mask = np.full((height, width), 255, np.uint8)
    mask[round(RIM * height) :, round(RIM * width) : width - round(RIM * width)] = 0
    return mask


def _sides(points: np.ndarray, shape: tuple[int, ...]) -> int:
    """Return near how many of the left, right and upper edges some points lie."""
    x, y = points[:, 0] / shape[1], points[:, 1] / shape[0]
    return sum(int(side.sum() >= 2) for side in (x < RIM, x > 1 - RIM, y < RIM))


def _in_rim(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return which points lie near the left, right or upper edge; figures stand on the lower."""
    x, y = points[:, 0] / shape[1], points[:, 1] / shape[0]
    return (x < RIM) | (x > 1 - RIM) | (y < RIM)


def _speed(camera: Matrix, shape: tuple[int, ...]) -> float:
    x, y = np.meshgrid(np.linspace(0, shape[1], 5), np.linspace(0, shape[0], 5))
    places = np.stack([x.ravel(), y.ravel()])
    moved = camera[:, :2] @ places + camera[:, 2:] - places
    return float(np.sqrt((moved**2).sum(axis=0).mean()))


def _second_layer(
    points: np.ndarray, targets: np.ndarray, camera: Matrix, follows: np.ndarray
) -> tuple[Matrix | None, float]:
    """Return the motion and depth of the largest group of tracks that go another part of the way.

    Tracks that stand still are not looked at: stillness is always thought of.
    """
    moved = targets - points
    felt = points @ camera[:, :2].T + camera[:, 2] - points  # by a point of the background
    felt_squared = np.maximum((felt**2).sum(axis=1), 1e-6)
    depths = (moved * felt).sum(axis=1) / felt_squared
    stray = np.hypot(*(moved - depths[:, None] * felt).T)
    rests = np.hypot(*moved.T) < REST_DISTANCE
    plausible = (depths > 0) & (depths < MAX_DEPTH)
    candidates = ~follows & ~rests & plausible & (stray < INLIER_DISTANCE)
    if candidates.sum() < MIN_LAYER_TRACKS:
        return None, 0.0
    ordered = np.sort(depths[candidates])
    width = INLIER_DISTANCE / float(np.sqrt(np.median(felt_squared)))
    members = np.searchsorted(ordered, ordered + width, side="right") - np.arange(len(ordered))
    lowest = ordered[members.argmax()]
    chosen = candidates & (depths >= lowest) & (depths <= lowest + width)
    if chosen.sum() < MIN_LAYER_TRACKS:
        return None, 0.0
    depth = float(np.median(depths[chosen]))
    layer = STILL + depth * (camera - STILL)
    layer[:, 2] += np.median((moved - depth * felt)[chosen], axis=0)
    return layer, depth
