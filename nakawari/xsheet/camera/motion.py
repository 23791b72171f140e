"""The motion of the camera between two frames, and of a layer that feels a part of it.

A camera that moves carries the whole background by one similarity (shift, zoom, roll). A layer
nearer or farther than the background goes ``depth`` times as far: a character fixed to the
screen has depth 0, one that stands on the ground depth 1, and in between lies parallax. So what
remains to be found in a picture that moves all over is one similarity and one number.

Corners are tracked (Lucas-Kanade, pyramids) and a similarity is fitted with RANSAC; what fits the
contours at the rim best is then made exact by them, and they tell how far it is to be trusted
(``alignment.py``). Sizes are in pixels of the pictures given, which are to be some 500 px wide.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.camera.alignment import RIM, Contours, Matrix
from nakawari.xsheet.camera.bars import inward, outward, picture_area
from nakawari.xsheet.camera.ground import Evidence, evidence

RIM_CORNERS = 130
INNER_CORNERS = 80
# OpenCV's least eigenvalue; grain has 0.0003 to 0.0005, and moves as it likes.
MIN_CONTRAST = 7e-4
MIN_TRACKS = 6  # fewer corners say nothing
MIN_INLIERS = 5
MIN_LAYER_TRACKS = 8
MAX_DEPTH = 2.5  # a foreground nearer than that hurries by
INLIER_DISTANCE = 0.25  # px
REST_DISTANCE = 0.1  # px; what moved less stands still
MIN_SPREAD = 0.5  # of the width: a camera moves the picture, not one place in it
MIN_SUPPORT = 0.72  # of a motion that is to be trusted
MIN_SIDES = 2  # of three, near which something follows
MIN_SIDE_SHARE = 0.02  # of the contours that follow, for a side to count
MAX_RESTING = 0.97  # of the contours at the rim, if a camera moves; figures may fill it

_SEARCH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.02)

STILL: Matrix = np.eye(2, 3)


class Motion(NamedTuple):
    """What moves between two frames."""

    camera: Matrix
    speed: float  # px a frame: root mean square over the picture of the camera's displacement
    support: float  # 0 to 1: of what moves near the edges so much follows, if the ground does
    layer: Matrix | None  # of a second layer, if one was found
    depth: float  # of that layer
    follows: float  # the same as the support, whatever the ground does
    evidence: Evidence | None  # of the ground, where contours follow


class Pair:
    """Two successive luma planes. What tells of a motion is found once, when first asked for."""

    def __init__(self, before: np.ndarray, after: np.ndarray) -> None:
        """Take two smoothed planes, (H, W) uint8. Looked at is what black bars leave of them."""
        self.area = picture_area(before, after)
        self.before, self.after = (
            np.ascontiguousarray(plane[self.area]) for plane in (before, after)
        )

    @cached_property
    def contours(self) -> Contours:
        """What changed at the rim."""
        return Contours(self.before, self.after)

    @property
    def may_move(self) -> bool:
        """Whether enough changed at the rim for a camera to be at work."""
        return self.contours.enough and self.contours.resting <= MAX_RESTING

    @cached_property
    def tracks(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the earlier plane and where they are in the later, both (N, 2) float32 px."""
        return _tracks(self.before, self.after)


def camera_motion(pair: Pair, expected: Matrix | None = None) -> Motion | None:
    """Return how the camera moves from one luma plane to the next.

    ``None`` if there is too little to go by (a flat or dark picture, a cut) or nothing moves.
    ``expected`` is a motion that is likely, as that of a frame beside.
    """
    if not pair.may_move:
        return None
    before, contours = pair.before, pair.contours
    points, targets = pair.tracks
    # A figure that stands still on the screen may have most of the corners: it is left aside.
    moving = np.hypot(*(targets - points).T) > REST_DISTANCE
    rim = _in_rim(points[:, 0], points[:, 1], before.shape)
    starts = [
        start
        for chosen in (moving & rim, moving)
        if chosen.sum() >= MIN_TRACKS
        and (start := _fit(points[chosen], targets[chosen])) is not None
    ]
    if expected is not None:
        starts.append(inward(expected, pair.area))
    if not starts:
        return None
    camera = contours.fit(max(starts, key=lambda start: contours.agreement(start).share))
    support, x, y = contours.agreement(camera)
    if support < MIN_SUPPORT:  # corners of soft patches may all be wrong
        searched = contours.fit(contours.search())
        if (agreement := contours.agreement(searched)).share > support:
            camera, (support, x, y) = searched, agreement
    wide = support > 0 and np.ptp(x) >= MIN_SPREAD * before.shape[1]
    follows = support if wide and _sides(x, y, before.shape) >= MIN_SIDES else 0.0
    told = evidence(before, pair.after, camera, contours.noise) if follows > 0 else None
    carried = told is not None and told.ground.carried
    layer, depth = _second_layer(points, targets, camera)
    speed = _speed(camera, before.shape)
    support = follows if carried else 0.0
    camera = outward(camera, pair.area)
    if layer is not None:
        layer = outward(layer, pair.area)
    return Motion(camera, speed, support, layer, depth, follows, told)


def _fit(points: np.ndarray, targets: np.ndarray) -> Matrix | None:
    """Fit a similarity to tracks."""
    camera, inliers = cv2.estimateAffinePartial2D(
        points, targets, ransacReprojThreshold=INLIER_DISTANCE, maxIters=500
    )
    return camera if camera is not None and inliers.sum() >= MIN_INLIERS else None


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
        before, after, points, None, winSize=(11, 11), maxLevel=3, criteria=_SEARCH,
        minEigThreshold=MIN_CONTRAST,
    )  # fmt: skip
    kept = kept[:, 0] == 1
    return points[kept, 0], targets[kept, 0]


@cache
def _rim_mask(height: int, width: int) -> np.ndarray:
    mask = np.full((height, width), 255, np.uint8)
    mask[round(RIM * height) :, round(RIM * width) : width - round(RIM * width)] = 0
    return mask


def _sides(x: np.ndarray, y: np.ndarray, shape: tuple[int, ...]) -> int:
    """Return near how many of the left, right and upper edges some points lie."""
    x, y = x / shape[1], y / shape[0]
    enough = MIN_SIDE_SHARE * len(x)
    return sum(int(side.sum() >= enough) for side in (x < RIM, x > 1 - RIM, y < RIM))


def _in_rim(x: np.ndarray, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return which points lie near the left, right or upper edge; figures stand on the lower."""
    x, y = x / shape[1], y / shape[0]
    return (x < RIM) | (x > 1 - RIM) | (y < RIM)


def _speed(camera: Matrix, shape: tuple[int, ...]) -> float:
    places = _places(*shape)
    moved = camera @ places - places[:2]
    return float(np.sqrt((moved**2).sum(axis=0).mean()))


@cache
def _places(height: int, width: int) -> np.ndarray:
    """Return 25 places all over the picture, homogeneous, (3, 25)."""
    x, y = np.meshgrid(np.linspace(0, width, 5), np.linspace(0, height, 5))
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size)])


def _second_layer(
    points: np.ndarray, targets: np.ndarray, camera: Matrix
) -> tuple[Matrix | None, float]:
    """Return the motion and depth of the largest group of tracks that go another part of the way.

    Tracks that stand still are not looked at: stillness is always thought of.
    """
    moved = targets - points
    felt = points @ camera[:, :2].T + camera[:, 2] - points  # by a point of the background
    follows = np.hypot(*(moved - felt).T) < INLIER_DISTANCE
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
