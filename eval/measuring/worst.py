"""The samples on which our method loses most."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eval.measuring.scoring import METRICS

_LPIPS = list(METRICS).index("lpips")


class WorstSample(NamedTuple):
    """One sample of the gallery."""

    sample: int  # index of the triplet
    lost: float  # LPIPS of the subject minus that of the best rival; its LPIPS without rivals
    rival: str | None


def choose_subject(methods: Sequence[str]) -> str:
    """Return the method that the report is about: ``nakawari`` if there is one, else the first."""
    return "nakawari" if "nakawari" in methods else methods[0]


def worst_samples(scores: Mapping[str, np.ndarray], size: int) -> list[WorstSample]:
    """Choose the samples on which the subject loses most, the greatest loss first.

    Rivals are the methods that are neither the subject nor our ablations. Samples on which the
    subject failed are left out.

    Args:
        scores: those of each method, (samples, metrics), NaN where there is none.
        size: how many to choose.
    """
    subject = choose_subject(list(scores))
    ours = scores[subject][:, _LPIPS]
    rivals = [name for name in scores if name != subject and not name.startswith("nakawari")]
    lost, best = ours, np.zeros(len(ours), int)
    theirs = np.stack([scores[name][:, _LPIPS] for name in rivals]) if rivals else np.empty(0)
    if rivals:
        theirs = np.where(np.isnan(theirs), np.inf, theirs)
        best = theirs.argmin(axis=0)
        lost = ours - np.where(np.isinf(theirs.min(axis=0)), 0, theirs.min(axis=0))
    order = [index for index in np.argsort(-lost, kind="stable") if np.isfinite(lost[index])]
    return [
        WorstSample(
            int(index),
            float(lost[index]),
            rivals[best[index]] if rivals and np.isfinite(theirs[:, index].min()) else None,
        )
        for index in order[:size]
    ]
