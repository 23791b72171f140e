"""From a command to jobs: which clips are to be done, and which ones an earlier call has done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, JobStore, NewJob, State
from nakawari.slowmo.kept.source_mark import READ_WHOLE, source_mark
from nakawari.video.files.sequence import is_sequence

SUPERSEDED = "a later command asked for the same output otherwise"


class Submitted(NamedTuple):
    """A clip's job."""

    number: int
    was_done: bool  # an earlier call has done it, so nothing is left to do


def check_names(wanted: Sequence[SlowSettings]) -> None:
    """Raise ``UserError`` if two outputs would have the same name, or one the name of an input."""
    sources: dict[Path, Path] = {}
    for settings in wanted:
        if settings.output not in sources:
            sources[settings.output] = settings.source
        elif sources[settings.output] == settings.source:
            raise UserError(f"{settings.source} is named twice; name it once")
        else:
            raise UserError(
                f"the outputs of {sources[settings.output]} and {settings.source} would both be "
                f"{settings.output}; rename one of the two, or choose another folder for it"
            )
    inputs = {settings.source for settings in wanted}
    for settings in wanted:
        if settings.output in inputs and settings.output != settings.source:
            raise UserError(
                f"the output of {settings.source} would be {settings.output}, which is an input "
                "too; choose another folder"
            )


def submit(
    store: JobStore, wanted: Sequence[SlowSettings], *, anew: bool = False
) -> list[Submitted]:
    """Add jobs for the clips that have none yet, and return each clip's job, in their order.

    A clip that waits or runs already with the very same settings keeps its job. So does a clip that
    is done and whose output exists. A clip that failed or was cancelled gets a new job, and so does
    one whose content has changed. A waiting job that would write the same output with other
    settings is cancelled.

    Args:
        store: the queue; no worker but the caller's may be at work on it.
        wanted: the settings of the clips, each with an output of its own.
        anew: also do clips again that are done already. It has no effect if some of the clips still
            wait: then the same call was cut off before, and the others are not to be done twice.
    """
    before = store.jobs()
    new = [NewJob(settings.to_json(), _mark(settings.source)) for settings in wanted]
    found = [_latest_alike(before, job) for job in new]
    was_cut_off = any(job is not None and not job.state.is_final for job in found)
    begins_anew = anew and not was_cut_off
    kept = [job if _is_to_be_kept(job, begins_anew) else None for job in found]
    _supersede(store, before, wanted, kept)
    added = iter(store.add([job for job, old in zip(new, kept, strict=True) if old is None]))
    return [
        Submitted(next(added), was_done=False)
        if old is None
        else Submitted(old.number, was_done=old.state is State.DONE)
        for old in kept
    ]


def _mark(source: Path) -> str:
    """Return a text that identifies a clip's content; empty if the clip cannot be read.

    A file that ``source_mark`` does not read whole is known by its time of modification as well.
    """
    try:
        if source.is_file():
            found = source.stat()
            changed = f" {found.st_mtime_ns}" if found.st_size > READ_WHOLE else ""
            return source_mark(source) + changed
        return source_mark(source) if is_sequence(source) else ""
    except (OSError, UserError):
        return ""


def _latest_alike(jobs: Iterable[Job], new: NewJob) -> Job | None:
    alike = [job for job in jobs if (job.settings, job.source) == new]
    return alike[-1] if alike else None


def _is_to_be_kept(job: Job | None, begins_anew: bool) -> bool:
    if job is None or job.state in (State.FAILED, State.CANCELLED):
        return False
    if job.state is State.DONE:
        return not begins_anew and Path(job.settings["output"]).exists()
    return True


def _supersede(
    store: JobStore,
    before: Iterable[Job],
    wanted: Iterable[SlowSettings],
    kept: Iterable[Job | None],
) -> None:
    outputs = {str(settings.output) for settings in wanted}
    ours = {job.number for job in kept if job is not None}
    for job in before:
        in_the_way = job.settings.get("output") in outputs and job.number not in ours
        if in_the_way and not job.state.is_final:
            store.cancel(job.number, SUPERSEDED)
