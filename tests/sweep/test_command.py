"""A trial's command is W&B's own expansion of it, and starts one run on however many ranks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from wandb import wandb_agent

from nakawari.sweep.command import MACROS, expand
from nakawari.sweep.plan import read_plan

SETTINGS = {
    "trainer.learning_rate": 0.0007,
    "model.channels": [16, 24],
    "trainer.resume": True,
    "train_unet": False,
    "data.art": "a folder",
}


def by_wandb(
    command: list[str],
    program: str,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
) -> SimpleNamespace:
    """Have W&B's agent start a trial as it does when the server says so; return its process."""
    monkeypatch.setenv("WANDB_DIR", str(folder))
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    monkeypatch.setenv("WANDB_RUN_ID", "")  # restored afterwards: the agent sets it for good
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", "")
    agent = wandb_agent.Agent(api=None, queue=None)
    agent._sweep_command = list(command)
    arguments = {name: {"value": value} for name, value in settings.items()}
    agent._command_run({"run_id": "run1", "program": program, "args": arguments})
    return agent._run_processes["run1"]


@pytest.mark.parametrize("macro", [macro for macro in MACROS if macro.startswith("args")])
def test_the_expansion_is_w_and_bs(
    macro: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wandb_agent, "AgentProcess", SimpleNamespace)
    command = ["${env}", "${interpreter}", "-u", "${program}", "--fixed=1", "${" + macro + "}"]
    theirs = by_wandb(command, "train.py", SETTINGS, monkeypatch, tmp_path)
    assert expand(command, "train.py", SETTINGS) == theirs.command


def test_a_trial_on_two_ranks_is_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """W&B's agent starts the shipped command; torchrun stands in for accelerate's multi-GPU."""
    plan = read_plan(Path("configs/sweeps/demo.yaml"))
    assert list(plan.command[:2]) == ["accelerate", "launch"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, "--nproc_per_node=2", *plan.command[2:]]
    command[command.index("--trainer.run=runs/sweeps/demo/$WANDB_RUN_ID")] = (
        f"--trainer.run={tmp_path}/$WANDB_RUN_ID"
    )
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    settings = {
        **plan.constants,
        "trainer.max_updates": 2,
        "trainer.validate_every": 2,
        "trainer.learning_rate": 1e-3,
        "data.validation_samples": 2,
        "data.batch_size": 1,
        "data.workers": 0,
    }
    process = by_wandb(command, plan.program, settings, monkeypatch, tmp_path)
    try:
        assert process.wait(timeout=400) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert capfd.readouterr().out.count("training on 2 x cpu") == 1
    records = [path for path in tmp_path.rglob("run-*.wandb") if not path.parent.is_symlink()]
    assert len({path.resolve() for path in records}) == 1
    assert records[0].name == "run-run1.wandb"
    assert (tmp_path / "run1" / "last.ckpt").is_file()
    assert len(list(tmp_path.glob("*/last.ckpt"))) == 1
