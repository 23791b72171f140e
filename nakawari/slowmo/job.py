"""One slow-motion job from file to file: what ``nakawari slow`` and any other front end runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from itertools import islice, pairwise
from pathlib import Path

import torch
from av import VideoFrame

from nakawari import __version__
from nakawari.errors import UserError
from nakawari.pace import Pace
from nakawari.parsing import MOST_TAKES
from nakawari.slowmo.drawings import check_frames, every_frame, group
from nakawari.slowmo.drawn import DrawnBefore
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.keys import NEVER_RESTS, keys
from nakawari.slowmo.retiming import OutputClock
from nakawari.slowmo.room import Room, check_room, room_for, size_on_disk
from nakawari.slowmo.segments import KeptFrames, check_kept, kept_bytes, source_mark
from nakawari.slowmo.slow import Tally, slow_down
from nakawari.slowmo.takes import (
    Reseed,
    Seeds,
    Takes,
    Unsure,
    check_seeds,
    check_takes_folder,
    seeds_from,
    takes_folder,
)
from nakawari.slowmo.workers import workers_for
from nakawari.video.audio import StretchedAudio
from nakawari.video.codecs import (
    CODECS,
    Codec,
    check_picture,
    check_rate,
    codec_for,
)
from nakawari.video.color import ColorTags
from nakawari.video.companions import Companions
from nakawari.video.form import PictureForm
from nakawari.video.palette import palette_of
from nakawari.video.part import WHOLE, Part
from nakawari.video.picture import Picture
from nakawari.video.reader import ClipInfo, VideoReader
from nakawari.video.sequence import is_sequence
from nakawari.video.writer import PICTURE_NAMES, VideoWriter, check_output
from nakawari.whole import check_name
from nakawari.xsheet.detect import detect
from nakawari.xsheet.sheet.clock import VARIES, FrameTimes
from nakawari.xsheet.sheet.files import load_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet
from nakawari.xsheet.show.saving import check_target, is_sheet, save_sheet

SEQUENCES = {name for name, codec in CODECS.items() if codec.is_sequence}
MAX_RATE_DIFFERENCE = Fraction(1, 100)  # of a sheet's rate from its clip's


@dataclass(frozen=True, kw_only=True)
class SlowJob:
    """What is to be done, in the words of the command line."""

    source: Path  # a file, a folder of numbered pictures, or a name such as f_%04d.png
    output: Path
    factor: Fraction = Fraction(4)  # how many times as long, where there is no ramp
    ramp: Pace | None = None  # instead of the factor; its time 0 is the start of the part
    rate: Fraction | None = None  # output frames a second; None: the source's
    input_rate: Fraction | None = None  # of a sequence of pictures; None: 24 frames a second
    codec: str | None = None  # one of ``CODECS``; None: what the output's name says
    picture_names: str | None = None  # in a folder, such as f_%04d.png; None: their numbers alone
    audio: str = "stretch"  # or "drop"
    holds: str = "auto"  # or "keep"
    longest_hold: int | None = None  # frames, that moves; None: six, or a quarter of a second
    part: Part = WHOLE  # of the clip, that is slowed down
    xsheet: Path | None = None  # an exposure sheet to go by; None: it is detected
    overwrite: bool = False
    strict: bool = False  # refuse a clip in which anything is damaged, instead of bridging it
    resume: bool = False  # go on with the frames of a run that was cut off, and keep them if it is
    drawn: Path | None = None  # folder of in-betweens that are not to be drawn twice
    seed: int = 0  # with which the interpolator draws
    takes: int = 1  # seeds that are compared, from ``seed`` on; 1: none are

    def __post_init__(self) -> None:
        if self.audio not in ("stretch", "drop"):
            raise ValueError(f"audio must be 'stretch' or 'drop', got {self.audio!r}")
        if self.part.end is not None and not 0 <= self.part.start < self.part.end:
            raise ValueError(f"the part must begin before it ends, got {self.part}")
        if self.holds not in ("auto", "keep"):
            raise ValueError(f"holds must be 'auto' or 'keep', got {self.holds!r}")
        if not 1 <= self.takes <= MOST_TAKES:
            raise ValueError(f"takes must be from 1 to {MOST_TAKES}, got {self.takes}")

    @property
    def pace(self) -> Pace:
        """How fast the clip passes."""
        return self.ramp or Pace.constant(self.factor)

    @property
    def sheet_output(self) -> Path:
        """Where the sheet that was used goes: beside the output."""
        name = self.output.name if self._is_folder else self.output.stem
        return self.output.with_name(f"{name}.xsheet.json")

    @property
    def takes_output(self) -> Path:
        """The folder of the takes to choose from: beside the output."""
        return takes_folder(self.output, self._is_folder)

    @property
    def _is_folder(self) -> bool:
        return self.picture_names is not None or self.codec in SEQUENCES

    @property
    def output_codec(self) -> Codec:
        """How the output is encoded; ``UserError`` if its name does not go with that."""
        names = self.picture_names
        return codec_for(self.output if names is None else self.output / names, self.codec)

    def open(
        self, tell: Callable[[str], None] = lambda line: None, richest: PictureForm | None = None
    ) -> VideoReader:
        """Return a reader of what is slowed down."""
        return VideoReader(
            self.source, tell, self.strict, self.part, self.input_rate, richest=richest
        )


@dataclass(frozen=True, kw_only=True)
class TakesResult:
    """What came of comparing takes."""

    folder: Path  # of their clips and their list
    compared: int  # intervals
    unsure: tuple[Unsure, ...]  # those to check
    seconds: float  # it took, about


@dataclass(frozen=True, kw_only=True)
class SlowResult:
    """What came of a job."""

    output: Path
    duration: Fraction  # s, of the output
    rate: Fraction  # frames a second, of the output
    width: int
    height: int
    tally: Tally
    sheet: ExposureSheet  # that was used
    sheet_path: Path  # where it is
    seconds: float  # it took, loading the model included
    takes: TakesResult | None = None  # None: none were compared


def run_job(
    job: SlowJob,
    load_interpolator: Callable[[], FrameInterpolator],
    device: str,
    *,
    drawn_by: Callable[[], str] = lambda: "",
    reseed: Reseed | None = None,
    tell: Callable[[str], None] = lambda line: None,
    on_read: Callable[[int, int | None], None] = lambda read, expected: None,
    on_frame: Callable[[int, int | None], None] = lambda written, expected: None,
    on_picture: Callable[[Picture, ColorTags], None] = lambda picture, tags: None,
) -> SlowResult:
    """Run a job: the output appears whole under its name, or not at all, its sheet after it.

    The clip is read twice, for its exposure sheet first. Raises ``UserError`` for whatever the
    user can put right.

    Args:
        job: what to do.
        load_interpolator: called once, after the job was found to be possible.
        device: where the interpolator draws.
        drawn_by: called once, after the interpolator was loaded; tells it, its weights and settings
            from every other one. Frames that another one drew are not gone on with.
        reseed: returns the interpolator with another seed than ``job.seed``; ``None``: it draws the
            same by each.
        tell: is given remarks, a line each, none twice.
        on_read: is called after every frame of the first reading with the frames read and, as far
            as the input declares its length, the frames expected.
        on_frame: is called after every output frame with the frames written and, as far as the
            input declares its duration, the frames expected.
        on_picture: is given every output frame before that, and what its code values mean.
    """
    began = time.monotonic()
    say = _without_repeats(tell)
    codec = _check_outputs(job)
    _check_takes(job, reseed)
    with ExitStack() as opened:
        reader = opened.enter_context(job.open(say, codec.richest))
        info = reader.info
        check_picture(codec, *written_size(info))
        check_rate(codec, job.rate or info.rate)
        room = _room(job, info, codec)
        if room is not None:
            check_room([room], job.output.parent, str(job.output))
        _check_ramp(job, info, say)
        given = _given_sheet(job, info)
        if given is not None and given.clip != job.source.name:
            say(f"the exposure sheet was made for {given.clip}; it is used as if for this clip")
        audio = _audio(job, info, codec, say)
        for track in audio:
            opened.callback(track.close)
        companions = _companions(job, info, codec, say)
        if companions is not None:
            opened.callback(companions.close)
        interpolator = load_interpolator()
        artist = drawn_by()
        if given is not None:
            sheet = _timed(given, job, say, on_read)
        else:
            sheet = detect(
                job.source,
                tell=say,
                on_frame=on_read,
                strict=job.strict,
                part=job.part,
                input_rate=job.input_rate,
            ).sheet
        longest_hold = job.longest_hold
        if job.holds == "keep":  # also where the frame rate varies, and one frame is a pause
            sheet, longest_hold = every_frame(sheet), NEVER_RESTS
        # Another run may have made it since.
        check_output(job.output, job.source, job.overwrite, codec)
        clock = OutputClock(rate=job.rate or _source_rate(sheet, info), pace=job.pace)
        check_rate(codec, clock.rate)  # where the rate varies, it is known only now
        expected = None if info.duration is None else clock.first_index(info.duration)
        kept = opened.enter_context(
            KeptFrames(
                job.output,
                _made_from(job, info, sheet, clock, longest_hold, artist),
                resume=job.resume,
                overwrite=job.overwrite,
                tell=say,
            )
        )
        width, height = written_size(info)
        takes = None
        if job.takes > 1:
            takes = opened.enter_context(
                Takes(
                    job.takes_output,
                    seeds_from(job.seed, job.takes),
                    output=job.output.name,
                    rate=clock.rate,
                    tags=info.tags,
                    sample_aspect_ratio=info.sample_aspect_ratio,
                )
            )
        workers = workers_for(device, info.width, info.height)
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
            palette=_palette(job, codec),
        ) as writer:

            def write(picture: Picture) -> None:
                kept.add(picture)
                writer.write(picture)
                on_picture(picture, info.tags)
                on_frame(writer.frames, expected)

            try:
                tally = slow_down(
                    group(reader.frames(), sheet, longest_hold),
                    clock,
                    interpolator,
                    info.tags,
                    device,
                    write,
                    workers,
                    kept,
                    None if job.drawn is None else DrawnBefore(job.drawn, artist),
                    _seeds(job, sheet, longest_hold, reseed, say),
                    takes,
                )
            except torch.OutOfMemoryError as error:
                raise UserError(
                    f"not enough memory on the graphics card for {info.width}x{info.height}; "
                    "use --device cpu"
                ) from error
    return SlowResult(
        output=job.output,
        duration=writer.frames / clock.rate,
        rate=clock.rate,
        width=width,
        height=height,
        tally=tally,
        sheet=sheet,
        sheet_path=_save_sheet(job, sheet, say),
        seconds=time.monotonic() - began,
        takes=None if takes is None else _takes_result(takes, workers),
    )


def written_size(info: ClipInfo) -> tuple[int, int]:
    """Return width and height [px] of the output: the source's where that need not be even."""
    if info.form.shared != (1, 1):
        return info.width, info.height
    return info.width - info.grown[0], info.height - info.grown[1]


