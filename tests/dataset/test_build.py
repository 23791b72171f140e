"""A dataset from clips: true times, resumable after any kill, clear about what it could not use."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nakawari.data.streams.shards import EPISODES_FOLDER, ShardedTriplets, read_index
from nakawari.dataset.build import SplitChoice
from nakawari.dataset.runners import on_processes
from nakawari.dataset.settings import BuildSettings
from nakawari.dataset.shards import ShardWriter
from nakawari.dataset.videos import find_episodes
from nakawari.errors import UserError
from nakawari.page import POLICY
from tests.builders.datasets import HOLDS, build, everything, film

MakeClip = Callable[..., Path]


@pytest.fixture
def shows(tmp_path: Path, make_clip: MakeClip) -> Path:
    """Two titles of one clip each."""
    for number, name in enumerate(("one", "two")):
        (tmp_path / "shows" / name).mkdir(parents=True)
        make_clip(f"shows/{name}/01.mp4", paintings=film(number), rate=Fraction(24))
    return tmp_path / "shows"


def test_triplets_have_the_times_of_their_drawings_and_titles_are_split(
    shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "set"
    assert build(shows, "--output", output, "--height", 96, "--validation-title", "Two") == 0
    assert "6 triplets to train on, 6 to validate, of 2 episodes" in capsys.readouterr().out
    dataset = ShardedTriplets(output, "train", 96, 160, crop=False)
    facts = [dataset.sample(number).facts for number in range(len(dataset))]
    starts = np.cumsum([0, *HOLDS])
    assert [one["frames"] for one in facts] == [starts[k : k + 3].tolist() for k in range(6)]
    expected = [a / (a + b) for a, b in pairwise(HOLDS[:7])]
    assert [one["frame_time"] for one in facts] == pytest.approx(expected)
    assert [dataset[k].frame_time.item() for k in range(6)] == pytest.approx(expected)
    assert {one["title"] for one in facts} == {"one"}
    validation = ShardedTriplets(output, "validation")
    assert validation.sample(0).facts["title"] == "two"
    # The figure is where it was drawn, in the right colours.
    red, green, _ = dataset[0].target[:, 50, 35].tolist()
    assert red > 200
    assert green < 90


def test_what_is_left_out_is_told_and_shown(
    tmp_path: Path, make_clip: MakeClip, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = film(holds=(2, 2, 2, 2, 14, 2, 2))
    frames[4:6] = frames[0:2]  # drawings 1, 2, 1: a cycle
    make_clip("show.mp4", paintings=frames, rate=Fraction(24))
    assert build(tmp_path / "show.mp4", "--output", tmp_path / "set") == 0
    assert "no title validates, so drawn cels will" in capsys.readouterr().err
    record = json.loads(next((tmp_path / "set").glob("episodes/*/episode.json")).read_text())
    assert record["rejected"] == {"pause": 2, "cycle": 1}
    assert record["candidates"] == 5
    page = (tmp_path / "set" / "report.html").read_text()
    assert "pause: 2 of 5 (40.0%)" in page
    assert "cycle: 1 of 5" in page
    assert page.count("data:image/jpeg;base64,") >= 2
    assert POLICY in page  # the browser may load nothing
    assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")


def test_a_second_build_touches_nothing_and_a_new_video_joins(
    shows: Path, tmp_path: Path, make_clip: MakeClip, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "set"
    build(shows / "one", "--output", output)
    before = everything(output)
    (shows / "one" / "01.mp4").rename(shows / "one" / "renamed.mp4")
    build(shows, "--output", output)
    after = everything(output)
    assert before.items() <= after.items()
    assert len(after) == 2 * len(before)
    assert "of 2 episodes (1 built before)" in capsys.readouterr().out


def test_a_killed_build_goes_on_and_ends_as_an_uninterrupted_one(
    shows: Path, tmp_path: Path, make_clip: MakeClip
) -> None:
    (shows / "three").mkdir()
    make_clip("shows/three/01.mp4", paintings=film(3, HOLDS * 8), rate=Fraction(24))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    build(shows, "--output", whole)
    command = "from nakawari.cli import main; import sys; sys.exit(main())"
    arguments = ["dataset", "build", str(shows), "--output", str(killed), "--workers", "2"]
    process = subprocess.Popen([sys.executable, "-c", command, *arguments])
    while not list(killed.glob(f"{EPISODES_FOLDER}/[!.]*")):
        assert process.poll() is None, "the build ended before it could be killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(FileNotFoundError, match="half built"):
        read_index(killed)
    first = everything(killed)
    assert build(shows, "--output", killed) == 0
    finished = {name: entry for name, entry in first.items() if ".partial" not in name}
    assert finished
    assert finished.items() <= everything(killed).items()
    contents = [{k: v[1] for k, v in everything(root).items()} for root in (whole, killed)]
    assert contents[0] == contents[1]
    assert (whole / "index.json").read_text() == (killed / "index.json").read_text()


def test_a_damaged_video_is_left_out_and_named(
    shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shows / "two" / "01.mp4").write_bytes(b"nothing of a video")
    assert build(shows, "--output", tmp_path / "set") == 2
    told = capsys.readouterr()
    assert "6 triplets to train on" in told.out
    assert "1 video of 2 could not be used, and the dataset is without" in told.err
    assert "two/01.mp4 is no video that can be read" in told.err
    assert "two/01.mp4 is no video" in (tmp_path / "set" / "report.html").read_text()


def test_other_settings_than_it_was_begun_with_fail(
    shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(shows / "one", "--output", tmp_path / "set", "--height", 96)
    assert build(shows, "--output", tmp_path / "set") == 2
    assert "was begun with height 96, not 432; give the same settings" in capsys.readouterr().err


def test_an_output_that_is_a_file_fails(
    shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set").write_text("")
    assert build(shows, "--output", tmp_path / "set") == 2
    assert "cannot write to" in capsys.readouterr().err


def test_a_full_disk_ends_the_build_and_what_is_finished_stays(
    shows: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "set"
    build(shows / "one", "--output", output)
    before = everything(output)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ShardWriter, "add", full)
        assert build(shows, "--output", output) == 2
    assert "No space left on device); make room and run the same" in capsys.readouterr().err
    assert everything(output) == before
    assert len(ShardedTriplets(output)) == 6
    assert build(shows, "--output", output) == 0


def test_a_worker_that_is_killed_fails(shows: Path, tmp_path: Path) -> None:
    def kill() -> None:
        while not multiprocessing.active_children():
            time.sleep(0.01)
        for child in multiprocessing.active_children():
            child.kill()

    (tmp_path / "set" / EPISODES_FOLDER).mkdir(parents=True)
    threading.Thread(target=kill, daemon=True).start()
    with pytest.raises(UserError, match=r"a worker process was killed, .* run the same command"):
        list(on_processes(2)(find_episodes([shows], {}), BuildSettings(), tmp_path / "set"))


@pytest.mark.parametrize("content", ["{", "[" * 100_000])
def test_settings_that_cannot_be_read_fail(
    content: str, shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "dataset.json").write_text(content)
    assert build(shows, "--output", tmp_path / "set") == 2
    assert "dataset.json is damaged; choose another --output" in capsys.readouterr().err


def _without(record: dict[str, Any]) -> None:
    del record["cadences"]


def _too_much(record: dict[str, Any]) -> None:
    record["colour"] = "red"


def _wrong(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update({field: value})


@pytest.mark.parametrize(
    "damage",
    [
        _without,
        _too_much,
        _wrong("frames", "many"),
        _wrong("seconds", float("nan")),
        _wrong("cadences", [2, 3]),
        _wrong("motion", {"fast": 3}),
        _wrong("motion", {"1e15": 3}),
        _wrong("frame_times", {"0.50": -1}),
        _wrong("shards", [{"file": "/etc/0000.tar", "samples": 1, "bytes": 1}]),
        _wrong("kept", [{"jpeg": 5, "words": "frame", "reason": None}]),
        _wrong("title", 8),
    ],
)
def test_a_damaged_record_of_an_episode_fails_before_the_work(
    damage: Callable[[dict[str, Any]], None],
    shows: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "set"
    assert build(shows / "one", "--output", output) == 0
    file = next(output.glob("episodes/*/episode.json"))
    record = json.loads(file.read_text())
    damage(record)
    file.write_text(json.dumps(record))
    _assert_refused_before_the_work(file, shows, output, capsys)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_record_that_is_missing_or_no_json_fails_before_the_work(
    content: bytes | None, shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "set"
    assert build(shows / "one", "--output", output) == 0
    file = next(output.glob("episodes/*/episode.json"))
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    _assert_refused_before_the_work(file, shows, output, capsys)


def _assert_refused_before_the_work(
    file: Path, shows: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Check the line, that no other episode was built, and that what the line says to do helps."""
    capsys.readouterr()
    assert build(shows, "--output", output) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"{file} is missing or damaged; delete its folder and run the same" in told
    assert len(list((output / EPISODES_FOLDER).iterdir())) == 1
    shutil.rmtree(file.parent)
    assert build(shows, "--output", output) == 0
    assert len(read_index(output)["train"] + read_index(output)["validation"]) == 2


def test_a_second_build_at_the_same_time_fails(
    shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl

    (tmp_path / "set").mkdir()
    with (tmp_path / "set" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert build(shows, "--output", tmp_path / "set") == 2
    assert "another build is writing to" in capsys.readouterr().err


def test_a_senseless_setting_is_told_in_one_line(
    shows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(shows, "--output", tmp_path / "set", "--height", 97) == 2
    assert "height must be an even number of at least 32, got 97" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"validation share must be in \[0, 1\), got 1.0"):
        SplitChoice(share=1.0)
