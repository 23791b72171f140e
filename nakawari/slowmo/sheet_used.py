"""The exposure sheet that a job follows: the user's, with the clip's times, or a detected one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.slowmo.slow_job import SlowJob
from nakawari.slowmo.timing.drawings import check_frames
from nakawari.video.reader import ClipInfo
from nakawari.xsheet.sheet.clock import VARIES, FrameTimes
from nakawari.xsheet.sheet.files import load_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet
from nakawari.xsheet.show.saving import save_sheet

MAX_RATE_DIFFERENCE = Fraction(1, 100)  # of a sheet from its clip, as a share of the clip's rate


def given_sheet(job: SlowJob, info: ClipInfo) -> ExposureSheet | None:
    """Return the sheet that the user gave, if any."""
    if job.xsheet is None:
        return None
    sheet = load_sheet(job.xsheet, fps=info.rate)
    return replace(sheet, clip=sheet.clip or job.source.name)


class TimedSheet(NamedTuple):
    """A sheet with the times of the clip's own frames."""

    sheet: ExposureSheet
    content: str  # identifies what was read, see ``VideoReader.content``


def timed_sheet(
    sheet: ExposureSheet,
    job: SlowJob,
    say: Callable[[str], None],
    on_read: Callable[[int, int | None], None],
) -> TimedSheet:
    """Return a sheet that the user gave, with the times of the clip's own frames.

    The clip is read for that. Raises ``UserError`` if the sheet is for another number of frames, or
    for another rate.
    """
    count, times = 0, FrameTimes()
    with job.open(say) as reader:
        for _ in islice(times.noting(reader.frames()), sheet.frames + 1):
            count += 1
            on_read(count, sheet.frames)
        stated, content = reader.info.rate, reader.content
    clock = times.clock(stated)
    check_frames(sheet, count)
    rates = {clock.fps, stated}
    if all(abs(sheet.fps - rate) > rate * MAX_RATE_DIFFERENCE for rate in rates):
        raise UserError(
            f"exposure sheet {job.xsheet} is for {float(sheet.fps):.3f} frames/s, and the clip has "
            f'{float(clock.fps):.3f}; give the sheet of this very clip, or remove its "fps"'
        )
    if clock.times is None:
        return TimedSheet(replace(sheet, times=None), content)
    say(VARIES)
    return TimedSheet(replace(sheet, fps=clock.fps, times=clock.times), content)


def source_rate(sheet: ExposureSheet, info: ClipInfo) -> Fraction:
    """Return the clip's frame rate; where it varies, the rate between most of its frames."""
    return info.rate if sheet.times is None else sheet.fps


def goes_by_own_output(job: SlowJob) -> bool:
    """Return whether the sheet that the user gave is the file to which the job would save it."""
    given, saved = job.xsheet, job.sheet_output
    return given is not None and given.exists() and saved.exists() and given.samefile(saved)


def save_used_sheet(job: SlowJob, sheet: ExposureSheet, say: Callable[[str], None]) -> Path:
    """Save the sheet beside the output, and return its path.

    If that is the very file that the user gave, it is left as it is.
    """
    if job.xsheet is not None and goes_by_own_output(job):
        return job.xsheet
    kept = save_sheet(job.sheet_output, sheet.to_json())
    if kept is not None:
        say(f"another exposure sheet was there; it is now {kept}")
    return job.sheet_output
