"""``nakawari --print-completion SHELL``: a script that completes commands, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

SHELLS = ("bash", "zsh")
"""The shells for which ``shtab`` writes scripts that complete every command's options."""


class PrintCompletion(argparse.Action):
    """Prints the script for a shell, which is made from the parser itself, and exits."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        import shtab  # here: no other command needs it

        print(shtab.complete(parser, str(values)))
        parser.exit(0)
