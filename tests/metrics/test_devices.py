"""A GPU finds the metrics that a CPU finds, where there is one."""

import pytest
import torch

from eval.measuring.scoring import FRAME_METRICS, Scorer
from tests.builders.pictures import moving_square


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_every_figure_is_the_same_on_both_devices_to_a_tenthousandth() -> None:
    frame_0, target, frame_1 = (moving_square(left) for left in (8, 16, 24))
    prediction = moving_square(14)
    scores = []
    for device in ("cpu", "cuda"):
        scorer = Scorer(torch.device(device))
        scores.append(scorer(prediction, scorer.reference(frame_0, target, frame_1)))
    assert scores[0].keys() == set(FRAME_METRICS)
    for name, metric in scores[0].items():
        assert scores[1][name] == pytest.approx(metric, rel=1e-4, abs=1e-6, nan_ok=True), name
