"""A run that is stopped ends within moments, and leaves nothing that blocks the next."""

import subprocess
import sys

from nakawari.whole import PREFIX

PATIENCE = 10  # s, of a busy machine; on an idle one it is a little over one


def test_twenty_runs_are_stopped_and_the_next_one_works(make_clip, tmp_path) -> None:
    clip, folder = make_clip(frames=24), tmp_path / "out"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.robustness.killing", str(clip), str(folder)],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    *stopped, last = [line.split() for line in done.stdout.splitlines()]
    assert len(stopped) == 20
    for kind, status, seconds, *left in stopped:
        assert float(seconds) < PATIENCE
        if kind == "SIGKILL":
            assert all(name.startswith(PREFIX) for name in left)
            assert len(left) <= 1
        else:
            # Before the command has begun to listen to signals, they end it as they are.
            assert int(status) in (130, -2, -15, -1)
            assert left == []
    assert last[1] == "0"
    assert last[3:] == ["out.mp4", "out.xsheet.json"]
