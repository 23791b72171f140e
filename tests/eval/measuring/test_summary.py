"""Means, their intervals and differences, groups, and the choice of what the gallery shows."""

import itertools
import math

import numpy as np
import pytest

from eval.measuring.scoring import METRICS
from eval.measuring.summary import (
    FLIPS,
    Mean,
    bootstrap_means,
    compare,
    group_samples,
    paired_differences,
    summarise,
)
from eval.measuring.worst import worst_samples
from eval.report.table import best_methods

LPIPS, PSNR = (list(METRICS).index(name) for name in ("lpips", "psnr"))


def _scores(lpips: list[float], psnr: float = 30.0) -> np.ndarray:
    scores = np.full((len(lpips), len(METRICS)), 0.9)
    scores[:, LPIPS], scores[:, PSNR] = lpips, psnr
    return scores


def _mean(values: list[float] | np.ndarray, seed: int = 0) -> Mean:
    return bootstrap_means(np.array(values)[:, None], seed)[0]


def test_the_interval_is_that_of_the_normal_approximation_on_many_samples() -> None:
    values = np.random.default_rng(0).normal(2, 3, size=400)
    mean = _mean(values)
    half_width = 1.96 * values.std() / math.sqrt(len(values))
    assert mean.mean == pytest.approx(values.mean())
    assert mean.low == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert mean.high == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = [1.0, 2.0, 5.0, 9.0, 11.5]
    assert _mean(values, seed=1) == _mean(values, seed=1)
    assert _mean(values, seed=1) != _mean(values, seed=2)


def test_columns_are_resampled_alike_and_many_samples_in_parts_as_at_once() -> None:
    values = np.random.default_rng(0).normal(size=(5000, 1))
    alone = bootstrap_means(values, seed=3)[0]
    beside = bootstrap_means(np.hstack([np.ones_like(values), values]), seed=3)[1]
    assert beside == pytest.approx(alone)
    half_width = 1.96 * values.std() / math.sqrt(5000)
    assert alone.high - alone.low == pytest.approx(2 * half_width, rel=0.1)


def test_what_is_no_number_is_left_out_and_counted_out() -> None:
    assert _mean([math.inf, 3.0, math.nan]) == (3.0, 3.0, 3.0, 1)
    assert _mean([math.inf]) == (None, None, None, 0)
    assert bootstrap_means(np.empty((0, 1)), seed=0) == [(None, None, None, 0)]


def test_p_is_the_share_of_all_flips_of_signs_that_reach_as_far() -> None:
    ours = np.array([0.3, 0.5, 0.2, 0.9, 0.4, 0.7, 0.6, 0.8])
    theirs = np.array([0.1, 0.6, 0.1, 0.5, 0.45, 0.3, 0.2, 0.5])
    flips = itertools.product((-1, 1), repeat=8)
    sums = np.array([np.dot(signs, ours - theirs) for signs in flips])
    exact = (np.abs(sums) >= abs((ours - theirs).sum()) - 1e-12).mean()
    difference = paired_differences(ours[:, None], theirs[:, None], seed=0)[0]
    assert difference.mean == pytest.approx((ours - theirs).mean())
    assert difference.p == pytest.approx(exact, abs=4 * math.sqrt(exact / FLIPS))
    assert difference.low < difference.mean < difference.high


def test_a_method_compared_with_itself_differs_by_nothing() -> None:
    scores = {"ours": _scores([0.1, 0.2, 0.4]), "same": _scores([0.1, 0.2, 0.4])}
    assert compare(scores, "ours", seed=0)["same"]["lpips"] == {
        "mean": 0.0, "low": 0.0, "high": 0.0, "p": 1.0, "samples": 3,
    }  # fmt: skip


def test_only_samples_that_both_have_are_compared() -> None:
    ours, theirs = _scores([0.1, math.nan, 0.4]), _scores([0.2, 0.2, 0.5])
    difference = paired_differences(theirs, ours, seed=0)[LPIPS]
    assert difference.samples == 2
    assert difference.mean == pytest.approx(0.1)


