"""Cuts: where one shot ends and the next begins, found as the frames stream by.

A frame begins a shot when all of these hold:

- the picture differs from the one before, and a few times more than its neighbours differ from
  theirs (the running comparison of PySceneDetect's AdaptiveDetector). Held frames do not count as
  neighbours: beside them, every drawing on twos would stand out;
- hardly anything stays where it was: a figure that jumps leaves its background standing;
- its colours are others, not the same ones elsewhere (histograms): a fast pan is no cut;
- the picture does not come back within a few frames: a flash is no cut.

A cut that is missed shows as a morph between two shots, a cut too many as one interval without
in-betweens. The first is far uglier, so the thresholds lean towards finding cuts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.video.picture import Picture
from nakawari.video.reader import SourceFrame
from nakawari.xsheet.change import BLUR, changed_share

WINDOW = 6  # frames looked at on either side; also the longest flash
MIN_CHANGE = 9.0  # code values, mean over the thumbnail
STILL_CHANGE = 0.5  # code values; below this a frame is held and says nothing of the motion
MIN_CHANGE_RATIO = 2.5  # over the mean change of the moving neighbours
# samples/dance.mp4: 0.185 at its cut, at most 0.016 elsewhere, a fast pan included.
MIN_COLOR_CHANGE = 0.04
MIN_CHANGED_SHARE = 0.75  # of the blocks with contours in them
RETURN_RATIO = 0.5  # the picture is back if it changed less than this share of the jump

THUMBNAIL = (64, 36)
BINS = 16


class _Look(NamedTuple):
    """What is kept of a frame."""

    thumbnail: np.ndarray  # (3, 36, 64) float32, code values
    smooth: np.ndarray  # (H, W) uint8, luma
    histogram: np.ndarray  # (3, BINS) float32, each row sums to 1

    @classmethod
    def of(cls, picture: Picture) -> _Look:
        thumbnail = np.stack(
            [cv2.resize(plane, THUMBNAIL, interpolation=cv2.INTER_AREA) for plane in picture]
        ).astype(np.float32)
        histogram = np.stack(
            [
                cv2.calcHist([plane], [0], None, [BINS], [0, 256]).ravel() / plane.size
                for plane in picture
            ]
        )
        return cls(thumbnail, cv2.GaussianBlur(picture.luma, (0, 0), BLUR), histogram)

    def change(self, other: _Look) -> float:
        """Return the mean difference of the thumbnails [code values], colour weighing double."""
        per_plane = np.abs(self.thumbnail - other.thumbnail).mean(axis=(1, 2))
        return float(per_plane[0] + 2 * (per_plane[1] + per_plane[2])) / 2

    def color_change(self, other: _Look) -> float:
        """Return the share of pixels that changed their colour bin, 0 to 1."""
        return float(np.abs(self.histogram - other.histogram).sum() / 6)


def mark_cuts(frames: Iterable[SourceFrame]) -> Iterator[SourceFrame]:
    """Yield every frame, with ``begins_shot`` set at the first frame after each cut.

    Holds ``WINDOW`` frames back, and so that many in memory; the first frame of the clip is not
    marked.
    """
    waiting: deque[SourceFrame] = deque()
    looks: deque[_Look] = deque()  # up to WINDOW + 1 before the first waiting frame, then theirs
    before = 0
    for frame in frames:
        waiting.append(frame)
        looks.append(_Look.of(frame.picture))
        if len(waiting) > WINDOW:
            yield waiting.popleft()._replace(begins_shot=_is_cut(looks, before))
            before += 1
            if before > WINDOW + 1:
                looks.popleft()
                before -= 1
    while waiting:
        yield waiting.popleft()._replace(begins_shot=_is_cut(looks, before))
        before += 1


def _is_cut(looks: deque[_Look], at: int) -> bool:
    if at == 0:
        return False
    here, previous = looks[at], looks[at - 1]
    jump = here.change(previous)
    if jump < MIN_CHANGE or here.color_change(previous) < MIN_COLOR_CHANGE:
        return False
    if changed_share(previous.smooth, here.smooth) < MIN_CHANGED_SHARE:
        return False
    later = range(at + 1, min(at + WINDOW + 1, len(looks)))
    earlier = range(max(at - WINDOW, 1), at)
    moving = [
        change
        for index in (*earlier, *later)
        if (change := looks[index].change(looks[index - 1])) > STILL_CHANGE
    ]
    if moving and jump < MIN_CHANGE_RATIO * sum(moving) / len(moving):
        return False
    comes_back = any(previous.change(looks[index]) < RETURN_RATIO * jump for index in later)
    came_back = any(here.change(looks[index - 1]) < RETURN_RATIO * jump for index in earlier)
    return not comes_back and not came_back
