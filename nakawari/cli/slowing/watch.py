"""``nakawari slow --watch``: clips that appear in a folder are slowed down, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from nakawari.cli.failures import one_line
from nakawari.cli.slowing.many import (
    WHEN_STOPPED,
    Desk,
    make_folder,
    output_folder,
    reason_of,
    settings_for,
    tell_outcome,
)
from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import FILE_NAME, JobStore, State
from nakawari.queue.submitting import submit
from nakawari.queue.watching import FolderWatch
from nakawari.queue.worker import Worker
from nakawari.video.reader import VideoReader

LOOK_SECONDS = 1.0
"""Seconds between two looks into the folder, also while a clip is drawn."""
NAP_SECONDS = 0.2
"""Seconds between two checks for work, while there is none."""

Tell = Callable[[str], None]


def run_watch(args: argparse.Namespace) -> None:
    """Queue clips that appear, and draw queued clips, until Ctrl-C; those left stay queued."""
    if args.inputs:
        raise UserError("--watch takes every clip of its folder; give no INPUT beside it")
    if not args.watch.is_dir():
        raise UserError(f"--watch: {args.watch} is no folder; name one that is there")
    folder = output_folder(args)
    if folder.exists() and folder.samefile(args.watch):
        raise UserError("--watch and --output name one folder; give what is made another")
    make_folder(folder)
    args.when_stopped = WHEN_STOPPED
    with JobStore(folder / FILE_NAME) as store:
        doorkeeper = Doorkeeper(args.watch, store, partial(settings_for, args, folder=folder))
        desk = Desk(meanwhile=doorkeeper.look)
        with Worker(store, desk.perform, reason_of) as worker:
            _tell(f"waiting for clips in {args.watch}; Ctrl-C ends that, what waits stays queued")
            while True:
                doorkeeper.look(_tell)
                outcome = worker.run_next()
                if outcome is None:
                    time.sleep(NAP_SECONDS)
                else:
                    tell_outcome(outcome)


class Doorkeeper:
    """Queues the clips of a folder, and reports every other file once.

    Args:
        folder: the folder that is watched.
        store: the queue.
        settings_for: returns the settings for a clip.
    """

    def __init__(
        self, folder: Path, store: JobStore, settings_for: Callable[[Path], SlowSettings]
    ) -> None:
        self._folder = folder
        self._watch = FolderWatch(folder)
        self._store = store
        self._settings_for = settings_for
        self._turned_away: set[Path] = set()
        self._due = 0.0
        self._is_gone = False

    def look(self, tell: Tell) -> None:
        """Look into the folder, at most once a second; ``tell`` is given a line for a new file."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + LOOK_SECONDS
        try:
            found = self._watch.look()
        except OSError as error:  # such as a drive that is gone for a while
            if not self._is_gone:
                reason = os.strerror(error.errno) if error.errno else str(error)
                tell(f"{self._folder} cannot be read ({reason}); it is tried again and again")
            self._is_gone = True
            return
        self._is_gone = False
        for path in found:
            self._let_in(path, tell)

    def _let_in(self, path: Path, tell: Tell) -> None:
        settings = self._settings_for(path)
        reason = _why_no_clip(path) or self._why_no_room(settings)
        if reason is None:
            (job,) = submit(self._store, [settings])
            if not job.was_done:
                tell(f"{path.name} is queued")
        elif path not in self._turned_away:
            self._turned_away.add(path)
            tell(f"{reason}; it is left alone")

    def _why_no_room(self, settings: SlowSettings) -> str | None:
        """Return, as a text, which other clip has an output of the same name; ``None`` if none."""
        for job in self._store.jobs():
            theirs, output = job.settings.get("source"), job.settings.get("output")
            is_theirs = output == str(settings.output) and theirs != str(settings.source)
            if is_theirs and job.state not in (State.FAILED, State.CANCELLED):
                name = settings.output.name
                return f"{settings.source.name} and {theirs} would both become {name}"
        return None


def _why_no_clip(path: Path) -> str | None:
    """Return why a file cannot be slowed down; ``None`` if it can."""
    try:
        with VideoReader(path):
            pass
    except UserError as error:
        return str(error).partition(";")[0]
    except Exception as error:  # FFmpeg may raise anything on a file that is no video
        return f"{path} cannot be read ({type(error).__name__})"
    return None


def _tell(line: str) -> None:
    print(one_line(f"nakawari: note: {line}"), file=sys.stderr, flush=True)
