"""The process that draws, started, watched, and ended by the page."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nakawari.queue.store import JobStore, State

PATIENCE = 5.0  # s, for which a worker that is to end may put things in order
PAUSE = 1.0  # s, before one that has died is started again
LOCKED = 4  # exit status of a worker that finds another one at work

FRAMES = ".frames"
"""Folder beside a queue, of the newest frame of each of its jobs."""


def newest_frame(queue_folder: Path, number: int) -> Path:
    """Return where a job's newest frame is, as a JPEG, while it is drawn."""
    return queue_folder / FRAMES / f"{number}.jpg"


class Supervisor:
    """Keeps the worker of a queue alive; ``run`` does that until it is cancelled.

    A job during which the worker dies has failed: it would kill the next one as well. One that ran
    when the page itself was killed is queued again by the worker that the next page starts.

    Args:
        store: the queue.
        command: what is started, with the queue's folder as its last word. It ends when its
            standard input does.
    """

    def __init__(self, store: JobStore, command: Sequence[str]) -> None:
        self._store = store
        self._command = [*command, os.fspath(store.path.parent)]

    async def run(self) -> None:
        """Start the worker, and start it again whenever it has died."""
        while True:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True
            )
            try:
                status = await process.wait()
            except asyncio.CancelledError:
                await _end(process)
                raise
            if status != LOCKED:
                self._tell_of_death(status)
            await asyncio.sleep(PAUSE)

    def _tell_of_death(self, status: int) -> None:
        how = f"ended with {status}"
        if status < 0:
            how = f"was killed ({signal.Signals(-status).name})"
        for job in self._store.jobs():
            if job.state is State.RUNNING:
                reason = f"the process that draws {how}; it may have had too little memory"
                self._store.finish(job.number, State.FAILED, reason)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a worker: by Ctrl-C, which lets its job wait again, or else at once."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    with suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(process.wait(), PATIENCE)
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
