"""Cuts: where one shot ends and the next begins, found as the frames stream by.

A frame begins a shot when all of these hold:

- hardly anything stays where it was: a figure that jumps leaves its background standing. If there
  is a surround that never changes (bars with ornaments, a room around a TV), only the picture
  within it counts;
- the picture shows other things than the one before, wherever they stand and whatever the light.
  No pan, no figure that moves, no fade and no negative leads from one to the other
  (``content.py``). How much it changes does not matter: shots may be dark, or last two frames;
- it has other colours, or it changes a few times more than the frames around it (the running
  comparison of PySceneDetect's AdaptiveDetector). A figure too fast to be followed is no cut.
  Other cuts do not count as neighbours, for they would hide each other. Nor do held frames, beside
  which every drawing on twos would stand out;
- it is no flash: an empty picture after which the one before comes back. If another picture comes
  after it, the cut is where that picture comes. From one plain colour to another there is no cut.

A missed cut shows as a morph between two shots, a false cut as one interval without in-betweens.
The first is far uglier, so the thresholds lean towards finding cuts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.camera.motion import Pair, camera_motion
from nakawari.xsheet.change.change import Plate, changed_share
from nakawari.xsheet.change.content import resemblance
from nakawari.xsheet.change.seen_frame import WHOLE, Area, SeenFrame, color_distance, without_bars
from nakawari.xsheet.change.surround import within_surround
from nakawari.xsheet.settings import DEFAULT, DetectorSettings


class ShotPlate(NamedTuple):
    """A frame, and whether it begins a shot."""

    plate: Plate
    begins_shot: bool  # True at the first frame after a cut


def mark_cuts(
    plates: Iterable[Plate],
    settings: DetectorSettings = DEFAULT,
) -> Iterator[ShotPlate]:
    """Yield every frame with a mark that says whether it begins a shot; the clip's first does not.

    ``settings.cuts.window`` frames are held back, and so kept in memory.
    """
    waiting: deque[Plate] = deque()
    judge, window = _Judge(settings), settings.cuts.window
    before = 0
    for plate in plates:
        waiting.append(plate)
        judge.seen.append(SeenFrame(plate, settings))
        if len(waiting) > window:
            yield ShotPlate(waiting.popleft(), judge.is_cut(before))
            before += 1
            if before > window + 1:
                judge.seen.popleft()
                before -= 1
    while waiting:
        yield ShotPlate(waiting.popleft(), judge.is_cut(before))
        before += 1


class _Judge:
    """Tells whether the frames that it was given begin a shot."""

    def __init__(self, settings: DetectorSettings) -> None:
        self._settings = settings
        # Up to ``window + 1`` frames before the first that waits, then the frames that wait.
        self.seen: deque[SeenFrame] = deque()

    def is_cut(self, at: int) -> bool:
        """Return whether the frame at a place in ``seen`` begins a shot."""
        if at == 0:
            return False
        here, previous = self.seen[at], self.seen[at - 1]
        # This spares most frames the rest.
        if here.luma_change(previous) < self._settings.cuts.min_luma_change:
            return False
        if here.change_from(previous) < self._settings.cuts.min_change or self._is_noise(at):
            return False
        area = self._changed_area(at)
        if area is None:
            return False
        if max(previous.spread(area), here.spread(area)) < self._settings.cuts.empty:
            # One plain colour follows another: this cannot be told from a light that changes.
            return False
        if self._one_is_empty(previous, here, area):
            return self._ends_in_emptiness(at, area)
        found = self._resemblance(previous, here, area)
        if found >= self._settings.cuts.max_resemblance:
            return False
        has_other_colors = self._have_other_colors(previous, here, area)
        if area != without_bars(previous, here):
            return has_other_colors and self._is_sudden(at)
        if found < self._settings.cuts.min_resemblance and has_other_colors:
            return True
        is_clear = found < self._settings.cuts.no_resemblance or self._is_sudden(at)
        return is_clear and not self._camera_leads(previous, here)

    def _ends_in_emptiness(self, at: int, area: Area) -> bool:
        """Return whether a shot begins where an area becomes empty, or ceases to be empty."""
        if not self._is_sudden(at):  # a step of a fade
            return False
        limit = self._empty(self.seen[at - 1], self.seen[at], area)

        def is_empty(n: int) -> bool:
            return self.seen[n].spread(area) < limit

        first = max(at - self._settings.cuts.window - 1, 0)
        last = next((n for n in range(at - 1, first - 1, -1) if not is_empty(n)), None)
        following = range(at, min(at + self._settings.cuts.window + 1, len(self.seen)))
        back = next((n for n in following if not is_empty(n)), None)
        if last is not None and back is not None:
            if not self._are_unlike(self.seen[last], self.seen[back], area):  # a flash
                return False
            return back == at or not self._is_sudden(back)
        # The known frames end here. A light that went on and off before may go off again.
        return not any(is_empty(n) for n in range(first, last or first))

    def _is_sudden(self, at: int) -> bool:
        """Return whether a frame changes more than those around it, apart from other cuts."""
        limits = self._settings.cuts
        jumps = [(n, self._jump(n)) for n in self._around(at)]
        moving = [jump for n, jump in jumps if jump > limits.still_change and not self._is_other(n)]
        return not moving or self._jump(at) >= limits.min_change_ratio * float(np.median(moving))

    def _is_noise(self, at: int) -> bool:
        """Return whether a faint change is hardly larger than the faintest one near by.

        Then it may be grain, which is new in each frame.
        """
        stillest = min((self._jump(n) for n in self._around(at)), default=0.0)
        limits = self._settings.cuts
        faint = min(limits.faint_change, limits.min_noise_ratio * stillest)
        return self._jump(at) < faint

    def _jump(self, at: int) -> float:
        """Return how much a frame changes from the one before [code values]."""
        return self.seen[at].change_from(self.seen[at - 1])

    def _is_other(self, at: int) -> bool:
        """Return whether a frame shows other things than the one before, in other colours."""
        here, previous = self.seen[at], self.seen[at - 1]
        if here.is_other is None:
            area = self._changed_area(at)
            here.is_other = area is not None and (
                self._one_is_empty(previous, here, area)
                or (
                    self._are_unlike(previous, here, area)
                    and self._have_other_colors(previous, here, area)
                )
            )
        return here.is_other

    def _changed_area(self, at: int) -> Area | None:
        """Return the area in which hardly anything stays where it was, if any.

        It is the picture within a surround, or else the whole picture.
        """
        here, previous = self.seen[at], self.seen[at - 1]
        whole = without_bars(previous, here)
        part = here.within_luma(whole)
        differences = self._settings.differences
        share = changed_share(previous.luma[part], here.luma[part], differences)
        changed = share >= self._settings.cuts.min_changed_share
        if changed and whole != WHOLE:
            return whole
        steps = [self.seen[n].step_from(self.seen[n - 1]) for n in [at, *self._around(at)]]
        inner = within_surround(steps[0], steps[1:], self._settings.surrounds)
        if inner is not None:
            return inner
        return whole if changed else None

    def _around(self, at: int) -> list[int]:
        """Return the frames around one that have a frame before them."""
        window = self._settings.cuts.window
        near = range(max(at - window, 1), min(at + window + 1, len(self.seen)))
        return [n for n in near if n != at]

    def _camera_leads(self, one: SeenFrame, other: SeenFrame) -> bool:
        """Return whether a camera move leads from one picture to the other.

        The ground must go with it, of which even the faintest shades tell.
        """
        motion = camera_motion(Pair(one.luma, other.luma, settings=self._settings))
        return motion is not None and motion.support >= self._settings.cuts.min_following

    def _one_is_empty(self, one: SeenFrame, other: SeenFrame, area: Area) -> bool:
        """Return whether one of two pictures shows nothing but one colour in an area."""
        return min(one.spread(area), other.spread(area)) < self._empty(one, other, area)

    def _empty(self, one: SeenFrame, other: SeenFrame, area: Area) -> float:
        """Return the spread below which a picture is empty; coding leaves a shadow of the other."""
        shadow = self._settings.cuts.shadow * max(one.spread(area), other.spread(area))
        return max(self._settings.cuts.empty, shadow)

    def _are_unlike(self, one: SeenFrame, other: SeenFrame, area: Area) -> bool:
        """Return whether two pictures show other things in an area."""
        return self._resemblance(one, other, area) < self._settings.cuts.min_resemblance

    def _resemblance(self, one: SeenFrame, other: SeenFrame, area: Area) -> float:
        enough = self._settings.cuts.max_resemblance
        return resemblance(one.within(area), other.within(area), enough)

    def _have_other_colors(self, one: SeenFrame, other: SeenFrame, area: Area) -> bool:
        """Return whether enough of an area's pixels have other colours, compared in full light."""
        return color_distance(one, other, area) >= self._settings.cuts.other_colors
