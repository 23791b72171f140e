"""What stands on the screen while the camera moves: the figure of a follow shot.

It is strange to the ground: neither frame shows at that place what the other shows where the camera
carries it. And it is found again near where it was, rather than near where the camera would have
carried it. That is asked of each thing as a whole. What it covers is told by both frames together:
that which is strange in the one, and, moved as the thing has moved, in the other.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.slowmo.camera import Carried, carried
from nakawari.xsheet.camera.alignment import Matrix, inverse
from nakawari.xsheet.detect import halvings_for

AROUND = 5  # px, over which two frames are compared
MAX_MISMATCH = 0.04  # mean over them; five code values
# For pictures some 500 px wide, in proportion for others [px].
REACH = 12  # not as far a thing may have moved by itself
LIMB = 24  # as far its parts may have moved
JOINED = 8  # pieces of a thing are twice as near at most
SMALLEST = 50  # px²
STANDS = 0.5  # of the squared error where the camera would have carried it
LEAST_ERROR = 0.01  # squared, mean over a thing where the camera would have carried it
RING = 2  # around what is one thing's for certain


class Standing(NamedTuple):
    """Where two frames show things that stand on the screen, each (1, 1, H, W) bool."""

    in_0: Tensor
    in_1: Tensor


def mismatch(frame_0: Tensor, frame_1: Tensor) -> Tensor:
    """Return by how much two frames (1, 3, H, W) differ around each pixel, (1, 1, H, W) from 0."""
    difference = (frame_0 - frame_1).abs().mean(dim=1, keepdim=True)
    return F.avg_pool2d(difference, AROUND, 1, AROUND // 2, count_include_pad=False)


def standing_on_screen(
    frame_0: Tensor, frame_1: Tensor, camera: Matrix, over_0: Carried, over_1: Carried
) -> Standing | None:
    """Return where things stand on the screen in two frames; None if nothing does.

    Args:
        frame_0: (1, 3, H, W) in [-1, 1].
        frame_1: likewise.
        camera: where it carries the points of ``frame_0`` in ``frame_1``, (2, 3) [px].
        over_0: ``frame_1`` carried back to where the camera is in ``frame_0``.
        over_1: ``frame_0`` carried to where the camera is in ``frame_1``.
    """
    scale = 2 ** halvings_for(frame_0.shape[-1])
    # What the camera brings in or leaves behind has nothing to be compared with.
    strange_0 = _array(~over_0.seen | (mismatch(frame_0, over_0.frame) > MAX_MISMATCH))
    strange_1 = _array(~over_1.seen | (mismatch(frame_1, over_1.frame) > MAX_MISMATCH))
    known = _array(over_0.seen & over_1.seen)
    picture_0, picture_1 = _picture(frame_0), _picture(frame_1)
    in_0, in_1 = np.zeros_like(known), np.zeros_like(known)
    for thing in _things(strange_0 & strange_1 & known, scale):
        way = _way(camera, thing)
        moved = _own_motion(picture_0, picture_1, thing, way, REACH * scale)
        if moved is None:
            continue
        back = torch.roll(frame_1, (-moved[1], -moved[0]), (-2, -1))
        again_0 = _array(mismatch(frame_0, back) < MAX_MISMATCH)
        core = strange_0 & _shifted(strange_1, -moved) & _grown(thing, REACH * scale)
        core |= _between(core, again_0 | strange_0, along=1 - int(np.argmax(np.abs(way))))
        body_0 = core | (_enclosed(core) & (again_0 | strange_0))
        body_1, again_1 = _shifted(body_0, moved), _shifted(again_0, moved)
        # Strange is also the ground that the thing hides in the other frame.
        hides_0, hides_1 = _carried(body_1, inverse(camera)), _carried(body_0, camera)
        in_0 |= _with_limbs(body_0, strange_0 & ~_grown(hides_0, RING * scale), again_0, scale)
        in_1 |= _with_limbs(body_1, strange_1 & ~_grown(hides_1, RING * scale), again_1, scale)
    if not in_0.any():
        return None
    return Standing(*(torch.from_numpy(m)[None, None].to(frame_0.device) for m in (in_0, in_1)))


def _things(mask: np.ndarray, scale: int) -> list[np.ndarray]:
    """Return the parts of a mask (H, W) that lie apart and are not tiny, each (H, W) bool."""
    _, labels = cv2.connectedComponents(_grown(mask, JOINED * scale).astype(np.uint8))
    labels[~mask] = 0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return [labels == label for label in np.flatnonzero(sizes >= SMALLEST * scale**2)]


def _way(camera: Matrix, thing: np.ndarray) -> np.ndarray:
    """Return how far a camera carries the middle of a thing, (2,) [px]."""
    rows, columns = np.nonzero(thing)
    middle = np.array([columns.mean(), rows.mean()])
    return camera[:, :2] @ middle + camera[:, 2] - middle


def _own_motion(
    picture_0: np.ndarray, picture_1: np.ndarray, thing: np.ndarray, way: np.ndarray, reach: int
) -> np.ndarray | None:
    """Return how far a thing on the screen has moved, (2,) int [px]; None if the camera moved it.

    It is looked for near where it was, and near where the camera would have carried it.

    Args:
        picture_0: (H, W, 3) float32, as is ``picture_1``.
        picture_1: the picture after it.
        thing: where it is in ``picture_0``, (H, W) bool.
        way: how far the camera would have carried it, (2,) [px].
        reach: how far around it is looked for [px]; no farther than to half the way.
    """
    reach = min(reach, int(np.hypot(*way) / 2))
    if reach < 1:
        return None
    rows, columns = np.nonzero(thing)
    corner = np.array([columns.min(), rows.min()])
    inside = np.s_[corner[1] : rows.max() + 1, corner[0] : columns.max() + 1]
    template = picture_0[inside]
    mask = np.repeat(thing[inside][..., None], 3, axis=2).astype(np.float32)
    margin = reach + int(np.abs(way).max()) + 1
    padded = cv2.copyMakeBorder(picture_1, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    least = []
    for shift in (np.round(way).astype(int), np.zeros(2, int)):
        left, top = corner + shift + margin - reach
        height, width = np.array(template.shape[:2]) + 2 * reach
        area = padded[top : top + height, left : left + width]
        errors = cv2.matchTemplate(area, template, cv2.TM_SQDIFF, mask=mask)
        least.append(errors.min())
    if least[1] > STANDS * least[0] or least[0] < LEAST_ERROR * mask.sum():
        return None
    row, column = np.unravel_index(errors.argmin(), errors.shape)
    moved = np.array([column, row]) - reach
    # What fits best at the edge of where it was looked for is farther still.
    return moved if np.abs(moved).max() < reach else None


def _between(core: np.ndarray, passable: np.ndarray, along: int) -> np.ndarray:
    """Return the runs of ``passable`` that a core bounds at both ends, along an axis.

    Along the camera's way every outline is strange; an outline that lies along it is not.
    """
    core, passable = np.moveaxis(core, along, 0), np.moveaxis(passable, along, 0)
    reached = []
    for step in (1, -1):
        ahead = core[::step].copy()
        for line in range(1, len(ahead)):
            ahead[line] |= ahead[line - 1] & passable[::step][line]
        reached.append(ahead[::step])
    return np.moveaxis(reached[0] & reached[1], 0, along)


def _with_limbs(body: np.ndarray, strange: np.ndarray, again: np.ndarray, scale: int) -> np.ndarray:
    """Return a body with whatever strange is joined to it and with what both enclose."""
    limbs = strange & _grown(body, LIMB * scale)
    _, labels = cv2.connectedComponents((body | limbs).astype(np.uint8))
    whole = np.isin(labels, np.unique(labels[body]))
    whole |= _enclosed(whole) & (again | strange)
    # A comparison of AROUND px sees a line from outside of it.
    return cv2.erode(whole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _enclosed(mask: np.ndarray) -> np.ndarray:
    """Return what a mask encloses, by itself or together with one edge of the picture."""
    inside = np.zeros(mask.shape, bool)
    for edge in (np.s_[:1], np.s_[-1:], np.s_[:, :1], np.s_[:, -1:]):
        closed = np.pad(mask, 1).astype(np.uint8)
        closed[edge] = 1
        reached = np.pad(closed, 1)
        cv2.floodFill(reached, None, (0, 0), 2)
        inside |= reached[2:-2, 2:-2] == 0
    return inside


def _carried(mask: np.ndarray, camera: Matrix) -> np.ndarray:
    return _array(carried(torch.from_numpy(mask)[None, None].float(), camera).frame > 0.5)


def _shifted(mask: np.ndarray, by: np.ndarray) -> np.ndarray:
    height, width = mask.shape
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float64)
    return cv2.warpAffine(mask.astype(np.uint8), matrix, (width, height), flags=0) > 0


def _grown(mask: np.ndarray, by: int) -> np.ndarray:
    size = 2 * by + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def _array(mask: Tensor) -> np.ndarray:
    return mask[0, 0].cpu().numpy()


def _picture(frame: Tensor) -> np.ndarray:
    return frame[0].permute(1, 2, 0).float().cpu().numpy()