def test_a_failed_sample_is_counted_and_not_averaged() -> None:
    scores, failed = {"ours": _scores([0.2, math.nan])}, {"ours": np.array([False, True])}
    summary = summarise(scores, failed, seed=0)["ours"]
    assert summary["failed"] == 1
    assert summary["lpips"]["mean"] == pytest.approx(0.2)
    assert summary["lpips"]["samples"] == 1


def test_the_worst_tenth_is_the_high_lpips_and_the_low_psnr() -> None:
    scores = {"ours": _scores([0.1] * 9 + [0.5])}
    scores["ours"][:, PSNR] = [*range(20, 30)]
    summary = summarise(scores, {"ours": np.zeros(10, bool)}, seed=0)["ours"]
    assert summary["lpips"]["median"]["value"] == pytest.approx(0.1)
    assert summary["lpips"]["worst_tenth"]["value"] == pytest.approx(0.5)
    assert summary["lpips"]["worst_tenth"]["low"] == pytest.approx(0.1)  # some draws miss it
    assert summary["psnr"]["worst_tenth"]["value"] == 20


def test_each_method_but_the_peer_is_held_against_it_by_its_errors() -> None:
    scores = {"ours": _scores([0.1, 0.4]), "peer": _scores([0.2, 0.2])}
    failed = {name: np.zeros(2, bool) for name in scores}
    summary = summarise(scores, failed, seed=0, peer="peer")
    assert "against_peer" not in summary["peer"]["lpips"]
    assert "against_peer" not in summary["ours"]["psnr"]  # a tenth of a dB says nothing
    stand = summary["ours"]["lpips"]["against_peer"]
    assert (stand["worse"]["value"], stand["better"]["value"]) == (0.5, 0.5)
    assert stand["samples"] == 2


def test_a_sample_with_two_tags_is_in_both_groups_and_tiers_come_in_order() -> None:
    tags = [["motion:large", "bust"], ["motion:small", "bust"], ["motion:medium"]]
    groups = group_samples([0.5, 0.25, 0.5], tags)
    assert {name: indices.tolist() for name, indices in groups.items()} == {
        "frame_time 0.25": [1],
        "frame_time 0.5": [0, 2],
        "bust": [0, 1],
        "motion:small": [1],
        "motion:medium": [2],
        "motion:large": [0],
    }
    assert list(groups)[3:] == ["motion:small", "motion:medium", "motion:large"]


def test_the_best_is_the_lowest_lpips_and_the_highest_psnr_of_complete_fair_methods() -> None:
    scores = {
        "a": _scores([0.2, 0.2]),
        "b": _scores([0.1, 0.1], psnr=29),
        "ceiling": _scores([0.01, 0.01], psnr=40),
        "gap": _scores([0.05, math.nan], psnr=40),
    }
    failed = {name: np.isnan(rows[:, LPIPS]) for name, rows in scores.items()}
    summary = summarise(scores, failed, seed=0)
    summary["ceiling"]["sees_target"] = True
    assert best_methods(summary)["lpips"] == "b"
    assert best_methods(summary)["psnr"] == "a"


def test_the_gallery_keeps_the_greatest_losses_to_the_best_rival_in_order() -> None:
    lost = np.random.default_rng(0).permutation(30) / 100
    scores = {
        "blend": _scores([0.7] * 30),
        "nakawari": _scores(list(0.5 + lost)),
        "rife": _scores([0.5] * 30),
        "nakawari-true-latent": _scores([0.0] * 30),
    }
    kept = worst_samples(scores, 8)
    assert [worst.lost for worst in kept] == pytest.approx(sorted(lost, reverse=True)[:8])
    assert [lost[worst.sample] for worst in kept] == pytest.approx([worst.lost for worst in kept])
    assert {loss.rival for loss in kept} == {"rife"}


def test_the_gallery_passes_over_a_sample_that_the_subject_failed() -> None:
    scores = {"nakawari": _scores([math.nan, 0.3]), "blend": _scores([0.1, math.nan])}
    assert worst_samples(scores, 5) == [(1, 0.3, None)]


def test_without_rivals_the_gallery_shows_the_largest_distances() -> None:
    kept = worst_samples({"blend": _scores([0.1, 0.6])}, 5)
    assert [(loss.sample, loss.lost) for loss in kept] == [(1, 0.6), (0, 0.1)]
