"""Several clips are slowed by one command: a line for each, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nakawari import cli
from nakawari.cli.slowing import watch
from nakawari.queue.store import FILE_NAME, JobStore, State
from nakawari.queue.watching import FolderWatch
from nakawari.slowmo.slow import slow_down
from nakawari.whole import MARK
from tests.builders.refusals import refused

PATIENCE = 10  # s, of a busy machine; on an idle one a stop takes a little over one


def slow(*arguments: object) -> int:
    """Run ``nakawari slow`` with the cross-fade for a model."""
    return cli.main(["slow", *map(str, arguments), "--slow", "2", "--model", "blend"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def states(folder: Path) -> list[State]:
    with JobStore(folder / FILE_NAME) as store:
        return [job.state for job in store.jobs()]


def test_one_bad_clip_stops_no_other_and_each_has_its_line(make_clip, tmp_path, capsys) -> None:
    clips = [make_clip("a.mp4"), tmp_path / "bad.mp4", make_clip("c.mp4")]
    clips[1].write_text("a poem, and no film")
    folder = tmp_path / "out"
    assert slow(*clips, "--output", folder) == 2
    assert names(folder) == [
        FILE_NAME, "a.slow2x.mp4", "a.slow2x.xsheet.json", "c.slow2x.mp4", "c.slow2x.xsheet.json",
    ]  # fmt: skip
    printed = capsys.readouterr()
    first, second, summary = printed.out.splitlines()
    assert first.startswith(f"{folder}/a.slow2x.mp4: 1.001 s at 23.976 frames/s, 64x48; 15 frames")
    assert second.startswith(f"{folder}/c.slow2x.mp4: ")
    assert summary == "3 clips: 2 done, 1 failed"
    lines = [line for line in printed.err.replace("\r", "\n").splitlines() if "nakawari" in line]
    assert len(lines) == 2
    assert lines[0].startswith("nakawari: bad.mp4 failed: ")
    assert "is no video that can be read" in lines[0]
    assert lines[1].startswith("nakawari: 1 of 3 clips failed; ")


def test_each_clip_follows_the_ramp(make_clip, tmp_path, capsys) -> None:
    clips = [make_clip("a.mp4"), make_clip("b.mp4")]
    options = ("--output", tmp_path / "out", "--ramp", "0:1, 0.2:0.25", "--model", "blend")
    assert cli.main(["slow", *map(str, (*clips, *options))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line.partition(":")[0]).name for line in lines[:2]] == ["a.ramp.mp4", "b.ramp.mp4"]
    assert all(" 1.543 s at " in line for line in lines[:2])


def test_the_same_command_again_does_only_what_is_left(make_clip, tmp_path, capsys) -> None:
    clips = [make_clip("a.mp4"), tmp_path / "b.mp4"]
    folder = tmp_path / "out"
    assert slow(*clips, "--output", folder) == 2
    before = (folder / "a.slow2x.mp4").stat()
    make_clip("b.mp4")
    capsys.readouterr()
    assert slow(*clips, "--output", folder) == 0
    first, second, summary = capsys.readouterr().out.splitlines()
    assert first == f"{folder}/a.slow2x.mp4: was done before"
    assert second.startswith(f"{folder}/b.slow2x.mp4: 1.001 s")
    assert summary == "2 clips: 1 done, 1 done before"
    after = (folder / "a.slow2x.mp4").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert slow(*clips, "--output", folder, "--overwrite") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 clips: 2 done"


def test_ctrl_c_keeps_the_queue_and_says_how_to_go_on(
    make_clip, tmp_path, capsys, monkeypatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    clips, folder = [make_clip("a.mp4"), make_clip("b.mp4")], tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("nakawari.slowmo.job.slow_down", interrupted)
        assert slow(*clips, "--output", folder) == 130
    assert "stopped; what was drawn is kept, and the same command" in capsys.readouterr().err
    assert states(folder) == [State.WAITING] * 2
    assert slow(*clips, "--output", folder) == 0
    assert states(folder) == [State.DONE] * 2


@pytest.mark.parametrize("ending", ["", "/"])
def test_one_clip_goes_into_a_folder_by_the_name_that_it_would_have(
    make_clip, tmp_path, ending
) -> None:
    folder = tmp_path / "out"
    if not ending:
        folder.mkdir()
    clip = make_clip("a.mkv")
    assert slow(clip, "-o", f"{folder}{ending}", "--codec", "vp9") == 0
    assert names(folder) == [FILE_NAME, "a.slow2x.webm", "a.slow2x.xsheet.json"]
    assert slow(clip, "-o", tmp_path / "one.webm") == 0
    assert names(tmp_path) == ["a.mkv", "one.webm", "one.xsheet.json", "out"]  # and no queue


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.mp4", "b.mp4"), "several clips need a folder"),
        (("a.mp4", "b.mp4", "-o", "out.mp4"), "is the name of a file, and a folder is needed"),
        (("a.mp4", "b.mp4", "-o", "a.mp4"), "is the name of a file, and a folder is needed"),
        (("a.mp4", "a.mkv", "-o", "out"), "would both be"),
        (("a.mp4", "./a.mp4", "-o", "out"), "is named twice"),
        (("a.mp4", "b.mp4", "-o", "a.mp4/out"), "cannot make the folder"),
        (("a.mp4", "b.mp4", "-o", "out", "--xsheet", "a.json"), "sheet is of one clip"),
        (("a.mp4", "b.mp4", "-o", "out", "--model", "none"), "does not exist; give another with"),
        ((), "no INPUT is given; name a video file"),
        (("a.mp4", "--watch", ".", "-o", "out"), "give no INPUT beside it"),
        (("--watch", "."), "several clips need a folder"),
        (("--watch", ".", "-o", "."), "name one folder"),
        (("--watch", "none", "-o", "out"), "is no folder; name one that is there"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    make_clip, tmp_path, capsys, monkeypatch, arguments, words
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "a.mkv", "b.mp4"):
        make_clip(name)
    assert words in refused(capsys, "slow", *arguments)
    assert names(tmp_path) == ["a.mkv", "a.mp4", "b.mp4"]


def test_a_model_is_loaded_once_for_all_clips(make_clip, tmp_path, monkeypatch) -> None:
    loaded: list[int] = []

    def load(settings, device):
        from nakawari.slowmo.baselines import blend

        loaded.append(settings.seed)
        return blend

    monkeypatch.setattr("nakawari.cli.slowing.chosen_model.load_interpolator", load)
    clips = [make_clip(name, frames=6) for name in ("a.mp4", "b.mp4")]
    assert slow(*clips, "-o", tmp_path / "out") == 0
    assert loaded == [0]
    assert slow(*clips, "-o", tmp_path / "other", "--seed", "3") == 0
    assert loaded == [0, 3]


def watch_while(monkeypatch, *events) -> None:
    """Let the watch find files at once; do one of the events in each pause, then press Ctrl-C."""
    left = iter(events)

    def nap(seconds: float) -> None:
        event = next(left, None)
        if event is None:
            raise KeyboardInterrupt
        event()

    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(watch.time, "sleep", nap)
    monkeypatch.setattr(watch, "FolderWatch", lambda folder: FolderWatch(folder, 0.0))


def test_clips_that_appear_are_slowed_and_other_files_told_once(
    make_clip, tmp_path, capsys, monkeypatch
) -> None:
    incoming, folder = tmp_path / "in", tmp_path / "out"
    incoming.mkdir()
    (incoming / "notes.txt").write_text("a poem, and no film")
    clips = {name: make_clip(name) for name in ("a.mp4", "a.mkv", "b.mp4")}

    def bring(name: str):
        return lambda: clips[name].rename(incoming / name)

    def write_more() -> None:
        (incoming / "notes.txt").write_text("a longer poem, and no film either")

    watch_while(monkeypatch, bring("a.mp4"), write_more, bring("a.mkv"), bring("b.mp4"))
    assert slow("--watch", incoming, "-o", folder) == 130
    printed = capsys.readouterr()
    done = [line.partition(":")[0] for line in printed.out.splitlines()]
    assert done == [f"{folder}/a.slow2x.mp4", f"{folder}/b.slow2x.mp4"]
    notes = [line for line in printed.err.replace("\r", "\n").splitlines() if "note:" in line]
    assert len(notes) == 5
    assert "waiting for clips" in notes[0]
    assert "notes.txt is no video that can be read" in notes[1]
    assert notes[1].endswith("; it is left alone")
    assert notes[2].endswith("a.mp4 is queued")
    assert "would both become a.slow2x.mp4; it is left alone" in notes[3]
    assert notes[4].endswith("b.mp4 is queued")
    watch_while(monkeypatch)
    assert slow("--watch", incoming, "-o", folder) == 130
    assert capsys.readouterr().out == ""  # nothing is done twice


def test_a_watched_folder_that_is_gone_for_a_while_is_told_once(
    make_clip, tmp_path, capsys, monkeypatch
) -> None:
    incoming, away = tmp_path / "in", tmp_path / "away"
    incoming.mkdir()
    make_clip("a.mp4").rename(incoming / "a.mp4")
    incoming_back = [lambda: away.rename(incoming)]
    watch_while(monkeypatch, lambda: incoming.rename(away), *[lambda: None] * 3, *incoming_back)
    assert slow("--watch", incoming, "-o", tmp_path / "out") == 130
    assert capsys.readouterr().err.count("cannot be read (No such file or directory)") == 1


NEVER = """
import sys, time
from nakawari.cli import main
from nakawari.slowmo import baselines
baselines.BASELINES["never"] = lambda *arguments: time.sleep(600)
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_ends_a_watch_that_draws_and_its_job_stays_queued(make_clip, tmp_path) -> None:
    incoming, folder = tmp_path / "in", tmp_path / "out"
    incoming.mkdir()
    make_clip("a.mp4").rename(incoming / "a.mp4")
    words = ["slow", "--watch", str(incoming), "-o", str(folder), "--model", "never"]
    with subprocess.Popen(
        [sys.executable, "-c", NEVER, *words], stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "is queued" in line:
                break
        until = time.monotonic() + 60
        while not any(MARK in name for name in names(folder)) and time.monotonic() < until:
            time.sleep(0.1)  # until it writes, and so draws
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait() == 130
    took = time.monotonic() - began
    assert took < PATIENCE
    assert "stopped; what was drawn is kept" in said
    assert states(folder) == [State.WAITING]


def test_a_cancelled_clip_is_told_and_is_no_failure(
    make_clip, tmp_path, capsys, monkeypatch
) -> None:
    folder = tmp_path / "out"

    def cancelled(*arguments):
        from nakawari.queue.worker import cancel

        with JobStore(folder / FILE_NAME) as store:
            cancel(store, 1)
        return slow_down(*arguments)

    monkeypatch.setattr("nakawari.slowmo.job.slow_down", cancelled)
    monkeypatch.setattr("nakawari.queue.worker.REPORT_SECONDS", 0.0)
    assert slow(make_clip("a.mp4"), "-o", f"{folder}/") == 0
    printed = capsys.readouterr()
    assert printed.out == "1 clip: 1 cancelled\n"
    assert "nakawari: note: a.mp4 was cancelled" in printed.err
    assert names(folder) == [FILE_NAME]
