"""One trial: a training in processes of its own, whose metrics are watched while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nakawari.sweep.metrics import validation_metrics

LOG_FILE = "trial.log"
_POLL = 0.5  # s between two looks at a training's metrics
_LOOK = 0.05  # s between two looks at whether a group of processes has ended
_DEATH = 10.0  # s to wait for killed processes to be gone
_GRACE = 120.0  # s that a training gets to save its state
_TAIL = 8  # how many of the last lines of a failed training are shown


class TrialFailedError(Exception):
    """A training ended with an error or without a validation; says what it printed last."""


def run_trial(
    command: Sequence[str], run: Path, metric: str, on_metrics: Callable[[list[float]], bool]
) -> list[float]:
    """Run a training to its end and return its validation metrics.

    What it prints goes to ``trial.log`` in its folder. Whatever ends this call, no process of the
    training is left behind. Raises ``TrialFailedError`` if the training fails or logs no metric.

    Args:
        command: tokens.
        run: the folder that the training writes to.
        metric: the metric's name.
        on_metrics: is called with all metrics so far whenever there are more; if it returns True,
            the training is told to end (it saves its state first).
    """
    run.mkdir(parents=True, exist_ok=True)
    # This Python's folder comes first, so that its environment need not be activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with (run / LOG_FILE).open("w") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": path},
            start_new_session=True,  # a group, so that launcher and ranks end together
        )
        try:
            metrics = _watch(process, run, metric, on_metrics)
        finally:
            _end(process)
    if metrics is not None:
        return metrics
    if process.returncode != 0:
        raise TrialFailedError(f"exit status {process.returncode}: {_last_words(run)}")
    metrics = validation_metrics(run, metric)
    if not metrics:
        raise TrialFailedError(f"it logged no {metric}: {_last_words(run)}")
    on_metrics(metrics)
    return metrics


def _watch(
    process: subprocess.Popen[bytes],
    run: Path,
    metric: str,
    on_metrics: Callable[[list[float]], bool],
) -> list[float] | None:
    """Wait for the training's end; return the metrics if it is to end early, else ``None``."""
    seen = 0
    while True:
        try:
            process.wait(_POLL)
        except subprocess.TimeoutExpired:
            metrics = validation_metrics(run, metric)
            if len(metrics) > seen:
                seen = len(metrics)
                if on_metrics(metrics):
                    return metrics
        else:
            return None


def _end(process: subprocess.Popen[bytes], grace: float = _GRACE) -> None:
    """End the whole process group by SIGTERM, and after ``grace`` seconds by SIGKILL.

    The launcher ends at once, but the training that it started may still be saving.
    """
    for wish, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, _DEATH)):
        try:
            os.killpg(process.pid, wish)
        except ProcessLookupError:
            return
        if _is_gone(process, seconds):
            return


def _is_gone(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether a group's last process has ended, after waiting for at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        process.poll()  # reaps it: as a zombie it would stay in the group
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(_LOOK)
    return False


def _last_words(run: Path) -> str:
    lines = (run / LOG_FILE).read_text(errors="replace").split("\n")
    return " | ".join([line.strip() for line in lines if line.strip()][-_TAIL:]) or "no output"
