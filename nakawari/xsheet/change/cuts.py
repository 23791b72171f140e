"""Cuts: where one shot ends and the next begins, found as the frames stream by.

A frame begins a shot when all of these hold:

- hardly anything stays where it was: a figure that jumps leaves its background standing. If there
  is a surround that never changes (bars with ornaments, a TV in a room), the picture within counts;
- the picture shows other things than the one before, wherever they stand and whatever the light:
  no pan, no figure that moves, no fade and no negative leads from one to the other
  (``content.py``). What changes by how much is no matter: shots may be dark, or last two frames;
- its colours are others, or else it changes a few times more than its neighbours do from theirs
  (the running comparison of PySceneDetect's AdaptiveDetector): what goes too fast to be followed is
  no cut. Other cuts do not count as neighbours, for they would hide each other; nor do held frames,
  beside which every drawing on twos would stand out;
- it is no flash: that is an empty picture after which the one before comes back. Where another
  comes, the cut is there. From one plain colour to another there is no cut.

A cut that is missed shows as a morph between two shots, a cut too many as one interval without
in-betweens. The first is far uglier, so the thresholds lean towards finding cuts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.xsheet.camera.bars import picture_area
from nakawari.xsheet.camera.motion import Pair, camera_motion
from nakawari.xsheet.change.change import Plate, changed_share, thumbnail
from nakawari.xsheet.change.content import Content, resemblance

WINDOW = 6  # frames looked at on either side; also the longest flash
MIN_CHANGE = 0.8  # code values, mean over the thumbnail; less cannot be seen
MIN_LUMA_CHANGE = 0.5  # code values, likewise
# A change smaller than that [code values] must be so many times that of the stillest frame near by.
FAINT_CHANGE, MIN_NOISE_RATIO = 4.0, 1.6
STILL_CHANGE = 1.2  # code values; below this a frame is held, grain and all, and tells no motion
MIN_CHANGE_RATIO = 2.5  # over the median change of the moving neighbours
# Of what a picture shows, found in the other: less is a cut, more is none, and between them it must
# be sudden. Of 340 cuts of montages without a surround, 4 had 0.42 to 0.48 and the others less; of
# 1900 other changes of drawings and cameras, 10 had 0.46 to 0.56 and the others more.
MIN_RESEMBLANCE, MAX_RESEMBLANCE = 0.42, 0.52
NO_RESEMBLANCE = 0.3  # below this it may also have the same colours, if no camera leads there
MIN_CHANGED_SHARE = 0.75  # of the blocks with contours in them
MIN_FOLLOWING = 0.4  # of the contours at the rim; no two shots had any motion in common
OTHER_COLORS = 0.1  # a large figure drawn anew under a camera that shakes changes half of that
# A picture within a surround: its least share of the whole, and what changes of it, at its corners,
# and around it. A figure drawn anew leaves a corner of its rectangle, or soon goes beyond it: 28 of
# 29 in montages did, and the other kept its colours.
MIN_INNER, MIN_INNER_CHANGED, MIN_CORNER_CHANGED, MAX_OUTER_CHANGED = 0.12, 0.75, 0.55, 0.08
ALL_CHANGED = 0.5  # of the surround: then it ends there itself
# What is a change: code values, and times the median change of the stillest frame near by.
INNER_CHANGE, NOISE_MARGIN = 1.5, 4.0
CODED_SHARE = 0.12  # of the mean change: coding spreads so much of it
BORDER = 2  # thumbnail pixels: coding spreads what changes to the blocks beside
# The standard deviation over the thumbnail of a picture without content: code values, or a share of
# that of the picture before or after it.
EMPTY, SHADOW = 1.0, 0.05

COLOR_WEIGHTS = np.array([0.5, 1.0, 1.0], np.float32)  # of a change of luma, blue and red
BINS = 16
FULL_SPAN = 160.0  # code values that a picture's luma spans in full light
LEAST_SPAN = 12.0

Area = tuple[slice, slice]  # rows, columns of the thumbnail
WHOLE: Area = (slice(None), slice(None))


class ShotPlate(NamedTuple):
    """A frame, and whether it begins a shot."""

    plate: Plate
    begins_shot: bool  # True at the first frame after a cut


class _Look:
    """What is kept of a frame, and made of it when asked for."""

    def __init__(self, plate: Plate) -> None:
        self._smooth = plate.smooth
        self._brightness = plate.small
        # From the frame before, of which there is one.
        self._step: np.ndarray | None = None
        self._change: float | None = None
        self.is_other: bool | None = None

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width of the thumbnail."""
        return self._brightness.shape

    @property
    def luma(self) -> np.ndarray:
        """Smoothed, (H, W) uint8."""
        return self._smooth.luma

    @cached_property
    def content(self) -> Content:
        """What it shows."""
        return Content(self._smooth.luma)

    @cached_property
    def thumbnails(self) -> np.ndarray:
        """Luma and both colour differences, (3, h, w) float32 code values."""
        size = self._brightness.shape[::-1]
        colour = (self._smooth.blue_difference, self._smooth.red_difference)
        reduced = [
            cv2.resize(thumbnail(plane), size, interpolation=cv2.INTER_NEAREST) for plane in colour
        ]
        return np.stack([self._brightness, *reduced])

    def luma_change(self, other: _Look) -> float:
        """Return the mean difference of the thumbnails' luma [code values]."""
        return cv2.norm(self._brightness, other._brightness, cv2.NORM_L1) / self._brightness.size

    def step_from(self, previous: _Look) -> np.ndarray:
        """Return how much each pixel of the thumbnails changed from the frame before, (h, w)."""
        if self._step is None:
            self._step = np.abs(self.thumbnails - previous.thumbnails).max(axis=0)
        return self._step

    def change_from(self, previous: _Look) -> float:
        """Return the mean change from the frame before [code values], colour weighing double."""
        if self._change is None:
            changes = np.abs(self.thumbnails - previous.thumbnails).mean(axis=(1, 2))
            self._change = float(changes @ COLOR_WEIGHTS)
        return self._change

    def within(self, area: Area) -> Content:
        """Return what an area of the thumbnail shows."""
        if area == WHOLE:
            return self.content
        return Content(np.ascontiguousarray(self.luma[self.within_luma(area)]))

    def within_luma(self, area: Area) -> Area:
        """Return an area of the thumbnail as that of the picture."""
        if area == WHOLE:
            return area
        rows, columns = (
            slice(side.start * full // small, side.stop * full // small)
            for side, full, small in zip(area, self.luma.shape, self.size, strict=True)
        )
        return rows, columns

    def spread(self, area: Area) -> float:
        """Return how much an area of the thumbnail shows: its standard deviation [code values]."""
        return float(self.thumbnails[:, *area].std(axis=(1, 2)).max())


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
    if here.change_from(previous) < MIN_CHANGE or _is_noise(looks, at):
        return False
    area = _changed_area(looks, at)
    if area is None:
        return False
    if max(previous.spread(area), here.spread(area)) < EMPTY:
        return False  # one plain colour after another: a light that changes, for all that is seen
    if _one_is_empty(previous, here, area):
        return _ends_in_emptiness(looks, at, area)
    found = _resemblance(previous, here, area)
    if found >= MAX_RESEMBLANCE:
        return False
    has_other_colors = _have_other_colors(previous, here, area)
    if area != _without_bars(previous, here):
        return has_other_colors and _is_sudden(looks, at)
    if found < MIN_RESEMBLANCE and has_other_colors:
        return True
    is_clear = found < NO_RESEMBLANCE or _is_sudden(looks, at)
    return is_clear and not _camera_leads(previous, here)


def _ends_in_emptiness(looks: deque[_Look], at: int, area: Area) -> bool:
    """Return whether a shot begins where an area becomes empty, or ceases to be."""
    if not _is_sudden(looks, at):  # a step of a fade
        return False
    limit = _empty(looks[at - 1], looks[at], area)

    def is_empty(n: int) -> bool:
        return looks[n].spread(area) < limit

    first = max(at - WINDOW - 1, 0)
    last = next((n for n in range(at - 1, first - 1, -1) if not is_empty(n)), None)
    following = range(at, min(at + WINDOW + 1, len(looks)))
    back = next((n for n in following if not is_empty(n)), None)
    if last is not None and back is not None:
        if not _are_unlike(looks[last], looks[back], area):  # a flash
            return False
        return back == at or not _is_sudden(looks, back)
    # At the end of what is seen, a light that went on and off before may go off again.
    return not any(is_empty(n) for n in range(first, last or first))


def _one_is_empty(one: _Look, other: _Look, area: Area) -> bool:
    """Return whether one of two pictures shows nothing but one colour in an area."""
    return min(one.spread(area), other.spread(area)) < _empty(one, other, area)


def _empty(one: _Look, other: _Look, area: Area) -> float:
    """Return the spread of an empty picture, in which coding leaves a shadow of the other."""
    return max(EMPTY, SHADOW * max(one.spread(area), other.spread(area)))


def _is_sudden(looks: deque[_Look], at: int) -> bool:
    """Return whether a frame changes more than those around it, other cuts left aside."""
    moving = [
        change
        for n in _around(looks, at)
        if (change := looks[n].change_from(looks[n - 1])) > STILL_CHANGE and not _is_other(looks, n)
    ]
    jump = looks[at].change_from(looks[at - 1])
    return not moving or jump >= MIN_CHANGE_RATIO * float(np.median(moving))


def _is_noise(looks: deque[_Look], at: int) -> bool:
    """Return whether a faint change is no larger than any other near by: grain is new in each."""
    jump = looks[at].change_from(looks[at - 1])
    around = [looks[n].change_from(looks[n - 1]) for n in _around(looks, at)]
    return jump < min(FAINT_CHANGE, MIN_NOISE_RATIO * min(around, default=0.0))


def _around(looks: deque[_Look], at: int) -> list[int]:
    """Return the frames beside one that have a frame before them."""
    near = range(max(at - WINDOW, 1), min(at + WINDOW + 1, len(looks)))
    return [n for n in near if n != at]


def _is_other(looks: deque[_Look], at: int) -> bool:
    """Return whether a frame shows other things than the one before, in other colours."""
    here, previous = looks[at], looks[at - 1]
    if here.is_other is None:
        area = _changed_area(looks, at)
        here.is_other = area is not None and (
            _one_is_empty(previous, here, area)
            or (_are_unlike(previous, here, area) and _have_other_colors(previous, here, area))
        )
    return here.is_other


def _camera_leads(one: _Look, other: _Look) -> bool:
    """Return whether a camera move leads from one picture to the other, over the finest ground."""
    motion = camera_motion(Pair(one.luma, other.luma))
    return motion is not None and motion.support >= MIN_FOLLOWING


def _changed_area(looks: deque[_Look], at: int) -> Area | None:
    """Return the area in which hardly anything stays where it was, if any.

    It is what a surround leaves of the picture, or else all of it.
    """
    here, previous = looks[at], looks[at - 1]
    whole = _without_bars(previous, here)
    part = here.within_luma(whole)
    changed = changed_share(previous.luma[part], here.luma[part]) >= MIN_CHANGED_SHARE
    if changed and whole != WHOLE:
        return whole
    inner = _within_surround(looks, at)
    if inner is not None:
        return inner
    return whole if changed else None


def _without_bars(one: _Look, other: _Look) -> Area:
    """Return what black bars leave of two pictures' thumbnails."""
    area = picture_area(one.luma, other.luma)
    if all(side == slice(0, length) for side, length in zip(area, one.luma.shape, strict=True)):
        return WHOLE
    rows, columns = (
        slice(-(-side.start * small // full), side.stop * small // full)
        for side, full, small in zip(area, one.luma.shape, one.size, strict=True)
    )
    return rows, columns


def _within_surround(looks: deque[_Look], at: int) -> Area | None:
    """Return the rectangle that changed, if around it nothing does that is near in time."""
    step = looks[at].step_from(looks[at - 1])
    steps = [step, *(looks[n].step_from(looks[n - 1]) for n in _around(looks, at))]
    limit = INNER_CHANGE + NOISE_MARGIN * min(float(np.median(other)) for other in steps)
    changed = step > limit
    if changed.mean() < MIN_INNER * MIN_INNER_CHANGED:
        return None
    # Beside a cut, coding makes small changes of its own.
    clearly = step > max(limit, CODED_SHARE * float(step[changed].mean()))
    rows = _extent(clearly.mean(axis=1))
    columns = _extent(clearly[rows].mean(axis=0))
    area = _inset(rows, step.shape[0]), _inset(columns, step.shape[1])
    inside, surround = changed[area], _surround(area, step.shape)
    if (
        inside.size < MIN_INNER * changed.size
        or inside.mean() < MIN_INNER_CHANGED
        or _least_corner(inside) < MIN_CORNER_CHANGED
        or not surround.any()
    ):
        return None
    shares = [float((other[surround] > limit).mean()) for other in steps]
    stands = all(share <= MAX_OUTER_CHANGED or share >= ALL_CHANGED for share in shares)
    return area if stands and shares[0] <= MAX_OUTER_CHANGED else None


def _surround(area: Area, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask of all but an area and the border about it, on either side."""
    mask = np.ones(shape, bool)
    rows, columns = (
        slice(max(side.start - 2 * BORDER, 0), side.stop + 2 * BORDER) for side in area
    )
    mask[rows, columns] = False
    return mask


def _least_corner(changed: np.ndarray) -> float:
    """Return the share that changed of the corner, a quarter high and wide, that did least."""
    height, width = (max(side // 4, 1) for side in changed.shape)
    return min(
        float(changed[rows, columns].mean())
        for rows in (slice(0, height), slice(-height, None))
        for columns in (slice(0, width), slice(-width, None))
    )


def _extent(shares: np.ndarray) -> slice:
    """Return from the first to the last of the places that changed about as much as any."""
    places = np.flatnonzero(shares >= shares.max() / 2)
    return slice(int(places[0]), int(places[-1]) + 1)


def _inset(side: slice, length: int) -> slice:
    """Leave out the border in which picture and surround meet."""
    return slice(side.start + BORDER * (side.start > 0), side.stop - BORDER * (side.stop < length))


def _are_unlike(one: _Look, other: _Look, area: Area) -> bool:
    """Return whether two pictures show other things in an area."""
    return _resemblance(one, other, area) < MIN_RESEMBLANCE


def _resemblance(one: _Look, other: _Look, area: Area) -> float:
    return resemblance(one.within(area), other.within(area), MAX_RESEMBLANCE)


def _have_other_colors(one: _Look, other: _Look, area: Area) -> bool:
    """Return whether enough of an area's pixels are of other colours, as in full light."""
    planes = [look.thumbnails[:, *area] for look in (one, other)]
    low = min(float(luma.min()) for luma, _, _ in planes)
    high = max(float(luma.max()) for luma, _, _ in planes)
    light = min(max(high - low, LEAST_SPAN) / FULL_SPAN, 1.0)
    middles = np.array([low, 128.0, 128.0])[:, None, None]
    first, second = (_histogram((some - middles) / light) for some in planes)
    return float(np.abs(first - second).sum()) / 6 >= OTHER_COLORS


def _histogram(planes: np.ndarray) -> np.ndarray:
    """Return the shares of the values from 0, or about 0 if of colour, (3, BINS)."""
    counts = []
    for plane, low in zip(planes, (0.0, -128.0, -128.0), strict=True):
        bins = np.clip((plane - low) * (BINS / 256), 0, BINS - 1).astype(np.intp)
        counts.append(np.bincount(bins.ravel(), minlength=BINS) / plane.size)
    return np.stack(counts)
