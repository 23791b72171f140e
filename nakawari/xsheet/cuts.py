"""Cuts: where one shot ends and the next begins, found as the frames stream by.

A frame begins a shot when all of these hold:

- the picture differs from the one before, and a few times more than its neighbours differ from
  theirs (the running comparison of PySceneDetect's AdaptiveDetector). Held frames do not count as
  neighbours: beside them, every drawing on twos would stand out;
- hardly anything stays where it was: a figure that jumps leaves its background standing;
- its colours are others, not the same ones elsewhere (histograms), or else no camera move leads
  from one to the other: a fast pan is no cut;
- no picture before it comes back within a few frames: a flash is no cut, nor is any step of one
  that dies away.

A cut that is missed shows as a morph between two shots, a cut too many as one interval without
in-betweens. The first is far uglier, so the thresholds lean towards finding cuts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.change import Plate, changed_share, thumbnail
from nakawari.xsheet.motion import Pair, camera_motion

WINDOW = 6  # frames looked at on either side; also the longest flash
MIN_CHANGE = 9.0  # code values, mean over the thumbnail
MIN_LUMA_CHANGE = 2.0  # code values, likewise
STILL_CHANGE = 1.2  # code values; below this a frame is held, grain and all, and tells no motion
MIN_CHANGE_RATIO = 2.5  # over the mean change of the moving neighbours
MIN_CHANGE_RATIO_SAME_COLORS = 5.0  # likewise; a pan too fast to be followed may be uneven
# samples/dance.mp4: 0.185 at its cut, at most 0.016 elsewhere, a fast pan included.
MIN_COLOR_CHANGE = 0.04
OTHER_COLORS = 0.1  # a large figure drawn anew under a camera that shakes changes half of that
# Of the contours at the rim; no two shots of the tuning set had any motion in common.
MIN_FOLLOWING = 0.4
MIN_CHANGED_SHARE = 0.75  # of the blocks with contours in them
RETURN_RATIO = 0.5  # the picture is back if it changed less than this share of the jump

BINS = 16


class ShotPlate(NamedTuple):
    """A frame, and whether it begins a shot."""

    plate: Plate
    begins_shot: bool  # True at the first frame after a cut


class _Look:
    """What is kept of a frame, and made of it when asked for."""

    def __init__(self, plate: Plate) -> None:
        self._smooth = plate.smooth
        self._brightness = plate.small
        self._step: float | None = None

    @property
    def luma(self) -> np.ndarray:
        """Smoothed, (H, W) uint8."""
        return self._smooth.luma

    @cached_property
    def _colour(self) -> tuple[np.ndarray, np.ndarray]:
        return thumbnail(self._smooth.blue_difference), thumbnail(self._smooth.red_difference)

    @cached_property
    def _histogram(self) -> np.ndarray:
        """Shares of the pixels, (3, BINS) float32, each row sums to 1."""
        counts = [
            cv2.calcHist([plane], [0], None, [BINS], [0, 256]).ravel() / plane.size
            for plane in self._smooth
        ]
        return np.stack(counts)

    def luma_change(self, other: _Look) -> float:
        """Return the mean difference of the thumbnails' luma [code values]."""
        return _mean_difference(self._brightness, other._brightness)

    def change(self, other: _Look) -> float:
        """Return the mean difference of the thumbnails [code values], colour weighing double."""
        blue, red = (
            _mean_difference(mine, others)
            for mine, others in zip(self._colour, other._colour, strict=True)
        )
        return (self.luma_change(other) + 2 * (blue + red)) / 2

    def change_from(self, previous: _Look) -> float:
        """Return the same from the frame before, of which there is one: asked for often."""
        if self._step is None:
            self._step = self.change(previous)
        return self._step

    def color_change(self, other: _Look) -> float:
        """Return the share of pixels that changed their colour bin, 0 to 1."""
        return float(np.abs(self._histogram - other._histogram).sum() / 6)


def _mean_difference(one: np.ndarray, other: np.ndarray) -> float:
    return cv2.norm(one, other, cv2.NORM_L1) / one.size


def mark_cuts(plates: Iterable[Plate]) -> Iterator[ShotPlate]:
    """Yield every frame with the mark whether it begins a shot; the clip's first does not.

    Holds ``WINDOW`` frames back, and so that many in memory.
    """
    waiting: deque[Plate] = deque()
    looks: deque[_Look] = deque()  # up to WINDOW + 1 before the first waiting frame, then theirs
    before = 0
    for plate in plates:
        waiting.append(plate)
        looks.append(_Look(plate))
        if len(waiting) > WINDOW:
            yield ShotPlate(waiting.popleft(), _is_cut(looks, before))
            before += 1
            if before > WINDOW + 1:
                looks.popleft()
                before -= 1
    while waiting:
        yield ShotPlate(waiting.popleft(), _is_cut(looks, before))
        before += 1


def _is_cut(looks: deque[_Look], at: int) -> bool:
    if at == 0:
        return False
    here, previous = looks[at], looks[at - 1]
    if here.luma_change(previous) < MIN_LUMA_CHANGE:  # spares most frames the rest
        return False
    jump = here.change_from(previous)
    if jump < MIN_CHANGE or changed_share(previous.luma, here.luma) < MIN_CHANGED_SHARE:
        return False
    later = range(at + 1, min(at + WINDOW + 1, len(looks)))
    earlier = range(max(at - WINDOW, 1), at)
    moving = [
        change
        for index in (*earlier, *later)
        if (change := looks[index].change_from(looks[index - 1])) > STILL_CHANGE
    ]
    ratio = jump * len(moving) / sum(moving) if moving else math.inf
    if ratio < MIN_CHANGE_RATIO:
        return False
    colors = here.color_change(previous)
    if colors < MIN_COLOR_CHANGE and ratio < MIN_CHANGE_RATIO_SAME_COLORS:
        return False
    if colors < OTHER_COLORS:
        motion = camera_motion(Pair(previous.luma, here.luma))
        if motion is not None and motion.support >= MIN_FOLLOWING:
            return False
    return not _comes_back(looks, at, RETURN_RATIO * jump)


def _comes_back(looks: deque[_Look], at: int, limit: float) -> bool:
    """Return whether frame ``at`` is within a flash: a picture before it is seen again."""
    return any(
        looks[before].change(looks[after]) < limit
        for before in range(max(at - WINDOW - 1, 0), at)
        for after in range(at, min(before + WINDOW + 2, len(looks)))
        if after - before > 1  # those two are the jump
    )
