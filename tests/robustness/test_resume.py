"""A run that is killed many times, at any moments, gives the frames of one that was not."""

import subprocess
import sys
from functools import partial
from pathlib import Path

from nakawari.slowmo.job import SlowJob, run_job
from tests.conftest import painting
from tests.robustness.resuming import LATEST, LEISURE, at_leisure

KILLS = 20
KILLS_OF_TAKES = 4
TAKES = 3


def killed(clip: Path, output: Path, kills: int, takes: int = 1) -> list[list[int]]:
    """Return what ``resuming`` tells of each run."""
    words = ["-m", "tests.robustness.resuming", str(clip), str(output), str(kills), str(takes)]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=True, timeout=900
    )
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


def test_twenty_kills_change_no_bit_of_the_output(make_clip, tmp_path) -> None:
    intervals = round(1.2 * KILLS * LATEST / LEISURE)  # more than can be drawn before the last kill
    paintings = [painting(number) for number in range(intervals + 1)]
    clip = make_clip(paintings=paintings, tone=440.0)
    folder = tmp_path / "out"
    folder.mkdir()
    output, whole = folder / "killed.mp4", tmp_path / "whole.mp4"
    *stopped, last = killed(clip, output, KILLS)
    assert [status for status, *_ in stopped] == [-9] * KILLS
    kept = [frames for _, frames, _ in stopped]
    assert kept == sorted(kept)  # nothing is lost again
    assert len(set(kept)) > 4  # and kills came in the midst of the drawing
    assert last == [0, 0, 0]
    job = SlowJob(source=clip, output=whole, factor=8, holds="keep")
    run_job(job, lambda: at_leisure, "cpu")
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["killed.mp4", "killed.xsheet.json"]


def test_kills_change_no_bit_of_the_takes_that_are_compared(make_clip, tmp_path) -> None:
    clip = make_clip(paintings=[painting(number) for number in range(9)])
    folder = tmp_path / "out"
    folder.mkdir()
    output, whole = folder / "killed.mp4", tmp_path / "whole" / "killed.mp4"
    whole.parent.mkdir()
    *stopped, last = killed(clip, output, KILLS_OF_TAKES, TAKES)
    assert [status for status, *_ in stopped] == [-9] * KILLS_OF_TAKES
    compared = [files for *_, files in stopped]
    assert compared == sorted(compared)
    assert len(set(compared)) > 1  # kills came in the midst of comparing
    assert last == [0, 0, 0]
    job = SlowJob(source=clip, output=whole, factor=8, holds="keep", takes=TAKES)
    run_job(job, lambda: at_leisure, "cpu", reseed=lambda artist, seed: partial(artist, seed=seed))
    names = {path.relative_to(whole.parent) for path in whole.parent.rglob("*") if path.is_file()}
    assert len(names) == 2 + 1 + 8 * TAKES  # output, sheet, list, and the takes of each interval
    assert {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} == names
    for name in names:
        assert (folder / name).read_bytes() == (whole.parent / name).read_bytes()
