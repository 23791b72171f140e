"""Settings of what decides between a new drawing and a held one."""

from __future__ import annotations

from dataclasses import dataclass, fields

from nakawari.xsheet.settings.checks import check_order, check_positive, check_whole


@dataclass(frozen=True, kw_only=True)
class LevelSettings:
    """How large changes are, between frames of one drawing and of two (``holds/holds.py``).

    A level is a normal distribution of the logarithm of ``change + floor``. Four numbers say what
    is known about it before the shot is seen. They are its mean, the deviation from the mean, the
    spread of the mean from shot to shot, and the weight of the deviation in frames. The mean is
    given here as ``change + floor`` [code values]. The numbers were found by random search on the
    clips used for tuning.

    Attributes:
        floor: code values that are added, so that no change at all has a logarithm.
        same: mean of repeats under a camera that stands.
        same_deviation: their deviation.
        same_spread: the spread of their mean.
        same_weight: the weight of their deviation.
        moved: mean of repeats under a camera that moves, whose pictures never fit exactly. With a
            larger mean, drawings of close figures that were taken for a camera move were dropped.
        moved_deviation: their deviation.
        moved_spread: the spread of their mean.
        moved_weight: the weight of their deviation.
        new: mean of new drawings.
        new_deviation: their deviation.
        new_spread: the spread of their mean.
        new_weight: the weight of their deviation.
        max_same: upper limit of the mean of repeats; no coding that can be watched changes a
            drawing by more.
        min_new: lower limit of the mean of new drawings; a smaller change cannot be seen.
        apart: least distance between the two means, in logarithms.
        min_deviation: lower limit of any level's deviation.
        max_deviation: upper limit for repeats under a camera that stands. Without it, the end of a
            flash of one frame and half of a dissolve were taken for repeats with a wide spread.
    """

    floor: float = 2.5
    same: float = 4.8
    same_deviation: float = 0.25
    same_spread: float = 0.5
    same_weight: float = 3.0
    moved: float = 6.5
    moved_deviation: float = 0.35
    moved_spread: float = 0.4
    moved_weight: float = 8.0
    new: float = 30.0
    new_deviation: float = 1.2
    new_spread: float = 0.7
    new_weight: float = 4.5
    max_same: float = 9.0
    min_new: float = 5.0
    apart: float = 0.4
    min_deviation: float = 0.1
    max_deviation: float = 0.6

    def __post_init__(self) -> None:
        check_positive(self, *(setting.name for setting in fields(self)))


@dataclass(frozen=True, kw_only=True)
class HoldSettings:
    """What decides between a new drawing and a held one (``holds/holds.py``, ``holds/timing.py``).

    Attributes:
        cadences: frames for which a drawing may be held throughout a shot: on ones, twos, threes,
            fours and sixes. Besides these, a shot may have no fixed number.
        mixed: shares of the holds of 1, 2, 3 frames and so on where no number is fixed; only how
            they compare counts.
        max_age: number of a drawing's first frames that are told apart. A longer hold is a pause,
            and pauses are all alike.
        starts: number of places, between the least and the largest change, at which the two levels
            are separated first.
        rounds: rounds of expectation-maximisation from each of these places.
        other_opinion: two results are different opinions if the differences of their means add up
            to more than this, in logarithms.
        min_held_probability: a frame is held only if that is at least so probable. A drawing that
            is dropped is lost; a repeat that is taken for a drawing costs little.
        max_evidence: upper limit of one frame's evidence [log odds].
        min_growth: logarithm of the ratio of the change over two frames to that over one. Above it,
            the ratio speaks for two movements. Noise reaches it in one frame of fifty.
        growth_weight: log odds for each unit above that.
        min_growth_evidence: lower limit of this evidence [log odds]. Noise can hide a growth.
        max_growth_evidence: upper limit of the same.
        long_hold: share of the drawings that are a pause, whatever the cadence.
        pause_hazard: probability that a pause ends with a given frame.
        off_beat: share of the drawings that come a frame early or late.
        switch: probability that the cadence changes with a drawing.
    """

    cadences: tuple[int, ...] = (1, 2, 3, 4, 6)
    mixed: tuple[float, ...] = (0.3, 0.32, 0.17, 0.09, 0.05, 0.04)
    max_age: int = 9
    starts: int = 10
    rounds: int = 5
    other_opinion: float = 0.25
    min_held_probability: float = 0.72
    max_evidence: float = 8.0
    min_growth: float = 0.25
    growth_weight: float = 13.0
    min_growth_evidence: float = -0.5
    max_growth_evidence: float = 4.0
    long_hold: float = 0.12
    pause_hazard: float = 0.05
    off_beat: float = 0.05
    switch: float = 0.03

    def __post_init__(self) -> None:
        check_whole(self, "max_age", "starts", "rounds")
        check_order(self, "min_growth_evidence", "max_growth_evidence")
        if not all(1 <= cadence <= self.max_age for cadence in self.cadences):
            raise ValueError(f"cadences must be from 1 to {self.max_age}, got {self.cadences}")
        if len(self.mixed) > self.max_age or min(self.mixed) <= 0:
            raise ValueError(f"mixed must be 1 to {self.max_age} numbers above 0, got {self.mixed}")
        for name in ("min_held_probability", "long_hold", "pause_hazard", "off_beat", "switch"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be in (0, 1), got {getattr(self, name)}")
