"""How much a frame differs from another, as an animator would look at it.

What counts is the part of the picture that changed most, not the mean. A new mouth of a few pixels
is a new drawing, just as a whole new figure is. What the camera does is no change: each pixel may
have stood still, or gone with the camera, or gone with a second layer. The best of these is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.video.pictures.picture import Picture
from nakawari.xsheet.camera.alignment import Matrix, corner_ways
from nakawari.xsheet.camera.bars import inward, picture_area
from nakawari.xsheet.settings import DEFAULT, DetectorSettings, DifferenceSettings

BLOCK = 8  # px: side of the blocks whose change is looked at; they overlap by half
BLUR_SIZE = (5, 5)  # px: reach of the blur against grain
EDGE = 3  # px at the picture's edge, where blur and interpolation lack values from outside
GRID = (5, 8)  # rows and columns of the cells in which a change of brightness is looked for


class Plate(NamedTuple):
    """A frame made ready to be compared."""

    smooth: Picture  # blurred, some 500 px wide
    small: np.ndarray  # (H/8, W/8) float32, luma
    cells: np.ndarray  # GRID float32, mean luma


def plate(picture: Picture, settings: DifferenceSettings = DEFAULT.differences) -> Plate:
    """Prepare a picture of some 500 px width."""
    smooth = Picture(*(cv2.GaussianBlur(plane, BLUR_SIZE, settings.blur) for plane in picture))
    small = thumbnail(smooth.luma)
    return Plate(smooth, small, cv2.resize(small, GRID[::-1], interpolation=cv2.INTER_AREA))


def block_change(
    before: Plate, after: Plate, settings: DifferenceSettings = DEFAULT.differences
) -> float:
    """Return the change of the most changed part, as if nothing had moved [code values]."""
    return max(
        _greatest(cv2.absdiff(earlier, later), settings)
        for earlier, later in zip(before.smooth, after.smooth, strict=True)
    )


def luma_change(
    before: Plate, after: Plate, settings: DifferenceSettings = DEFAULT.differences
) -> float:
    """Return the same for luma alone."""
    return _greatest(cv2.absdiff(before.smooth.luma, after.smooth.luma), settings)


def carried_change(picture: Plate, camera: Matrix, settings: DetectorSettings = DEFAULT) -> float:
    """Return by how much a camera's motion changes a picture's luma [code values]."""
    luma = picture.smooth.luma
    area = picture_area(luma, luma, settings.bars)
    luma, camera = luma[area], inward(camera, area)
    moved = cv2.warpAffine(luma, camera, luma.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return _greatest(cv2.absdiff(moved, luma), settings.differences)


def light_change(before: Plate, after: Plate) -> float:
    """Return by how much most of the picture grew brighter or darker [code values].

    It is the upper quartile, over the ``GRID`` cells, of how much the mean of a cell changes. Noise
    and small movements cancel out within a cell, and a slow fade does not.
    """
    changes = np.abs(after.cells - before.cells).ravel()
    return float(np.partition(changes, 3 * changes.size // 4)[3 * changes.size // 4])


def changed_share(
    before: np.ndarray, after: np.ndarray, settings: DifferenceSettings = DEFAULT.differences
) -> float:
    """Return the share of the blocks with contours that changed, as if nothing had moved.

    Both planes are smoothed luma, (H, W) uint8. If the later one has no contours, all has changed.
    """
    change = _block_means(cv2.absdiff(before, after))
    textured = _textured_blocks(after, settings)
    return float((change[textured] > settings.visible).mean()) if textured.any() else 1.0


def sides_move(before: np.ndarray, after: np.ndarray, settings: DetectorSettings = DEFAULT) -> bool:
    """Return whether the picture changed, if only faintly, at its left, right and upper edge.

    A figure changes one or two of these sides. A camera changes at least two, and all in which
    there is anything to see. If a figure fixed to the screen fills the third, a camera changes much
    of the other two. The planes are those of ``changed_share``; black bars are cut off.
    """
    limits, rim = settings.differences, settings.contours.rim
    area = picture_area(before, after, settings.bars)
    before, after = (np.ascontiguousarray(plane[area]) for plane in (before, after))
    faint = _block_means(cv2.absdiff(before, after)) > limits.faint
    rows, columns = (max(round(rim * side), 1) for side in faint.shape)
    sides = (np.s_[:, :columns], np.s_[:, -columns:], np.s_[:rows])
    shares = [float(faint[side].mean()) for side in sides]
    moves = [share > limits.min_changed_side for share in shares]
    if sum(moves) < 2 or all(moves):
        return all(moves)
    if sorted(shares)[1] > limits.min_changed_two_sides:
        return True
    seen = _textured_blocks(after, limits)
    empty = [_is_nearly_empty(seen[side], limits) for side in sides]
    return all(np.logical_or(moves, empty))


def _is_nearly_empty(side: np.ndarray, settings: DifferenceSettings) -> bool:
    """Return whether hardly any block of a side has contours, or only those of a station's logo."""
    if side.mean() <= settings.min_seen_side:
        return True
    along = np.flatnonzero(side.any(axis=int(side.shape[0] > side.shape[1])))
    return bool(along[-1] + 1 - along[0] <= settings.max_logo * max(side.shape))


