"""Whoever ends a training from outside gets its last update saved, and an exit status that says so.

The trainings are tiny, their processes, their data's workers and their terminals real.
"""

import multiprocessing
import os
import pty
import signal
import subprocess
import time
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
import torch

from nakawari.training.stopping import StopOnSignal, leave_the_end_to_the_trainer
from tests.training.process import Training, finish, interrupt, rows, start_script

SCRIPT = "tests.training.tiny_training"


def begin(run: Path, workers: int = 0, terminal: str | None = None, **more: object) -> Training:
    settings = {
        "data.height": 16,
        "data.width": 16,
        "data.batch_size": 2,
        "data.workers": workers,
        "trainer.run": run,
        "trainer.log_every": 1,
        "trainer.max_updates": 1_000_000,
        "trainer.validate_every": 1_000_000,
        "trainer.first_validation": 0,
    }
    argv = [f"--{name}={value}" for name, value in (settings | more).items()]
    return start_script(SCRIPT, argv, run, terminal)


def assert_saved(run: Path) -> None:
    """See that no update is lost that was told of, and that the weights are there."""
    done = max(int(row["step"]) for row in rows(run))
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == done
    assert (run / "weights" / "weights.pt").is_file()


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_whole_group_ends_it_well(tmp_path: Path, kind: signal.Signals) -> None:
    training = begin(run := tmp_path / "run", workers=2)
    wait_for_update(training, 5)
    os.killpg(training.process.pid or 0, kind)  # the workers of the data get it, too
    said = finish(training, 128 + kind)
    assert f"{kind.name}: saving after this update, then stopping" in said
    assert "Traceback" not in said
    assert f"the weights are in {run / 'weights'}; the same command with" in said
    assert_saved(run)


def test_a_terminal_that_goes_away_costs_no_update(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = tmp_path / "run"
    training = begin(run, workers=1, terminal=os.ttyname(theirs))
    os.close(theirs)
    wait_for_update(training, 5)
    os.close(ours)  # from here on each write to it fails, and SIGHUP comes
    finish(training, 128 + signal.SIGHUP)
    assert_saved(run)


def test_a_signal_that_was_to_be_ignored_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = dict[int, object]()
    monkeypatch.setattr(signal, "signal", asked.__setitem__)
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)  # nohup's doing
    stop = StopOnSignal(lambda *_: None)
    stop.on_train_start(None, None)  # type: ignore[arg-type]
    assert set(asked) == {signal.SIGTERM, signal.SIGINT}


def test_a_second_signal_does_not_wait_and_ends_with_the_same_status(tmp_path: Path) -> None:
    run = tmp_path / "run"
    training = start_script(
        "tests.training.slow_training", [f"--trainer.run={run}", "--data.workers=0"], run
    )
    deadline = time.monotonic() + 240
    while "amid an update" not in training.output.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(training.process.pid or 0, signal.SIGINT)
    time.sleep(3.5)  # else it is the same press of Ctrl-C, told twice
    os.kill(training.process.pid or 0, signal.SIGINT)
    said = finish(training, 128 + signal.SIGINT)
    assert "Traceback" not in said


def wait_for_update(training: Training, update: int) -> None:
    interrupt(training, update, 0)  # signal 0 only asks whether it is there


def draw(begun: "Queue[int]") -> None:
    leave_the_end_to_the_trainer()
    begun.put(os.getpid())
    time.sleep(60)


def test_what_draws_samples_is_ended_by_its_trainer_alone() -> None:
    context = multiprocessing.get_context("fork")
    begun = context.Queue()
    worker = context.Process(target=draw, args=(begun,), daemon=True)
    worker.start()
    number = begun.get(timeout=60)
    for kind in ("TERM", "INT", "HUP"):
        subprocess.run(["kill", f"-{kind}", str(number)], check=True)
    time.sleep(0.5)
    assert worker.is_alive()
    worker.terminate()
    worker.join(timeout=60)
    assert worker.exitcode == 128 + signal.SIGTERM
