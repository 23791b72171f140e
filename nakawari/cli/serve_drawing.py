"""The drawing process of ``nakawari serve``, which ``serve_worker`` starts.

It does the jobs of a folder's queue, one after another, until its standard input ends, or until it
has taken more memory than it may.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nakawari.cli.failures import one_line
from nakawari.cli.slowing.chosen_model import LoadedModel, run_with
from nakawari.cli.slowing.many import reason_of
from nakawari.cli.stopping import stop_on_signals
from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import FILE_NAME, Job, JobStore, State
from nakawari.queue.worker import OnFrame, Worker
from nakawari.serve.clips.playing import playable_copy, plays
from nakawari.serve.clips.proxy import encoded, write_proxy
from nakawari.serve.processes.appetite import end_beyond
from nakawari.serve.processes.supervising import FRAMES, LOCKED, newest_frame, remove_kept_of
from nakawari.serve.processes.tether import end_with_parent
from nakawari.slowmo.job import SlowResult
from nakawari.video.pictures.color import ColorTags, plain
from nakawari.whole import write_whole
from nakawari.xsheet.sheet.files import load_sheet
from nakawari.xsheet.show.thumbnails import shrink

if TYPE_CHECKING:
    from nakawari.video.pictures.picture import Picture

NAP_SECONDS = 0.2
FRAME_SECONDS = 0.5
"""Shortest time [s] between two updates of a job's newest frame."""
FRAME_WIDTH = 640  # px, of that frame


def main(folder: Path, memory: int) -> int:
    """Do the jobs of a folder's queue as they arrive; return the exit status.

    Args:
        folder: the folder of the queue.
        memory: how much memory this process may take [bytes].
    """
    end_with_parent()
    end_beyond(memory)
    stop_on_signals()
    (folder / FRAMES).mkdir(exist_ok=True)
    easel = Easel(folder)
    try:
        with (
            JobStore(folder / FILE_NAME) as store,
            Worker(store, easel.perform, reason_of, easel.complete) as worker,
        ):
            while True:
                outcome = worker.run_next()
                if outcome is None:
                    time.sleep(NAP_SECONDS)
                else:
                    easel.clear_up(outcome.job)
    except UserError as error:
        print(f"nakawari: {error}", file=sys.stderr)
        return LOCKED
    except KeyboardInterrupt:
        return 0


class Easel:
    """Draws jobs, and saves the newest frame of each. The model stays loaded between jobs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded = LoadedModel()

    def perform(
        self, job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame
    ) -> SlowResult:
        """Do a job, as ``Perform`` says."""
        result = run_with(
            self._loaded.load,
            settings.job(),
            settings,
            tell=partial(_tell, settings),
            on_read=on_read,
            on_frame=on_frame,
            on_picture=_Window(newest_frame(self._folder, job.number)),
        )
        if not plays(settings):
            write_proxy(settings.output, playable_copy(settings), rate=result.rate)
        return result

    def complete(self, settings: SlowSettings) -> None:
        """Make the playable copy of an output whose worker was killed before it had made it."""
        if plays(settings) or playable_copy(settings).exists():
            return
        sheet = load_sheet(settings.xsheet or settings.job().sheet_output)
        rate = settings.rate or sheet.fps
        write_proxy(settings.output, playable_copy(settings), rate=rate)

    def clear_up(self, job: Job) -> None:
        """Remove what nobody needs of a job that has ended."""
        newest_frame(self._folder, job.number).unlink(missing_ok=True)
        if job.state is State.FAILED:
            remove_kept_of(job)
        elif job.state is State.CANCELLED:  # perhaps after its last frame
            with suppress(ValueError):  # with unreadable settings nothing was drawn
                settings = SlowSettings.from_json(job.settings)
                if not plays(settings):
                    playable_copy(settings).unlink(missing_ok=True)


def _tell(settings: SlowSettings, line: str) -> None:
    """Print a remark where the page was started."""
    text = one_line(f"nakawari: note: {settings.source.name}: {line}")
    print(text, file=sys.stderr, flush=True)


class _Window:
    """Saves a frame as a small JPEG, every ``FRAME_SECONDS`` at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due = 0.0

    def __call__(self, picture: Picture, tags: ColorTags) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + FRAME_SECONDS
        width = min(FRAME_WIDTH, picture.width)
        height = max(1, round(picture.height * width / picture.width))
        pixels = shrink(plain(picture, tags), tags, (height, width))[..., ::-1]
        with suppress(OSError):  # it is only for display
            write_whole(self._path, encoded(pixels, width))
