"""What is measured on every frame of a shot, as the frames stream by."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.change import (
    FAINT,
    Plate,
    Remainder,
    block_change,
    light_change,
    luma_change,
    remainder,
    sides_move,
)
from nakawari.xsheet.motion import MIN_SUPPORT, STILL, Motion, camera_motion

MEMORY = 48  # frames that tell how much repeats change
MAX_NOISE = 8.0  # code values; on ones no frame is a repeat, and the least change is no noise
DEPTHS = 15  # frames over which a layer's depth is remembered
MIN_DEPTHS = 3
MIN_DEPTH_SHARE = 0.4  # a layer is seen in all repeats, of twos in half of the frames
DEPTH_MISFIT = 0.15  # px a frame
MIN_SPEED = 0.06  # px a frame; what is slower stands still
MIN_DEPTH_SPEED = 0.5  # px a frame; below it a depth cannot be told
EXPLAINED = 0.4  # of a change is left at most, if a motion is at work though it was not seen
INERTIA = 0.85  # how much of its support a motion keeps with each frame that it does not explain
LOOK_BACK = 6  # frames for which a motion is tried that was not yet seen in them


class Measure(NamedTuple):
    """One frame against those before it in its shot; changes in code values."""

    still: float  # change from the frame before, nothing having moved
    since_kept: float  # likewise from the frame that last differed clearly
    twice: float  # likewise from the frame before the last
    light: float  # change of brightness since the frame before, or since the one that differed
    moved: float | None  # change from the frame before, the camera's motion taken out
    motion: Motion | None  # of the camera, where much of the picture changes


FIRST = Measure(0.0, 0.0, 0.0, 0.0, None, None)


class _Unexplained(NamedTuple):
    """A frame that changed at the rim, though no camera move was found."""

    place: int  # in the shot
    before: Plate
    now: Plate


class _Open(NamedTuple):
    """A frame under a camera move that waits for the next one to tell what was uncovered."""

    place: int
    now: Plate
    left: Remainder


class ShotMeter:
    """Measures the frames of one shot, in order. Keeps a few, whatever the shot's length."""

    def __init__(self) -> None:
        self.measures: list[Measure] = []
        self._kept: Plate | None = None
        self._before: Plate | None = None
        self._twice_before: Plate | None = None
        self._stills: deque[float] = deque(maxlen=MEMORY)
        self._depths: deque[float | None] = deque(maxlen=DEPTHS)
        self._unexplained: deque[_Unexplained] = deque(maxlen=LOOK_BACK)
        self._open: _Open | None = None
        self._motion: Motion | None = None  # the last that was good, or is still believed in

    def add(self, now: Plate) -> None:
        """Measure the next frame."""
        if self._before is None or self._kept is None:
            self._kept = self._before = now
            self.measures.append(FIRST)
            return
        before, kept = self._before, self._kept
        still, light = block_change(before, now), light_change(before, now)
        since_kept = still
        if kept is not before:
            since_kept = luma_change(kept, now)
            light = max(light, light_change(kept, now))
        twice = luma_change(self._twice_before, now) if self._twice_before is not None else still
        if max(still, since_kept) > self._clear_change():
            self._kept = now
        self._stills.append(still)
        self._twice_before, self._before = before, now
        self.measures.append(Measure(still, since_kept, twice, light, None, None))
        if still > FAINT:
            self._follow_camera(before, now)
        else:
            self._camera_stands()

    def _clear_change(self) -> float:
        """Return a change that repeats in this shot seldom show, erring on the low side."""
        noise = sorted(self._stills)[3 * len(self._stills) // 10] if self._stills else 0.0
        return min(1.6 * noise + 1.0, MAX_NOISE)

    def _follow_camera(self, before: Plate, now: Plate) -> None:
        """Take the camera's motion out of the last frame, and out of those that waited for it."""
        if not sides_move(before.smooth.luma, now.smooth.luma):
            self._camera_stands()
            return
        here = _Unexplained(len(self.measures) - 1, before, now)
        seen = camera_motion(before.smooth.luma, now.smooth.luma)
        if seen is not None and seen.support >= MIN_SUPPORT and seen.speed >= MIN_SPEED:
            self._motion = seen
            for earlier in self._unexplained:
                self._take_out(earlier, seen)
            self._unexplained.clear()
            self._take_out(here, seen)
        elif self._motion is not None:
            # Coarse coding and backgrounds without contours hide a slow camera now and then.
            self._take_out(here, self._motion)
            measure = self.measures[-1]
            if measure.moved is not None and measure.moved > EXPLAINED * measure.still:
                self._motion = self._motion._replace(support=self._motion.support * INERTIA)
            if self._motion.support < MIN_SUPPORT * INERTIA**3:
                self._motion = None
        else:
            self._unexplained.append(here)

    def _camera_stands(self) -> None:
        self._motion = None
        self._unexplained.clear()

    def _take_out(self, frame: _Unexplained, motion: Motion) -> None:
        left = remainder(frame.before, frame.now, motion.camera, self._layer(motion))
        waiting = self._open
        if waiting is not None and waiting.place == frame.place - 1:
            moved = waiting.left.change_seen_from(waiting.now, frame.now, motion.camera)
            self.measures[waiting.place] = self.measures[waiting.place]._replace(moved=moved)
        self.measures[frame.place] = self.measures[frame.place]._replace(
            # The last frame of a move has no next one to tell what was uncovered.
            moved=left.certain_change(),
            motion=motion,
        )
        self._open = _Open(frame.place, frame.now, left)

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
