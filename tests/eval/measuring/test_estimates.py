"""What stands beside a mean: median, worst tenth, and the stand to a peer, with intervals."""

import math

import numpy as np
import pytest

from eval.measuring.estimates import Estimate, against_peer, best_tenth, estimate, worst_tenth


def test_the_worst_tenth_is_the_mean_of_the_greatest_tenth_rounded_up() -> None:
    values = np.random.default_rng(0).permutation(np.arange(1.0, 35.0))  # 34: a tenth is 3.4
    assert worst_tenth(values) == pytest.approx((34 + 33 + 32 + 31) / 4)
    assert best_tenth(values) == pytest.approx((1 + 2 + 3 + 4) / 4)
    assert worst_tenth(np.array([3.0, 5.0])) == 5.0


def test_rows_of_samples_are_taken_one_by_one() -> None:
    values = np.random.default_rng(0).normal(size=(3, 25))
    assert worst_tenth(values) == pytest.approx([worst_tenth(row) for row in values])


@pytest.mark.parametrize(("statistic", "spread"), [(np.mean, 1.0), (np.median, 1.2533)])
def test_the_interval_is_that_of_the_statistic_on_many_normal_samples(
    statistic: object, spread: float
) -> None:
    values = np.random.default_rng(0).normal(2, 3, size=900)
    found = estimate(statistic, 0, values)  # type: ignore[arg-type]
    half_width = 1.96 * spread * 3 / math.sqrt(len(values))
    assert found.value == statistic(values)  # type: ignore[operator]
    assert found.high - found.low == pytest.approx(2 * half_width, rel=0.25)
    assert found.low < found.value < found.high


def test_one_sample_has_no_spread_and_none_has_no_estimate() -> None:
    assert estimate(np.median, 0, np.array([0.3])) == Estimate(0.3, 0.3, 0.3)
    assert estimate(np.median, 0, np.array([])) == Estimate(None, None, None)


def test_clearly_worse_and_better_leave_out_what_is_within_a_tenth() -> None:
    theirs = np.array([0.1, 0.1, 0.1, 0.1, 0.0, 0.0, math.nan, 0.1])
    ours = np.array([0.12, 0.108, 0.092, 0.08, 0.0, 0.01, 0.1, math.nan])
    stand = against_peer(ours, theirs, seed=0)
    assert stand.samples == 6
    assert stand.worse.value == pytest.approx(2 / 6)  # 0.12, and 0.01 where the peer is perfect
    assert stand.better.value == pytest.approx(1 / 6)
    assert stand.mean_ratio.value == pytest.approx(0.41 / 0.4)


def test_a_method_that_is_twice_as_bad_everywhere_is_so_in_every_ratio() -> None:
    theirs = np.random.default_rng(0).uniform(0.01, 0.3, size=50)
    stand = against_peer(2 * theirs, theirs, seed=0)
    for ratio in (stand.mean_ratio, stand.median_ratio, stand.worst_tenth_ratio):
        assert ratio == pytest.approx((2.0, 2.0, 2.0))
    assert stand.worse == (1.0, 1.0, 1.0)
    assert stand.better == (0.0, 0.0, 0.0)


def test_the_interval_of_a_ratio_draws_both_methods_alike() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.lognormal(-3, 1, size=60)  # far apart: drawn apart, the ratio would be anything
    stand = against_peer(theirs * rng.normal(0.8, 0.02, 60), theirs, seed=0)
    assert 0.78 < stand.mean_ratio.low < 0.8 < stand.mean_ratio.high < 0.82


def test_two_perfect_methods_are_alike_and_an_error_beside_none_is_beyond_measure() -> None:
    zeros = np.zeros(5)
    assert against_peer(zeros, zeros, seed=0).mean_ratio == (1.0, 1.0, 1.0)
    assert against_peer(zeros + 1, zeros, seed=0).mean_ratio.value == math.inf


def test_methods_that_share_no_sample_have_no_stand() -> None:
    stand = against_peer(np.array([0.1, math.nan]), np.array([math.nan, 0.1]), seed=0)
    assert stand.samples == 0
    assert stand.worse == stand.mean_ratio == (None, None, None)
