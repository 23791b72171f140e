"""Sweep files in W&B's format are read as W&B reads them, and the shipped ones fit the trainers."""

import math
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from autoencoder.config import AutoencoderConfig
from diffusion.config import DiffusionConfig
from nakawari.errors import UserError
from nakawari.sweep.command import expand
from nakawari.sweep.plan import Choice, EarlyEnd, Range, read_plan
from nakawari.training.config import parse_config

STAGES = {"autoencoder/train.py": AutoencoderConfig, "diffusion/train.py": DiffusionConfig}
WHOLE: dict[str, Any] = {
    "program": "train.py",
    "metric": {"name": "validation/lpips"},
    "parameters": {"x": {"values": [1, 2]}},
    "command": ["python", "${program}", "${args}"],
}


def read(tmp_path: Path, **changes: object) -> Any:
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump({**WHOLE, **changes}))
    return read_plan(path)


@pytest.mark.parametrize("file", sorted(Path("configs/sweeps").glob("*.yaml")), ids=str)
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_shipped_sweeps_give_settings_that_the_trainers_take(
    file: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_plan(file)
    settings = {
        name: one.values[0 if end == "low" else -1]
        if isinstance(one, Choice)
        else getattr(one, end)
        for name, one in plan.parameters.items()
    }
    command = expand(plan.command, plan.program, {**plan.constants, **settings})
    assert command[:3] == ["accelerate", "launch", plan.program]
    monkeypatch.setenv("WANDB_RUN_ID", "abc123")
    config: Any = parse_config(STAGES[plan.program], command[3:])
    assert config.trainer.run == f"runs/sweeps/{file.stem}/abc123"
    assert config.trainer.learning_rate == settings["trainer.learning_rate"]
    assert plan.minimize


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ({"values": ["a", "b"]}, Choice(values=("a", "b"))),
        ({"min": 1, "max": 4}, Range(low=1, high=4, whole=True)),
        ({"min": 0.5, "max": 4}, Range(low=0.5, high=4)),
        (
            {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
            Range(low=1e-4, high=1e-2, log=True),
        ),
        (
            {"distribution": "log_uniform", "min": -2, "max": 0},
            Range(low=math.exp(-2), high=1, log=True),
        ),
        (
            {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25},
            Range(low=0.0, high=1.0, step=0.25),
        ),
    ],
)
def test_distributions_are_w_and_bs(tmp_path: Path, description: dict, expected: object) -> None:
    assert read(tmp_path, parameters={"x": description}).parameters == {"x": expected}


def test_constants_do_not_vary(tmp_path: Path) -> None:
    plan = read(tmp_path, parameters={"x": {"values": [1, 2]}, "y": {"value": False}})
    assert plan.constants == {"y": False}
    assert list(plan.parameters) == ["x"]


@pytest.mark.parametrize(
    ("description", "first"),
    [({"min_iter": 4, "eta": 2}, 4), ({"max_iter": 27, "s": 2, "eta": 3}, 3)],
)
def test_early_ends_begin_where_w_and_b_begins(
    tmp_path: Path, description: dict, first: int
) -> None:
    plan = read(tmp_path, early_terminate={"type": "hyperband", **description})
    assert plan.early_end == EarlyEnd(first=first, factor=description["eta"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metric": None}, "metric is missing"),
        ({"metric": "loss"}, "metric needs a name"),
        ({"metric": {"name": "a", "goal": "max"}}, "metric.goal must be minimize or maximize"),
        ({"method": "magic"}, "method must be grid, random or bayes, got 'magic'"),
        ({"controller": {}}, "cannot do controller without W&B"),
        ({"parameters": {"x": {"value": 1}}}, "no parameter varies"),
        ({"parameters": {"x": 3}}, "parameters.x needs value, values, or min and max"),
        ({"parameters": {"x": {"parameters": {}}}}, "write nested settings with dots"),
        ({"parameters": {"x": {"values": []}}}, "parameters.x.values must be a list"),
        ({"parameters": {"x": {"min": 2, "max": 1}}}, "parameters.x has no range from 2 to 1"),
        (
            {"parameters": {"x": {"min": 1, "max": 2, "distribution": "beta"}}},
            "parameters.x.distribution 'beta' is not known",
        ),
        (
            {"method": "grid", "parameters": {"x": {"min": 1, "max": 2}}},
            "method grid needs values for every parameter",
        ),
        ({"command": ["python", "train.py"]}, "${args} is missing"),
        ({"command": ["${cat}", "${args}"]}, "${cat} is not known"),
        ({"command": "python ${args}"}, "command must be a list"),
        ({"parameters": ["x"]}, "parameters must be settings"),
        ({"parameters": {"x": {"min": "1e-4", "max": 1}}}, "needs numbers as min and max"),
        ({"early_terminate": {"type": "hyperband", "min_iter": None}}, "NoneType"),
        ({"early_terminate": {"type": "median"}}, "early_terminate.type must be hyperband"),
        ({"early_terminate": {"type": "hyperband"}}, "needs min_iter, or max_iter and s"),
    ],
)
def test_what_is_missing_or_not_understood_fails(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError, match=r"sweep\.yaml: ") as failure:
        read(tmp_path, **changes)
    assert told in str(failure.value)


def test_a_file_that_is_no_yaml_or_is_not_there_fails(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text("a: [")
    with pytest.raises(UserError, match="is no YAML"):
        read_plan(tmp_path / "sweep.yaml")
    (tmp_path / "sweep.yaml").write_text("- a")
    with pytest.raises(UserError, match="a sweep has program, method, metric"):
        read_plan(tmp_path / "sweep.yaml")
    for hostile in (b"\xff\xfe", b"[" * 2_000, b"a: " + b"9" * 5_000):
        (tmp_path / "sweep.yaml").write_bytes(hostile)
        with pytest.raises(UserError, match="is no YAML"):
            read_plan(tmp_path / "sweep.yaml")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is not a file"):
        read_plan(tmp_path / "pipe")
    with pytest.raises(UserError, match=r"cannot read the sweep .*No such file"):
        read_plan(tmp_path / "nowhere.yaml")
