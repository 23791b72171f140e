"""Where a moving thing is drawn, against where it should be."""

import pytest
from torch import Tensor

from eval.linearity import FRAME_TIMES, main, offsets
from eval.methods.method import Sample
from eval.sets.hard_scenes import at, hard_scene
from eval.sets.pictures import frame_from_pixels


def test_a_thing_drawn_late_is_behind_by_its_share_of_the_way() -> None:
    scene = hard_scene("figure", 20, seed=1)

    def draw_late(sample: Sample) -> Tensor:
        return frame_from_pixels(at(scene, sample.frame_time.item() - 0.1).frame)

    assert offsets(draw_late, scene) == pytest.approx([-2.0] * len(FRAME_TIMES), abs=0.3)


def test_the_truth_is_nowhere_off() -> None:
    scene = hard_scene("figure", 20, seed=2)
    truth = offsets(
        lambda sample: frame_from_pixels(at(scene, sample.frame_time.item()).frame), scene
    )
    assert truth == pytest.approx([0] * len(FRAME_TIMES), abs=0.02)


def test_the_table_has_a_row_for_each_distance(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--methods", "nearest", "--scenes", "1"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| nearest")]
    assert len(rows) == 3
    quarter, three_quarters = (float(rows[1].split("|")[cell]) for cell in (4, 8))
    assert quarter < -1 < 1 < three_quarters  # frame_0, then frame_1


def test_an_unknown_method_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--methods", "rife"]) == 2
    assert "unknown method 'rife'" in capsys.readouterr().err
    assert main(["--command", "rife"]) == 2
    assert "--command must be NAME=" in capsys.readouterr().err
