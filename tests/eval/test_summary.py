"""Means and their intervals, the table, and the choice of what the gallery shows."""

import math
from typing import Any

import numpy as np
import pytest

from eval.gallery import SIZE, Gallery
from eval.summary import bootstrap_mean, group_rows, summarise
from eval.table import best_methods


def _score(lpips: float) -> dict[str, float]:
    return {"lpips": lpips, "psnr": 30.0, "ssim": 0.9}


def test_the_interval_is_that_of_the_normal_approximation_on_many_samples() -> None:
    values = np.random.default_rng(0).normal(2, 3, size=400)
    mean = bootstrap_mean(values, seed=0)
    half_width = 1.96 * values.std() / math.sqrt(len(values))
    assert mean.mean == pytest.approx(values.mean())
    assert mean.low == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert mean.high == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = [1.0, 2.0, 5.0, 9.0, 11.5]
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_infinite_values_are_left_out_and_counted_out() -> None:
    assert bootstrap_mean([math.inf, 3.0], seed=0) == (3.0, 3.0, 3.0, 1)
    assert bootstrap_mean([math.inf], seed=0) == (None, None, None, 0)


def test_a_failed_sample_is_counted_and_not_averaged() -> None:
    rows: list[dict[str, Any]] = [
        {"scores": {"ours": _score(0.2)}},
        {"scores": {"ours": {"error": "fell over"}}},
    ]
    summary = summarise(rows, ["ours"], seed=0)["ours"]
    assert summary["failed"] == 1
    assert summary["lpips"]["mean"] == pytest.approx(0.2)


def test_a_row_with_two_tags_is_in_both_groups() -> None:
    row = {"frame_time": 0.5, "tags": ["pan", "bust"]}
    assert group_rows([row]) == {"frame_time 0.5": [row], "bust": [row], "pan": [row]}


def test_the_best_is_the_lowest_lpips_and_the_highest_psnr_of_complete_fair_methods() -> None:
    rows = [
        {"scores": {"a": _score(0.2), "b": _score(0.1), "ceiling": _score(0.01), "gap": score}}
        for score in (_score(0.05), {"error": "fell over"})
    ]
    summary = summarise(rows, ["a", "b", "ceiling", "gap"], seed=0)
    summary["ceiling"]["sees_target"] = True
    assert best_methods(summary)["lpips"] == "b"


def _pictures() -> dict[str, np.ndarray]:
    return {"target": np.zeros((4, 4, 3), dtype=np.uint8)}


def test_the_gallery_keeps_the_greatest_losses_to_the_best_rival_in_order() -> None:
    gallery = Gallery(["blend", "nakawari", "rife", "nakawari-true-latent"])
    losses = np.random.default_rng(0).permutation(30) / 100
    for number, lost in enumerate(losses):
        scores = {
            "nakawari": _score(0.5 + lost),
            "rife": _score(0.5),
            "blend": _score(0.7),
            "nakawari-true-latent": _score(0.0),
        }
        gallery.consider({"id": str(number), "scores": scores}, _pictures())
    kept = gallery.losses()
    assert [loss.lost for loss in kept] == pytest.approx(sorted(losses, reverse=True)[:SIZE])
    assert {loss.rival for loss in kept} == {"rife"}


def test_the_gallery_passes_over_a_sample_that_the_subject_failed() -> None:
    gallery = Gallery(["nakawari", "blend"])
    scores = {"nakawari": {"error": "fell over"}, "blend": _score(0.1)}
    gallery.consider({"id": "a", "scores": scores}, _pictures())
    assert gallery.losses() == []


def test_without_rivals_the_gallery_shows_the_largest_distances() -> None:
    gallery = Gallery(["blend"])
    for name, distance in (("near", 0.1), ("far", 0.6)):
        gallery.consider({"id": name, "scores": {"blend": _score(distance)}}, _pictures())
    assert [loss.row["id"] for loss in gallery.losses()] == ["far", "near"]
