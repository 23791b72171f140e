"""Eased values: how a pose parameter goes from one drawing to the next."""

from dataclasses import dataclass

import numpy as np

# The furthest that an eased value strays from the straight line, as a share of its change, unless
# it overshoots. An in-betweener who sees two drawings cannot know more than a mild ease.
MAX_DEVIATION = 0.1


@dataclass(frozen=True)
class EasedValue:
    """A number that goes from ``start`` (frame_time 0) to ``start + change`` (frame_time 1).

    With u = frame_time it is ``start + change * (u + ease u(1-u) + slow u(1-u)(1-2u)) +
    arc * 4u(1-u)``: any eased curve, cut out between two drawings, to the third order.
    ``ease`` > 0 slows down (ease-out), < 0 speeds up (ease-in); ``slow`` < 0 does both
    (ease-in-out); ``arc`` bulges to the side, in the unit of the value.
    """

    start: float
    change: float = 0.0
    ease: float = 0.0
    slow: float = 0.0
    arc: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether the value changes at all."""
        return self.change != 0.0 or self.arc != 0.0

    def __call__(self, frame_time: float) -> float:
        """Return the value at ``frame_time`` in [0, 1]."""
        between = frame_time * (1.0 - frame_time)
        eased = frame_time + between * (self.ease + self.slow * (1.0 - 2.0 * frame_time))
        return self.start + self.change * eased + 4.0 * self.arc * between


@dataclass(frozen=True)
class Easing:
    """The ease that all parameters of one movement share."""

    ease: float = 0.0
    slow: float = 0.0

    def value(self, middle: float, change: float, arc: float = 0.0) -> EasedValue:
        """Return a value that changes by ``change``, its ends evenly about ``middle``."""
        return EasedValue(middle - change / 2, change, self.ease, self.slow, arc)


def sample_easing(rng: np.random.Generator) -> Easing:
    """Return linear (40 %), ease-in, ease-out or both (57 %), or an overshoot (3 %)."""
    draw = rng.random()
    if draw < 0.4:
        return Easing()
    if draw < 0.97:
        # max u(1-u) = 1/4 and max |u(1-u)(1-2u)| < 0.0963: the sum stays under MAX_DEVIATION.
        return Easing(ease=float(rng.uniform(-0.3, 0.3)), slow=float(rng.uniform(-0.25, 0.1)))
    return Easing(ease=float(rng.uniform(1.1, 1.5)))
