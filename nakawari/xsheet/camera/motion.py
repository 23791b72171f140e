"""The motion of the camera between two frames, and of a layer that takes part in it.

A camera that moves carries the whole background by one similarity (shift, zoom, roll). A layer
nearer or farther than the background goes ``depth`` times as far. A character fixed to the
screen has depth 0, one that stands on the ground depth 1, and parallax lies in between. In a
picture that moves all over, only one similarity and one number therefore have to be found.

Corners are tracked (Lucas-Kanade, pyramids), and a similarity is fitted to them with RANSAC. The
contours at the rim choose the best of several fits, make it exact, and tell how far it can be
trusted (``alignment.py``). Lengths are in pixels of the given pictures, which should be some 500 px
wide.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.camera.alignment import Contours, Matrix
from nakawari.xsheet.camera.bars import inward, outward, picture_area
from nakawari.xsheet.camera.ground import Evidence, evidence
from nakawari.xsheet.settings import DEFAULT, DetectorSettings, MotionSettings

_SEARCH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.02)

STILL: Matrix = np.eye(2, 3)


class CameraMotion(NamedTuple):
    """What moves between two frames."""

    camera: Matrix
    speed: float  # px a frame: root mean square over the picture of the camera's displacement
    support: float  # 0 to 1: share of what moves at the rim that follows; 0 if the ground does not
    layer: Matrix | None  # the motion of a second layer, if one was found
    depth: float  # of that layer
    follows: float  # the same as the support, whatever the ground does
    evidence: Evidence | None  # of the ground, where contours follow


class Pair:
    """Two successive luma planes. Contours and corners are found once, when first asked for."""

    def __init__(
        self, before: np.ndarray, after: np.ndarray, *, settings: DetectorSettings = DEFAULT
    ) -> None:
        """Take two smoothed planes, (H, W) uint8. Black bars in both of them are cut off."""
        self.settings = settings
        self.area = picture_area(before, after, settings.bars)
        self.before, self.after = (
            np.ascontiguousarray(plane[self.area]) for plane in (before, after)
        )

    @cached_property
    def contours(self) -> Contours:
        """What changed at the rim."""
        return Contours(self.before, self.after, self.settings.contours)

    @property
    def may_move(self) -> bool:
        """Whether enough changed at the rim for a camera to be at work."""
        enough = self.contours.enough
        return enough and self.contours.resting <= self.settings.motion.max_resting

    @cached_property
    def tracks(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the earlier plane and where they are in the later, both (N, 2) float32 px."""
        return _tracks(self.before, self.after, self.settings)


def camera_motion(pair: Pair, expected: Matrix | None = None) -> CameraMotion | None:
    """Return how the camera moves from one luma plane to the next.

    The result is ``None`` if there is too little to go by (a flat or dark picture, a cut), or if
    nothing moves. ``expected`` is a motion that is likely, such as that of a neighbouring frame.
    """
    if not pair.may_move:
        return None
    before, contours = pair.before, pair.contours
    settings, depth_of_rim = pair.settings.motion, pair.settings.contours.rim
    points, targets = pair.tracks
    # A figure that stands still on the screen may have most of the corners. They are left out.
    moving = np.hypot(*(targets - points).T) > settings.rest_distance
    rim = _in_rim(points[:, 0], points[:, 1], before.shape, depth_of_rim)
    starts = [
        start
        for chosen in (moving & rim, moving)
        if chosen.sum() >= settings.min_tracks
        and (start := _fit(points[chosen], targets[chosen], settings)) is not None
    ]
    if expected is not None:
        starts.append(inward(expected, pair.area))
    if not starts:
        return None
    camera = contours.fit(max(starts, key=lambda start: contours.agreement(start).share))
    support, x, y = contours.agreement(camera)
    if support < settings.min_support:  # corners of soft patches may all be wrong
        searched = contours.fit(contours.search())
        if (agreement := contours.agreement(searched)).share > support:
            camera, (support, x, y) = searched, agreement
    wide = support > 0 and np.ptp(x) >= settings.min_spread * before.shape[1]
    sides = _sides(x, y, before.shape, depth_of_rim, settings.min_side_share)
    follows = support if wide and sides >= settings.min_sides else 0.0
    told = None
    if follows > 0:
        told = evidence(before, pair.after, camera, contours.noise, pair.settings.ground)
    carried = told is not None and told.ground.carried
    layer, depth = _second_layer(points, targets, camera, settings)
    speed = _speed(camera, before.shape)
    support = follows if carried else 0.0
    camera = outward(camera, pair.area)
    if layer is not None:
        layer = outward(layer, pair.area)
    return CameraMotion(camera, speed, support, layer, depth, follows, told)


