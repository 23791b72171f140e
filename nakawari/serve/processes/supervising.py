"""The page starts, watches and ends the process that draws."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, JobStore, State
from nakawari.serve.processes.appetite import TOO_MUCH
from nakawari.slowmo.kept.segments import remove_kept
from nakawari.wording import size

PATIENCE = 5.0  # s that a worker has to clear up when it is to end
PAUSE = 1.0  # s until a worker that has died is started again
LOCKED = 4  # exit status of a worker that finds another one at work

FRAMES = ".frames"
"""The folder beside a queue with the newest frame of each of its jobs."""


def newest_frame(queue_folder: Path, number: int) -> Path:
    """Return the path of a job's newest frame, a JPEG, while the job is drawn."""
    return queue_folder / FRAMES / f"{number}.jpg"


def remove_kept_of(job: Job) -> None:
    """Remove the frames that a failed job had drawn.

    It is not gone on with: whoever orders it again gets an output of another name.
    """
    with suppress(ValueError):  # with unreadable settings nothing was drawn
        remove_kept(SlowSettings.from_json(job.settings).output)


class Supervisor:
    """Keeps the worker of a queue alive; ``run`` does that until it is cancelled.

    A job during which the worker dies is marked as failed, because it would kill the next worker as
    well. A job that ran when the page itself was killed is queued again by the worker that the next
    page starts.

    Args:
        store: the queue.
        command: the command that is started, with the queue's folder and the memory added as its
            last words. It must end when its standard input does.
        memory: memory that the worker may take [bytes]. A worker that needs more must end itself
            with the status ``TOO_MUCH``.
    """

    def __init__(self, store: JobStore, command: Sequence[str], memory: int) -> None:
        self._store = store
        self._command = [*command, os.fspath(store.path.parent), str(memory)]
        self._memory = memory

    async def run(self) -> None:
        """Start the worker, and start it again whenever it has died."""
        while True:
            # A full disk or too many processes: this may pass. A job that still counts as running
            # waits again when the next worker starts.
            with suppress(OSError, UserError):
                await self._run_worker()
            await asyncio.sleep(PAUSE)

    async def _run_worker(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        if status != LOCKED:
            await asyncio.to_thread(self._tell_of_death, status)

    def _tell_of_death(self, status: int) -> None:
        reason = self._reason(status)
        for job in self._store.jobs():
            if job.state is State.RUNNING:
                self._store.finish(job.number, State.FAILED, reason)
                remove_kept_of(job)

    def _reason(self, status: int) -> str:
        if status == TOO_MUCH:
            return (
                f"drawing it takes more than {size(self._memory)} of memory, and this machine has "
                "no more to give; scale the clip down first"
            )
        how = f"ended with {status}"
        if status < 0:
            how = f"was killed ({signal.Signals(-status).name})"
        return f"the process that draws {how}; it may have had too little memory"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a worker by SIGINT, which lets its job wait again, or by SIGKILL after ``PATIENCE``."""
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
