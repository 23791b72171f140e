"""Slow motion is measured against the truth, frame by frame, and stutter is counted."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from eval import slowmo
from eval.measuring.stillness import Changes, changes, stillness
from tests.conftest import write_clip

SHARP = {"crf": "4"}


def disc(position: float) -> np.ndarray:
    """A bright soft-edged column at ``position`` [px] on gray, (48, 96, 4) uint8."""
    columns = np.clip(12 - np.abs(np.arange(96) - position), 0, 8) / 8
    picture = np.full((48, 96, 4), 255, np.uint8)
    picture[..., :3] = (80 + 99 * columns).astype(np.uint8)[None, :, None]
    return picture


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    """Options for a clip on twos, 12 frames at 24, and its truth, 24 frames at 48."""
    aired = [disc(10 + 3 * 4 * (number // 2)) for number in range(12)]
    truth = [disc(10 + 3 * number) for number in range(24)]
    write_clip(tmp_path / "aired.mp4", aired, rate=Fraction(24), options=SHARP)
    write_clip(tmp_path / "truth.mp4", truth, rate=Fraction(48), options=SHARP)
    (tmp_path / "sheet.json").write_text(
        '{"frames": 12, "drawings": ['
        + ", ".join(f'{{"start": {n}}}' for n in range(0, 12, 2))
        + "]}"
    )
    return ["--clip", str(tmp_path / "aired.mp4"), "--truth", str(tmp_path / "truth.mp4")]


def rows(printed: str) -> dict[str, list[str]]:
    lines = [line.strip("| ").split(" | ") for line in printed.splitlines() if line[:1] == "|"]
    return {line[0]: line[1:] for line in lines[2:]}


def test_the_sheet_removes_stutter_and_the_truth_has_none(pair, tmp_path, capsys) -> None:
    truth = f"truth={tmp_path / 'truth.mp4'}"
    sheet = str(tmp_path / "sheet.json")
    options = ["--methods", "blend", "--prediction", truth, "--xsheet", sheet]
    assert slowmo.main([*pair, *options]) == 0
    printed = capsys.readouterr().out
    table = rows(printed)
    assert list(table) == ["blend", "blend, holds kept", "truth"]
    assert table["truth"] == ["0.0000", "inf", "0.0% (0 of 23)", "24"]
    assert table["blend"][2] == "13.0% (3 of 23)"  # after the last drawing
    assert table["blend, holds kept"][2] == "56.5% (13 of 23)"
    assert "6 drawings in 1 shot, from a given sheet; 3 of 23 steps lie after" in printed


def test_videos_of_another_length_are_compared_as_far_as_they_go(pair, tmp_path, capsys) -> None:
    short = write_clip(tmp_path / "short.mp4", [disc(10)] * 7, rate=Fraction(48))
    assert slowmo.main([*pair, "--methods", "", "--prediction", f"short={short}"]) == 0
    printed = capsys.readouterr().out
    assert rows(printed)["short"][2:] == ["100.0% (6 of 6)", "7"]
    assert "short: 7 frames, the truth 24; the first 7 were compared." in printed


def test_rendered_videos_are_kept_where_told(pair, tmp_path, capsys) -> None:
    folder = tmp_path / "kept"
    assert slowmo.main([*pair, "--methods", "nearest", "--output", str(folder)]) == 0
    assert {"aired.nearest.auto.mp4", "aired.nearest.keep.mp4", "aired.xsheet.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert "found by the detector" in capsys.readouterr().out


def test_a_small_thing_that_moves_counts_as_much_as_a_large_one() -> None:
    before = np.full((64, 64, 3), 100, np.uint8)
    after = before.copy()
    after[8:24, 8:24] = 130
    assert changes([before, after, before]) == (pytest.approx([30, 30]), [0])


def test_only_steps_in_which_the_truth_moves_count() -> None:
    found = stillness(
        Changes([0.5, 9.0, 0.5, 0.5], [9.0] * 3), Changes([9.0, 9.0, 1.0, 9.0, 9.0], [])
    )
    assert (found.stills, found.moving) == (2, 3)
    assert stillness(Changes([0.0], []), Changes([0.0], [])).share == 0


def test_a_change_that_is_undone_stands_still() -> None:
    shimmer = Changes([8.0, 8.0, 20.0, 20.0], [0.5, 20.0, 35.0])
    found = stillness(shimmer, Changes([9.0] * 4, [18.0] * 3))
    assert (found.stills, found.moving) == (2, 4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--methods", "magic"], "unknown method 'magic'; choose from"),
        (["--methods", "nakawari", "--model", "none"], "model folder none does not exist; give"),
        (["--prediction", "a"], "must be NAME=VIDEO"),
        (["--prediction", "a=AIRED", "--methods", ""], "give a video of the truth's rate"),
        (["--prediction", "a=SMALL", "--methods", ""], "give videos of one size"),
        (["--xsheet", "none.json", "--methods", ""], "cannot read exposure sheet"),
    ],
)
def test_bad_arguments_fail_in_one_line(pair, tmp_path, capsys, options, words) -> None:
    small = write_clip(tmp_path / "small.mp4", [disc(9)[:, :64]] * 3, rate=Fraction(48))
    places = {"a=AIRED": f"a={tmp_path / 'aired.mp4'}", "a=SMALL": f"a={small}"}
    assert slowmo.main([*pair, *(places.get(option, option) for option in options)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.splitlines()[-1].startswith("slowmo: ")
