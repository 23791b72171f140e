"""Means over samples, their confidence intervals, and significant differences."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from eval.measuring.estimates import against_peer, best_tenth, estimate, worst_tenth
from eval.measuring.scoring import HEADLINE, METRICS

FLIPS = 10_000
_AT_ONCE = 500_000  # random numbers that are drawn at once


class Mean(NamedTuple):
    """A mean and its bootstrap interval; all are None if there was nothing to average."""

    mean: float | None
    low: float | None
    high: float | None
    samples: int  # number averaged; PSNR of identical pictures is infinite, and left out


class Difference(NamedTuple):
    """One method's score minus another's, on the samples for which both have a score."""

    mean: float | None
    low: float | None
    high: float | None
    p: float | None  # p-value of the hypothesis of no difference, by flipping signs
    samples: int


def bootstrap_means(scores: np.ndarray, seed: int) -> list[Mean]:
    """Return mean and 95 % interval of the finite values of each column of (samples, columns)."""
    finite = [column[np.isfinite(column)] for column in scores.T]
    return [Mean(*estimate(np.mean, seed, values), len(values)) for values in finite]


def paired_differences(ours: np.ndarray, theirs: np.ndarray, seed: int) -> list[Difference]:
    """Compare two methods, each (samples, columns), column by column, sample by sample.

    The interval is that of ``bootstrap_means`` of the differences. ``p`` is two-sided, by 10,000
    random flips of the differences' signs (Good, "Permutation, Parametric and Bootstrap Tests of
    Hypotheses", 2005, ch. 3). It is never below 1/10,001.

    ``scipy.stats.permutation_test`` gives the same result up to randomness (0.2112 where this gives
    0.2090), but takes one column at a time. Here the flips are applied to all columns in one matrix
    product. For a single column this takes half the time, and all metrics see the same flips.
    """
    with np.errstate(invalid="ignore"):
        differences = ours - theirs  # infinite PSNR on both sides gives NaN, which is left out
    means = bootstrap_means(differences, seed)
    values = np.where(np.isfinite(differences), differences, 0.0)
    total = np.abs(values.sum(axis=0))
    generator, as_far = np.random.default_rng(seed), np.zeros(values.shape[1])
    step = max(1, _AT_ONCE // max(1, len(values)))
    for start in range(0, FLIPS, step):
        size = (min(step, FLIPS - start), len(values))
        flipped = generator.choice(np.array([-1.0, 1.0]), size=size) @ values
        as_far += (np.abs(flipped) >= total * (1 - 1e-9)).sum(axis=0)
    return [
        Difference(mean.mean, mean.low, mean.high, _p(far) if mean.samples else None, mean.samples)
        for mean, far in zip(means, as_far, strict=True)
    ]


def _p(as_far: float) -> float:
    return float((as_far + 1) / (FLIPS + 1))


def summarise(
    scores: Mapping[str, np.ndarray],
    failed: Mapping[str, np.ndarray],
    seed: int,
    peer: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Return ``{method: {metric: Mean as a dict, "failed": number}}``.

    The metrics of ``HEADLINE`` also have ``median`` and ``worst_tenth``, each an ``Estimate`` as a
    dict. Those of them that are errors also have ``against_peer``, if there is a peer other than
    the method itself.

    Args:
        scores: those of each method, (samples, metrics), NaN where there is none.
        failed: whether each method failed, (samples,) bool.
        seed: the seed of the bootstrap.
        peer: the method with which the others are compared.
    """
    summary: dict[str, dict[str, Any]] = {}
    for method, own in scores.items():
        means = bootstrap_means(own, seed)
        summary[method] = {
            metric: mean._asdict() for metric, mean in zip(METRICS, means, strict=True)
        }
        for metric in HEADLINE:
            column = list(METRICS).index(metric)
            summary[method][metric] |= _spread(own[:, column], metric, seed)
            if peer not in (None, method) and not METRICS[metric].higher_is_better:
                stand = against_peer(own[:, column], scores[str(peer)][:, column], seed)
                summary[method][metric]["against_peer"] = _plain(stand)
        summary[method]["failed"] = int(failed[method].sum())
    return summary


def _spread(values: np.ndarray, metric: str, seed: int) -> dict[str, Any]:
    """Return the median, and the mean of the worst tenth, for a metric of either direction."""
    finite = values[np.isfinite(values)]
    worst = best_tenth if METRICS[metric].higher_is_better else worst_tenth
    return {
        "median": _plain(estimate(np.median, seed, finite)),
        "worst_tenth": _plain(estimate(worst, seed, finite)),
    }


def _plain(value: Any) -> Any:
    """Return named tuples, also nested ones, as dicts."""
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    return value


def compare(
    scores: Mapping[str, np.ndarray], subject: str, seed: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return ``{method: {metric: Difference as a dict}}`` for all methods but the subject.

    Each ``Difference`` is the method's score minus the subject's.
    """
    return {
        method: {
            metric: difference._asdict()
            for metric, difference in zip(
                METRICS, paired_differences(theirs, scores[subject], seed), strict=True
            )
        }
        for method, theirs in scores.items()
        if method != subject
    }


_ORDER = ("small", "easy", "medium", "mid", "large", "hard", "extreme")


def group_samples(
    frame_times: Sequence[float], tags: Sequence[Sequence[str]]
) -> dict[str, np.ndarray]:
    """Group samples by ``frame_time``, then by tag; return ``{group: indices}``.

    A sample with two tags is in two groups. Tiers come in their order, other tags sorted by name.
    """
    groups: dict[str, list[int]] = {}
    for frame_time in sorted(set(frame_times)):
        groups[f"frame_time {frame_time:.4g}"] = []
    for tag in sorted({tag for some in tags for tag in some}, key=_by_tier):
        groups[tag] = []
    for index, (frame_time, some) in enumerate(zip(frame_times, tags, strict=True)):
        groups[f"frame_time {frame_time:.4g}"].append(index)
        for tag in set(some):
            groups[tag].append(index)
    return {name: np.array(indices) for name, indices in groups.items()}


def _by_tier(tag: str) -> tuple[str, int, str]:
    kind, _, tier = tag.partition(":")
    return (kind, _ORDER.index(tier), "") if tier in _ORDER else (kind, len(_ORDER), tier)