def room_of(job: SlowJob) -> Room | None:
    """Return about how much room on the disk a job will take from now on.

    ``None`` if its clip does not say how long it is. Raises ``UserError`` if it cannot be read.
    """
    codec = job.output_codec
    with job.open(richest=codec.richest) as reader:
        return _room(job, reader.info, codec)


def _room(job: SlowJob, info: ClipInfo, codec: Codec) -> Room | None:
    has_sound = info.has_audio and job.audio != "drop" and codec.sound is not None
    clock = OutputClock(rate=job.rate or info.rate, pace=job.pace)
    room = room_for(info, codec, clock, has_sound)
    if room is None:
        return None
    there = kept_bytes(job.output) if job.resume else 0
    replaced = size_on_disk(job.output)
    return room._replace(kept=max(0, room.kept - there), freed=replaced)


def _without_repeats(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Return ``tell``, but for lines told before: reading twice finds everything twice."""
    told: set[str] = set()

    def say(line: str) -> None:
        if line not in told:
            told.add(line)
            tell(line)

    return say


def _check_outputs(job: SlowJob) -> Codec:
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
    if not _goes_by_own_output(job):
        check_target(job.sheet_output, job.source, "exposure sheet", is_sheet, job.overwrite)
    return codec


def _check_takes(job: SlowJob, reseed: Reseed | None) -> None:
    """Raise ``UserError`` if takes cannot be compared, or not be written."""
    check_seeds(job.takes, job.seed, reseed)
    if job.takes == 1:
        return
    check_name(job.takes_output, "takes")
    check_takes_folder(job.takes_output)


def _seeds(
    job: SlowJob,
    sheet: ExposureSheet,
    longest_hold: int | None,
    reseed: Reseed | None,
    say: Callable[[str], None],
) -> Seeds | None:
    """Return which seed draws which interval, by the takes that the sheet has.

    Of takes that belong to no interval is told.
    """
    if reseed is None:
        return None
    chosen = {(take.start, take.next): take.seed for take in sheet.takes}
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


def _check_ramp(job: SlowJob, info: ClipInfo, say: Callable[[str], None]) -> None:
    """Tell of a point that is never reached: it may well be a mistake."""
    if job.ramp is None or info.duration is None:
        return
    last = job.ramp.points[-1].time
    if last > info.duration:
        say(
            f"the ramp goes on to {float(last):.2f} s, after the end at {float(info.duration):.2f} "
            "s; its times are counted from the first frame that is slowed down"
        )


def _made_from(
    job: SlowJob,
    info: ClipInfo,
    sheet: ExposureSheet,
    clock: OutputClock,
    longest_hold: int | None,
    drawn_by: str,
) -> dict[str, str]:
    """Return all that says what the output's pictures are, by the name that a user knows."""
    return {
        "version of Nakawari": __version__,
        "source": source_mark(job.source),
        "frame rate of the input": str(job.input_rate),
        "part": f"{job.part.start} {job.part.end}",
        "codec, with another bit depth, chroma or transparency": info.form.pixel_format,
        "exposure sheet": sha256(sheet.to_json().encode()).hexdigest()[:32],
        "longest hold": str(longest_hold),
        "frame rate": str(clock.rate),
        "speed": str(clock.pace),
        "model, steps or seed": drawn_by,
    }


def _given_sheet(job: SlowJob, info: ClipInfo) -> ExposureSheet | None:
    """Return the sheet that the user gave, if any."""
    if job.xsheet is None:
        return None
    sheet = load_sheet(job.xsheet, fps=info.rate)
    return replace(sheet, clip=sheet.clip or job.source.name)


def _timed(
    sheet: ExposureSheet,
    job: SlowJob,
    say: Callable[[str], None],
    on_read: Callable[[int, int | None], None],
) -> ExposureSheet:
    """Return a sheet that the user gave with the times of the clip's own frames.

    Raises ``UserError`` if it is for another number of frames, or another rate.
    """
    count, times = 0, FrameTimes()
    with job.open(say) as reader:
        for _ in islice(times.noting(reader.frames()), sheet.frames + 1):
            count += 1
            on_read(count, sheet.frames)
        stated = reader.info.rate
    clock = times.clock(stated)
    check_frames(sheet, count)
    rates = {clock.fps, stated}
    if all(abs(sheet.fps - rate) > rate * MAX_RATE_DIFFERENCE for rate in rates):
        raise UserError(
            f"exposure sheet {job.xsheet} is for {float(sheet.fps):.3f} frames/s, and the clip has "
            f'{float(clock.fps):.3f}; give the sheet of this very clip, or remove its "fps"'
        )
    if clock.times is None:
        return replace(sheet, times=None)
    say(VARIES)
    return replace(sheet, fps=clock.fps, times=clock.times)


def _source_rate(sheet: ExposureSheet, info: ClipInfo) -> Fraction:
    """Return the clip's rate; where it varies, that at which most frames follow on one another."""
    return info.rate if sheet.times is None else sheet.fps


def _goes_by_own_output(job: SlowJob) -> bool:
    """Return whether the sheet given is where the one used would be saved."""
    given, saved = job.xsheet, job.sheet_output
    return given is not None and given.exists() and saved.exists() and given.samefile(saved)


def _save_sheet(job: SlowJob, sheet: ExposureSheet, say: Callable[[str], None]) -> Path:
    """Save the sheet beside the output and return its path; a file the user gave is left alone."""
    if job.xsheet is not None and _goes_by_own_output(job):
        return job.xsheet
    kept = save_sheet(job.sheet_output, sheet.to_json())
    if kept is not None:
        say(f"another exposure sheet was there; it is now {kept}")
    return job.sheet_output


def _palette(job: SlowJob, codec: Codec) -> VideoFrame | None:
    """Return the colours for an output that has only few: a reading of the clip of its own."""
    if not codec.has_palette:
        return None
    with job.open(richest=codec.richest) as reader:
        return palette_of((frame.picture for frame in reader.frames()), reader.info.tags)


def _audio(
    job: SlowJob, info: ClipInfo, codec: Codec, tell: Callable[[str], None]
) -> list[StretchedAudio]:
    """Return the sound tracks of the output, the one that a player would choose first.

    Raises ``UserError`` if this one cannot be read; of the others that is told.
    """
    if job.audio == "drop" or not info.has_audio:
        return []
    if codec.sound is None:
        tell(f"left out: the sound, for which {codec.title} has no room")
        return []
    tracks = [StretchedAudio(job.source, info.start, job.pace, tell)]
    for number in range(1, info.sound_tracks):
        try:
            tracks.append(StretchedAudio(job.source, info.start, job.pace, number=number))
        except UserError:
            tell(f"left out: sound track {number + 1}, which cannot be read")
    return tracks


def _companions(
    job: SlowJob, info: ClipInfo, codec: Codec, tell: Callable[[str], None]
) -> Companions | None:
    """Return what goes with picture and sound; ``None`` if the source cannot have any."""
    if is_sequence(job.source):
        return None
    return Companions(
        job.source,
        start=info.start,
        duration=info.duration,
        pace=job.pace,
        container=codec.container_of(job.output),
        has_sound=job.audio != "drop" and codec.sound is not None,
        tell=tell,
    )
