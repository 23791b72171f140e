"""The command line: ``nakawari slow``, ``xsheet``, ``dataset`` and ``sweep``.

torch and FFmpeg are loaded only when there is work that needs them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import NoReturn

from nakawari import __version__
from nakawari.cli import dataset, slow, sweep, xsheet
from nakawari.cli.arguments import BAD_INPUT, Parser
from nakawari.errors import UserError

INTERRUPTED = 130  # exit status


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = Parser(prog="nakawari", description="Slow motion for anime.")
    parser.add_argument("--version", action="version", version=f"nakawari {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    slow.add_command(commands)
    xsheet.add_command(commands)
    dataset.add_command(commands)
    sweep.add_command(commands)
    return parser


def _stop(signal_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 2 for bad input, 130 when interrupted."""
    args = build_parser().parse_args(argv)
    if threading.current_thread() is threading.main_thread():
        # So that a polite kill, too, leaves no half-written file behind.
        signal.signal(signal.SIGTERM, _stop)
    try:
        args.run(args)
        sys.stdout.flush()
    except UserError as error:
        print(f"nakawari: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("nakawari: stopped; nothing was left behind", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever reads our output, such as `head`, has seen enough. Without another stdout Python
        # would complain about this one at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
