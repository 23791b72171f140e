"""Following the camera through a shot: in which frames it moved, and how."""

from __future__ import annotations

from collections import deque

import numpy as np

from nakawari.xsheet.camera.alignment import corner_ways
from nakawari.xsheet.camera.ground import Evidence
from nakawari.xsheet.camera.motion import CameraMotion, camera_motion
from nakawari.xsheet.change.change import Plate, carried_change
from nakawari.xsheet.change.change_meter import Measure
from nakawari.xsheet.change.motion_trial import MotionTrial, may_be_carried
from nakawari.xsheet.change.remainders import Remainders, ShotFrame
from nakawari.xsheet.change.uncovered import Uncovered
from nakawari.xsheet.settings import DetectorSettings


class CameraTracker:
    """Follows the camera through the frames of one shot, in order.

    It keeps a few frames, whatever the shot's length.
    """

    def __init__(self, measures: list[Measure], settings: DetectorSettings) -> None:
        """Take the shot's measures, into which the camera's motion is written."""
        self._measures = measures
        self._settings = settings
        self._min_support = settings.motion.min_support
        self._remainders = Remainders(measures, settings)
        self._unexplained: deque[ShotFrame] = deque(maxlen=settings.camera.look_far_back)
        self._evidence: Evidence | None = None  # of the ground, in this camera move
        self._seen = 0  # frames of this camera move in which it was seen
        self._trial = MotionTrial(self._settings)  # of this move, if its ground does not tell
        self._carried = 0.0  # code values: change of the last frame in which a motion was seen
        self._motion: CameraMotion | None = None  # the last one found, as long as it may go on

    def follow(self, here: ShotFrame) -> None:
        """Take the camera's motion out of the last frame, and out of those that waited for it."""
        sides = here.pair.sides
        # If the camera moved a frame ago, it may go on too slowly to be seen at all sides.
        if not sides and self._motion is None:
            self._unexplained.append(here)
            return
        seen = _motion_in(here, self._motion)
        if seen is not None and self._is_told(seen, here):
            seen = self._without_ground(seen)
        if seen is not None and self._is_trusted(seen):
            self._motion, self._carried = seen, self._measures[-1].still
            self._seen += 1
            if self._seen in (1, self._settings.camera.confirmed):
                self._look_back(seen)
            self._remainders.take_out(here, seen)
        elif not sides or self._measures[-1].still < self._settings.camera.stands * self._carried:
            self.stand()
        elif self._motion is not None:
            # Coarse coding and backgrounds without contours hide a slow camera now and then.
            self._remainders.take_out(here, self._motion)
            measure = self._measures[-1]
            if (
                measure.moved is not None
                and measure.moved > self._settings.camera.explained * measure.still
            ):
                self._motion = self._motion._replace(
                    support=self._motion.support * self._settings.camera.inertia
                )
            if self._motion.support < self._min_support * self._settings.camera.inertia**3:
                self.stand()
        else:
            self._unexplained.append(here)

    def stand(self) -> None:
        """Note that no camera moves in the last frame, and forget the move before it."""
        self._motion = None
        self._seen = 0
        self._trial = MotionTrial(self._settings)
        self._evidence = None
        self._unexplained.clear()

    def _is_told(self, seen: CameraMotion, frame: ShotFrame) -> bool:
        """Return whether this frame and those before tell that a motion is the camera's."""
        if seen.evidence is not None and seen.follows >= self._min_support:
            self._evidence = seen.evidence.after(self._evidence, self._settings.camera.kept)
            if self._evidence.ground.carried:
                return True
        if self._trial.hear(frame.place, frame.pair, seen):
            self._seen = max(self._seen, self._settings.camera.confirmed - 1)
            return True
        confirmed = self._motion if self._seen >= self._settings.camera.confirmed else None
        return confirmed is not None and self._goes_on(seen, confirmed, frame.pair.now)

    def _look_back(self, seen: CameraMotion) -> None:
        """Take a camera move out of the frames before the first in which it was seen.

        Once the move is confirmed, this goes far back, and the ground need not tell the motion.
        """
        confirmed = self._seen >= self._settings.camera.confirmed
        followed = self._remainders.uncovered
        frames = list(self._unexplained)[::-1]
        onward = self._measures[frames[0].place + 1].motion or seen if frames else seen
        motions: list[tuple[ShotFrame, CameraMotion]] = []
        for earlier in frames if confirmed else frames[: self._settings.camera.look_back]:
            motion = _motion_in(earlier, onward)
            if motion is not None and confirmed:
                motion = self._without_ground(motion)
            # A move begins slowly; what is faster is a figure, unless all sides moved with it.
            if (
                motion is None
                or not self._is_trusted(motion)
                or (not earlier.pair.sides and motion.speed > onward.speed)
            ):
                if not earlier.pair.sides or self._stood(earlier, onward):
                    break
                motion = onward
            motions.append((earlier, motion))
            onward = motion
        self._remainders.uncovered = Uncovered(self._settings)
        for earlier, motion in reversed(motions):
            self._remainders.take_out(earlier, motion)
        if confirmed:
            self._unexplained.clear()
        if followed.place == len(self._measures) - 2:
            followed.forget(frames[0].place + 1 if frames else 0)
            self._remainders.uncovered = followed

    def _stood(self, frame: ShotFrame, onward: CameraMotion) -> bool:
        """Return whether a frame changed so little that no such camera moved in it."""
        predicted = carried_change(frame.pair.before, onward.camera, self._settings)
        return self._measures[frame.place].still < self._settings.camera.stands * predicted

    def _is_trusted(self, motion: CameraMotion) -> bool:
        fast_enough = motion.speed >= self._settings.camera.min_speed
        return fast_enough and motion.support >= self._min_support

    def _goes_on(self, motion: CameraMotion, before: CameraMotion, now: Plate) -> bool:
        """Return whether a camera move goes on as it was a frame before."""
        shape = now.smooth.luma.shape
        change = np.hypot(
            *(corner_ways(motion.camera, shape) - corner_ways(before.camera, shape))
        ).max()
        limits = self._settings.camera
        return bool(change <= max(limits.near, limits.near_share * before.speed))

    def _without_ground(self, motion: CameraMotion) -> CameraMotion:
        """Return a motion whose support is that of its contours, whatever the ground does."""
        support = motion.follows
        if may_be_carried(motion, self._settings.trials):  # few follow under coarse coding
            support = max(support, self._min_support)
        return motion._replace(support=support)


def _motion_in(frame: ShotFrame, expected: CameraMotion | None) -> CameraMotion | None:
    likely = None if expected is None else expected.camera
    return camera_motion(frame.pair.luma, likely)
