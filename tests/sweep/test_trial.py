"""A trial that is ended gets the time to save, whatever its launcher does."""

import subprocess
import sys
import time
from pathlib import Path

from nakawari.sweep.trial import _end

# As accelerate: a signal ends it at once, and leaves the training that it started to itself.
LAUNCHER = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
TRAINING = """
import pathlib, signal, sys, time
told = pathlib.Path(sys.argv[1])
def save(number, frame):
    if number == signal.SIGTERM and {saves}:
        time.sleep(0.5)
        told.write_text("saved")
        sys.exit()
signal.signal(signal.SIGTERM, save)
told.write_text("ready")
time.sleep(60)
"""


def started(told: Path, saves: bool) -> subprocess.Popen[bytes]:
    training = TRAINING.format(saves=saves)
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, training, str(told)], start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not told.exists() or told.read_text() != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_a_training_saves_though_its_launcher_is_gone(tmp_path: Path) -> None:
    process = started(tmp_path / "told", saves=True)
    _end(process)
    assert (tmp_path / "told").read_text() == "saved"


def test_a_training_that_does_not_end_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path / "told", saves=False)
    began = time.monotonic()
    _end(process, grace=1.0)
    assert time.monotonic() - began < 30
    assert (tmp_path / "told").read_text() == "ready"
