"""A sweep as W&B's YAML describes it: the program, the settings that vary, and the metric."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from nakawari.errors import UserError
from nakawari.sweep.command import check_template

Method = Literal["grid", "random", "bayes"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A setting that takes one of several values."""

    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number from ``low`` to ``high``, both included.

    With ``log`` its logarithm is drawn uniformly. ``step``, if given, restricts it to ``low`` plus
    a multiple of the step. With ``whole`` it is an integer.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False


Parameter = Choice | Range


@dataclass(frozen=True, kw_only=True)
class EarlyEnd:
    """Stop all but the best 1/``factor`` after ``first``, ``first * factor``, … validations."""

    first: int
    factor: int = 3


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """What a sweep file says.

    ``constants`` are settings that are the same in every trial; ``parameters`` vary.
    """

    program: str
    command: tuple[str, ...]
    method: Method
    metric: str
    minimize: bool
    constants: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    early_end: EarlyEnd | None = None


def read_plan(path: Path) -> SweepPlan:
    """Read a sweep file; ``UserError`` says what is missing in it or not understood."""
    try:
        if path.exists() and not path.is_file():  # reading a FIFO would wait for its writer
            raise UserError(f"the sweep {path} is not a file; give its YAML file")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the sweep {path} ({error.strerror})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    try:
        return _plan(content)
    except (ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{path}: {error}") from error


def _plan(content: Any) -> SweepPlan:
    if not isinstance(content, dict):
        raise ValueError("a sweep has program, method, metric, parameters and command")
    known = {"program", "method", "metric", "parameters", "command", "early_terminate"}
    # These matter to W&B only, and are ignored here.
    known |= {"name", "description", "project", "entity", "run_cap"}
    if unknown := content.keys() - known:
        raise ValueError(f"cannot do {', '.join(sorted(map(str, unknown)))} without W&B; remove it")
    for name in ("program", "metric", "parameters", "command"):
        if not content.get(name):
            raise ValueError(f"{name} is missing")
    method = content.get("method", "bayes")
    if method not in ("grid", "random", "bayes"):
        raise ValueError(f"method must be grid, random or bayes, got {method!r}")
    metric = content["metric"]
    if not isinstance(metric, dict) or "name" not in metric:
        raise ValueError("metric needs a name, such as validation/lpips")
    if (goal := metric.get("goal", "minimize")) not in ("minimize", "maximize"):
        raise ValueError(f"metric.goal must be minimize or maximize, got {goal!r}")
    if not isinstance(content["command"], list):
        raise ValueError("command must be a list of words")
    if not isinstance(content["parameters"], dict):
        raise ValueError("parameters must be settings, each with value, values, or min and max")
    command = tuple(map(str, content["command"]))
    check_template(command)
    constants: dict[str, Any] = {}
    parameters: dict[str, Parameter] = {}
    for name, description in content["parameters"].items():
        if isinstance(description, dict) and "value" in description:
            constants[name] = description["value"]
        else:
            parameters[name] = _parameter(name, description)
    if not parameters:
        raise ValueError("no parameter varies; give one values, or min and max")
    if method == "grid" and any(isinstance(one, Range) for one in parameters.values()):
        raise ValueError("method grid needs values for every parameter; give some, or use random")
    return SweepPlan(
        program=str(content["program"]),
        command=command,
        method=method,
        metric=str(metric["name"]),
        minimize=goal == "minimize",
        constants=constants,
        parameters=parameters,
        early_end=_early_end(content.get("early_terminate")),
    )


def _parameter(name: str, description: Any) -> Parameter:
    if not isinstance(description, dict):
        raise ValueError(f"parameters.{name} needs value, values, or min and max")
    if "values" in description:
        if not isinstance(description["values"], list) or not description["values"]:
            raise ValueError(f"parameters.{name}.values must be a list that is not empty")
        return Choice(values=tuple(description["values"]))
    if "min" not in description or "max" not in description:
        raise ValueError(
            f"parameters.{name} needs value, values, or min and max, got "
            f"{', '.join(description) or 'nothing'}; write nested settings with dots"
        )
    low, high = description["min"], description["max"]
    if not (isinstance(low, int | float) and isinstance(high, int | float)):
        raise ValueError(f"parameters.{name} needs numbers as min and max, got {low!r}, {high!r}")
    whole = isinstance(low, int) and isinstance(high, int)
    kind = str(description.get("distribution", "int_uniform" if whole else "uniform"))
    step = description.get("q")
    if kind.startswith("q_"):
        kind, step = kind.removeprefix("q_"), step or 1
    if kind == "log_uniform":  # here W&B's limits are exponents of e
        kind, low, high = "log_uniform_values", math.exp(low), math.exp(high)
    if kind not in ("uniform", "int_uniform", "log_uniform_values"):
        raise ValueError(
            f"parameters.{name}.distribution {kind!r} is not known without W&B; use uniform, "
            "int_uniform, log_uniform_values, q_uniform or log_uniform"
        )
    if not low < high or (kind == "log_uniform_values" and low <= 0):
        raise ValueError(f"parameters.{name} has no range from {low} to {high}")
    log = kind == "log_uniform_values"
    return Range(low=low, high=high, log=log, step=step, whole=kind == "int_uniform")


def _early_end(description: Any) -> EarlyEnd | None:
    if description is None:
        return None
    if not isinstance(description, dict) or description.get("type") != "hyperband":
        raise ValueError("early_terminate.type must be hyperband")
    factor = int(description.get("eta", 3))
    if "min_iter" in description:
        return EarlyEnd(first=int(description["min_iter"]), factor=factor)
    if "max_iter" not in description or "s" not in description:
        raise ValueError("early_terminate needs min_iter, or max_iter and s")
    first = int(description["max_iter"]) // factor ** int(description["s"])
    return EarlyEnd(first=max(first, 1), factor=factor)
