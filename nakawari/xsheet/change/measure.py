"""What is measured on every frame of a shot, as the frames stream by."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.camera.alignment import corner_ways
from nakawari.xsheet.camera.ground import Evidence
from nakawari.xsheet.camera.motion import MIN_SUPPORT, STILL, Motion, camera_motion
from nakawari.xsheet.change.change import (
    FAINT,
    Plate,
    carried_change,
    light_change,
    luma_change,
    remainder,
)
from nakawari.xsheet.change.step import Step
from nakawari.xsheet.change.trial import Trial, may_be_carried
from nakawari.xsheet.change.uncovered import Uncovered

MEMORY = 48  # frames that tell how much repeats change
MAX_NOISE = 8.0  # code values; on ones no frame is a repeat, and the least change is no noise
DEPTHS = 15  # frames over which a layer's depth is remembered
MIN_DEPTHS = 3
MIN_DEPTH_SHARE = 0.4  # a layer is seen in all repeats, of twos in half of the frames
DEPTH_MISFIT = 0.15  # px a frame
MIN_SPEED = 0.06  # px a frame; what is slower stands still
MIN_DEPTH_SPEED = 0.5  # px a frame; below it a depth cannot be told
EXPLAINED = 0.4  # of a change is left at most, if a motion is at work though it was not seen
STANDS = 0.3  # of that change: a camera that goes on changes a frame by more
INERTIA = 0.85  # how much of its support a motion keeps with each frame that it does not explain
LOOK_BACK = 6  # frames for which a motion is tried that was not yet seen in them
CONFIRMED = 4  # frames in which a camera was seen, from which on it needs no ground
LOOK_FAR_BACK = 24  # frames for which it is then tried
CLEAR_SUPPORT = 0.85  # of a motion by which a drawing may be told that does not go along
MOST_HELD = 12.0  # code values; what leaves no more may be held
KEPT = 0.9  # of what the ground told, with each frame
NEAR, NEAR_SHARE = 0.5, 0.2  # px, and of its speed: by how much a steady move changes in a frame


class Measure(NamedTuple):
    """One frame against those before it in its shot; changes in code values."""

    still: float  # change from the frame before, nothing having moved
    since_kept: float  # likewise from the frame that last differed clearly
    twice: float  # likewise from the frame before the last
    light: float  # change of brightness since the frame before, or since the one that differed
    moved: float | None  # change from the frame before, the camera's motion taken out
    motion: Motion | None  # of the camera, where much of the picture changes


FIRST = Measure(0.0, 0.0, 0.0, 0.0, None, None)


class _Frame(NamedTuple):
    """A frame that changed."""

    place: int  # in the shot
    step: Step


class _Went(NamedTuple):
    """What went with the camera in a frame that shows no clearly new drawing."""

    place: int
    pixels: np.ndarray  # (H, W) uint8, 255 where it did


class ShotMeter:
    """Measures the frames of one shot, in order. Keeps a few, whatever the shot's length."""

    def __init__(self) -> None:
        self.measures: list[Measure] = []
        self._kept: Plate | None = None
        self._twice_before: Plate | None = None
        self._noise: deque[float] = deque(maxlen=MEMORY)
        self._depths: deque[float | None] = deque(maxlen=DEPTHS)
        self._unexplained: deque[_Frame] = deque(maxlen=LOOK_FAR_BACK)
        self._evidence: Evidence | None = None  # of the ground, of this camera move
        self._seen = 0  # frames of this camera move in which it was seen
        self._trial = Trial()  # of this camera move, whose ground does not tell it
        self._went: _Went | None = None
        self._uncovered = Uncovered()
        self._carried = 0.0  # code values: change of the last frame in which a motion was seen
        self._motion: Motion | None = None  # the last that was good, or is still believed in

    def add(self, step: Step) -> None:
        """Measure the next frame."""
        before, now, still = step.before, step.now, step.still
        if self._kept is None:
            self._kept = now
            self.measures.append(FIRST)
            return
        kept = self._kept
        light = light_change(before, now)
        since_kept = still
        if kept is not before:
            since_kept = luma_change(kept, now)
            light = max(light, light_change(kept, now))
        twice = luma_change(self._twice_before, now) if self._twice_before is not None else still
        if max(still, since_kept) > self._clear_change():
            self._kept = now
        self._twice_before = before
        self.measures.append(Measure(still, since_kept, twice, light, None, None))
        if still > FAINT:
            self._follow_camera(_Frame(len(self.measures) - 1, step))
        else:
            self._camera_stands()
        moved = self.measures[-1].moved
        self._noise.append(still if moved is None else moved)

    def _clear_change(self) -> float:
        """Return a change that repeats in this shot seldom show, erring on the low side."""
        noise = sorted(self._noise)[3 * len(self._noise) // 10] if self._noise else 0.0
        return min(1.6 * noise + 1.0, MAX_NOISE)

    def _follow_camera(self, here: _Frame) -> None:
        """Take the camera's motion out of the last frame, and out of those that waited for it."""
        sides = here.step.sides
        # Where the camera went a frame ago it may go on, too slowly to be seen at all sides.
        if not sides and self._motion is None:
            self._unexplained.append(here)
            return
        seen = _motion_in(here, self._motion)
        if seen is not None and self._is_told(seen, here):
            seen = _without_ground(seen)
        if seen is not None and _is_trusted(seen):
            self._motion, self._carried = seen, self.measures[-1].still
            self._seen += 1
            if self._seen in (1, CONFIRMED):
                self._look_back(seen)
            self._take_out(here, seen)
        elif not sides or self.measures[-1].still < STANDS * self._carried:
            self._camera_stands()
        elif self._motion is not None:
            # Coarse coding and backgrounds without contours hide a slow camera now and then.
            self._take_out(here, self._motion)
            measure = self.measures[-1]
            if measure.moved is not None and measure.moved > EXPLAINED * measure.still:
                self._motion = self._motion._replace(support=self._motion.support * INERTIA)
            if self._motion.support < MIN_SUPPORT * INERTIA**3:
                self._camera_stands()
        else:
            self._unexplained.append(here)

    def _is_told(self, seen: Motion, frame: _Frame) -> bool:
        """Return whether this frame and those before tell that a motion is the camera's."""
        if seen.evidence is not None and seen.follows >= MIN_SUPPORT:
            self._evidence = seen.evidence.after(self._evidence, KEPT)
            if self._evidence.ground.carried:
                return True
        if self._trial.hear(frame.place, frame.step, seen):
            self._seen = max(self._seen, CONFIRMED - 1)
            return True
        confirmed = self._motion if self._seen >= CONFIRMED else None
        return confirmed is not None and _goes_on(seen, confirmed, frame.step.now)

    def _look_back(self, seen: Motion) -> None:
        """Take a camera move out of the frames before the first in which it was seen.

        Far back, and in frames whose ground does not tell it, once it is confirmed.
        """
        confirmed, followed = self._seen >= CONFIRMED, self._uncovered
        frames = list(self._unexplained)[::-1]
        onward = self.measures[frames[0].place + 1].motion or seen if frames else seen
        motions: list[tuple[_Frame, Motion]] = []
        for earlier in frames if confirmed else frames[:LOOK_BACK]:
            motion = _motion_in(earlier, onward)
            if motion is not None and confirmed:
                motion = _without_ground(motion)
            # A move begins slowly; what is faster is a figure, unless all sides moved with it.
            if (
                motion is None
                or not _is_trusted(motion)
                or (not earlier.step.sides and motion.speed > onward.speed)
            ):
                if not earlier.step.sides or self._stood(earlier, onward):
                    break
                motion = onward
            motions.append((earlier, motion))
            onward = motion
        self._uncovered = Uncovered()
        for earlier, motion in reversed(motions):
            self._take_out(earlier, motion)
        if confirmed:
            self._unexplained.clear()
        if followed.place == len(self.measures) - 2:
            followed.forget(frames[0].place + 1 if frames else 0)
            self._uncovered = followed

    def _stood(self, frame: _Frame, onward: Motion) -> bool:
        """Return whether a frame changed so little that no such camera moved in it."""
        foretold = carried_change(frame.step.before, onward.camera)
        return self.measures[frame.place].still < STANDS * foretold

    def _camera_stands(self) -> None:
        self._motion = None
        self._seen = 0
        self._trial = Trial()
        self._evidence = None
        self._unexplained.clear()

    def _take_out(self, frame: _Frame, motion: Motion) -> None:
        before, now = frame.step.before, frame.step.now
        camera, went = motion.camera, None
        certain_motion = motion.follows >= CLEAR_SUPPORT
        if self._went is not None and self._went.place == frame.place - 1 and certain_motion:
            went = self._went.pixels
        left = remainder(before, now, camera, self._layer(motion), went)
        certain = left.certain_change()
        for found in self._uncovered.add(frame.place, before, now, camera, left, certain):
            self.measures[found.place] = self.measures[found.place]._replace(moved=found.change)
        self.measures[frame.place] = self.measures[frame.place]._replace(
            # The last frame of a move has no next one to tell what was uncovered.
            moved=certain,
            # What the ground told is known by now, and takes kilobytes.
            motion=motion._replace(evidence=None),
        )
        # Where a frame is a new drawing, what went with the camera did so by chance.
        self._went = _Went(frame.place, left.carried) if certain <= MOST_HELD else None

    def _layer(self, motion: Motion) -> np.ndarray | None:
        """Return the motion of the layer that is known in this shot, or else of the one found.

        A figure that is drawn anew in another place moves too, but not as the camera bids it, nor
        on every frame.
        """
        layer = motion.layer
        seen = [depth for depth in self._depths if depth is not None]
        if len(self._depths) >= MIN_DEPTHS:
            layer = None
            if len(seen) >= MIN_DEPTH_SHARE * len(self._depths):
                depth = float(np.median(seen))
                layer = STILL + depth * (motion.camera - STILL)
                misfit = abs(motion.depth - depth) * motion.speed  # px a frame
                if motion.layer is not None and misfit <= DEPTH_MISFIT:
                    layer = motion.layer
        if motion.speed >= MIN_DEPTH_SPEED:
            self._depths.append(motion.depth if motion.layer is not None else None)
        return layer


def _motion_in(frame: _Frame, expected: Motion | None) -> Motion | None:
    likely = None if expected is None else expected.camera
    return camera_motion(frame.step.pair, likely)


def _is_trusted(motion: Motion) -> bool:
    return motion.support >= MIN_SUPPORT and motion.speed >= MIN_SPEED


def _without_ground(motion: Motion) -> Motion:
    """Return a motion for which the contours that follow it are enough."""
    support = motion.follows
    if may_be_carried(motion):  # few follow under coarse coding
        support = max(support, MIN_SUPPORT)
    return motion._replace(support=support)


def _goes_on(motion: Motion, before: Motion, now: Plate) -> bool:
    """Return whether a camera move goes on as it was a frame before."""
    shape = now.smooth.luma.shape
    change = np.hypot(
        *(corner_ways(motion.camera, shape) - corner_ways(before.camera, shape))
    ).max()
    return bool(change <= max(NEAR, NEAR_SHARE * before.speed))
