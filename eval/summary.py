"""Means over samples, with an interval that says how far they can be trusted."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from eval.scoring import METRICS

RESAMPLES = 2000
LEVEL = 0.95


class Mean(NamedTuple):
    """A mean and its bootstrap interval; all None where nothing could be averaged."""

    mean: float | None
    low: float | None
    high: float | None
    samples: int  # averaged: identical pictures have no PSNR and are left out of its mean


def bootstrap_mean(values: Iterable[float], seed: int) -> Mean:
    """Average the finite ``values``, with the 95 % percentile bootstrap interval.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13. The same seed
    resamples the same positions, so methods that scored the same samples are resampled alike.
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    count = len(finite)
    if not count:
        return Mean(None, None, None, 0)
    generator = np.random.default_rng(seed)
    # A million draws at a time: all at once would be 320 MB for 10,000 samples.
    step = max(1, 1_000_000 // count)
    sizes = [min(step, RESAMPLES - start) for start in range(0, RESAMPLES, step)]
    resamples = (finite[generator.integers(count, size=(size, count))] for size in sizes)
    means = np.concatenate([resample.mean(axis=1) for resample in resamples])
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Mean(float(finite.mean()), float(low), float(high), count)


def summarise(rows: list[dict[str, Any]], methods: Iterable[str], seed: int) -> dict[str, Any]:
    """Return ``{method: {metric: Mean as a dict, "failed": number}}`` over the rows of a run."""
    return {method: _summarise_method(rows, method, seed) for method in methods}


def _summarise_method(rows: list[dict[str, Any]], method: str, seed: int) -> dict[str, Any]:
    scores = [row["scores"][method] for row in rows]
    scored = [score for score in scores if "error" not in score]
    summary: dict[str, Any] = {
        metric: bootstrap_mean((score[metric] for score in scored), seed)._asdict()
        for metric in METRICS
    }
    return summary | {"failed": len(scores) - len(scored)}


def group_rows(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Sort the rows by ``frame_time`` and then by tag; a row with two tags is in two groups."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for frame_time in sorted({row["frame_time"] for row in rows}):
        name = f"frame_time {frame_time:.4g}"
        groups[name] = [row for row in rows if row["frame_time"] == frame_time]
    for tag in sorted({tag for row in rows for tag in row["tags"]}):
        groups[tag] = [row for row in rows if tag in row["tags"]]
    return groups
