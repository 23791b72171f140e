"""Whatever ends a training, it can be resumed, and then nobody can tell that it was ended."""

import os
import random
import signal
from pathlib import Path

import pytest
import torch

from tests.training.process import UPDATES, finish, interrupt, losses, start


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("uninterrupted") / "run"
    finish(start(run))
    assert {step for step, _, _ in losses(run)} == set(range(1, UPDATES + 1))
    return run


def assert_same(run: Path, uninterrupted: Path) -> None:
    assert losses(run) == losses(uninterrupted)
    for folder in ("weights", "best"):
        name = f"{folder}/diffusion_pytorch_model.safetensors"
        assert (run / name).read_bytes() == (uninterrupted / name).read_bytes()


def test_killed_at_random_updates_and_resumed(uninterrupted: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for update in sorted(random.Random().sample(range(1, UPDATES - 2), 4)):
        training = start(run, trainer__resume=True)
        interrupt(training, update, signal.SIGKILL)
        finish(training, -signal.SIGKILL)
    finish(start(run, trainer__resume=True))
    assert_same(run, uninterrupted)


@pytest.mark.parametrize(
    ("kind", "update"), [(signal.SIGTERM, 5), (signal.SIGTERM, 7), (signal.SIGINT, 10)]
)
def test_told_to_stop_and_resumed(
    uninterrupted: Path, tmp_path: Path, kind: signal.Signals, update: int
) -> None:
    run = tmp_path / "run"
    training = start(run)
    interrupt(training, update, kind)
    if kind == signal.SIGINT:  # as torchrun, which got it from the terminal as well, passes it on
        os.kill(training.process.pid or 0, signal.SIGINT)
    said = finish(training, 128 + kind)
    assert f"{kind.name}: saving after this update, then stopping" in said
    assert "Traceback" not in said
    done = max(step for step, _, _ in losses(run))
    assert update <= done < UPDATES
    # Not one update is lost.
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == done
    assert (run / "weights" / "config.json").is_file()
    finish(start(run, trainer__resume=True))
    assert_same(run, uninterrupted)
