"""A run that is killed twenty times, at any moments, gives the frames of one that was not."""

import subprocess
import sys

from nakawari import cli
from tests.conftest import painting

KILLS = 20


def test_twenty_kills_change_no_bit_of_the_output(make_clip, tmp_path) -> None:
    clip = make_clip(paintings=[painting(number) for number in range(120)], tone=440.0)
    folder = tmp_path / "out"
    folder.mkdir()
    killed, whole = folder / "killed.mp4", tmp_path / "whole.mp4"
    done = subprocess.run(
        [sys.executable, "-m", "tests.robustness.resuming", str(clip), str(killed), str(KILLS)],
        capture_output=True, text=True, check=True, timeout=900,
    )  # fmt: skip
    *stopped, last = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    assert [status for status, _ in stopped] == [-9] * KILLS
    kept = [frames for _, frames in stopped]
    assert kept == sorted(kept)  # nothing is lost again
    assert len(set(kept)) > 4  # and kills came in the midst of the drawing
    assert last == [0, 0]
    words = ["slow", str(clip), "--slow", "8", "--holds", "keep", "-o", str(whole)]
    assert cli.main([*words, "--model", "blend"]) == 0
    assert killed.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["killed.mp4", "killed.xsheet.json"]
