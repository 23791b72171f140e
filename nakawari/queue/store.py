"""The queue on disk: one SQLite table, a row for each job.

Several processes may have it open. Every change is one short transaction. So no process waits for a
worker that is drawing, and a process that is killed leaves each job in a consistent state.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from nakawari.errors import UserError

FILE_NAME = ".nakawari-queue.sqlite"
"""Name of the queue in a folder of outputs.

It is beside the outputs for three reasons: the same command finds it again wherever it is called
from; two folders never wait for each other; and deleting the folder deletes its jobs as well. A
place in the user's home, such as ~/.cache, would outlive the outputs and mix all commands.
"""
WAIT = 10.0
"""Seconds to wait for the end of another process's transaction."""
VERSION = 1
"""Version of the table; a queue of another version is refused."""

_TABLE = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    settings TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    reason TEXT,
    begun REAL,
    stage TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0,
    expected INTEGER,
    seconds_left REAL
) STRICT
"""


_NO_NUMBER = 2**63 - 1
"""The largest whole number of SQLite: larger job numbers are looked up as this, which none has."""


class State(StrEnum):
    """How far a job is on its way through the queue."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job stays in this state for good."""
        return self not in (State.WAITING, State.RUNNING)


class Progress(NamedTuple):
    """How far a job is."""

    stage: str = ""  # "reading" or "drawing"; empty before the job has begun
    done: int = 0  # frames of the stage, 0 or more
    expected: int | None = None  # frames of the stage; None: the input does not say
    seconds_left: float | None = None  # of the stage, 0 or more; None: not known yet


class NewJob(NamedTuple):
    """A job that is to be added."""

    settings: dict[str, Any]  # plain JSON
    source: str  # identifies the content of the input, see ``submit``; may be empty


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as it is in the queue."""

    number: int  # 1 or more, rising in the order in which jobs were added
    settings: dict[str, Any]
    source: str
    state: State
    reason: str | None  # in one line, why it failed or was cancelled
    begun: float | None  # s since 1970, when it was first taken; None: never
    progress: Progress


class JobStore:
    """The jobs in one file, which is made if it does not exist.

    Use it as a context manager, or call ``close``. The constructor and every method raise
    ``UserError`` if the file cannot be used, or is not a queue of this version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        with self._errors():
            # Several threads may call; the lock lets in one at a time.
            self._connection = sqlite3.connect(
                path, timeout=WAIT, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors():
                self._connection.execute("PRAGMA journal_mode = WAL")
                # A job that is done stays done after a power cut.
                self._connection.execute("PRAGMA synchronous = FULL")
            with self._transaction() as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    connection.execute(_TABLE)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
                elif version != VERSION:
                    raise UserError(
                        f"the queue {path} is of another version of Nakawari; finish it with "
                        "that, or delete the file"
                    )
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> JobStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, jobs: Sequence[NewJob]) -> list[int]:
        """Add jobs behind those that wait, either all or none, and return their numbers."""
        with self._transaction() as connection:
            numbers = []
            for job in jobs:
                row = (json.dumps(job.settings, sort_keys=True), job.source, State.WAITING)
                inserted = connection.execute(
                    "INSERT INTO jobs (settings, source, state) VALUES (?, ?, ?)", row
                )
                assert inserted.lastrowid is not None
                numbers.append(inserted.lastrowid)
            return numbers

    def jobs(self) -> list[Job]:
        """Return all jobs in the order in which they were added."""
        with self._transaction() as connection:
            return [_job(row) for row in connection.execute("SELECT * FROM jobs ORDER BY number")]

    def job(self, number: int) -> Job:
        """Return a job; ``LookupError`` if there is none with this number."""
        with self._transaction() as connection:
            return _find(connection, number)

    def take(self, among: Collection[int] | None = None) -> Job | None:
        """Mark the job that has waited longest as running, and return it; ``None`` if none waits.

        Args:
            among: numbers of the jobs that may be taken; ``None`` for all.
        """
        with self._transaction() as connection:
            waiting = connection.execute(
                "SELECT number FROM jobs WHERE state = ? ORDER BY number", (State.WAITING,)
            )
            for (number,) in waiting.fetchall():
                if among is None or number in among:
                    connection.execute(
                        "UPDATE jobs SET state = ?, begun = coalesce(begun, ?) WHERE number = ?",
                        (State.RUNNING, time.time(), number),
                    )
                    return _find(connection, number)
            return None

    def report(self, number: int, progress: Progress) -> bool:
        """Note how far a job is; return ``False`` if it was cancelled, ``True`` if it may go on."""
        return self._change(
            number,
            "stage = ?, done = ?, expected = ?, seconds_left = ?",
            tuple(progress),
            [State.RUNNING],
        )

    def finish(self, number: int, state: State, reason: str | None = None) -> bool:
        """Mark a running job as done or failed; return ``False`` if it was cancelled meanwhile.

        Raises ``ValueError`` for a state that is not final.
        """
        if not state.is_final:
            raise ValueError(f"a job that is finished is not {state}; use done or failed")
        values = (state, reason, 0.0 if state is State.DONE else None)
        changes = "state = ?, reason = ?, seconds_left = ?"
        return self._change(number, changes, values, [State.RUNNING])

    def release(self, number: int) -> bool:
        """Let a running job wait again, in its old place; return ``False`` if it does not run."""
        changes = "state = ?, seconds_left = NULL"
        return self._change(number, changes, (State.WAITING,), [State.RUNNING])

    def requeue(self) -> list[int]:
        """Let the jobs wait again that ran when their worker was killed; return their numbers.

        Call this only when it is certain that no worker lives: see ``Worker``.
        """
        with self._transaction() as connection:
            found = connection.execute(
                "UPDATE jobs SET state = ?, seconds_left = NULL WHERE state = ? RETURNING number",
                (State.WAITING, State.RUNNING),
            )
            return sorted(number for (number,) in found)

    def cancel(self, number: int, reason: str | None = None) -> State:
        """Cancel a job that waits or runs, and return the state that it had.

        A job that is done, failed or cancelled stays so. If the job runs, its worker stops soon
        after. Raises ``LookupError`` if there is no job with this number.
        """
        with self._transaction() as connection:
            before = _find(connection, number).state
            if not before.is_final:
                connection.execute(
                    "UPDATE jobs SET state = ?, reason = ?, seconds_left = NULL WHERE number = ?",
                    (State.CANCELLED, reason, number),
                )
            return before

    def _change(
        self, number: int, changes: str, values: tuple[object, ...], states: Sequence[State]
    ) -> bool:
        """Change a job if it is in one of these states; return whether it was."""
        marks = ", ".join("?" * len(states))
        with self._transaction() as connection:
            changed = connection.execute(
                f"UPDATE jobs SET {changes} WHERE number = ? AND state IN ({marks})",
                (*values, number, *states),
            )
            return changed.rowcount == 1

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(
                f"cannot use the queue {os.fspath(self.path)} ({error}); free some space there, "
                "delete the file, or choose another folder"
            ) from error


def _find(connection: sqlite3.Connection, number: int) -> Job:
    found = connection.execute("SELECT * FROM jobs WHERE number = ?", (min(number, _NO_NUMBER),))
    row = found.fetchone()
    if row is None:
        raise LookupError(f"there is no job {number} in the queue")
    return _job(row)


def _job(row: tuple[Any, ...]) -> Job:
    number, settings, source, state, reason, begun, *progress = row
    return Job(
        number=number,
        settings=json.loads(settings),
        source=source,
        state=State(state),
        reason=reason,
        begun=begun,
        progress=Progress(*progress),
    )
