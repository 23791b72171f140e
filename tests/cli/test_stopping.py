"""Ctrl-C leaves nothing, and ends a command even while in-betweens are drawn that take minutes."""

import os
import signal
import subprocess
import sys
import time

from nakawari import cli
from nakawari.slowmo.slow import slow_down

PATIENCE = 10  # s, of a busy machine; on an idle one a stop takes less than one
NEVER = """
import os, sys, time
from nakawari.cli import main
from nakawari.slowmo import baselines, fallback

def never(*frames):
    os.write(1, b"drawing\\n")  # at once, whatever the other threads write
    time.sleep(600)

baselines.BASELINES["never"] = never
fallback.workers_for = lambda *clip: 3
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_ends_the_drawing_of_several_intervals_in_one_line(make_clip, tmp_path) -> None:
    clip = make_clip(frames=12)
    words = ["slow", str(clip), "-o", str(tmp_path / "out.mp4"), "--model", "never"]
    with subprocess.Popen(
        [sys.executable, "-c", NEVER, *words, "--holds", "keep"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["drawing\n"] * 3
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate()
        took = time.monotonic() - began
    assert process.returncode == 130
    assert took < PATIENCE
    assert printed == ""
    lines = [line for line in said.splitlines() if "nakawari" in line or "Traceback" in line]
    assert lines == ["nakawari: stopped; nothing was left behind"]
    assert [path.name for path in tmp_path.iterdir()] == [clip.name]


def test_ctrl_c_leaves_nothing(make_clip, tmp_path, capsys, monkeypatch) -> None:
    words = ["slow", str(make_clip()), "-o", str(tmp_path / "out.mp4")]

    def interrupted(frames, *rest):
        slow_down(frames, *rest)
        raise KeyboardInterrupt

    monkeypatch.setattr("nakawari.slowmo.job.slow_down", interrupted)
    assert cli.main([*words, "--model", "blend"]) == 130
    assert "nothing was left behind" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


DROPPED = """
import os, signal, sys, time
from nakawari.cli.stopping import stop_on_signals

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)  # the signal comes in here, where nobody can catch what it raises

stop_on_signals()
try:
    Finalised()
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_a_signal_that_finds_a_finaliser_stops_the_command_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DROPPED], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 130
    assert done.stderr == ""
