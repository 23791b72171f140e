"""The scores of a frame: each where it belongs, none where there is nothing to measure."""

import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from eval.measuring.measure import series_of
from eval.measuring.scoring import FRAME_METRICS, METRICS, Scorer
from eval.sets.triplet_list import Region, TripletEntry
from nakawari.flow import dis_flow
from nakawari.metrics import chamfer_distances, load_lpips, motion_error, psnr_div
from tests.builders.pictures import moving_square

FRAME_0, TARGET, FRAME_1 = (moving_square(left) for left in (8, 16, 24))


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(torch.device("cpu"))


def test_every_score_has_its_metric(scorer: Scorer) -> None:
    score = scorer(FRAME_0, scorer.reference(FRAME_0, TARGET, FRAME_1))
    assert tuple(score) == FRAME_METRICS
    assert set(METRICS) - set(score) == {"flicker"}


def test_lines_and_motion_are_those_of_the_metrics(scorer: Scorer) -> None:
    reference = scorer.reference(FRAME_0, TARGET, FRAME_1)
    score = scorer(FRAME_0, reference)
    ours = scorer.reference(FRAME_0, FRAME_0, FRAME_1).target
    chamfer = chamfer_distances(ours, reference.target)
    assert score["chamfer"] == chamfer.plain.item() > 0
    assert score["chamfer_weighted"] == chamfer.weighted.item()
    flows = [dis_flow(frame, reference.frame_1) for frame in (ours, reference.target)]
    weights = motion_error(*flows)
    expected = load_lpips()(ours, reference.target, weights).item()
    assert score["flolpips"] == pytest.approx(expected, abs=1e-6)
    expected = psnr_div(ours, reference.target, flows[0]).item()
    assert score["psnr_div"] == pytest.approx(expected)
    assert score["psnr_div"] != pytest.approx(score["psnr"], abs=0.1)
    assert score["flolpips"] != pytest.approx(score["lpips"], rel=0.01)


def test_what_stands_still_flatters_the_whole_frame_only(scorer: Scorer) -> None:
    score = scorer(FRAME_0, scorer.reference(FRAME_0, TARGET, FRAME_1))
    assert score["psnr_changed"] < score["psnr"] - 2
    assert score["ssim_changed"] < score["ssim"]
    assert score["lpips_changed"] > score["lpips"]


def test_the_truth_itself_has_no_distance(scorer: Scorer) -> None:
    score = scorer(TARGET, scorer.reference(FRAME_0, TARGET, FRAME_1, Region(0, 0, 40, 36)))
    zero = ("lpips", "lpips_changed", "lpips_roi", "flolpips", "chamfer", "chamfer_weighted")
    zero += ("sharpness_off", "colour_shift")
    assert [score[name] for name in zero] == [0] * len(zero)
    assert score["psnr"] == score["psnr_changed"] == score["psnr_roi"] == math.inf


def test_where_nothing_changes_there_is_no_score_of_the_changed_area(scorer: Scorer) -> None:
    score = scorer(FRAME_0, scorer.reference(TARGET, TARGET, TARGET))
    missing = {name for name, value in score.items() if math.isnan(value)}
    changed = {"lpips_changed", "psnr_changed", "ssim_changed", "sharpness_off"}
    assert missing == changed | {"lpips_roi", "psnr_roi", "ssim_roi"}


def test_the_region_is_scored_as_its_crop(scorer: Scorer) -> None:
    region = Region(4, 3, 36, 32)
    score = scorer(FRAME_0, scorer.reference(FRAME_0, TARGET, FRAME_1, region))
    crop = (slice(3, 35), slice(4, 40))
    expected = peak_signal_noise_ratio(TARGET[crop], FRAME_0[crop])
    assert score["psnr_roi"] == pytest.approx(expected, abs=1e-4)


def test_a_region_too_small_for_lpips_has_no_scores(scorer: Scorer) -> None:
    region = Region(4, 3, 30, 32)
    score = scorer(FRAME_0, scorer.reference(FRAME_0, TARGET, FRAME_1, region))
    assert math.isnan(score["psnr_roi"])


def test_triplets_that_share_both_frames_are_one_series_in_order_of_time(tmp_path) -> None:
    def triplet(frame_0: str, frame_time: float) -> TripletEntry:
        paths = {"frame_0": tmp_path / frame_0, "frame_1": tmp_path / "1", "target": tmp_path / "t"}
        return TripletEntry(id="a", **paths, frame_time=frame_time, tags=())

    triplets = [triplet("a", 0.75), triplet("b", 0.5), triplet("a", 0.25)]
    assert series_of(triplets) == [[2, 0], [1]]
