"""A queue whose worker is killed again and again makes what one makes that is left in peace."""

import subprocess
import sys

import numpy as np

from nakawari import cli
from nakawari.queue.store import FILE_NAME
from nakawari.video.reader import VideoReader
from tests.conftest import painting

KILLS = 6


def test_kills_amid_two_clips_change_no_frame(make_clip, tmp_path) -> None:
    clips = [
        make_clip(name, paintings=[painting(first + number) for number in range(20)])
        for name, first in [("a.mp4", 0), ("b.mp4", 7)]
    ]
    folder = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "tests.queue.killing", str(KILLS), str(folder), *map(str, clips)],
        capture_output=True, text=True, check=True, timeout=900,
    )  # fmt: skip
    *killed, last = [line.split() for line in done.stdout.splitlines()]
    assert len(killed) == KILLS
    assert any("running" in states for _, *states in killed)  # kills came amid the work
    assert all(len(states) <= 2 for _, *states in killed)  # and no job was added twice
    assert last == ["0", "done", "done"]
    for clip in clips:
        whole = tmp_path / f"{clip.stem}.whole.mp4"
        words = ["slow", str(clip), "--slow", "3", "--holds", "keep", "-o", str(whole)]
        assert cli.main([*words, "--model", "blend"]) == 0
        with VideoReader(folder / f"{clip.stem}.slow3x.mp4") as ours, VideoReader(whole) as theirs:
            pairs = list(zip(ours.frames(), theirs.frames(), strict=True))
        assert len(pairs) == 60
        for one, other in pairs:
            for plane, expected in zip(one.picture, other.picture, strict=True):
                np.testing.assert_array_equal(plane, expected)
    assert sorted(path.name for path in folder.iterdir()) == [
        FILE_NAME, "a.slow3x.mp4", "a.slow3x.xsheet.json", "b.slow3x.mp4", "b.slow3x.xsheet.json",
    ]  # fmt: skip
