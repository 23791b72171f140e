"""What is measured on every frame of a shot, as the frames stream by."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from nakawari.video.picture import Picture
from nakawari.xsheet.change import (
    Plate,
    block_change,
    changed_share,
    light_change,
    moved_change,
    plate,
)
from nakawari.xsheet.motion import STILL, Motion, camera_motion

MOVING_SHARE = 0.2  # of the textured blocks change before a camera move is looked for
MEMORY = 48  # frames that tell how much repeats change
MAX_NOISE = 8.0  # code values; on ones no frame is a repeat, and the least change is no noise
DEPTHS = 15  # frames over which a layer's depth is remembered
MIN_DEPTHS = 3
MIN_SPEED = 0.06  # px a frame; what is slower stands still
MIN_DEPTH_SPEED = 0.5  # px a frame; below it a depth cannot be told
DEPTH_MISFIT = 0.15  # px a frame


class Measure(NamedTuple):
    """One frame against those before it in its shot; changes in code values."""

    still: float  # change from the frame before, nothing having moved
    since_kept: float  # likewise from the frame that last differed clearly
    twice: float  # likewise from the frame before the last
    light: float  # change of brightness since the frame before, or since the one that differed
    moved: float | None  # change from the frame before, the camera's motion taken out
    motion: Motion | None  # of the camera, where much of the picture changes


FIRST = Measure(0.0, 0.0, 0.0, 0.0, None, None)


class ShotMeter:
    """Measures the frames of one shot, in order. Keeps three of them, whatever the shot's length."""

    def __init__(self) -> None:
        self._kept: Plate | None = None
        self._before: Plate | None = None
        self._twice_before: Plate | None = None
        self._stills: deque[float] = deque(maxlen=MEMORY)
        self._depths: deque[float] = deque(maxlen=DEPTHS)
        self._moves = False

    def __call__(self, picture: Picture) -> Measure:
        """Measure the next frame, given reduced to some 500 px width."""
        now = plate(picture)
        if self._before is None or self._kept is None:
            self._kept = self._before = now
            return FIRST
        before, kept = self._before, self._kept
        still, light = block_change(before, now), light_change(before, now)
        since_kept = still
        if kept is not before:
            since_kept = block_change(kept, now)
            light = max(light, light_change(kept, now))
        twice = block_change(self._twice_before, now) if self._twice_before is not None else still
        moved, motion = self._moved(before, now)
        if max(still, since_kept) > self._clear_change():
            self._kept = now
        self._stills.append(still)
        self._twice_before, self._before = before, now
        return Measure(still, since_kept, twice, light, moved, motion)

    def _clear_change(self) -> float:
        """Return a change that repeats in this shot seldom show, erring on the low side."""
        noise = float(np.percentile(self._stills, 30)) if self._stills else 0.0
        return min(1.6 * noise + 1.0, MAX_NOISE)

    def _moved(self, before: Plate, now: Plate) -> tuple[float | None, Motion | None]:
        if not self._moves and changed_share(before.smooth, now.smooth) < MOVING_SHARE:
            return None, None
        motion = camera_motion(before.luma, now.luma)
        self._moves = motion is not None and motion.speed >= MIN_SPEED
        if motion is None or motion.speed < MIN_SPEED:
            return None, motion
        motions = [motion.camera]
        layer = self._layer(motion)
        if layer is not None:
            motions.append(layer)
        return moved_change(before, now, motions), motion

    def _layer(self, motion: Motion) -> np.ndarray | None:
        """Return the motion of the layer that is known in this shot, or else of the one found.

        A figure that is drawn anew in another place moves too, but not as the camera bids it.
        """
        layer = motion.layer
        if len(self._depths) >= MIN_DEPTHS:
            depth = float(np.median(self._depths))
            if layer is None or abs(motion.depth - depth) * motion.speed > DEPTH_MISFIT:
                layer = STILL + depth * (motion.camera - STILL)
        if motion.layer is not None and motion.speed >= MIN_DEPTH_SPEED:
            self._depths.append(motion.depth)
        return layer
