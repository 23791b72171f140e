"""``nakawari slow`` for several clips: one after another, by a queue that can be resumed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from nakawari.cli.failures import failure_of, one_line
from nakawari.cli.progress import ProgressBar
from nakawari.cli.slowing.chosen_model import (
    LoadedModel,
    choose_device,
    model_folder,
    reseed_for,
    run_with,
)
from nakawari.cli.slowing.clip_settings import default_output, settings_of, takes_words
from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import FILE_NAME, Job, JobStore, State
from nakawari.queue.submitting import check_names, submit
from nakawari.queue.worker import OnFrame, Outcome, Worker
from nakawari.slowmo.baselines import BASELINES
from nakawari.slowmo.job import SlowResult
from nakawari.slowmo.job_checks import room_of
from nakawari.slowmo.room import check_room
from nakawari.slowmo.takes import check_seeds
from nakawari.video.codecs import CODECS
from nakawari.whole import check_free
from nakawari.wording import count

WHEN_STOPPED = "what was drawn is kept, and the same command goes on from there"


def run_many(args: argparse.Namespace) -> None:
    """Check all clips, draw them one after another, and print a line for each and a summary.

    Raises ``UserError`` before any work if something that concerns all clips is wrong, and at the
    end if a clip failed.
    """
    folder = output_folder(args)
    wanted = [settings_for(args, source, folder) for source in args.inputs]
    check_names(wanted)
    make_folder(folder)
    args.when_stopped = WHEN_STOPPED
    with JobStore(folder / FILE_NAME) as store:
        desk = Desk()
        with Worker(store, desk.perform, reason_of) as worker:
            submitted = submit(store, wanted, anew=args.overwrite)
            numbers = [job.number for job in submitted if not job.was_done]
            desk.names = {
                number: f"{_name(store.job(number))}, {place} of {len(numbers)}"
                for place, number in enumerate(numbers, 1)
            }
            for settings, job in zip(wanted, submitted, strict=True):
                if job.was_done:
                    print(one_line(f"{settings.output}: was done before"), flush=True)
            _check_room([SlowSettings.from_json(store.job(number).settings) for number in numbers])
            ended = []
            while (outcome := worker.run_next(among=set(numbers))) is not None:
                tell_outcome(outcome)
                ended.append(outcome.job.state)
    _tell_summary(ended, len(wanted) - len(numbers))


def output_folder(args: argparse.Namespace) -> Path:
    """Return the folder that takes the outputs; it need not exist.

    Raises ``UserError`` if none is given, or if arguments cannot be combined.
    """
    if args.output is None:
        raise UserError("several clips need a folder for what is made; give it with --output DIR/")
    if args.xsheet is not None:
        raise UserError("an exposure sheet is of one clip; give --xsheet with one INPUT and a file")
    if args.output.picture_names is not None:
        raise UserError(
            "pictures so called are of one clip; for several give --codec png and --output DIR/"
        )
    folder: Path = args.output.path
    is_named_like_a_file = not args.output.is_folder and folder.suffix.lower() in {
        ending for codec in CODECS.values() for ending in codec.containers
    }
    if is_named_like_a_file or (folder.exists() and not folder.is_dir()):
        raise UserError(
            f"output {folder} is the name of a file, and a folder is needed; give its name with a "
            "slash at the end"
        )
    if args.model not in BASELINES:
        model_folder(args.model)
    check_seeds(args.takes, args.seed, reseed_for(args))
    choose_device(args.device)
    return Path(os.path.abspath(folder))


def make_folder(folder: Path) -> None:
    """Make a folder if it does not exist; ``UserError`` if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"cannot make the folder {folder} ({reason}); choose another") from error


def settings_for(args: argparse.Namespace, source: Path, folder: Path) -> SlowSettings:
    """Return the settings that the command line gives for one clip; the output goes to a folder."""
    source, model = Path(os.path.abspath(source)), args.model
    if model is not None and model not in BASELINES:
        model = os.path.abspath(model)
    output = folder / default_output(source, args).name
    return replace(settings_of(args, source, output), model=model)


