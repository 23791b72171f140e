"""What the detector's metrics count, on sheets and truths made by hand."""

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from eval import drawings
from eval.detection.scores import Tally, Truth, read_truth, score, total
from eval.detection.speed import loop_clip, measure_speed
from eval.detection.table import fine_table, markdown_table, percent, results
from nakawari.errors import UserError
from nakawari.xsheet.detect import Detection
from nakawari.xsheet.settings import DEFAULT, CutSettings, DetectorSettings
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import Cadence, ExposureSheet, SheetDrawing, Shot


def truth(new: str, **about: object) -> Truth:
    """``|`` is a new drawing, ``-`` a held frame, ``~`` a new one that nobody can see."""
    known = Truth(
        clip=Path("clip.mp4"),
        fps=Fraction(24),
        cuts=(),
        new_drawing=tuple(mark != "-" for mark in new),
        visible=tuple(mark != "~" for mark in new),
        cadences=(2,),
        family="twos",
        crf=18,
    )
    return replace(known, **about)  # type: ignore[arg-type]


def sheet(
    new: str,
    cuts: Sequence[int] = (),
    cadences: Sequence[Cadence] = (2,),
    pulldown: Pulldown | None = None,
) -> ExposureSheet:
    starts = [frame for frame, mark in enumerate(new) if mark == "|"]
    ends = [*starts[1:], len(new)]
    bounds = [0, *cuts, len(new)]
    return ExposureSheet(
        clip="clip.mp4",
        fps=Fraction(24),
        frames=len(new),
        drawings=tuple(
            SheetDrawing(start=start, hold=end - start)
            for start, end in zip(starts, ends, strict=True)
        ),
        shots=tuple(
            Shot(start=start, end=end - 1, cadence=cadence, animation_fps=None)
            for start, end, cadence in zip(bounds[:-1], bounds[1:], cadences, strict=True)
        ),
        pulldown=pulldown,
    )


def test_a_right_sheet_has_no_error() -> None:
    tally = score(sheet("|-|-|-"), truth("|-|-|-"))
    assert (tally.held, tally.called_held, tally.rightly_held) == (3, 3, 3)
    assert (tally.precision, tally.recall, tally.dropped, tally.errors) == (1.0, 1.0, 0, [])
    assert tally.drawings == 2  # the first frame of a shot is not counted


def test_a_dropped_drawing_costs_precision_and_a_missed_hold_recall() -> None:
    tally = score(sheet("|----||-"), truth("|-|---|-"))
    # Called held: 1 2 3 4 7; held: 1 3 4 5 7.
    assert tally.precision == tally.recall == 4 / 5
    assert (tally.dropped, tally.drawings) == (1, 2)
    assert tally.errors == [
        "clip: frame 2: drawing dropped",
        "clip: frame 5: held, called new",
    ]


def test_first_frames_of_true_shots_are_not_counted_as_drawings() -> None:
    tally = score(sheet("|-----"), truth("|--|--", cuts=(3,), cadences=(2, 2)))
    assert (tally.drawings, tally.dropped, tally.called_held) == (0, 0, 4)
    assert (tally.cuts, tally.called_cuts, tally.right_cuts) == (1, 0, 0)
    assert tally.errors == ["clip: frame 3: cut missed"]


def test_new_drawings_that_nobody_can_see_are_not_counted_either_way() -> None:
    for called in ("|---", "|-|-"):
        tally = score(sheet(called), truth("|-~-"))
        assert (tally.held, tally.called_held, tally.drawings, tally.dropped) == (2, 2, 0, 0)


def test_nothing_called_held_has_no_precision_and_no_recall() -> None:
    tally = score(sheet("||||"), truth("|-|-"))
    assert tally.precision is None
    assert tally.recall == 0.0


def test_a_cut_must_be_at_the_very_frame() -> None:
    known = truth("|-|-|-|-|-", cuts=(4, 8), cadences=(2, 2, 2))
    tally = score(sheet("|-|-||-||-", cuts=(4, 7), cadences=(2, 2, 2)), known)
    assert (tally.cut_precision, tally.cut_recall, tally.cut_f1) == (0.5, 0.5, 0.5)
    assert "clip: frame 7: no cut" in tally.errors


@pytest.mark.parametrize(("cut", "taken"), [(1, 0), (2, 1), (3, 1), (4, 1), (5, 0)])
def test_a_flash_is_taken_for_a_cut_from_its_first_frame_to_the_one_after(
    cut: int, taken: int
) -> None:
    called = sheet("||||||", cuts=(cut,), cadences=(1, 1))
    tally = score(called, truth("||||||", flashes=((2, 3),)))
    assert (tally.flashes, tally.flashes_cut) == (1, taken)


