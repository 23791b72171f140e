"""Takes one job after another from a queue, as the only worker that the queue has."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, JobStore, Progress, State
from nakawari.queue.time_left import TimeLeft
from nakawari.slowmo.kept.segments import UnwantedError, remove_kept
from nakawari.whole import lock

if TYPE_CHECKING:  # it loads torch, which is not needed just to cancel a job
    from nakawari.slowmo.job import SlowResult

REPORT_SECONDS = 0.5
"""Seconds between two notes of a job's progress, and between two checks for its cancellation."""

OnFrame = Callable[[int, int | None], None]
"""Is called with the number of frames done and of frames expected.

The latter is ``None`` if the input does not declare its length.
"""


class Perform(Protocol):
    """Does a job by ``run_job``; whoever runs the worker decides what draws and what is shown."""

    def __call__(
        self, job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame
    ) -> SlowResult:
        """Do a job, and return its result.

        Raises whatever ends the job. Exceptions that the two callbacks raise must pass through.
        """


class Outcome(NamedTuple):
    """How a job ended."""

    job: Job  # as it is in the queue now
    result: SlowResult | None  # None: it failed, was cancelled, or its output was whole already


class Worker:
    """The worker of a queue: use it as a context manager, and call ``run_next``.

    On entering, jobs that ran when an earlier worker was killed wait again. Entering raises
    ``UserError`` if another worker lives. A lock on the queue's folder tells that: it ends with the
    process, however that ends.

    Args:
        store: the queue.
        perform: does a job.
        reason_of: returns, in one line, why an error ended a job.
        complete: is given the settings of a job whose output is whole already, because the worker
            was killed before it could note that. Makes what ``perform`` makes after the output.
    """

    def __init__(
        self,
        store: JobStore,
        perform: Perform,
        reason_of: Callable[[Exception], str] = lambda error: " ".join(str(error).split()),
        complete: Callable[[SlowSettings], None] = lambda settings: None,
    ) -> None:
        self._store = store
        self._perform = perform
        self._reason_of = reason_of
        self._complete = complete
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

        An error that ends the job is not raised, but noted as the reason for which it failed. An
        exception that ends the process, such as Ctrl-C, lets the job wait again, and the frames
        that it drew are kept. A job that was cancelled ends with the next frame, and the frames
        that it drew are removed. If it was cancelled after the last frame, the output and what is
        saved beside it are removed as well.

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
            remove_kept(SlowSettings.from_json(job.settings).output)  # an earlier run's
        except Exception as error:
            if not self._store.finish(job.number, State.FAILED, self._reason_of(error)):
                with suppress(ValueError):  # with unreadable settings nothing was drawn
                    remove_kept(SlowSettings.from_json(job.settings).output)
        except BaseException:
            with suppress(UserError):  # the next worker lets it wait again in any case
                self._store.release(job.number)
            raise
        else:
            if not self._store.finish(job.number, State.DONE):
                result = None
                _remove_made(job, SlowSettings.from_json(job.settings))
        return Outcome(self._store.job(job.number), result)

    def _run(self, job: Job) -> SlowResult | None:
        settings = SlowSettings.from_json(job.settings)
        if _was_written_by(job, settings):
            if _is_whole(settings):
                self._complete(settings)
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

    The frames that were drawn of it are removed: at once, or, if the job runs, by its worker with
    the next frame. After the last frame, the worker removes the output instead. A job that is done,
    failed or cancelled stays so. Raises ``LookupError`` if there is no such job.
    """
    before = store.cancel(number)
    if before is State.WAITING:
        with suppress(ValueError):  # with unreadable settings nothing was drawn
            remove_kept(SlowSettings.from_json(store.job(number).settings).output)
    return before


class _Reporter:
    """Notes in the queue how far a stage is; raises ``UnwantedError`` if the job was cancelled."""

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
    """Return whether the output exists and was made by an earlier run of the same job.

    A run leaves such an output if it is killed after it gives the output its name, and before it
    marks the job as done in the queue.
    """
    return _is_since_begun(settings.output, job)


def _is_since_begun(path: Path, job: Job) -> bool:
    """Return whether a file or folder exists and was written after a job was first taken."""
    try:
        return job.begun is not None and path.stat().st_mtime >= job.begun
    except OSError:
        return False


def _remove_made(job: Job, settings: SlowSettings) -> None:
    """Remove the output of a job that was cancelled after its last frame, with its takes and sheet.

    A sheet that the job was given, or that was there before, is the user's and stays.
    """
    from nakawari.slowmo.sheet_used import goes_by_own_output

    slow = settings.job()
    made = [slow.output]
    if settings.takes > 1:
        made.append(slow.takes_output)
    if not goes_by_own_output(slow):
        made.append(slow.sheet_output)
    for path in made:
        if not _is_since_begun(path, job):
            continue
        with suppress(OSError):  # the folder's owner may have forbidden it meanwhile
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _is_whole(settings: SlowSettings) -> bool:
    """Return whether the exposure sheet, which is saved last, exists beside the output."""
    try:
        sheet = settings.job().sheet_output.stat().st_mtime_ns
        return sheet >= settings.output.stat().st_mtime_ns
    except OSError:
        return False
