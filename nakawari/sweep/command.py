"""The command of a trial, filled in exactly as W&B's agent fills it in. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

MACROS = ("env", "interpreter", "program", "args", "args_no_equals", "args_no_hyphens",
          "args_no_boolean_flags", "args_json")  # fmt: skip


def check_template(command: Sequence[str]) -> None:
    """Raise ``ValueError`` for an unknown macro, and for a command without an ``${args...}``."""
    for token in command:
        if token.startswith("${") and token.endswith("}") and token[2:-1] not in MACROS:
            known = ", ".join("${" + macro + "}" for macro in MACROS)
            raise ValueError(f"command: {token} is not known without W&B; use {known}")
    if not any(token.startswith("${args") for token in command):
        raise ValueError("command: ${args} is missing, so that no trial would get its settings")


def expand(command: Sequence[str], program: str, settings: Mapping[str, Any]) -> list[str]:
    """Return the tokens of a trial's command.

    Args:
        command: a template that ``check_template`` accepts.
        program: the training's script.
        settings: values by the dotted names of the settings.
    """
    flags = [f"{name}={value}" for name, value in settings.items()]
    replacements = {
        "env": ["/usr/bin/env"],
        "interpreter": ["python"],
        "program": [program],
        "args": [f"--{flag}" for flag in flags],
        "args_no_equals": [
            token for name, value in settings.items() for token in (f"--{name}", str(value))
        ],
        "args_no_hyphens": flags,
        "args_no_boolean_flags": [
            f"--{name}" if value is True else f"--{name}={value}"
            for name, value in settings.items()
            if value is not False
        ],
        "args_json": [json.dumps(dict(settings))],
    }
    tokens: list[str] = []
    for token in command:
        is_macro = token.startswith("${") and token.endswith("}")
        tokens += replacements[token[2:-1]] if is_macro else [token]
    return tokens
