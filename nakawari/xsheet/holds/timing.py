"""For how long drawings are held: the states of the Markov model and their transitions.

A state is the cadence and the frames since the drawing began, (cadence, age - 1), flattened.
``BEGIN``, (S,), is the probability of each on a shot's first frame; ``TO_NEW`` and ``TO_SAME``,
(S, S), are the transitions with which a new drawing begins and with which the old one goes on.
"""

from __future__ import annotations

import numpy as np

CADENCES = (1, 2, 3, 4, 6, 0)  # frames a drawing; 0: no fixed number
MAX_AGE = 9  # frames since a drawing began; from here on all are alike
LONG_HOLD = 0.12  # of the drawings, whatever the cadence, are a pause
PAUSE_HAZARD = 0.05  # that a pause ends with a given frame
OFF_BEAT = 0.05  # of the drawings are a frame early or late
SWITCH = 0.03  # that the cadence changes with a drawing


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
    """Return the probability that a drawing of 1 to MAX_AGE frames so far ends."""
    holds = _hold_probabilities(cadence)
    pauses = LONG_HOLD * PAUSE_HAZARD * (1 - PAUSE_HAZARD) ** np.arange(MAX_AGE)
    ending = holds + pauses
    lasting = 1 - np.concatenate([[0.0], np.cumsum(ending)[:-1]])
    return np.minimum(ending / lasting, 1 - 1e-6)


def _transitions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first state's probabilities, and the transitions to a new drawing and the same."""
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


BEGIN, TO_NEW, TO_SAME = _transitions()
JUST_BEGUN = slice(0, None, MAX_AGE)  # states of a drawing's first frame
