"""A motion that the ground alone does not tell is tried by how much it explains.

Figures fixed to the screen hide the ground of some cameras, others go over one that is nearly
plain. But under a camera, while a drawing is held, nothing changes that its motion does not
explain: the rest stands, and what comes to light is found in the frames around, gone along. A
figure that moves as one leaves its limbs, and the ground that it uncovers has not gone with it.
"""

from __future__ import annotations

from nakawari.xsheet.camera.motion import MIN_SUPPORT, Motion
from nakawari.xsheet.change.change import remainder
from nakawari.xsheet.change.step import Step
from nakawari.xsheet.change.uncovered import Uncovered

# Of what changed, and code values: a motion that leaves no more explains the frame. Of 444 drawings
# under a camera, 1 in 50 leaves less; of 461 held frames whose ground did not tell, 24 in 25.
LEFT_SHARE, LEFT = 0.25, 12.0
ENOUGH = 4  # frames that it explains, without one that stands between them
# Support of a motion some of whose ground goes, and of one of whose ground hardly anything tells.
MIN_SUPPORT_IF, MIN_SUPPORT_PLAIN = 0.55, 0.65


class Trial:
    """What a motion explained in the frames of one camera move, if it is one."""

    def __init__(self) -> None:
        self._uncovered = Uncovered()
        self._limits: dict[int, float] = {}  # by place: what may be left [code values]
        self._explained: set[int] = set()  # places

    @property
    def passed(self) -> bool:
        """Whether so much was explained that it is a camera."""
        return len(self._explained) >= ENOUGH

    def hear(self, place: int, step: Step, motion: Motion) -> bool:
        """Return whether the motion of the frame at a place in the shot is borne out."""
        if motion.follows < MIN_SUPPORT_IF:
            return False
        may_be = may_be_carried(motion)
        if not may_be and not (self.passed and motion.follows >= MIN_SUPPORT):
            return False
        before, now = step.before, step.now
        left = remainder(before, now, motion.camera, None)
        limit = min(LEFT_SHARE * step.still, LEFT)
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


def may_be_carried(motion: Motion) -> bool:
    """Return whether a motion is the camera's if it explains all that changes."""
    if motion.evidence is None:
        return False
    ground = motion.evidence.ground
    return (motion.follows >= MIN_SUPPORT_IF and ground.may_be_carried) or (
        motion.follows >= MIN_SUPPORT_PLAIN and ground.goes_everywhere
    )