def test_the_cadence_is_that_of_the_shot_that_shows_the_middle() -> None:
    known = truth("|-|-|-|-||||||||", cuts=(8,), cadences=(2, "unclear"))
    right = score(sheet("|-|-|-|-||||||||", cuts=(8,), cadences=(2, 1)), known)
    assert (right.cadences, right.right_cadences) == (1, 1)
    wrong = score(sheet("|-|-|-|-||||||||", cuts=(2,), cadences=(2, "mixed")), known)
    assert (wrong.cadences, wrong.right_cadences) == (1, 0)
    assert "clip: shot at frame 0: cadence 2, called mixed" in wrong.errors


def test_a_still_shot_must_be_called_still() -> None:
    known = truth("|---", cadences=(None,))
    assert score(sheet("|---", cadences=(None,)), known).right_cadences == 1
    assert score(sheet("|---", cadences=(4,)), known).right_cadences == 0


@pytest.mark.parametrize(
    ("cycle", "pulldown", "found", "invented"),
    [
        (5, Pulldown(cycle=5, phase=2), 1, 0),
        (5, None, 0, 0),
        (None, Pulldown(cycle=5, phase=2), 0, 1),
        (None, None, 0, 0),
    ],
)
def test_telecine_is_found_missed_or_invented(
    cycle: int | None, pulldown: Pulldown | None, found: int, invented: int
) -> None:
    tally = score(sheet("|-|-", pulldown=pulldown), truth("|-|-", cycle=cycle))
    assert (tally.telecined, tally.telecine_found) == (int(cycle is not None), found)
    assert tally.telecine_invented == invented
    assert bool(tally.errors) == bool(invented or (cycle and not found))


def test_tallies_add_up() -> None:
    summed = total([score(sheet("|-|-"), truth("|-|-")), score(sheet("|---"), truth("|-|-"))])
    assert (summed.clips, summed.held, summed.called_held, summed.dropped) == (2, 4, 5, 1)
    assert summed.precision == 4 / 5
    assert len(summed.errors) == 1
    assert total([]) == Tally()


def test_a_truth_of_another_length_fails() -> None:
    with pytest.raises(UserError, match="has 4 frames and its truth 5; write both anew"):
        score(sheet("|-|-"), truth("|-|--"))


def aired(folder: Path, name: str = "scene", **changes: object) -> Path:
    rows = [
        {"frame": frame, "new_drawing": mark == "|", "visible_change": frame != 6}
        for frame, mark in enumerate("|-|-|-|-|-|-")
    ]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"fps": 24, "frames": 12, "cuts": [8], "per_frame": rows} | changes))
    return path


def test_a_truth_as_aired_is_read_and_its_cadence_worked_out(tmp_path: Path) -> None:
    (tmp_path / "scene.mp4").touch()
    known = read_truth(aired(tmp_path))
    assert known.clip == tmp_path / "scene.mp4"
    assert (known.family, known.crf, known.cuts) == ("aired", None, (8,))
    assert known.cadences == (2, "unclear")  # two drawings do not make a cadence
    assert known.visible[6] is False
    (tmp_path / "scene_aired_yuv420.mp4").touch()
    assert read_truth(aired(tmp_path)).clip.name == "scene_aired_yuv420.mp4"
    assert read_truth(aired(tmp_path), Path("other.mkv")).clip == Path("other.mkv")


def test_a_truth_without_its_clip_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no scene.mp4 beside"):
        read_truth(aired(tmp_path))


@pytest.mark.parametrize("text", ["{}", "no json", "[]", '{"per_frame": [1]}', "[" * 100_000])
def test_a_file_that_is_no_truth_fails(tmp_path: Path, text: str) -> None:
    (tmp_path / "scene.json").write_text(text)
    with pytest.raises(UserError, match="is no truth of a clip"):
        read_truth(tmp_path / "scene.json")


@pytest.mark.parametrize(
    "change",
    [
        *({"fps": math.inf}, {"fps": "1/0"}, {"fps": "1e999999999"}, {"fps": -1}),
        *({"cuts": 3}, {"cuts": ["a"]}, {"family": "\ud800"}, {"crf": "low"}),
        *({"flashes": [1]}, {"flashes": [[1, None]]}, {"pulldown": "2:3"}),
        {"cadence_is_clear": [True], "shots": [3]},
    ],
)
def test_a_truth_with_a_wrong_value_fails(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / "scene.mp4").touch()
    with pytest.raises(UserError, match="is no truth of a clip"):
        read_truth(aired(tmp_path, **change))


def test_a_truth_that_is_a_pipe_fails_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scene.json")
    with pytest.raises(UserError, match="is not a file"):
        read_truth(tmp_path / "scene.json")


