"""Scores beside the mean: the median, the worst tenth, and how often a peer is better.

People notice torn pictures, and a mean hides them. Each score comes with the 95 % percentile
interval of a bootstrap over samples (Efron and Tibshirani, "An Introduction to the Bootstrap",
1993, ch. 13).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import bootstrap

RESAMPLES = 2000
LEVEL = 0.95
WORST_SHARE = 0.1  # share of the samples that people notice, because they are the worst
CLEARLY = 0.1  # difference from the peer's score, as a share of it, from which a sample counts
_AT_ONCE = 4_000_000  # numbers that are drawn at once: 32 MB

Statistic = Callable[..., np.ndarray]
"""A function of one or two arrays (..., samples) and ``axis``, which returns (...)."""


class Estimate(NamedTuple):
    """A score and its interval; all are None if there was no sample."""

    value: float | None
    low: float | None
    high: float | None


class AgainstPeer(NamedTuple):
    """A method compared with a peer, on the samples for which both have a score."""

    worse: Estimate  # share of samples whose score is more than 10 % above the peer's
    better: Estimate  # share of samples whose score is more than 10 % below the peer's
    mean_ratio: Estimate  # the method's mean divided by the peer's; likewise the next two
    median_ratio: Estimate
    worst_tenth_ratio: Estimate
    samples: int


def estimate(statistic: Statistic, seed: int, *samples: np.ndarray) -> Estimate:
    """Return a statistic of one array (samples,), or of a pair of them, and its interval.

    For equal numbers of samples the same seed draws the same resamples, so that all methods are
    resampled in the same way.
    """
    number = len(samples[0])
    if not number:
        return Estimate(None, None, None)
    value = float(statistic(*samples, axis=-1))
    if number == 1:  # one sample cannot be resampled
        return Estimate(value, value, value)
    with np.errstate(invalid="ignore"):  # resamples in which the peer has no error at all
        interval = bootstrap(
            samples,
            statistic,
            n_resamples=RESAMPLES,
            batch=max(1, _AT_ONCE // number),
            vectorized=True,
            paired=len(samples) > 1,
            confidence_level=LEVEL,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return Estimate(value, float(interval.low), float(interval.high))


def worst_tenth(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the mean of the greatest tenth of the values, at least one; ``axis`` is the last."""
    number = values.shape[axis]
    count = math.ceil(WORST_SHARE * number)
    return np.partition(values, number - count, axis=axis)[..., number - count :].mean(axis=axis)


def best_tenth(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the mean of the smallest tenth, which is the worst where more is better."""
    return -worst_tenth(-values, axis=axis)


def against_peer(ours: np.ndarray, theirs: np.ndarray, seed: int) -> AgainstPeer:
    """Compare errors (0 is perfect) of two methods on the same samples, each (samples,).

    Samples without a finite score on both sides are left out. Where both errors are 0, neither
    method is better.
    """
    both = np.isfinite(ours) & np.isfinite(theirs)
    ours, theirs = ours[both], theirs[both]
    return AgainstPeer(
        worse=estimate(np.mean, seed, (ours > (1 + CLEARLY) * theirs).astype(float)),
        better=estimate(np.mean, seed, (ours < (1 - CLEARLY) * theirs).astype(float)),
        mean_ratio=estimate(_ratio_of(np.mean), seed, ours, theirs),
        median_ratio=estimate(_ratio_of(np.median), seed, ours, theirs),
        worst_tenth_ratio=estimate(_ratio_of(worst_tenth), seed, ours, theirs),
        samples=int(both.sum()),
    )


def _ratio_of(statistic: Statistic) -> Statistic:
    """Return a statistic of two methods: the one's divided by the other's; 1 where both are 0."""

    def ratio(ours: np.ndarray, theirs: np.ndarray, axis: int) -> np.ndarray:
        above, below = statistic(ours, axis=axis), statistic(theirs, axis=axis)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((above == 0) & (below == 0), 1.0, np.divide(above, below))

    return ratio
