"""What a slow-motion job is to do, in the words of the command line, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from nakawari.pace import Pace
from nakawari.parsing import MOST_TAKES
from nakawari.slowmo.slow import Tally
from nakawari.slowmo.takes import Unsure, takes_folder
from nakawari.video.codecs import CODECS, Codec, codec_for
from nakawari.video.part import WHOLE, Part
from nakawari.video.pictures.form import PictureForm
from nakawari.video.reader import VideoReader
from nakawari.xsheet.sheet.sheet import ExposureSheet

SEQUENCES = {name for name, codec in CODECS.items() if codec.is_sequence}


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
    longest_hold: int | None = None  # frames; a longer one rests; None: six, or a quarter second
    part: Part = WHOLE  # the part of the clip that is slowed down
    xsheet: Path | None = None  # an exposure sheet to use; None: it is detected
    overwrite: bool = False
    strict: bool = False  # refuse a clip in which anything is damaged, instead of bridging it
    resume: bool = False  # go on with the frames of a run that was cut off, and keep them if it is
    drawn: Path | None = None  # folder of in-betweens that are not to be drawn twice
    seed: int = 0  # the seed with which the interpolator draws
    takes: int = 1  # number of seeds that are compared, from ``seed`` on; 1: no comparison

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
        """The file to which the sheet that was used is saved: beside the output."""
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
        """How the output is encoded; ``UserError`` if the output's name does not fit the codec."""
        names = self.picture_names
        return codec_for(self.output if names is None else self.output / names, self.codec)

    def open(
        self, tell: Callable[[str], None] = lambda line: None, richest: PictureForm | None = None
    ) -> VideoReader:
        """Return a reader of the part of the clip that is slowed down."""
        return VideoReader(
            self.source, tell, self.strict, self.part, self.input_rate, richest=richest
        )


@dataclass(frozen=True, kw_only=True)
class TakesResult:
    """The result of comparing takes."""

    folder: Path  # of their clips and their list
    compared: int  # number of intervals
    unsure: tuple[Unsure, ...]  # the intervals to check
    seconds: float  # time that it took, about


@dataclass(frozen=True, kw_only=True)
class SlowResult:
    """The result of a job."""

    output: Path
    duration: Fraction  # s, of the output
    rate: Fraction  # frames a second, of the output
    width: int
    height: int
    tally: Tally
    sheet: ExposureSheet  # the sheet that was used
    sheet_path: Path  # where that sheet is saved
    seconds: float  # time that it took, loading the model included
    takes: TakesResult | None = None  # None: none were compared
