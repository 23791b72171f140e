"""The command line: ``nakawari slow``, ``queue``, ``serve``, ``xsheet``, ``dataset`` and so on.

torch and FFmpeg are loaded only when there is work that needs them.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from contextlib import suppress

from nakawari import __version__
from nakawari.cli import dataset, doctor, queue, serve, slow, sweep, xsheet
from nakawari.cli.arguments import Parser
from nakawari.cli.completion import SHELLS, PrintCompletion
from nakawari.cli.failures import failure_of
from nakawari.cli.stopping import INTERRUPTED, end_at_once_if_busy, stop_on_signals


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = Parser(prog="nakawari", description="Slow motion for anime.")
    parser.add_argument("--version", action="version", version=f"nakawari {__version__}")
    parser.add_argument(
        "--print-completion", action=PrintCompletion, choices=SHELLS,
        help="print a script that completes this command in a shell",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    slow.add_command(commands)
    queue.add_command(commands)
    serve.add_command(commands)
    xsheet.add_command(commands)
    dataset.add_command(commands)
    sweep.add_command(commands)
    doctor.add_command(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit status.

    The status is 0 for success, 2 for bad input, 1 for an error of our own, 130 if interrupted.
    Every failure is reported in one line.
    """
    _open_standard_streams()
    if not sys.warnoptions:  # warnings are for developers, and take several lines
        warnings.simplefilter("ignore")
    args = build_parser().parse_args(argv)
    stop_on_signals()
    try:
        args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        left = "nothing was left behind"
        if getattr(args, "resume", False):
            left = "what was drawn is kept, and --resume goes on from there"
        left = getattr(args, "when_stopped", left)
        print(f"nakawari: stopped; {left}", file=sys.stderr)
        end_at_once_if_busy(INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()  # the reader of our output, such as `head`, has closed it
    except Exception as error:
        failure = failure_of(error)
        print(f"nakawari: {failure.line}", file=sys.stderr)
        if isinstance(error, OSError):
            _give_up_stdout()
        end_at_once_if_busy(failure.status)
        return failure.status
    return 0


def _open_standard_streams() -> None:
    """Open standard streams that are closed, so that no other file gets their descriptor.

    Characters that a stream cannot show, such as those of a name in another encoding, are written
    as escapes.
    """
    with suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _give_up_stdout() -> None:
    """Discard the output that is still buffered, or Python would report an error at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
