"""Takes one job after another from a queue, as the only worker that the queue has."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, JobStore, Progress, State
from nakawari.queue.time_left import TimeLeft
from nakawari.slowmo.segments import UnwantedError, remove_kept
from nakawari.whole import lock

if TYPE_CHECKING:  # it loads torch, which who only cancels a job does not need
    from nakawari.slowmo.job import SlowResult

REPORT_SECONDS = 0.5
"""Seconds between two notes of how far a job is, and between two looks whether it is cancelled."""

OnFrame = Callable[[int, int | None], None]
"""Is given the frames done and, as far as the input declares its length, those expected."""


class Perform(Protocol):
    """Does a job, with ``run_job``: whoever runs the worker says what draws, and what is shown."""

    def __call__(
        self, job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame
    ) -> SlowResult:
        """Return what came of a job.

        Raises whatever ends it. What the two callbacks raise is to pass through.
        """


class Outcome(NamedTuple):
    """How a job ended."""

    job: Job  # as it is in the queue now
    result: SlowResult | None  # None: it failed, was cancelled, or was whole before


class Worker:
    """The worker of a queue: use it as a context manager, and call ``run_next``.

    On entering it lets the jobs wait again that ran when an earlier worker was killed. Raises
    ``UserError`` there if another worker lives. That is known by a lock on the queue's folder,
    which ends with the process, however that ends.

    Args:
        store: the queue.
        perform: does a job.
        reason_of: returns, in one line, why an error ended a job.
    """

    def __init__(
        self,
        store: JobStore,
        perform: Perform,
        reason_of: Callable[[Exception], str] = lambda error: " ".join(str(error).split()),
    ) -> None:
        self._store = store
        self._perform = perform
        self._reason_of = reason_of
        self._descriptor: int | None = None

    def __enter__(self) -> Worker:
        folder = self._store.path.parent
        self._descriptor = os.open(folder, os.O_RDONLY)
        if lock(self._descriptor) is False:
            self._unlock()
            raise UserError(
                f"another run is at work on the queue in {folder}; wait for it, or choose another "
                "folder"
            )
        self._store.requeue()
        return self

    def __exit__(self, *_: object) -> None:
        self._unlock()

    def run_next(self, among: Collection[int] | None = None) -> Outcome | None:
        """Do the job that has waited longest; ``None`` if none waits.

        An error that ends the job is its reason to have failed, and is not raised. What ends the
        process, such as Ctrl-C, lets the job wait again, and what it drew is kept. A job that was
        cancelled ends with the next frame, and what it drew is removed.

        Args:
            among: numbers of the jobs that may be done; ``None`` for all.
        """
        job = self._store.take(among)
        if job is None:
            return None
        result = None
        try:
            result = self._run(job)
        except UnwantedError:
            remove_kept(SlowSettings.from_json(job.settings).output)  # where reading had just begun
        except Exception as error:
            self._store.finish(job.number, State.FAILED, self._reason_of(error))
        except BaseException:
            with suppress(UserError):  # at the next start it is known to wait in any case
                self._store.release(job.number)
            raise
        else:
            self._store.finish(job.number, State.DONE)
        return Outcome(self._store.job(job.number), result)

    def _run(self, job: Job) -> SlowResult | None:
        settings = SlowSettings.from_json(job.settings)
        if _was_written_by(job, settings):
            if _is_whole(settings):
                return None
            settings = replace(settings, overwrite=True)
        read, drawn = _Reporter(self._store, job, "reading"), _Reporter(self._store, job, "drawing")
        return self._perform(job, settings, read, drawn)

    def _unlock(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def cancel(store: JobStore, number: int) -> State:
    """Cancel a job that waits or runs, and return the state that it had.

    What was drawn of it is removed: at once, or by the worker that runs it, with the next frame. A
    job that is done, failed or cancelled stays so. Raises ``LookupError`` if there is no such job.
    """
    before = store.cancel(number)
    if before is State.WAITING:
        with suppress(ValueError):  # settings that nobody can read have drawn nothing
            remove_kept(SlowSettings.from_json(store.job(number).settings).output)
    return before


class _Reporter:
    """Notes in the queue how far a stage is; raises ``UnwantedError`` once the job is cancelled."""

    def __init__(self, store: JobStore, job: Job, stage: str) -> None:
        self._store = store
        self._number = job.number
        self._stage = stage
        self._time_left = TimeLeft()
        self._due = 0.0

    def __call__(self, done: int, expected: int | None) -> None:
        now = time.monotonic()
        if now < self._due and done != expected:
            return
        self._due = now + REPORT_SECONDS
        left = self._time_left.seconds_left(now, done, expected)
        if not self._store.report(self._number, Progress(self._stage, done, expected, left)):
            raise UnwantedError(f"job {self._number} is cancelled")


def _was_written_by(job: Job, settings: SlowSettings) -> bool:
    """Return whether an output that is there was made by an earlier run of the same job.

    A run that is killed between giving the output its name and saying so in the queue leaves it.
    """
    try:
        return job.begun is not None and settings.output.stat().st_mtime >= job.begun
    except OSError:
        return False


def _is_whole(settings: SlowSettings) -> bool:
    """Return whether the exposure sheet, which is saved last, is there beside the output."""
    try:
        sheet = settings.job().sheet_output.stat().st_mtime_ns
        return sheet >= settings.output.stat().st_mtime_ns
    except OSError:
        return False
