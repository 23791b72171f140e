"""The axes of the plots."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measuring.scoring import METRICS
from eval.report.plots import round_ticks, tier_plots


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 0.065, [0, 0.02, 0.04, 0.06, 0.08]),
        (22.7, 43.8, [20, 30, 40, 50]),
        (0.857, 0.996, [0.85, 0.9, 0.95, 1.0]),
        (3, 3, [3, 4]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert round_ticks(low, high) == pytest.approx(ticks)


@given(st.floats(-1e4, 1e4), st.floats(1e-6, 1e4))
def test_ticks_are_few_and_enclose_the_values(low: float, span: float) -> None:
    ticks = round_ticks(low, low + span)
    slack = 1e-6 * (abs(low) + span)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack
    assert 2 <= len(ticks) <= 7


def test_one_tier_alone_is_not_plotted() -> None:
    mean = {"mean": 1.0, "low": 0.5, "high": 1.5}
    group = {"blend": dict.fromkeys(METRICS, mean)}
    assert tier_plots({"frame_time 0.5": group, "plain": group, "a:b": group}, ["blend"]) == ""
    assert tier_plots({"a:b": group, "a:c": group}, ["blend"]).count("<svg") == 5
