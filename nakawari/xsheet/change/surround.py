"""A surround that does not change: bars with ornaments, or the room around a TV.

Where there is one, a cut changes the rectangle within it and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakawari.xsheet.change.seen_frame import Area
from nakawari.xsheet.settings import SurroundSettings

BORDER = 2  # thumbnail pixels: coding spreads a change to the blocks beside it


def within_surround(
    step: np.ndarray, others: Sequence[np.ndarray], settings: SurroundSettings
) -> Area | None:
    """Return the rectangle that changed, if nothing around it changes in this frame or near it.

    The result is ``None`` otherwise. A frame in which the surround itself ends does not count.

    Args:
        step: how much each pixel of the thumbnail changed in this frame, (h, w) code values.
        others: the same of the frames around it.
        settings: what a surround is.
    """
    steps = [step, *others]
    stillest = min(float(np.median(other)) for other in steps)
    limit = settings.min_change + settings.noise_margin * stillest
    changed = step > limit
    if changed.mean() < settings.min_share * settings.min_changed:
        return None
    # Beside a cut, coding makes small changes of its own.
    clearly = step > max(limit, settings.coded_share * float(step[changed].mean()))
    rows = _extent(clearly.mean(axis=1))
    columns = _extent(clearly[rows].mean(axis=0))
    area = _inset(rows, step.shape[0]), _inset(columns, step.shape[1])
    inside, surround = changed[area], _surround(area, step.shape)
    if (
        inside.size < settings.min_share * changed.size
        or inside.mean() < settings.min_changed
        or _least_corner(inside) < settings.min_corner_changed
        or not surround.any()
    ):
        return None
    shares = [float((other[surround] > limit).mean()) for other in steps]
    least, most = settings.max_outer_changed, settings.all_changed
    stands = all(share <= least or share >= most for share in shares)
    return area if stands and shares[0] <= least else None


def _surround(area: Area, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask of all but an area and a border along its edge, on both sides of the edge."""
    mask = np.ones(shape, bool)
    rows, columns = (
        slice(max(side.start - 2 * BORDER, 0), side.stop + 2 * BORDER) for side in area
    )
    mask[rows, columns] = False
    return mask


def _least_corner(changed: np.ndarray) -> float:
    """Return the changed share of the corner, a quarter high and wide, that changed least."""
    height, width = (max(side // 4, 1) for side in changed.shape)
    return min(
        float(changed[rows, columns].mean())
        for rows in (slice(0, height), slice(-height, None))
        for columns in (slice(0, width), slice(-width, None))
    )


def _extent(shares: np.ndarray) -> slice:
    """Return from the first to the last place that changed at least half as much as any."""
    places = np.flatnonzero(shares >= shares.max() / 2)
    return slice(int(places[0]), int(places[-1]) + 1)


def _inset(side: slice, length: int) -> slice:
    """Leave out the border in which picture and surround meet."""
    return slice(side.start + BORDER * (side.start > 0), side.stop - BORDER * (side.stop < length))
