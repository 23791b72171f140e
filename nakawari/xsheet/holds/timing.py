"""For how long drawings are held: the states of the Markov model and their transitions.

A state is the cadence and the frames since the drawing began. The pair (cadence, age - 1) is
flattened into one index.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.settings import HoldSettings

CADENCES = (1, 2, 3, 4, 6, 0)  # frames for which a drawing is held; 0 stands for no fixed number
MAX_AGE = 9  # frames since a drawing began; longer holds are pauses, which are all alike
JUST_BEGUN = slice(0, None, MAX_AGE)  # states of a drawing's first frame


class Timing(NamedTuple):
    """Probabilities of the S states, and of the transitions between them."""

    begin: np.ndarray  # (S,), probabilities on a shot's first frame
    to_new: np.ndarray  # (S, S), transitions with which a new drawing begins
    to_same: np.ndarray  # (S, S), those with which the old one goes on


def _hold_probabilities(cadence: int, settings: HoldSettings) -> np.ndarray:
    """Return the probability of each hold of 1 to MAX_AGE frames; the rest are pauses."""
    if cadence == 0:
        shares = np.array([0.3, 0.32, 0.17, 0.09, 0.05, 0.04] + [0.0] * (MAX_AGE - 6))
    else:
        shares = np.zeros(MAX_AGE)
        shares[cadence - 1] = 1.0
        for beside in (cadence - 1, cadence + 1):
            if 1 <= beside <= MAX_AGE:
                shares[beside - 1] = settings.off_beat
    return shares / shares.sum() * (1 - settings.long_hold)


def _hazards(cadence: int, settings: HoldSettings) -> np.ndarray:
    """Return the probability that a drawing ends once it has lasted 1 to MAX_AGE frames."""
    holds = _hold_probabilities(cadence, settings)
    hazard = settings.pause_hazard
    pauses = settings.long_hold * hazard * (1 - hazard) ** np.arange(MAX_AGE)
    ending = holds + pauses
    lasting = 1 - np.concatenate([[0.0], np.cumsum(ending)[:-1]])
    return np.minimum(ending / lasting, 1 - 1e-6)


@cache
def timing(settings: HoldSettings) -> Timing:
    """Return the states' probabilities and transitions by settings."""
    kinds, states = len(CADENCES), len(CADENCES) * MAX_AGE
    to_new, to_same = np.zeros((states, states)), np.zeros((states, states))
    for kind, cadence in enumerate(CADENCES):
        hazards = _hazards(cadence, settings)
        for age in range(MAX_AGE):
            state = kind * MAX_AGE + age
            older = kind * MAX_AGE + min(age + 1, MAX_AGE - 1)
            to_same[state, older] = 1 - hazards[age]
            for next_kind in range(kinds):
                share = 1 - settings.switch if next_kind == kind else settings.switch / (kinds - 1)
                to_new[state, next_kind * MAX_AGE] = hazards[age] * share
    begin = np.zeros(states)
    begin[::MAX_AGE] = 1 / kinds
    return Timing(begin, to_new, to_same)
