"""For how long drawings are held: the states of the Markov model and their transitions.

A state is the cadence and the frames since the drawing began, of which ``max_age`` are told apart.
The pair (cadence, age - 1) is flattened into one index.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.settings import HoldSettings

MIXED = 0  # stands among the cadences for no fixed number


class Timing(NamedTuple):
    """Probabilities of the S states, and of the transitions between them."""

    just_begun: slice  # the states of a drawing's first frame
    begin: np.ndarray  # (S,), probabilities on a shot's first frame
    to_new: np.ndarray  # (S, S), transitions with which a new drawing begins
    to_same: np.ndarray  # (S, S), those with which the old one goes on


def _hold_probabilities(cadence: int, settings: HoldSettings) -> np.ndarray:
    """Return the probability of each hold of 1 to ``max_age`` frames; the rest are pauses."""
    shares = np.zeros(settings.max_age)
    if cadence == MIXED:
        shares[: len(settings.mixed)] = settings.mixed
    else:
        shares[cadence - 1] = 1.0
        for beside in (cadence - 1, cadence + 1):
            if 1 <= beside <= settings.max_age:
                shares[beside - 1] = settings.off_beat
    return shares / shares.sum() * (1 - settings.long_hold)


def _hazards(cadence: int, settings: HoldSettings) -> np.ndarray:
    """Return the probability that a drawing ends once it has lasted 1 to ``max_age`` frames."""
    holds = _hold_probabilities(cadence, settings)
    hazard = settings.pause_hazard
    pauses = settings.long_hold * hazard * (1 - hazard) ** np.arange(settings.max_age)
    ending = holds + pauses
    lasting = 1 - np.concatenate([[0.0], np.cumsum(ending)[:-1]])
    return np.minimum(ending / lasting, 1 - 1e-6)


@cache
def timing(settings: HoldSettings) -> Timing:
    """Return the states' probabilities and transitions by settings."""
    cadences, ages = (*settings.cadences, MIXED), settings.max_age
    kinds, states = len(cadences), len(cadences) * ages
    to_new, to_same = np.zeros((states, states)), np.zeros((states, states))
    for kind, cadence in enumerate(cadences):
        hazards = _hazards(cadence, settings)
        for age in range(ages):
            state = kind * ages + age
            older = kind * ages + min(age + 1, ages - 1)
            to_same[state, older] = 1 - hazards[age]
            for next_kind in range(kinds):
                share = 1 - settings.switch if next_kind == kind else settings.switch / (kinds - 1)
                to_new[state, next_kind * ages] = hazards[age] * share
    begin = np.zeros(states)
    just_begun = slice(0, None, ages)
    begin[just_begun] = 1 / kinds
    return Timing(just_begun, begin, to_new, to_same)
