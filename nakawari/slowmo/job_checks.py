"""Whether a job is possible, and how much room it takes, found out before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable

from nakawari.slowmo.kept.drawn import MOST_BYTES
from nakawari.slowmo.kept.segments import check_kept, kept_bytes
from nakawari.slowmo.room import Beside, Room, room_for, size_on_disk
from nakawari.slowmo.sheet_used import goes_by_own_output
from nakawari.slowmo.slow_job import SlowJob
from nakawari.slowmo.takes import Reseed, check_seeds, check_takes_folder
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.codecs import Codec
from nakawari.video.output_checks import check_output
from nakawari.video.reader import ClipInfo
from nakawari.whole import check_name
from nakawari.xsheet.show.saving import check_target, is_sheet


def check_outputs(job: SlowJob) -> Codec:
    """Return the output's codec.

    Raises ``UserError`` if the output or its sheet cannot be written, before anything is read.
    """
    check_name(job.output, "output")
    codec = job.output_codec
    if job.picture_names is not None:
        check_name(job.output / job.picture_names, "output")
    check_output(job.output, job.source, job.overwrite, codec)
    check_kept(job.output, resume=job.resume, overwrite=job.overwrite)
    check_name(job.sheet_output, "exposure sheet")
    if not goes_by_own_output(job):
        check_target(job.sheet_output, job.source, "exposure sheet", is_sheet, job.overwrite)
    return codec


def check_takes(job: SlowJob, reseed: Reseed | None) -> None:
    """Raise ``UserError`` if takes cannot be compared, or cannot be written."""
    check_seeds(job.takes, job.seed, reseed)
    if job.takes == 1:
        return
    check_name(job.takes_output, "takes")
    check_takes_folder(job.takes_output)


def check_ramp(job: SlowJob, info: ClipInfo, say: Callable[[str], None]) -> None:
    """Tell the user if the ramp goes on after the end of the clip: it may be a mistake."""
    if job.ramp is None or info.duration is None:
        return
    last = job.ramp.points[-1].time
    if last > info.duration:
        say(
            f"the ramp goes on to {float(last):.2f} s, after the end at {float(info.duration):.2f} "
            "s; its times are counted from the first frame that is slowed down"
        )


def room_of(job: SlowJob) -> Room | None:
    """Return about how much more room on the disk a job will take.

    ``None`` if its clip does not say how long it is. Raises ``UserError`` if the clip cannot be
    read.
    """
    codec = job.output_codec
    with job.open(richest=codec.richest) as reader:
        return room_for_job(job, reader.info, codec)


def room_for_job(job: SlowJob, info: ClipInfo, codec: Codec) -> Room | None:
    """Return the same for a job whose clip is open."""
    has_sound = info.has_audio and job.audio != "drop" and codec.sound is not None
    clock = OutputClock(rate=job.rate or info.rate, pace=job.pace)
    drawn = None if job.drawn is None else max(0, MOST_BYTES - size_on_disk(job.drawn))
    room = room_for(info, codec, clock, has_sound, Beside(job.takes, drawn))
    if room is None:
        return None
    there = kept_bytes(job.output) if job.resume else 0
    replaced = size_on_disk(job.output)
    if job.takes > 1:
        replaced += size_on_disk(job.takes_output)
    return room._replace(kept=max(0, room.kept - there), freed=replaced)