def test_a_truth_that_is_missing_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*check the name"):
        read_truth(tmp_path / "missing.json")


def test_the_table_sets_every_case_beside_its_target() -> None:
    good = sheet("|-|-|-"), truth("|-|-|-")
    bad = sheet("|-----"), truth("|-|-|-", crf=32, grain=True, family="mouth")
    scored = [(known, score(called, known)) for called, known in (good, bad)]
    rows = {line.split(" | ")[0].strip("| "): line for line in markdown_table(scored).split("\n")}
    assert "yes" in rows["holds, CRF ≤ 26, with and without grain"]
    low = rows["holds, CRF 32 with grain"]
    assert "precision 60.0 %, recall 100.0 % (2 of 5 wrong, 0 of 3 missed)" in low
    assert "**no**" in low
    assert "2 of 2 (100.0 %)" in rows["real drawings dropped in fades and mouth flaps"]
    assert "100.0 % (2 of 2 shots)" in rows["cadence of the shot right"]
    assert "pan, zoom or shake over a held character" not in rows  # no such clip
    assert "flashes taken for cuts" not in rows
    written = results(scored, {"about": "two clips"})
    assert written["cases"]["holds, CRF 32 with grain"]["precision"] == 0.6
    assert written["clips"]["clip"]["errors"]
    assert "| mouth | 32 | yes | 1 | 60.0 % | 100.0 % | 2/2 |" in fine_table(scored)


def test_percent_is_round_only_when_nothing_is_missing() -> None:
    assert [percent(share) for share in (None, 0.0, 0.98765, 0.99999, 1.0)] == [
        "–", "0.0 %", "98.8 %", "99.9 %", "100.0 %"
    ]  # fmt: skip


def test_the_command_scores_given_clips_and_names_every_error(
    tmp_path: Path,
    make_clip: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_clip("scene.mp4", frames=12, hold=2)
    called = sheet("|-|---|-|-|-", cuts=(8,), cadences=(2, 2))
    given = list[DetectorSettings]()

    def detect(path: Path, settings: DetectorSettings) -> Detection:
        given.append(settings)
        return Detection(sheet=called, changes=(), thresholds=())

    monkeypatch.setattr(drawings, "detect", detect)
    arguments = ["--dev", str(tmp_path), "--output", str(tmp_path / "out"), "--verbose"]
    (known,) = [aired(tmp_path)]
    assert drawings.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "scene: frame 4: drawing dropped" in printed
    assert "clips as aired: holds | precision 85.7 %, recall 100.0 %" in printed
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    assert written["clips"]["scene"]["dropped"] == 1
    assert drawings.main(["--clip", "a.mp4", "--clip", "b.mp4", "--truth", str(known)]) == 2
    assert "--clip is given 2 times and --truth 1 times" in capsys.readouterr().err
    assert given == [DEFAULT]
    assert drawings.main([*arguments, "--set", "cuts.window=8"]) == 0
    assert given[-1].cuts == CutSettings(window=8)
    about = "Other settings than the detector's own: cuts.window=8."
    assert about in capsys.readouterr().out


@pytest.mark.parametrize("setting", ["cuts.windows=8", "cuts.window=some"])
def test_a_setting_that_there_is_not_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    assert drawings.main(["--dev", str(tmp_path), "--set", setting]) == 2
    assert f"drawings: --set {setting}: " in capsys.readouterr().err


def test_a_folder_without_truths_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drawings.main(["--dev", str(tmp_path)]) == 2
    assert "there is no truth (*.json)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--families", "fives"], ["--size", "512"], ["--size", "511x288"], ["--set", "none"]],
)
def test_options_that_make_no_sense_fail(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        drawings.main(["--set", "tuning", *arguments])


def test_a_looped_clip_shows_its_frames_again_and_again(
    tmp_path: Path, make_clip: Callable[..., Path]
) -> None:
    clip = make_clip("clip.mp4", frames=12)
    loop_clip(clip, tmp_path / "looped.mp4", 3)
    with av.open(str(tmp_path / "looped.mp4")) as container:
        stamps = [frame.pts for frame in container.decode(video=0)]
    assert len(stamps) == 36
    assert len(set(stamps)) == 36
    with pytest.raises(UserError, match="does not exist; check --speed"):
        loop_clip(tmp_path / "missing.mp4", tmp_path / "again.mp4", 3)


def test_the_speed_is_told_in_processor_time_too(make_clip: Callable[..., Path]) -> None:
    lines = measure_speed(make_clip("clip.mp4", frames=12), 2).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["12", "24"]
    assert all(float(line.split("|")[5].removesuffix("ms ")) > 0 for line in lines[2:])
