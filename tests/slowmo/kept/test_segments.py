"""What a killed run drew is gone on with, and only if it is of the very same job."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from nakawari import cli
from nakawari.cli.slowing.chosen_model import LoadedModel, drawn_by
from nakawari.errors import UserError
from nakawari.pace import Pace, RampPoint
from nakawari.queue.settings import SlowSettings
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.slowmo.kept import segments
from nakawari.slowmo.kept.segments import (
    KeptFrames,
    UnwantedError,
    check_kept,
    kept_bytes,
    kept_folder,
    kept_frames,
    remove_kept,
)
from nakawari.slowmo.kept.source_mark import SAMPLE_BYTES, SAMPLES, source_mark
from nakawari.video.part import WHOLE, Part
from nakawari.whole import PREFIX
from tests.builders.pictures import noise
from tests.conftest import painting


class PowerCutError(Exception):
    """Ends a run as nothing that is foreseen does."""


@pytest.fixture(autouse=True)
def short_segments(monkeypatch) -> None:
    """Finish a segment with every frame."""
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 0.0)


def keep(output: Path, frames: int, made_from: dict[str, str] | None = None) -> None:
    """Leave the first frames of an output, as a run that failed does."""
    add_and_fail(again(output, made_from, overwrite=True), frames)


def add_and_fail(
    frames_kept: KeptFrames, frames: int, error: type[BaseException] = PowerCutError
) -> None:
    """Add frames to what is kept, and then let the run end by an error."""

    def run() -> None:
        with frames_kept:
            for number in range(frames):
                frames_kept.add(noise(number))
            raise error

    with pytest.raises(error):
        run()


def again(output: Path, made_from: dict[str, str] | None = None, **how: object) -> KeptFrames:
    return KeptFrames(output, made_from or {"speed": "1"}, **({"resume": True} | how))


def test_pictures_come_back_as_they_were_and_all_is_removed_at_the_end(tmp_path) -> None:
    output = tmp_path / "out.mp4"
    keep(output, 5)
    assert kept_frames(output) == 5
    with again(output) as kept:
        pictures = [*kept.take(2), *kept.take(3)]
        assert kept.take(1) is None
    for number, picture in enumerate(pictures):
        for plane, expected in zip(picture, noise(number), strict=True):
            np.testing.assert_array_equal(plane, expected)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_are_not_all_there_are_drawn_and_none_is_kept_twice(tmp_path) -> None:
    output = tmp_path / "out.mp4"
    keep(output, 5)
    kept = again(output)
    assert len(kept.take(4)) == 4
    assert kept.take(4) is None  # frames 4 to 7
    assert kept.take(1) is None  # frame 8: what is left is not its picture
    add_and_fail(kept, 9)
    assert kept_frames(output) == 9
    with again(output) as kept:
        last = kept.take(9)[-1]
    np.testing.assert_array_equal(last.luma, noise(8).luma)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_segment_and_what_follows_it_is_not_used(tmp_path, damage) -> None:
    output = tmp_path / "out.mp4"
    keep(output, 6)
    broken = sorted(kept_folder(output).glob("*.mkv"))[3]
    content = broken.read_bytes()
    changed = content[:-1] + bytes([content[-1] ^ 1])
    broken.write_bytes({"cut": content[:-9], "changed": changed, "empty": b""}[damage])
    with again(output) as kept:
        assert len(kept.take(3)) == 3
        assert kept.take(1) is None


def test_frames_of_another_job_fail_or_are_removed(tmp_path) -> None:
    output, lines = tmp_path / "out.mp4", []
    keep(output, 3, {"speed": "4", "rate": "24"})
    with pytest.raises(UserError, match=r"3 frames of .* had another speed; resume with what it"):
        again(output, {"speed": "2", "rate": "24"})
    assert kept_frames(output) == 3
    with again(output, {"speed": "2", "rate": "24"}, overwrite=True, tell=lines.append) as kept:
        assert kept.take(1) is None
    assert lines == ["3 frames that an earlier run had kept are removed"]


def test_frames_whose_origin_is_not_known_fail(tmp_path) -> None:
    output = tmp_path / "out.mp4"
    for content in ("[]", "{", "[" * 100_000, None):
        keep(output, 1)
        file = kept_folder(output) / segments.MADE_FROM
        file.unlink() if content is None else file.write_text(content)
        with pytest.raises(UserError, match="had another speed"):
            again(output)


def test_frames_are_not_lost_to_who_forgets_to_resume(tmp_path) -> None:
    output = tmp_path / "out.mp4"
    keep(output, 3)
    for ask in (
        lambda: check_kept(output, resume=False, overwrite=False),
        lambda: again(output, resume=False),
    ):
        with pytest.raises(UserError, match=r"3 frames .*cut off; go on .* with --resume, or"):
            ask()
    check_kept(output, resume=True, overwrite=False)
    check_kept(output, resume=False, overwrite=True)
    with again(output, resume=False, overwrite=True) as kept:
        assert kept.take(1) is None
    assert list(tmp_path.iterdir()) == []


def test_two_runs_of_one_output_fail(tmp_path) -> None:
    output = tmp_path / "out.mp4"
    keep(output, 3)
    with again(output), pytest.raises(UserError, match=r"another run is writing .*; wait for it"):
        again(output)


@pytest.mark.parametrize(
    ("error", "resume", "left"),
    [(PowerCutError, False, 4), (PowerCutError, True, 4), (KeyboardInterrupt, False, 0),
     (KeyboardInterrupt, True, 4)],
)  # fmt: skip
def test_an_error_keeps_what_is_drawn_and_ctrl_c_only_when_told_to(
    tmp_path, error, resume, left
) -> None:
    output, lines = tmp_path / "out.mp4", []
    add_and_fail(again(output, resume=resume, tell=lines.append), 4, error)
    assert kept_frames(output) == left
    assert ["4 frames of" in line and "--resume" in line for line in lines] == [True] * bool(left)


def test_what_nobody_wants_any_more_is_removed_and_nothing_is_told(tmp_path) -> None:
    output, lines = tmp_path / "out.mp4", []
    add_and_fail(again(output, tell=lines.append), 4, UnwantedError)
    assert list(tmp_path.iterdir()) == []
    assert lines == []


def test_kept_frames_are_measured_and_removed_but_not_those_of_a_living_run(tmp_path) -> None:
    output = tmp_path / "out.mp4"
    assert kept_bytes(output) == 0
    remove_kept(output)
    keep(output, 3)
    files = list(kept_folder(output).glob("*.mkv"))
    assert kept_bytes(output) == sum(file.stat().st_size for file in files) > 3 * 64 * 48
    kept = again(output)
    remove_kept(output)
    assert kept_frames(output) == 3
    add_and_fail(kept, 3)
    remove_kept(output)
    assert list(tmp_path.iterdir()) == []


def test_a_short_run_that_fails_leaves_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 1000.0)
    add_and_fail(again(tmp_path / "out.mp4", resume=False), 1)
    assert list(tmp_path.iterdir()) == []


def test_a_segment_is_finished_before_it_takes_much_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 1000.0)
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 10_000)
    with again(tmp_path / "out.mp4") as kept:
        for number in range(20):
            kept.add(noise(number))
            assert kept._packer.size < 20_000
        assert len(list(kept_folder(tmp_path / "out.mp4").glob("*.mkv"))) >= 5


def test_a_source_is_known_by_its_content_not_by_its_name_or_date(tmp_path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    content = np.random.default_rng(0).bytes(3_000_000)
    one.write_bytes(content)
    two.write_bytes(content)
    assert source_mark(one) == source_mark(two)
    for place in (0, 1_234_567, 2_999_999):
        two.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert source_mark(one) != source_mark(two)
    two.write_bytes(b"")
    assert source_mark(two).startswith("0 ")


def failing(after: int):
    """Return an interpolator that breaks when it is asked once more than ``after`` times."""
    asked = 0

    def draw(frame_0, frame_1, frame_time):
        nonlocal asked
        asked += 1
        if asked > after:
            raise PowerCutError
        return blend(frame_0, frame_1, frame_time)

    return draw


def in_a_gap(source: Path) -> int:
    """Return a place in the midst of a large file that ``source_mark`` does not read."""
    size, number = source.stat().st_size, SAMPLES // 2
    first, second = ((size - SAMPLE_BYTES) * each // (SAMPLES - 1)
                     for each in (number, number + 1))  # fmt: skip
    assert first + SAMPLE_BYTES < second
    return (first + SAMPLE_BYTES + second) // 2


@pytest.mark.parametrize("part", [WHOLE, Part(Fraction(0), Fraction(4, 5))])
def test_a_small_change_amid_a_large_source_fails_and_a_touched_copy_goes_on(
    make_clip, tmp_path, part
) -> None:
    paintings = [painting(number, 512, 288) for number in range(24)]
    clip = make_clip("clip.nut", paintings=paintings, codec="rawvideo")
    job = SlowJob(source=clip, output=tmp_path / "out.mkv", factor=2, holds="keep", part=part)
    with pytest.raises(PowerCutError):
        run_job(job, lambda: failing(5), "cpu")
    content, mark, place = clip.read_bytes(), source_mark(clip), in_a_gap(clip)
    clip.write_bytes(content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :])
    assert source_mark(clip) == mark
    with pytest.raises(UserError, match="had another source; resume with what it had"):
        run_job(replace(job, resume=True), lambda: blend, "cpu")
    assert kept_frames(job.output) > 8
    clip.unlink()
    clip.write_bytes(content)
    os.utime(clip, (0, 0))
    lines: list[str] = []
    run_job(replace(job, resume=True), lambda: blend, "cpu", tell=lines.append)
    assert any("of an earlier run are used" in line for line in lines)


def test_a_sequence_whose_pictures_were_copied_goes_on_and_another_fails(tmp_path) -> None:
    folder = tmp_path / "cels"
    folder.mkdir()
    for number in range(8):
        cv2.imwrite(str(folder / f"{number:03d}.png"), painting(number)[..., 2::-1])
    job = SlowJob(source=folder, output=tmp_path / "out.mkv", factor=2, holds="keep")
    with pytest.raises(PowerCutError):
        run_job(job, lambda: failing(3), "cpu")
    for picture in folder.iterdir():
        os.utime(picture, (0, 0))
    lines: list[str] = []
    with pytest.raises(PowerCutError):
        run_job(replace(job, resume=True), lambda: failing(1), "cpu", tell=lines.append)
    assert any("of an earlier run are used" in line for line in lines)
    cv2.imwrite(str(folder / "004.png"), 255 - painting(4)[..., 2::-1])
    with pytest.raises(UserError, match="had another source; resume with what it had"):
        run_job(replace(job, resume=True), lambda: blend, "cpu")


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_run_that_goes_on_writes_the_very_file(make_clip, tmp_path, suffix) -> None:
    job = SlowJob(
        source=make_clip(frames=24, tone=440.0),
        output=tmp_path / f"whole{suffix}",
        factor=Fraction(6),
    )
    run_job(job, lambda: blend, "cpu")
    cut_off = SlowJob(source=job.source, output=tmp_path / f"cut{suffix}", factor=Fraction(6))
    with pytest.raises(PowerCutError):
        run_job(cut_off, lambda: failing(5), "cpu")
    assert kept_frames(cut_off.output) > 24
    resumed = SlowJob(source=job.source, output=cut_off.output, factor=Fraction(6), resume=True)
    lines: list[str] = []
    result = run_job(resumed, lambda: blend, "cpu", tell=lines.append)
    assert any("of an earlier run are used" in line for line in lines)
    assert result.tally.drawn + result.tally.passed == 144
    whole, cut = job.output.read_bytes(), cut_off.output.read_bytes()
    if suffix == ".mp4":  # a Matroska file has a number drawn by chance
        assert whole == cut
    else:
        assert abs(len(whole) - len(cut)) < 8
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(PREFIX)]


def test_another_model_another_speed_or_another_source_fails(make_clip, tmp_path, capsys) -> None:
    clip, output = make_clip(frames=12), tmp_path / "out.mp4"

    def leave() -> None:
        job = SlowJob(source=clip, output=output, overwrite=True)
        with pytest.raises(PowerCutError):
            run_job(job, lambda: failing(2), "cpu", drawn_by=lambda: "blend")

    leave()
    for words, what in [
        (["--model", "nearest"], "model, steps or seed"),
        (["--model", "blend", "--slow", "3"], "speed"),
        (["--model", "blend", "--ramp", "0:1, 0.2:0.25"], "speed"),
        (["--model", "blend", "--to", "0.4"], "part, another exposure sheet"),
    ]:
        assert cli.main(["slow", str(clip), "-o", str(output), "--resume", *words]) == 2
        assert f"had another {what};" in capsys.readouterr().err
    made_from = json.loads((kept_folder(output) / segments.MADE_FROM).read_text())
    make_clip(frames=12, options={"crf": "35"})
    assert source_mark(clip) != made_from["source"]
    assert cli.main(["slow", str(clip), "-o", str(output), "--resume", "--model", "blend"]) == 2
    assert "had another source" in capsys.readouterr().err


def test_another_ramp_fails_and_the_same_goes_on(make_clip, tmp_path, capsys) -> None:
    clip, output = make_clip(frames=12), tmp_path / "out.mp4"
    ramp = Pace((RampPoint(Fraction(0), Fraction(1)), RampPoint(Fraction(1, 4), Fraction(1, 9))))
    job = SlowJob(source=clip, output=output, ramp=ramp)
    with pytest.raises(PowerCutError):
        run_job(job, lambda: failing(2), "cpu", drawn_by=lambda: "blend")
    words = ["slow", str(clip), "-o", str(output), "--resume", "--model", "blend"]
    for other in ("0:1, 0.25:1/8", "0:1, 0.2:1/9"):
        assert cli.main([*words, "--ramp", other]) == 2
        assert "had another speed;" in capsys.readouterr().err
    assert cli.main([*words]) == 2
    run_job(replace(job, resume=True), lambda: blend, "cpu", drawn_by=lambda: "blend")
    whole = replace(job, output=tmp_path / "whole.mp4")
    run_job(whole, lambda: blend, "cpu")
    assert output.read_bytes() == whole.output.read_bytes()


def test_a_model_is_known_by_its_files_and_settings_and_nothing_else_is_read(tmp_path) -> None:
    folder = tmp_path / "model" / "unet"
    folder.mkdir(parents=True)
    weights = folder / "weights.safetensors"
    weights.write_bytes(b"one")

    def mark(**settings: object) -> str:
        asked = {"model": tmp_path / "model", "steps": None, "seed": 0} | settings
        return drawn_by(argparse.Namespace(**asked))

    before = mark()
    os.mkfifo(folder / "config.json")  # a read of it would never end
    assert mark() == before
    assert mark(seed=1) != before
    assert mark(steps=2) != before
    weights.write_bytes(b"two")
    assert mark() != before


def test_a_model_whose_weights_were_replaced_is_loaded_again(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "model" / "unet"
    folder.mkdir(parents=True)
    weights = folder / "weights.safetensors"
    monkeypatch.setattr(
        "nakawari.cli.slowing.chosen_model.load_interpolator", lambda *_: weights.read_bytes()
    )
    settings = SlowSettings(source=Path("a"), output=Path("b"), model=str(tmp_path / "model"))
    loaded = LoadedModel()
    for content in (b"one", b"one", b"two"):
        weights.write_bytes(content)
        assert loaded.load(settings, "cpu") == content
    assert loaded.load(replace(settings, seed=1), "cpu") == b"two"
