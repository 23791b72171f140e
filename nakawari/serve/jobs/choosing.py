"""The takes of a clip from which the user may choose, as the clip's jobs have left them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, State
from nakawari.slowmo.takes import LIST, takes_folder
from nakawari.video.codecs import CODECS
from nakawari.xsheet.sheet.files import load_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet


class _Left(NamedTuple):
    """An interval whose takes a job has left."""

    job: int  # number of the job
    start: int  # frame of the clip
    next: int  # likewise
    told: dict[str, Any]  # the interval's entry in the job's list of takes


def choices(jobs: Iterable[Job], sheet: ExposureSheet) -> list[dict[str, Any]]:
    """Return the intervals whose takes can be chosen from, in order, as JSON for the page.

    If several jobs left takes of an interval, the latest counts. Intervals whose drawings or cuts
    were corrected since are left out, because their takes lie between other pictures.

    Args:
        jobs: the jobs of one clip, the oldest first.
        sheet: the clip's sheet with all corrections made so far.
    """
    found = {(left.start, left.next): left for job in jobs for left in _left_by(job, sheet)}
    chosen = sheet.chosen_seeds
    return [
        {
            "start": left.start,
            "next": left.next,
            "spread": left.told["spread"],
            "chosen": chosen.get((left.start, left.next)),
            "takes": [
                {"seed": take["seed"], "url": f"/jobs/{left.job}/takes/{take['clip']}"}
                for take in left.told["takes"]
            ],
        }
        for left in sorted(found.values(), key=lambda left: left.start)
    ]


def clip_of_take(job: Job, name: str) -> Path:
    """Return the clip of a take that a job has left; ``LookupError`` if there is none."""
    settings = SlowSettings.from_json(job.settings)
    names = {take["clip"] for told in _told(settings) for take in told["takes"]}
    if name not in names:
        raise LookupError(f"job {job.number} has no take {name!r}")
    return _folder(settings) / name


def _left_by(job: Job, sheet: ExposureSheet) -> Iterator[_Left]:
    settings = SlowSettings.from_json(job.settings)
    if job.state is not State.DONE or settings.takes == 1 or settings.xsheet is None:
        return
    told = _told(settings)
    if not told:
        return
    clock = sheet.clock
    if settings.input_rate is not None:  # the clip's may have changed since
        clock = replace(clock, fps=settings.input_rate)
    began = round(clock.frame_at(settings.begin))
    before = load_sheet(settings.xsheet)
    for each in told:
        start, following = each["start"] + began, each["next"] + began
        was = _bounds(before, each["start"], each["next"])
        if was == [bound - began for bound in _bounds(sheet, start, following)]:
            yield _Left(job.number, start, following, each)


def _bounds(sheet: ExposureSheet, start: int, following: int) -> list[int]:
    """Return the frames from ``start`` to ``following`` at which drawings begin or cuts are."""
    starts = (drawing.start for drawing in sheet.drawings)
    return [frame for frame in (*starts, *sheet.cuts) if start <= frame <= following]


def _told(settings: SlowSettings) -> list[dict[str, Any]]:
    """Return a job's list of takes; empty if another job's list has replaced it."""
    with suppress(OSError):
        content = json.loads((_folder(settings) / LIST).read_text())
        if content["output"] == settings.output.name:
            return list(content["intervals"])
    return []


def _folder(settings: SlowSettings) -> Path:
    is_folder = CODECS[settings.codec or "h264"].is_sequence
    return takes_folder(settings.output, is_folder)
