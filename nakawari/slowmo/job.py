"""One slow-motion job from file to file: what ``nakawari slow`` and any other front end runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from itertools import pairwise

from nakawari import __version__
from nakawari.slowmo.beside import audio_for, companions_for, palette_for
from nakawari.slowmo.fallback import Fallback
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.job_checks import check_outputs, check_ramp, check_takes, room_for_job
from nakawari.slowmo.kept.compared import ComparedBefore
from nakawari.slowmo.kept.drawn import DrawnBefore
from nakawari.slowmo.kept.segments import KeptFrames
from nakawari.slowmo.room import check_room
from nakawari.slowmo.sheet_used import (
    given_sheet,
    save_used_sheet,
    source_rate,
    timed_sheet,
)
from nakawari.slowmo.slow import slow_down
from nakawari.slowmo.slow_job import SlowJob, SlowResult, TakesResult
from nakawari.slowmo.takes import (
    Reseed,
    Seeds,
    Takes,
    seeds_from,
)
from nakawari.slowmo.timing.drawings import every_frame, group
from nakawari.slowmo.timing.keys import NEVER_RESTS, keys
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.codecs import check_picture, check_rate
from nakawari.video.output_checks import check_output
from nakawari.video.pictures.color import ColorTags
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import ClipInfo
from nakawari.video.remarks import Remarks
from nakawari.video.writer import PICTURE_NAMES, VideoWriter
from nakawari.xsheet.detect import detect
from nakawari.xsheet.sheet.sheet import ExposureSheet


def run_job(
    job: SlowJob,
    load_interpolator: Callable[[], FrameInterpolator],
    device: str,
    *,
    drawn_by: Callable[[], str] = lambda: "",
    reseed: Reseed | None = None,
    load_on_cpu: Callable[[], FrameInterpolator] | None = None,
    tell: Callable[[str], None] = lambda line: None,
    on_read: Callable[[int, int | None], None] = lambda read, expected: None,
    on_frame: Callable[[int, int | None], None] = lambda written, expected: None,
    on_picture: Callable[[Picture, ColorTags], None] = lambda picture, tags: None,
) -> SlowResult:
    """Run a job: the output appears whole under its name, or not at all, its sheet after it.

    The clip is read twice, the first time for its exposure sheet. Raises ``UserError`` for every
    error that the user can put right.

    Args:
        job: what to do.
        load_interpolator: is called once, after the job was found to be possible.
        device: where the interpolator draws.
        drawn_by: is called once, after the interpolator was loaded. Returns a text that identifies
            it, its weights and its settings. Kept frames that another one drew are not used.
        reseed: returns the interpolator with another seed than ``job.seed``. ``None`` if it draws
            the same with every seed.
        load_on_cpu: returns the interpolator for the CPU, where drawing goes on if ``device`` is a
            graphics card that fails. ``None``: then the job fails.
        tell: is given remarks, one line each; none is repeated.
        on_read: is called after every frame of the first reading with the number of frames read and
            of frames expected. The latter is ``None`` if the input does not declare its length.
        on_frame: is called after every output frame with the number of frames written and of frames
            expected. The latter is ``None`` if the input does not declare its duration.
        on_picture: is called before that with every output frame, and with its colour tags, which
            say what its code values mean.
    """
    began = time.monotonic()
    say = Remarks(tell).say  # both readings find the same faults
    codec = check_outputs(job)
    check_takes(job, reseed)
    with ExitStack() as opened:
        reader = opened.enter_context(job.open(say, codec.richest))
        info = reader.info
        check_picture(codec, *written_size(info))
        check_rate(codec, job.rate or info.rate)
        room = room_for_job(job, info, codec)
        if room is not None:
            check_room([room], job.output.parent, str(job.output))
        check_ramp(job, info, say)
        given = given_sheet(job, info)
        if given is not None and given.clip != job.source.name:
            say(f"the exposure sheet was made for {given.clip}; it is used as if for this clip")
        audio = audio_for(job, info, codec, say)
        for track in audio:
            opened.callback(track.close)
        companions = companions_for(job, info, codec, say)
        if companions is not None:
            opened.callback(companions.close)
        size = info.width, info.height
        fallback = Fallback.load(load_interpolator, load_on_cpu, device, size, say)
        artist = drawn_by()
        if given is not None:
            sheet, content = timed_sheet(given, job, say, on_read)
        else:
            detection = detect(
                job.source,
                tell=say,
                on_frame=on_read,
                strict=job.strict,
                part=job.part,
                input_rate=job.input_rate,
            )
            sheet, content = detection.sheet, detection.content
        longest_hold = job.longest_hold
        if job.holds == "keep":  # nothing rests, not even one long frame of a variable rate
            sheet, longest_hold = every_frame(sheet), NEVER_RESTS
        # Another run may have made the output since the first check.
        check_output(job.output, job.source, job.overwrite, codec)
        clock = OutputClock(rate=job.rate or source_rate(sheet, info), pace=job.pace)
        check_rate(codec, clock.rate)  # a varying rate is known only now
        expected = None if info.duration is None else clock.first_index(info.duration)
        kept = opened.enter_context(
            KeptFrames(
                job.output,
                _made_from(job, info, sheet, content, clock, longest_hold, artist),
                resume=job.resume,
                overwrite=job.overwrite,
                tell=say,
            )
        )
        width, height = written_size(info)
        drawn = None if job.drawn is None else DrawnBefore(job.drawn, artist)
        takes = None
        if job.takes > 1:
            compared = drawn
            if compared is None:
                compared = opened.enter_context(
                    ComparedBefore(job.output, artist, resume=job.resume)
                ).drawn
            takes = opened.enter_context(
                Takes(
                    job.takes_output,
                    seeds_from(job.seed, job.takes),
                    output=job.output.name,
                    rate=clock.rate,
                    tags=info.tags,
                    sample_aspect_ratio=info.sample_aspect_ratio,
                    drawn=compared,
                )
            )
        workers = fallback.place.intervals
        with VideoWriter(
            job.output,
            codec=codec,
            width=width,
            height=height,
            rate=clock.rate,
            tags=info.tags,
            form=info.form,
            sample_aspect_ratio=info.sample_aspect_ratio,
            audio=audio,
            companions=companions,
            picture_names=job.picture_names or PICTURE_NAMES,
            palette=palette_for(job, codec),
        ) as writer:

            def write(picture: Picture) -> None:
                kept.add(picture)
                writer.write(picture)
                on_picture(picture, info.tags)
                on_frame(writer.frames, expected)

            tally = slow_down(
                group(reader.frames(), sheet, longest_hold),
                clock,
                fallback,
                info.tags,
                write,
                kept,
                drawn,
                _seeds(job, sheet, longest_hold, reseed, say),
                takes,
            )
    return SlowResult(
        output=job.output,
        duration=writer.frames / clock.rate,
        rate=clock.rate,
        width=width,
        height=height,
        tally=tally,
        sheet=sheet,
        sheet_path=save_used_sheet(job, sheet, say),
        seconds=time.monotonic() - began,
        takes=None if takes is None else _takes_result(takes, workers),
    )


def written_size(info: ClipInfo) -> tuple[int, int]:
    """Return width and height [px] of the output.

    They are the source's where every pixel has its own chroma sample. With chroma subsampling, they
    are those to which the reader has grown the pictures, which are even where that is needed.
    """
    if info.form.shared != (1, 1):
        return info.width, info.height
    return info.width - info.grown[0], info.height - info.grown[1]


def _seeds(
    job: SlowJob,
    sheet: ExposureSheet,
    longest_hold: int | None,
    reseed: Reseed | None,
    say: Callable[[str], None],
) -> Seeds | None:
    """Return which seed draws which interval, according to the takes chosen in the sheet.

    ``say`` is given a line for each take that belongs to no interval.
    """
    if reseed is None:
        return None
    chosen = sheet.chosen_seeds
    if chosen:
        pairs = pairwise(keys(sheet, longest_hold))
        intervals = {(a.frame, b.frame) for a, b in pairs if not b.begins_shot}
        for start, following in sorted(chosen.keys() - intervals):
            say(
                f"the take of frames {start} to {following} is not used: no in-betweens lead from "
                "the one to the other"
            )
    return Seeds(reseed=reseed, usual=job.seed, chosen=chosen)


def _takes_result(takes: Takes, workers: int) -> TakesResult:
    return TakesResult(
        folder=takes.folder,
        compared=takes.compared,
        unsure=tuple(takes.unsure),
        seconds=takes.seconds / workers,
    )


def _made_from(
    job: SlowJob,
    info: ClipInfo,
    sheet: ExposureSheet,
    content: str,
    clock: OutputClock,
    longest_hold: int | None,
    drawn_by: str,
) -> dict[str, str]:
    """Return everything on which the output's pictures depend, by the names that a user knows."""
    return {
        "version of Nakawari": __version__,
        "source": content,
        "frame rate of the input": str(job.input_rate),
        "part": f"{job.part.start} {job.part.end}",
        "codec, with another bit depth, chroma or transparency": info.form.pixel_format,
        "exposure sheet": sha256(sheet.to_json().encode()).hexdigest()[:32],
        "longest hold": str(longest_hold),
        "frame rate": str(clock.rate),
        "speed": str(clock.pace),
        "model, steps or seed": drawn_by,
    }
