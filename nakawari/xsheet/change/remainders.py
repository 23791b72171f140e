"""What is left of a frame's change once the camera's motion is taken out of it."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.camera.motion import STILL, CameraMotion
from nakawari.xsheet.change.change import remainder
from nakawari.xsheet.change.change_meter import Measure
from nakawari.xsheet.change.frame_pair import FramePair
from nakawari.xsheet.change.uncovered import Uncovered
from nakawari.xsheet.settings import DetectorSettings


class ShotFrame(NamedTuple):
    """A frame that changed."""

    place: int  # its number in the shot
    pair: FramePair


class _Went(NamedTuple):
    """What went with the camera in a frame that shows no clearly new drawing."""

    place: int
    pixels: np.ndarray  # (H, W) uint8, 255 where it did


class Remainders:
    """Takes the camera's motion out of the frames of one shot, and remembers a few of them."""

    def __init__(self, measures: list[Measure], settings: DetectorSettings) -> None:
        """Take the shot's measures, into which what is left is written."""
        self._measures = measures
        self._settings = settings
        self._depths: deque[float | None] = deque(maxlen=settings.camera.depths)
        self._went: _Went | None = None
        self.uncovered = Uncovered(settings)  # frames of the present camera move

    def take_out(self, frame: ShotFrame, motion: CameraMotion) -> None:
        """Write into the frame's measure what is left of its change under this motion."""
        before, now = frame.pair.before, frame.pair.now
        camera, went = motion.camera, None
        certain_motion = motion.follows >= self._settings.camera.clear_support
        if self._went is not None and self._went.place == frame.place - 1 and certain_motion:
            went = self._went.pixels
        left = remainder(before, now, camera, self._layer(motion), went, self._settings)
        certain = left.certain_change()
        for found in self.uncovered.add(frame.place, before, now, camera, left, certain):
            self._measures[found.place] = self._measures[found.place]._replace(moved=found.change)
        self._measures[frame.place] = self._measures[frame.place]._replace(
            # The last frame of a move has no next one to tell what was uncovered.
            moved=certain,
            # The ground's evidence takes kilobytes, and is no longer needed.
            motion=motion._replace(evidence=None),
        )
        # Where a frame is a new drawing, what went with the camera did so by chance.
        may_be_held = certain <= self._settings.camera.most_held
        self._went = _Went(frame.place, left.carried) if may_be_held else None

    def _layer(self, motion: CameraMotion) -> np.ndarray | None:
        """Return the motion of the layer known in this shot, or else of the one found in the frame.

        A layer is known only if it was seen in enough frames. A figure that is drawn anew in
        another place moves too, but not with the camera, and not on every frame.
        """
        layer = motion.layer
        seen = [depth for depth in self._depths if depth is not None]
        if len(self._depths) >= self._settings.camera.min_depths:
            layer = None
            if len(seen) >= self._settings.camera.min_depth_share * len(self._depths):
                depth = float(np.median(seen))
                layer = STILL + depth * (motion.camera - STILL)
                misfit = abs(motion.depth - depth) * motion.speed  # px a frame
                if motion.layer is not None and misfit <= self._settings.camera.depth_misfit:
                    layer = motion.layer
        if motion.speed >= self._settings.camera.min_depth_speed:
            self._depths.append(motion.depth if motion.layer is not None else None)
        return layer
