"""``nakawari serve``: serves the page until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from nakawari.cli.arguments import path, positive_int
from nakawari.errors import UserError
from nakawari.parsing import whole_number
from nakawari.wording import printable

NEEDED = ("starlette", "uvicorn")
# -P: modules in the folder where the command was given must not be imported.
WORKER = (sys.executable, "-P", "-m", "nakawari.cli.serve_worker")
WHEN_STOPPED = "what waits stays queued, and the same command goes on from there"
GB = 10**9


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    serve = commands.add_parser(
        "serve",
        help="a page in the browser: clips, their drawings to correct, and the queue",
        description="Serve a page to this machine's browser: drop clips, correct their drawings, "
        "slow them down, take the results away.",
    )
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="to listen on; any but 127.0.0.1 lets in only who has the link that is printed "
        "(default: 127.0.0.1)",
    )  # fmt: skip
    serve.add_argument("--port", type=_port, default=8080, metavar="N", help="(default: 8080)")
    serve.add_argument(
        "--folder", type=path, default=Path.home() / "Nakawari", metavar="DIR",
        help="for the clips, and all that is made of them (default: Nakawari in your home)",
    )  # fmt: skip
    serve.add_argument(
        "--user", action="append", metavar="NAME", dest="users",
        help="with another --host: who is let in, each with clips of their own; may be repeated "
        "(default: editor)",
    )  # fmt: skip
    serve.add_argument(
        "--max-upload", type=positive_int, default=64, metavar="GB",
        help="size of an upload at most (default: 64)",
    )  # fmt: skip
    serve.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> None:
    """Run ``nakawari serve``: check, print where the page is, and serve it until Ctrl-C."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the page needs {', '.join(missing)}; install what it needs with "
            "pip install 'nakawari[web]'"
        )
    from nakawari.serve.server import serve
    from nakawari.serve.settings import ServeSettings

    folder = Path(os.path.abspath(args.folder))
    settings = ServeSettings(
        host=args.host,
        port=args.port,
        folder=folder,
        users=tuple(args.users or ("editor",)),
        most_bytes=args.max_upload * GB,
    )
    args.when_stopped = WHEN_STOPPED
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the folder {folder} ({error.strerror}); choose another"
        ) from error
    serve(settings, WORKER, lambda line: print(printable(line), flush=True))


def _port(text: str) -> int:
    value = whole_number(text)
    if value is None or not 1 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no port; give one from 1 to 65535")
    return value
