"""The settings of a job, in the words of the command line and as plain JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakawari.pace import Pace
from nakawari.video.part import Part

if TYPE_CHECKING:  # it loads torch, which is not needed just to look at a queue
    from nakawari.slowmo.job import SlowJob

_PATHS = ("source", "output", "xsheet", "drawn")
_FRACTIONS = ("factor", "rate", "input_rate", "begin", "end")
_SWITCHES = ("overwrite", "strict")
_NUMBERS = ("longest_hold", "steps", "seed", "takes")


@dataclass(frozen=True, kw_only=True)
class SlowSettings:
    """Everything that ``nakawari slow`` needs to know for one clip.

    Paths must be absolute, because a process in another folder may do the job.
    """

    source: Path
    output: Path
    factor: Fraction = Fraction(4)  # how many times as long, above 0
    ramp: Pace | None = None  # instead of the factor; its time 0 is ``begin``
    rate: Fraction | None = None  # output frames a second; None: the source's
    input_rate: Fraction | None = None  # of a sequence of pictures; None: 24 frames a second
    begin: Fraction = Fraction(0)  # s; the clip before it is left out
    end: Fraction | None = None  # s; None: the clip's end
    codec: str | None = None  # None: what the output's name says
    picture_names: str | None = None  # in a folder, such as f_%04d.png; None: numbers alone
    audio: str = "stretch"  # or "drop"
    holds: str = "auto"  # or "keep"
    longest_hold: int | None = None  # frames
    xsheet: Path | None = None
    model: str | None = None  # a folder, or a baseline's name; None: the shipped weights
    steps: int | None = None  # of denoising, 1 or more; None: the model's own
    seed: int = 0  # of the noise, 0 to 2**63 - 1
    device: str = "auto"  # or "cpu" or "cuda"
    overwrite: bool = False
    strict: bool = False
    drawn: Path | None = None  # folder of in-betweens drawn before, see ``DrawnBefore``
    takes: int = 1  # number of seeds that are compared, from ``seed`` on; 1: no comparison

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON: strings, whole numbers, booleans and ``None``."""
        fields = dataclasses.fields(self)
        content = {field.name: _plain(getattr(self, field.name)) for field in fields}
        if self.drawn is None:  # so that it is equal to a job of an earlier version's queue
            del content["drawn"]
        if self.takes == 1:
            del content["takes"]
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SlowSettings:
        """Return the settings from which ``to_json`` made ``content``.

        Optional settings that are missing get their default. Raises ``ValueError`` for an unknown
        name, a missing one that has no default, or a value of the wrong type.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(content) - known)
        if unknown:
            raise ValueError(f"a job has unknown settings: {', '.join(unknown)}")
        try:
            return cls(**{name: _parsed(name, value) for name, value in content.items()})
        except TypeError as error:
            raise ValueError(f"a job has no source or no output: {sorted(content)}") from error

    def job(self) -> SlowJob:
        """Return the job, which goes on with what an earlier run of it has drawn."""
        from nakawari.slowmo.job import SlowJob

        return SlowJob(
            source=self.source,
            output=self.output,
            factor=self.factor,
            ramp=self.ramp,
            rate=self.rate,
            input_rate=self.input_rate,
            codec=self.codec,
            picture_names=self.picture_names,
            audio=self.audio,
            holds=self.holds,
            longest_hold=self.longest_hold,
            part=Part(self.begin, self.end),
            xsheet=self.xsheet,
            overwrite=self.overwrite,
            strict=self.strict,
            resume=True,
            drawn=self.drawn,
            seed=self.seed,
            takes=self.takes,
        )


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path | Fraction | Pace) else value


def _parsed(name: str, value: Any) -> Any:
    """Return the value of a setting from JSON; ``ValueError`` if it cannot be one."""
    if value is None:
        return None
    _check_type(name, value)
    if name in _PATHS:
        return Path(value)
    if name == "ramp":
        return Pace.from_text(value)
    try:
        return Fraction(value) if name in _FRACTIONS else value
    except ZeroDivisionError as error:
        raise ValueError(f"a job's {name} is no number: {value!r}") from error


def _check_type(name: str, value: object) -> None:
    kind: type = str
    if name in _SWITCHES:
        kind = bool
    elif name in _NUMBERS:
        kind = int
    if type(value) is not kind:
        raise ValueError(f"a job's {name} must be of type {kind.__name__}, got {value!r}")