class Remainder(NamedTuple):
    """What is left of the difference of two frames once the camera's motion is taken out."""

    difference: np.ndarray  # (H, W) uint8
    uncovered: np.ndarray  # (H, W) uint8, 255 where a figure may have hidden the background before
    carried: np.ndarray  # (H, W) uint8, 255 where the later frame went with the camera, not at rest
    allowance: np.ndarray  # (H, W) uint8: the difference that an inexact motion may leave
    settings: DifferenceSettings

    def change(self) -> float:
        """Return the change of the most changed part [code values]."""
        return _top(self.difference, self.settings)

    def certain_change(self) -> float:
        """Return the same without all that may have been uncovered."""
        covered = cv2.bitwise_not(self.uncovered)
        return _top(cv2.bitwise_and(self.difference, covered), self.settings)

    def beside(self, now: Plate, others: Iterable[tuple[Plate, Matrix]]) -> Remainder:
        """Return the same without the background that has only just come to light.

        Such background cannot be found in the frame before. Other frames, in which nothing hides
        it, show that it is background: there it is where the camera has carried it.

        Args:
            now: the later of the two frames.
            others: frames before and after, each with the camera's motion from ``now`` to it; the
                likeliest first.
        """
        height, width = self.difference.shape
        left = self
        for number, (other, camera) in enumerate(others):
            if number and left.change() <= self.settings.clean:
                break
            elsewhere = cv2.warpAffine(
                other.smooth.luma, camera, (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
            stray = cv2.subtract(cv2.absdiff(elsewhere, now.smooth.luma), self.allowance)
            better = cv2.compare(cv2.multiply(stray, 3), self.difference, cv2.CMP_LE)
            background = cv2.bitwise_and(
                cv2.bitwise_and(better, self.uncovered), cv2.inRange(stray, 0, self.settings.same)
            )
            background = cv2.dilate(background, np.ones((3, 3), np.uint8))
            kept = cv2.bitwise_and(left.difference, cv2.bitwise_not(background))
            left = left._replace(difference=kept)
        return left


def remainder(
    before: Plate,
    after: Plate,
    camera: Matrix,
    layer: Matrix | None,
    carried: np.ndarray | None = None,
    settings: DetectorSettings = DEFAULT,
) -> Remainder:
    """Compare two frames in which each pixel may have stood still, gone with the camera or a layer.

    What the camera brings into the picture is not counted. ``carried`` says what went with the
    camera in the earlier frame, (H, W) uint8, as far as that is known. Such pixels stand on the
    ground and go on with the camera. If one stands still on the screen instead, it was drawn anew.
    """
    height, width = after.smooth.luma.shape
    allowance = _allowance(after, settings.differences.mismatch)
    same = settings.differences.same

    def moved_by(motion: Matrix) -> np.ndarray:
        moved = cv2.warpAffine(
            before.smooth.luma, motion, (width, height), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return cv2.subtract(cv2.absdiff(moved, after.smooth.luma), allowance)

    figure = cv2.absdiff(before.smooth.luma, after.smooth.luma)
    if layer is not None:
        figure = cv2.min(figure, moved_by(layer))
    if carried is not None:
        figure = cv2.max(figure, carried)
    background = moved_by(camera)
    area = picture_area(before.smooth.luma, after.smooth.luma, settings.bars)
    inner = _inner(height, width, *(end for side in area for end in (side.start, side.stop)))
    known = cv2.warpAffine(inner, camera, (width, height), flags=cv2.INTER_NEAREST)
    difference = cv2.bitwise_and(cv2.min(figure, background), cv2.bitwise_and(known, inner))
    edges = cv2.bitwise_and(cv2.inRange(background, 2 * same, 255), cv2.inRange(figure, 0, same))
    size = 2 * int(np.ceil(np.hypot(*corner_ways(camera, (height, width))).max())) + 3
    beside = cv2.dilate(edges, np.ones((size, size), np.uint8))
    # What hid a place in the frame before has stayed where it was on the screen.
    stood = cv2.warpAffine(
        cv2.inRange(figure, 0, same), camera, (width, height), flags=cv2.INTER_NEAREST
    )
    uncovered = cv2.bitwise_and(beside, cv2.dilate(stood, np.ones((3, 3), np.uint8)))
    went = cv2.bitwise_and(cv2.inRange(background, 0, same), cv2.inRange(figure, 2 * same, 255))
    return Remainder(difference, uncovered, went, allowance, settings.differences)


@lru_cache(maxsize=8)
def _inner(height: int, width: int, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    """Return a mask of all but the picture's edge, where blur and motion lack outside values."""
    mask = np.zeros((height, width), np.uint8)
    mask[top + EDGE : max(bottom - EDGE, 0), left + EDGE : max(right - EDGE, 0)] = 255
    return mask


def _allowance(now: Plate, mismatch: float) -> np.ndarray:
    """Return how much each pixel may differ if the motion is ``mismatch`` px off."""
    # The gradient spans two pixels.
    return cv2.convertScaleAbs(_gradient(now.smooth.luma), alpha=mismatch / 2)


def thumbnail(plane: np.ndarray) -> np.ndarray:
    """Return a plane an eighth as wide and high, float32 code values."""
    small = plane.astype(np.float32)
    for _ in range(3):
        if min(small.shape) >= 2:
            height, width = small.shape[0] // 2, small.shape[1] // 2
            even = small[: 2 * height, : 2 * width]
            small = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _gradient(luma: np.ndarray) -> np.ndarray:
    """Return the span of the 3 x 3 values around each pixel."""
    return cv2.morphologyEx(luma, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))


def _textured_blocks(luma: np.ndarray, settings: DifferenceSettings) -> np.ndarray:
    """Return which blocks have contours in them."""
    return _block_means(_gradient(luma)) > 2 * settings.visible


def _block_sums(difference: np.ndarray) -> np.ndarray:
    """Return the sum of every block that begins at a multiple of half a block, int32."""
    sums = cv2.integral(difference)[:: BLOCK // 2, :: BLOCK // 2].copy()
    rows = sums[2:] - sums[:-2]
    return rows[:, 2:] - rows[:, :-2]


def _block_means(difference: np.ndarray) -> np.ndarray:
    """Return the mean of every block that begins at a multiple of half a block."""
    return _block_sums(difference) / BLOCK**2


def _greatest(difference: np.ndarray, settings: DifferenceSettings) -> float:
    """Return how much the most changed part changed: a few blocks, many by less, or one pixel."""
    pixel = settings.pixel_weight * cv2.minMaxLoc(difference)[1]
    return max(_top(difference, settings), pixel)


def _top(difference: np.ndarray, settings: DifferenceSettings) -> float:
    """Return how much the most changed blocks changed: a few of them, or many by less.

    What all blocks have in common, up to ``max_grain``, is grain and does not count.
    """
    sums = _block_sums(difference).ravel()
    if not sums.size:  # a picture smaller than a block
        return 0.0
    # The sums are counted, because np.partition takes 0.5 ms where nine blocks of ten are alike,
    # and a frame would need it twelve times. Where they differ, it takes 0.04 ms (NumPy 2.4 with
    # AVX-512).
    at_most = np.bincount(sums).cumsum()  # number of blocks up to each sum
    wide, narrow = settings.wide_rank, settings.rank
    ranks = (sums.size // 4, *(sums.size - min(rank, sums.size) for rank in (wide, narrow)))
    quarter, many, few = at_most.searchsorted(ranks, side="right") / BLOCK**2
    grain = min(quarter, settings.max_grain)
    return float(max(few - grain, settings.wide_weight * (many - grain)))