def _fit(points: np.ndarray, targets: np.ndarray, settings: MotionSettings) -> Matrix | None:
    """Fit a similarity to tracks."""
    camera, inliers = cv2.estimateAffinePartial2D(
        points, targets, ransacReprojThreshold=settings.inlier_distance, maxIters=500
    )
    return camera if camera is not None and inliers.sum() >= settings.min_inliers else None


def _tracks(
    before: np.ndarray, after: np.ndarray, settings: DetectorSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of ``before`` and where they are in ``after``, both (N, 2) float32.

    The rim has corners of its own, because a figure's contours are stronger than a background's.
    """
    half = cv2.resize(before, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    rim = _rim_mask(*half.shape, settings.contours.rim)
    most = ((settings.motion.rim_corners, rim), (settings.motion.inner_corners, ~rim))
    found = [cv2.goodFeaturesToTrack(half, count, 0.005, 4, mask=mask) for count, mask in most]
    corners = [some for some in found if some is not None]
    if not corners:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    points = np.concatenate(corners) * 2 + np.float32(0.5)
    targets, kept, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=(11, 11), maxLevel=3, criteria=_SEARCH,
        minEigThreshold=settings.motion.min_contrast,
    )  # fmt: skip
    kept = kept[:, 0] == 1
    return points[kept, 0], targets[kept, 0]


@cache
def _rim_mask(height: int, width: int, depth: float) -> np.ndarray:
    """Return a mask of a rim whose depth is a share of each side; (H, W) uint8, 255 within."""
    mask = np.full((height, width), 255, np.uint8)
    mask[round(depth * height) :, round(depth * width) : width - round(depth * width)] = 0
    return mask


def _sides(
    x: np.ndarray, y: np.ndarray, shape: tuple[int, ...], depth: float, least_share: float
) -> int:
    """Return near how many of the left, right and upper edges some points lie."""
    x, y = x / shape[1], y / shape[0]
    enough = least_share * len(x)
    return sum(int(side.sum() >= enough) for side in (x < depth, x > 1 - depth, y < depth))


def _in_rim(x: np.ndarray, y: np.ndarray, shape: tuple[int, ...], depth: float) -> np.ndarray:
    """Return which points lie near the left, right or upper edge; figures stand on the lower."""
    x, y = x / shape[1], y / shape[0]
    return (x < depth) | (x > 1 - depth) | (y < depth)


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
    points: np.ndarray, targets: np.ndarray, camera: Matrix, settings: MotionSettings
) -> tuple[Matrix | None, float]:
    """Return the motion and depth of the largest group of tracks with another depth than 1.

    Tracks that stand still are left out, because every pixel may stand still in any case.
    """
    moved = targets - points
    felt = points @ camera[:, :2].T + camera[:, 2] - points  # displacement if on the background
    follows = np.hypot(*(moved - felt).T) < settings.inlier_distance
    felt_squared = np.maximum((felt**2).sum(axis=1), 1e-6)
    depths = (moved * felt).sum(axis=1) / felt_squared
    stray = np.hypot(*(moved - depths[:, None] * felt).T)
    rests = np.hypot(*moved.T) < settings.rest_distance
    plausible = (depths > 0) & (depths < settings.max_depth)
    candidates = ~follows & ~rests & plausible & (stray < settings.inlier_distance)
    if candidates.sum() < settings.min_layer_tracks:
        return None, 0.0
    ordered = np.sort(depths[candidates])
    width = settings.inlier_distance / float(np.sqrt(np.median(felt_squared)))
    members = np.searchsorted(ordered, ordered + width, side="right") - np.arange(len(ordered))
    lowest = ordered[members.argmax()]
    chosen = candidates & (depths >= lowest) & (depths <= lowest + width)
    if chosen.sum() < settings.min_layer_tracks:
        return None, 0.0
    depth = float(np.median(depths[chosen]))
    layer = STILL + depth * (camera - STILL)
    layer[:, 2] += np.median((moved - depth * felt)[chosen], axis=0)
    return layer, depth
