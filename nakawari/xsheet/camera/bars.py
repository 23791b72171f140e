"""Black bars above and below a picture, or beside it: the picture is what they leave.

Nothing in a bar moves, and what slides out from under a bar does not look like a camera move. The
camera is therefore looked for within the bars. A black sky, or a figure before black, is no bar: a
bar ends in a straight edge, along most of which the picture is brighter.
"""

from __future__ import annotations

import numpy as np

from nakawari.xsheet.camera.alignment import Matrix
from nakawari.xsheet.settings import DEFAULT, BarSettings

Area = tuple[slice, slice]  # rows, columns [px]


def picture_area(
    before: np.ndarray, after: np.ndarray, settings: BarSettings = DEFAULT.bars
) -> Area:
    """Return the area outside the bars that two luma planes, (H, W) uint8, have in common.

    Without bars it is the whole picture.
    """
    height, width = before.shape
    top, bottom = _both(before, after, settings)
    left, right = _both(before.T, after.T, settings)
    return slice(top, height - bottom), slice(left, width - right)


def inward(motion: Matrix, area: Area) -> Matrix:
    """Return a motion of the whole picture in the coordinates of an area of it."""
    return _moved(motion, area[1].start, area[0].start)


def outward(motion: Matrix, area: Area) -> Matrix:
    """Return a motion of an area of the picture in the coordinates of the whole picture."""
    return _moved(motion, -area[1].start, -area[0].start)


def _both(before: np.ndarray, after: np.ndarray, settings: BarSettings) -> tuple[int, int]:
    """Return how many rows belong to a bar in both of two planes, above and below."""
    above = min(_bar(before, settings), _bar(after, settings))
    below = min(_bar(before[::-1], settings), _bar(after[::-1], settings))
    return above, below


def _bar(plane: np.ndarray, settings: BarSettings) -> int:
    """Return how many of the first rows are a bar."""
    black = settings.black
    if plane[0].max() > black:
        return 0
    most = round(settings.max_bar * len(plane))
    bright = np.flatnonzero(plane[: most + 1].max(axis=1) > black)
    if not bright.size:
        return 0
    rows = int(bright[0])
    edge = plane[rows : rows + settings.edge].max(axis=0)
    is_straight = (edge > black + settings.brighter).mean() >= settings.bright_share
    return rows + settings.blur if is_straight else 0


def _moved(motion: Matrix, x: int, y: int) -> Matrix:
    """Return a motion in coordinates whose origin is at (x, y)."""
    origin = np.array([x, y], np.float64)
    onward = motion[:, 2] + motion[:, :2] @ origin - origin
    return np.hstack([motion[:, :2], onward[:, None]])
