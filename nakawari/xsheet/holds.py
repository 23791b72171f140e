"""From how much each frame changed to which frames are new drawings.

Two states, a new drawing or the same one as before, as a hidden Markov model. What it knows:

- *the shot*: how large a change is between two frames of one drawing depends on grain and coding,
  and between two drawings on how much they move. Both are learnt from the shot itself
  (expectation-maximisation, from a prior), so there is no fixed threshold;
- *animation*: drawings are held for one, two, three, four or six frames, mostly for the same number
  as the last one. The state is the cadence and the frames since the drawing began, and a change
  that comes when it is due needs less evidence than one that does not.

Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77 (1989), section V, for the equations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

CADENCES = (1, 2, 3, 4, 6, 0)  # frames a drawing; 0: no fixed number
MAX_AGE = 12  # frames since a drawing began; from here on all are alike
LONG_HOLD = 0.03  # of the drawings, whatever the cadence, are a pause
PAUSE_HAZARD = 0.08  # that a pause ends with a given frame
OFF_BEAT = 0.05  # of the drawings are a frame early or late
SWITCH = 0.04  # that the cadence changes with a drawing
ROUNDS = 8  # of expectation-maximisation
# A frame is the same drawing only if that is so much more probable: a drawing dropped is lost,
# a repeat taken for a drawing costs little.
MIN_HELD_PROBABILITY = 0.8
FLOOR = 0.5  # code values, so that no change at all has a logarithm


class Level(NamedTuple):
    """A normal distribution of log(change + FLOOR)."""

    mean: float
    deviation: float


class Prior(NamedTuple):
    """What is known of a level before the shot was seen."""

    level: Level
    weight: float  # frames' worth


SAME = Prior(Level(math.log(2.5), 0.45), 6.0)
NEW = Prior(Level(math.log(25.0), 0.9), 3.0)


class Decision(NamedTuple):
    """What was made of a shot's changes."""

    new_probability: np.ndarray  # (N,) float64, each frame's
    threshold: float  # change [code values] at which both are as probable, timing left aside


def is_new(decision: Decision) -> np.ndarray:
    """Return which frames show a new drawing, (N,) bool: in doubt, a frame does."""
    return decision.new_probability > 1 - MIN_HELD_PROBABILITY


def decide(changes: np.ndarray, noise_hint: float | None = None) -> Decision:
    """Find the drawings of one shot.

    Args:
        changes: (N,) of each frame against the one before it [code values]; the first, which has
            none before it in the shot, is not looked at: it is a new drawing.
    """
    observed = np.log(changes.astype(np.float64) + FLOOR)
    same, new = SAME.level, NEW.level
    probability = np.ones(len(changes))
    for _ in range(ROUNDS):
        probability = _posterior(observed, same, new)
        weight = probability[1:]
        same = _fitted(SAME, observed[1:], 1 - weight)
        new = _fitted(NEW, observed[1:], weight)
    return Decision(probability, _crossing(same, new))


def _fitted(prior: Prior, observed: np.ndarray, weight: np.ndarray) -> Level:
    """Return the level's most probable parameters, the prior counting as ``prior.weight`` frames."""
    total = prior.weight + weight.sum()
    mean = (prior.weight * prior.level.mean + (weight * observed).sum()) / total
    spread = prior.weight * prior.level.deviation**2 + (weight * (observed - mean) ** 2).sum()
    return Level(float(mean), float(max(math.sqrt(spread / total), 0.2)))


def _log_density(level: Level, observed: np.ndarray) -> np.ndarray:
    return -0.5 * ((observed - level.mean) / level.deviation) ** 2 - math.log(level.deviation)


def log_odds(observed: np.ndarray, same: Level, new: Level) -> np.ndarray:
    """Return log p(observed | new) - log p(observed | same), never falling as the change grows.

    Two normal curves of different widths cross twice; beyond their means the odds stay as there,
    and no frame's evidence counts for more than e^8.
    """
    clipped = np.clip(observed, same.mean, new.mean)
    odds = _log_density(new, clipped) - _log_density(same, clipped)
    return np.clip(odds, -8.0, 8.0)


def _posterior(observed: np.ndarray, same: Level, new: Level) -> np.ndarray:
    """Return the probability of a new drawing at each frame, by the forward-backward algorithm."""
    evidence = np.exp(log_odds(observed, same, new))
    count, states = len(observed), len(_BEGIN)
    forward = np.empty((count, states))
    forward[0] = _BEGIN
    for frame in range(1, count):
        ahead = evidence[frame] * (forward[frame - 1] @ _TO_NEW) + forward[frame - 1] @ _TO_SAME
        forward[frame] = ahead / ahead.sum()
    probability = np.ones(count)
    backward = np.ones(states)
    for frame in range(count - 1, 0, -1):
        to_new = evidence[frame] * forward[frame - 1] @ (_TO_NEW * backward)
        to_same = forward[frame - 1] @ (_TO_SAME * backward)
        new_share, same_share = to_new.sum(), to_same.sum()
        probability[frame] = new_share / (new_share + same_share)
        backward = evidence[frame] * _TO_NEW @ backward + _TO_SAME @ backward
        backward /= backward.max()
    return probability


def _crossing(same: Level, new: Level) -> float:
    places = np.linspace(same.mean, max(new.mean, same.mean + 1e-3), 400)
    above = np.flatnonzero(log_odds(places, same, new) >= 0)
    return float(math.exp(places[above[0] if above.size else -1]) - FLOOR)


def _hold_probabilities(cadence: int) -> np.ndarray:
    """Return the probability of each hold of 1 to MAX_AGE frames; the rest are pauses."""
    if cadence == 0:
        shares = np.array([0.3, 0.32, 0.17, 0.09, 0.05, 0.04] + [0.0] * (MAX_AGE - 6))
    else:
        shares = np.zeros(MAX_AGE)
        shares[cadence - 1] = 1.0
        for beside in (cadence - 1, cadence + 1):
            if 1 <= beside <= MAX_AGE:
                shares[beside - 1] = OFF_BEAT
    return shares / shares.sum() * (1 - LONG_HOLD)


def _hazards(cadence: int) -> np.ndarray:
    """Return the probability that a drawing ends after 1 to MAX_AGE frames, having lasted so long."""
    holds = _hold_probabilities(cadence)
    pauses = LONG_HOLD * PAUSE_HAZARD * (1 - PAUSE_HAZARD) ** np.arange(MAX_AGE)
    ending = holds + pauses
    lasting = 1 - np.concatenate([[0.0], np.cumsum(ending)[:-1]])
    return np.minimum(ending / lasting, 1 - 1e-6)


def _transitions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first state's probabilities, and the transitions to a new and to the same drawing.

    States are (cadence, age - 1), flattened.
    """
    kinds, states = len(CADENCES), len(CADENCES) * MAX_AGE
    to_new, to_same = np.zeros((states, states)), np.zeros((states, states))
    for kind, cadence in enumerate(CADENCES):
        hazards = _hazards(cadence)
        for age in range(MAX_AGE):
            state = kind * MAX_AGE + age
            older = kind * MAX_AGE + min(age + 1, MAX_AGE - 1)
            to_same[state, older] = 1 - hazards[age]
            for next_kind in range(kinds):
                share = 1 - SWITCH if next_kind == kind else SWITCH / (kinds - 1)
                to_new[state, next_kind * MAX_AGE] = hazards[age] * share
    begin = np.zeros(states)
    begin[::MAX_AGE] = 1 / kinds
    return begin, to_new, to_same


_BEGIN, _TO_NEW, _TO_SAME = _transitions()
