"""A motion that the ground alone does not confirm is tried by how much of the change it explains.

Figures fixed to the screen may hide the ground, or the ground may be nearly plain. But while a
drawing is held under a camera that moves, the camera's motion explains all that changes. The rest
stands still. Background that comes to light is found in the frames around, where the camera has
carried it. The motion of a figure that moves as one does not explain the figure's limbs, nor the
ground that it uncovers.
"""

from __future__ import annotations

from nakawari.xsheet.camera.motion import CameraMotion
from nakawari.xsheet.change.change import remainder
from nakawari.xsheet.change.frame_pair import FramePair
from nakawari.xsheet.change.uncovered import Uncovered
from nakawari.xsheet.settings import DEFAULT, DetectorSettings, TrialSettings


class MotionTrial:
    """What a motion explained in the frames of one camera move, if it is one."""

    def __init__(self, settings: DetectorSettings = DEFAULT) -> None:
        self._settings = settings
        self._uncovered = Uncovered(settings)
        self._limits: dict[int, float] = {}  # by place: what may be left [code values]
        self._explained: set[int] = set()  # places

    @property
    def passed(self) -> bool:
        """Whether so many frames were explained that the motion is the camera's."""
        return len(self._explained) >= self._settings.trials.enough

    def hear(self, place: int, pair: FramePair, motion: CameraMotion) -> bool:
        """Return whether the motion of the frame at a place in the shot is confirmed."""
        settings = self._settings.trials
        if motion.follows < settings.min_support_if:
            return False
        may_be = may_be_carried(motion, settings)
        trusted = self.passed and motion.follows >= self._settings.motion.min_support
        if not may_be and not trusted:
            return False
        before, now = pair.before, pair.now
        left = remainder(before, now, motion.camera, None, settings=self._settings)
        limit = min(settings.left_share * pair.still, settings.most_left)
        explains = left.change() <= limit
        if not self.passed:
            self._limits[place] = limit
            certain = left.certain_change()
            for found in self._uncovered.add(place, before, now, motion.camera, left, certain):
                if found.change <= self._limits[found.place]:
                    self._explained.add(found.place)
            if explains:
                self._explained.add(place)
        return self.passed and (explains or may_be)


def may_be_carried(motion: CameraMotion, settings: TrialSettings = DEFAULT.trials) -> bool:
    """Return whether a motion is the camera's if it explains all that changes."""
    if motion.evidence is None:
        return False
    ground = motion.evidence.ground
    return (motion.follows >= settings.min_support_if and ground.may_be_carried) or (
        motion.follows >= settings.min_support_plain and ground.goes_everywhere
    )