class Desk:
    """Does the jobs of a worker, with a progress bar for each.

    The model stays loaded between jobs, as long as they ask for the same one. ``meanwhile`` is
    called after every frame, with a function that prints a line above the progress bar.
    """

    def __init__(self, meanwhile: Callable[[Callable[[str], None]], None] | None = None) -> None:
        self.names: dict[int, str] = {}
        """The text before a job's bar, by the job's number; by default it is the clip's name."""
        self._meanwhile = meanwhile
        self._loaded = LoadedModel()

    def perform(
        self, job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame
    ) -> SlowResult:
        """Do a job, as ``Perform`` says."""
        name = self.names.get(job.number, settings.source.name)
        with ProgressBar() as bar:

            def show(stage: str, report: OnFrame, done: int, expected: int | None) -> None:
                bar.on_frame(done, expected, stage=f"{name}, {stage}")
                report(done, expected)
                if self._meanwhile is not None:
                    self._meanwhile(bar.tell)

            return run_with(
                self._loaded.load,
                settings.job(),
                settings,
                tell=lambda line: bar.tell(f"{settings.source.name}: {line}"),
                on_read=partial(show, "reading", on_read),
                on_frame=partial(show, "drawing", on_frame),
            )


def reason_of(error: Exception) -> str:
    """Return, in one line, why an error ended a job."""
    return failure_of(error).line


def tell_outcome(outcome: Outcome) -> None:
    """Print the line of a job that has ended."""
    job, result = outcome
    if job.state is State.FAILED:
        line = one_line(f"nakawari: {_name(job)} failed: {job.reason}")
        print(line, file=sys.stderr, flush=True)
    elif job.state is State.CANCELLED:
        print(one_line(f"nakawari: note: {_name(job)} was cancelled"), file=sys.stderr, flush=True)
    elif result is None:
        print(one_line(f"{job.settings.get('output')}: was done before"), flush=True)
    else:
        takes = "" if result.takes is None else f", {takes_words(result.takes)}"
        print(
            one_line(
                f"{result.output}: {float(result.duration):.3f} s at {float(result.rate):.3f} "
                f"frames/s, {result.width}x{result.height}; "
                f"{count(result.tally.drawn, 'frame')} drawn, {result.tally.passed} passed "
                f"through unchanged; took {result.seconds:.1f} s{takes}"
            ),
            flush=True,
        )


def _check_room(jobs: Sequence[SlowSettings]) -> None:
    """Raise ``UserError`` if there is too little room on the disk for all outputs together."""
    rooms = []
    for settings in jobs:
        with suppress(Exception):  # an error of a clip is reported in its own line later
            check_free(settings.output)  # removes what a killed run left, which takes room
            rooms.append(room_of(settings.job()))
    if jobs:
        folder = jobs[0].output.parent
        known = [room for room in rooms if room is not None]
        check_room(known, folder, count(len(known), "clip"))


def _name(job: Job) -> str:
    """Return a clip's name for display; the settings in a queue's file may be anything."""
    return Path(str(job.settings.get("source"))).name


def _tell_summary(ended: Sequence[State], done_before: int) -> None:
    """Print how many clips are done, cancelled or failed; ``UserError`` if any failed."""
    counts = {"done": ended.count(State.DONE), "done before": done_before}
    counts |= {"cancelled": ended.count(State.CANCELLED), "failed": ended.count(State.FAILED)}
    total = count(sum(counts.values()), "clip")
    print(f"{total}: {', '.join(f'{number} {how}' for how, number in counts.items() if number)}")
    if counts["failed"]:
        raise UserError(
            f"{counts['failed']} of {total} failed; put right what is said above, and the same "
            "command does the rest"
        )
