"""``nakawari queue``: the jobs of a folder, how far they are, and how to cancel one."""

from __future__ import annotations

import argparse
from pathlib import Path

from nakawari.cli.arguments import path, positive_int
from nakawari.errors import UserError
from nakawari.queue.store import FILE_NAME, Job, JobStore, State
from nakawari.wording import count, printable


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    queue = commands.add_parser(
        "queue",
        help="show or cancel what several clips' slowing has still to do",
        description="Show the jobs of nakawari slow in a folder, or cancel one.",
    )
    queue.add_argument("folder", type=path, metavar="DIR", help="that takes the outputs")
    queue.add_argument(
        "--cancel", type=positive_int, metavar="N", action="append", default=[],
        help="cancel job N, and remove what was drawn of it (may be repeated)",
    )  # fmt: skip
    queue.set_defaults(run=run_queue)


def run_queue(args: argparse.Namespace) -> None:
    """Run ``nakawari queue``: cancel the given jobs, and print a line for every job."""
    file = args.folder / FILE_NAME
    if not file.is_file():
        raise UserError(
            f"there is no queue in {args.folder}; name a folder of outputs that has one"
        )
    with JobStore(file) as store:
        for number in args.cancel:
            _cancel(store, number)
        for job in store.jobs():
            print(printable(f"{job.number:3} {job.state:9} {_told(job)}"))


def _cancel(store: JobStore, number: int) -> None:
    """Cancel a job; ``UserError`` unless it exists, and waits or runs."""
    from nakawari.queue.worker import cancel  # here: it loads FFmpeg

    try:
        before = cancel(store, number)
    except LookupError as error:
        raise UserError(f"{error}; see the numbers without --cancel") from error
    if before.is_final:
        raise UserError(f"job {number} is {before} already; cancel one that waits or runs")


def _told(job: Job) -> str:
    """Return a clip's name, and how far it is or why it ended."""
    words = Path(str(job.settings.get("source"))).name
    if job.reason is not None:
        return f"{words}: {job.reason}"
    stage, done, expected, seconds_left = job.progress
    if job.state is not State.RUNNING or not stage:
        return words
    words += f": {stage}, {count(done, 'frame')}"
    if expected is not None:
        words += f" of {expected:,}"
    if seconds_left is not None:
        words += f", {round(seconds_left) // 60}:{round(seconds_left) % 60:02} left"
    return words
