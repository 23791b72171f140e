"""Joining parts of a figure that do not move relative to each other, to draw them once."""

from collections.abc import Sequence

import numpy as np

from nakawari.data.figures.figure import Part
from nakawari.data.moving.render import Layer, flattened
from nakawari.data.moving.warps import Chain, LinearValue, Placement, Warp, is_still

# Largest width or height of joined parts [px]. Larger figures reach far out of the frame: to draw
# all of them once would cost more than to draw what is seen of them three times.
_LARGEST = 420


def merged(parts: Sequence[Part]) -> list[Part]:
    """Return the parts, with neighbours of one group joined if their own warps never change.

    Order, look and motion stay the same; there are only fewer parts to draw.
    """
    result: list[Part] = []
    run: list[Part] = []
    for part in (_loosened(part) for part in parts):
        still = all(is_still(warp) for warp in part.warps)
        if run and not (still and part.group is run[0].group):
            result += _joined(run)
            run = []
        if still:
            run.append(part)
        else:
            result.append(part)
    return result + _joined(run)


def _loosened(part: Part) -> Part:
    """Return the part; if its group does not move, with the group's warps as its own."""
    if part.group.warps and is_still(part.group):
        return Part(part.pixels, [*part.warps, *part.group.warps])
    return part


def _joined(run: list[Part]) -> list[Part]:
    if len(run) < 2:
        return run
    corners = [_extent(part) for part in run]
    low = np.floor(np.min([corner[0] for corner in corners], axis=0)) - 2
    high = np.ceil(np.max([corner[1] for corner in corners], axis=0)) + 2
    width, height = (int(size) for size in high - low)
    if max(width, height) > _LARGEST:
        return run
    shift = Placement((float(low[0]), float(low[1])), LinearValue(0.0), LinearValue(0.0))
    layers = [Layer(part.pixels, Chain([*part.warps, shift])) for part in run]
    back: list[Warp] = [
        Placement((0.0, 0.0), LinearValue(float(low[0])), LinearValue(float(low[1])))
    ]
    return [Part(flattened(layers, height, width), back, run[0].group)]


def _extent(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and greatest (x, y) of a part, in the coordinates of its group [px]."""
    height, width = part.pixels.shape[:2]
    share = np.linspace(0.0, 1.0, 7)
    x, y = np.meshgrid(share * width, share * height)
    x, y = Chain(part.warps).forward((x, y), 0.0)
    return np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
