"""A tiny training of stage 1 in a process of its own, to be killed."""

import csv
import importlib
import io
import multiprocessing
import os
import random
import subprocess
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import torch

UPDATES = 16
SETTINGS = {
    "data.workers": 0,
    "data.batch_size": 2,
    "data.validation_samples": 2,
    "trainer.max_updates": UPDATES,
    "trainer.validate_every": 4,
    "trainer.log_every": 1,
}
# Imports what takes seconds to import once, and is forked for every training.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["autoencoder.train", "tests.training.tiny_training"])


class Training(NamedTuple):
    """A training under way."""

    process: BaseProcess
    run: Path
    output: Path


def arguments(run: Path, **settings: object) -> list[str]:
    """Return the arguments of a tiny training in ``run``; in a setting's name ``__`` is a dot."""
    given = {name.replace("__", "."): value for name, value in settings.items()}
    listed = ["--config", "configs/autoencoder/smoke.yaml"]
    for name, value in (SETTINGS | {"trainer.run": run} | given).items():
        listed += [f"--{name}", str(value)]
    return listed


def start(run: Path, **settings: object) -> Training:
    """Begin, or go on with, the training in ``run``."""
    return start_script("autoencoder.train", arguments(run, **settings), run)


def run_two_ranks(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script by torchrun in two ranks, over gloo; it must succeed. Return what it said."""
    said = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"),
            *(script, *words),
        ],
        env=os.environ | {"PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return said


def start_script(script: str, argv: list[str], run: Path, terminal: str | None = None) -> Training:
    """Begin the training in ``run`` that a module's ``main`` makes of its arguments.

    It leads a session of its own. Its output goes to a file, or to a terminal by its name.
    """
    output = run.with_suffix(".txt")
    output.touch()
    process = _CONTEXT.Process(target=_train, args=(script, argv, terminal or output))
    process.start()
    return Training(process, run, output)


def _train(script: str, argv: list[str], output: str | Path) -> None:
    os.setsid()
    # The first terminal that a session opens is its own, and its end is told by SIGHUP.
    descriptor = os.open(output, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), line_buffering=True)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), line_buffering=True)
    torch.set_num_threads(1)
    multiprocessing.set_start_method("fork", force=True)  # of the workers, as in any training
    importlib.import_module(script).main(argv)


def finish(training: Training, status: int = 0) -> str:
    """Wait for the end, which must have ``status``, and return what was said."""
    training.process.join(timeout=240)
    said = training.output.read_text()
    assert training.process.exitcode == status, (training.process.exitcode, said)
    return said


def interrupt(training: Training, update: int, signal_number: int) -> None:
    """Send a signal at some moment after ``update`` has been logged."""
    deadline = time.monotonic() + 240
    while max((int(row["step"]) for row in rows(training.run) if row["step"]), default=0) < update:
        assert training.process.is_alive(), training.output.read_text()
        assert time.monotonic() < deadline, "the training does not get on"
        time.sleep(0.005)
    time.sleep(random.random() * 0.1)
    os.kill(training.process.pid or 0, signal_number)


def rows(run: Path) -> list[dict[str, str]]:
    """Return the metrics so far."""
    file = run / "figures" / "metrics.csv"
    try:
        return list(csv.DictReader(file.read_text().rpartition("\n")[0].splitlines()))
    except FileNotFoundError:
        return []


def losses(run: Path) -> list[tuple[int, str, str]]:
    """Return every metric of training and validation, as written: update, name, value."""
    return sorted(
        (int(row["step"]), name, value)
        for row in rows(run)
        for name, value in row.items()
        if value and name.startswith(("train/", "validation/"))
    )
