"""One slow-motion job from file to file: what ``nakawari slow`` and any other front end runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch

from nakawari.errors import UserError
from nakawari.slowmo.drawings import DrawingDetector, EveryFrame, RepeatedFrames
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.retiming import OutputClock
from nakawari.slowmo.slow import Tally, slow_down
from nakawari.video.audio import StretchedAudio
from nakawari.video.picture import Picture
from nakawari.video.reader import ClipInfo, VideoReader
from nakawari.video.writer import VideoWriter, check_output

DETECTORS: dict[str, Callable[[], DrawingDetector]] = {"auto": RepeatedFrames, "keep": EveryFrame}


@dataclass(frozen=True, kw_only=True)
class SlowJob:
    """What is to be done, in the words of the command line."""

    source: Path
    output: Path
    factor: Fraction = Fraction(4)
    rate: Fraction | None = None  # output frames a second; None: the source's
    audio: str = "stretch"  # or "drop"
    holds: str = "auto"  # or "keep"
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.audio not in ("stretch", "drop"):
            raise ValueError(f"audio must be 'stretch' or 'drop', got {self.audio!r}")
        if self.holds not in DETECTORS:
            raise ValueError(f"holds must be one of {', '.join(DETECTORS)}, got {self.holds!r}")


@dataclass(frozen=True, kw_only=True)
class SlowResult:
    """What came of a job."""

    output: Path
    duration: Fraction  # s, of the output
    rate: Fraction  # frames a second, of the output
    width: int
    height: int
    tally: Tally
    seconds: float  # it took, loading the model included


def run_job(
    job: SlowJob,
    load_interpolator: Callable[[], FrameInterpolator],
    device: str,
    *,
    tell: Callable[[str], None] = lambda line: None,
    on_frame: Callable[[int, int | None], None] = lambda written, expected: None,
) -> SlowResult:
    """Run a job: the output appears whole under its name, or not at all.

    Raises ``UserError`` for whatever the user can put right.

    Args:
        job: what to do.
        load_interpolator: called once, after the input and the output were found good.
        device: where the interpolator draws.
        tell: is given remarks, a line each.
        on_frame: is called after every output frame with the frames written and, as far as the
            input declares its duration, the frames expected.
    """
    began = time.monotonic()
    with VideoReader(job.source, tell) as reader:
        check_output(job.output, job.source, job.overwrite)
        info = reader.info
        clock = OutputClock(rate=job.rate or info.rate, factor=job.factor)
        expected = None if info.duration is None else clock.first_index(info.duration)
        interpolator = load_interpolator()
        with VideoWriter(
            job.output,
            width=info.width,
            height=info.height,
            rate=clock.rate,
            tags=info.tags,
            sample_aspect_ratio=info.sample_aspect_ratio,
            audio=_audio(job, info, tell),
        ) as writer:

            def write(picture: Picture) -> None:
                writer.write(picture)
                on_frame(writer.frames, expected)

            try:
                tally = slow_down(
                    reader.frames(),
                    DETECTORS[job.holds](),
                    clock,
                    interpolator,
                    info.tags,
                    device,
                    write,
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
        width=info.width,
        height=info.height,
        tally=tally,
        seconds=time.monotonic() - began,
    )


def _audio(job: SlowJob, info: ClipInfo, tell: Callable[[str], None]) -> StretchedAudio | None:
    if job.audio == "drop" or not info.has_audio:
        return None
    return StretchedAudio(job.source, info.start, job.factor, tell)
