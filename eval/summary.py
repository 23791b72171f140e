"""Means over samples, intervals that say how far they can be trusted, and which differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from eval.scoring import METRICS

RESAMPLES = 2000
FLIPS = 10_000
LEVEL = 0.95
_AT_ONCE = 500_000  # random numbers


class Mean(NamedTuple):
    """A mean and its bootstrap interval; all None where nothing could be averaged."""

    mean: float | None
    low: float | None
    high: float | None
    samples: int  # averaged: identical pictures have no PSNR and are left out of its mean


class Difference(NamedTuple):
    """A method minus another, on the samples that both have a figure for."""

    mean: float | None
    low: float | None
    high: float | None
    p: float | None  # of no difference, by flipping signs
    samples: int


def bootstrap_means(figures: np.ndarray, seed: int) -> list[Mean]:
    """Average the finite values of each column of (samples, columns), with 95 % intervals.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13: percentiles of the
    means of 2,000 resamples. All columns are resampled alike.
    """
    there = np.isfinite(figures)
    values = np.where(there, figures, 0.0)
    counts = there.sum(axis=0)
    resampled = np.concatenate(
        [
            _divide(times @ values, times @ there)
            for times in _resamples(len(figures), np.random.default_rng(seed))
        ]
    )  # (resamples, columns)
    means = _divide(values.sum(axis=0), counts)
    return [
        Mean(float(mean), *_interval(resampled[:, column]), int(count))
        if count
        else Mean(None, None, None, 0)
        for column, (mean, count) in enumerate(zip(means, counts, strict=True))
    ]


def _resamples(samples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield (resamples, samples): how often each sample was drawn, some resamples at a time."""
    step = max(1, _AT_ONCE // max(1, samples))
    for start in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - start)
        drawn = (
            generator.integers(samples, size=(size, samples)) if samples else np.empty((size, 0))
        )
        places = drawn + samples * np.arange(size)[:, None]
        times = np.bincount(places.astype(int).ravel(), minlength=size * samples)
        yield times.reshape(size, samples).astype(float)


def _divide(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _interval(means: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def paired_differences(ours: np.ndarray, theirs: np.ndarray, seed: int) -> list[Difference]:
    """Compare two methods, each (samples, columns), column by column, sample by sample.

    The interval is that of ``bootstrap_means`` of the differences. ``p`` is two-sided, by 10,000
    random flips of the differences' signs (Good, "Permutation, Parametric and Bootstrap Tests of
    Hypotheses", 2005, ch. 3); it is never below 1/10,001.
    """
    with np.errstate(invalid="ignore"):
        differences = ours - theirs  # infinite PSNR on both sides is no number: left out
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
    figures: Mapping[str, np.ndarray], failed: Mapping[str, np.ndarray], seed: int
) -> dict[str, dict[str, Any]]:
    """Return ``{method: {metric: Mean as a dict, "failed": number}}``.

    Args:
        figures: of each method, (samples, metrics), NaN where there is none.
        failed: of each method, (samples,) bool.
        seed: of the bootstrap.
    """
    columns = np.concatenate(list(figures.values()), axis=1)
    means = iter(bootstrap_means(columns, seed))
    return {
        method: {metric: next(means)._asdict() for metric in METRICS}
        | {"failed": int(failed[method].sum())}
        for method in figures
    }


def compare(
    figures: Mapping[str, np.ndarray], subject: str, seed: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return ``{method: {metric: Difference from the subject as a dict}}`` of all others."""
    return {
        method: {
            metric: difference._asdict()
            for metric, difference in zip(
                METRICS, paired_differences(theirs, figures[subject], seed), strict=True
            )
        }
        for method, theirs in figures.items()
        if method != subject
    }


_ORDER = ("small", "easy", "medium", "mid", "large", "hard", "extreme")


def group_samples(
    frame_times: Sequence[float], tags: Sequence[Sequence[str]]
) -> dict[str, np.ndarray]:
    """Sort samples by ``frame_time``, then by tag; return ``{group: indices}``.

    A sample with two tags is in two groups. Tiers come in their order, other tags by name.
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
