"""Takes: an interval's in-betweens as several seeds draw them, to choose from where they differ.

The noise decides what the model is unsure of. So each seed draws the picture in the middle of an
interval, at half the size. Where these are far apart, all in-betweens of the interval are drawn
with every seed, each take is written as a short clip, and the interval is listed to be checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nakawari.errors import UserError
from nakawari.parsing import MAX_SEED
from nakawari.video.codecs import CODECS
from nakawari.video.color import ColorTags, plain
from nakawari.video.picture import Picture
from nakawari.video.writer import VideoWriter
from nakawari.whole import PartialFolder, check_free, write_whole

if TYPE_CHECKING:  # it loads torch, which who only shows takes does not need
    from nakawari.slowmo.drawn import DrawnBefore
    from nakawari.slowmo.interpolator import FrameInterpolator

UNSURE = 2.5
"""Spread [8-bit code values] from which on an interval is to be checked.

Four seeds drew 26 of the 55 intervals of samples/dance.mp4, and twelve drawn triplets, at full size
as well. The seven with 2.5 or more here had 2.7 to 44 there, and side by side most of them show a
hand, a foot or what lies behind otherwise. All others had 2.9 or less, and the three of these that
were looked at, 2.0 to 2.9, show nothing. Of all 55, 12 have 2.5 or more, 11 of them in the pan, and
half have less than 0.7.
"""
SHARE = 0.01
"""Of the picture, that differs most: a hand that goes another way is no larger."""
SMALLER = 2
"""Times by which the pictures that are compared are smaller than the clip's: each takes 0.4 s of
one core, and not 1.0 s (512x288). Of those 38 intervals the spread at full size was 1.3 times as
large (median), and ranked them much alike (Spearman's coefficient 0.91)."""
LIST = "takes.json"
CODEC = CODECS["h264"]

Seed = int
Reseed: TypeAlias = "Callable[[FrameInterpolator, Seed], FrameInterpolator]"
"""Returns what draws as an interpolator does, with another seed."""


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Which seed draws which interval."""

    reseed: Reseed
    usual: Seed = 0
    chosen: Mapping[tuple[int, int], Seed] = field(default_factory=dict)
    """By the frames of the two pictures."""

    def of(self, start: int, following: int) -> Seed:
        """Return the seed of the in-betweens from one frame to another."""
        return self.chosen.get((start, following), self.usual)


@dataclass(frozen=True, kw_only=True)
class Unsure:
    """An interval whose takes are far apart."""

    start: int  # frame of the clip, or of the part of it that was slowed down
    next: int  # likewise, of the picture that the in-betweens lead to
    spread: float  # code values, see ``spread``
    begins: Fraction  # s of the output, its first in-between
    ends: Fraction  # s of the output, after its last

    def clip(self, seed: Seed) -> str:
        """Return the name of the clip of a take."""
        return f"frames_{self.start}-{self.next}.seed_{seed}.mp4"


def takes_folder(output: Path, is_folder: bool) -> Path:
    """Return where the takes of an output go: beside it; ``is_folder``: it is one of pictures."""
    return output.with_name(f"{output.name if is_folder else output.stem}.takes")


def spread(takes: Sequence[Picture]) -> float:
    """Return how far pictures in RGB with 8 bits are apart [code values], 0 to 180.3.

    It is the standard deviation over the pictures (of a sample: two pictures that differ by 10 have
    7.07), mean of the channels, and then the mean of the hundredth of all pixels where it is
    largest. The same picture several times gives 0.
    """
    codes = np.stack([np.stack(list(take)) for take in takes]).astype(np.float32)  # (N, 3, H, W)
    apart = codes.std(axis=0, ddof=1).mean(axis=0).ravel()
    most = max(1, round(apart.size * SHARE))
    return float(np.partition(apart, -most)[-most:].mean())


def seeds_from(seed: Seed, takes: int) -> list[Seed]:
    """Return the seeds of so many takes: the usual one first."""
    return list(range(seed, seed + takes))


def check_seeds(takes: int, seed: Seed, reseed: Reseed | None) -> None:
    """Raise ``UserError`` if so many takes cannot be drawn from a seed on.

    ``reseed`` is ``None`` for what draws the same with every seed.
    """
    if takes > 1 and reseed is None:
        raise UserError(
            "--takes compares what chance decides, and this model draws the same with every seed; "
            "leave out --takes, or give --model a folder of weights"
        )
    if seed + takes - 1 > MAX_SEED:
        raise UserError(
            f"--takes {takes} needs as many seeds from --seed {seed} on; give a smaller one"
        )


def check_takes_folder(folder: Path) -> None:
    """Raise ``UserError`` if a folder cannot become that of the takes.

    One that exists is replaced if it holds takes and nothing else.
    """
    if folder.exists() and not (folder.is_dir() and all(map(_is_ours, folder.iterdir()))):
        raise UserError(
            f"{folder}, where the takes go, is there and holds other things; move it, or choose "
            "another name with -o"
        )
    check_free(folder)


def _is_ours(path: Path) -> bool:
    return path.name == LIST or (path.name.startswith("frames_") and path.suffix == ".mp4")


class Takes:
    """Compares the takes of intervals, and writes those that are far apart to a folder.

    Use it as a context manager: left normally, the folder appears whole, with a list of the
    intervals to check; left by an exception, nothing is left of it. ``write_others`` and
    ``note_time`` may be called from several threads, the other methods from one.

    Args:
        folder: that it becomes.
        seeds: of the takes, two or more, the usual one first.
        output: name of what has the usual ones.
        rate: frames a second of the clips.
        tags: what the pictures' code values mean.
        sample_aspect_ratio: width over height of one pixel.
        drawn: where that is kept which is drawn to compare; ``None``: nowhere.
    """

    def __init__(
        self,
        folder: Path,
        seeds: Sequence[Seed],
        *,
        output: str,
        rate: Fraction,
        tags: ColorTags,
        sample_aspect_ratio: Fraction = Fraction(1),
        drawn: DrawnBefore | None = None,
    ) -> None:
        self.folder = folder
        self.seeds = seeds
        self.drawn = drawn
        self.unsure: list[Unsure] = []
        self.compared = 0  # intervals
        self.seconds = 0.0  # that comparing and the other takes took, all threads together
        self._output = output
        self._rate = rate
        self._tags = tags
        self._ratio = sample_aspect_ratio
        self._lock = Lock()
        self._used: VideoWriter | None = None  # the clip of the take that the output has
        self._last: Picture | None = None  # of that clip
        self._opened = ExitStack()
        self._partial = PartialFolder(folder)

    def note_time(self, seconds: float) -> None:
        """Add what comparing one more interval took [s]."""
        with self._lock:
            self.compared += 1
            self.seconds += seconds

    def write_others(
        self, unsure: Unsure, drawn: Callable[[Seed], Iterable[Picture]], ends: tuple[Picture, ...]
    ) -> None:
        """Write the takes that the output does not have.

        Args:
            unsure: the interval.
            drawn: returns its in-betweens by a seed.
            ends: the two pictures between which they lie.
        """
        first, last = ends
        for seed in self.seeds[1:]:
            with self._clip(unsure, seed, first) as clip:
                for picture in chain([first], drawn(seed), [last]):
                    clip.write(plain(picture, self._tags))

    def begin(self, unsure: Unsure, ends: tuple[Picture, ...]) -> None:
        """List an interval; what is added from now on are its in-betweens in the output."""
        first, self._last = ends
        self.unsure.append(unsure)
        self._used = self._opened.enter_context(self._clip(unsure, self.seeds[0], first))
        self.add(first)

    def add(self, picture: Picture) -> None:
        """Add an in-between of the interval that has begun, if one has."""
        if self._used is not None:
            self._used.write(plain(picture, self._tags))

    def end(self) -> None:
        """End the interval that has begun, if one has."""
        if self._used is not None and self._last is not None:
            self.add(self._last)
            self._used = self._last = None
            self._opened.close()

    def _clip(self, unsure: Unsure, seed: Seed, like: Picture) -> VideoWriter:
        shown = plain(like, self._tags)
        return VideoWriter(
            self._partial.path / unsure.clip(seed),
            codec=CODEC,
            width=shown.width,
            height=shown.height,
            rate=self._rate,
            tags=replace(self._tags, matrix=self._tags.known_matrix(shown.height)),
            sample_aspect_ratio=self._ratio,
        )

    def to_json(self) -> str:
        """Return the list of the intervals to check as JSON."""
        intervals = [
            {
                "start": unsure.start,
                "next": unsure.next,
                "spread": round(unsure.spread, 2),
                "begins": round(float(unsure.begins), 6),
                "ends": round(float(unsure.ends), 6),
                "takes": [{"seed": seed, "clip": unsure.clip(seed)} for seed in self.seeds],
            }
            for unsure in self.unsure
        ]
        content = {
            "output": self._output,
            "seeds": list(self.seeds),
            "threshold": UNSURE,
            "compared": self.compared,
            "intervals": intervals,
        }
        return json.dumps(content, indent=1) + "\n"

    def __enter__(self) -> Takes:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None:
            self._opened.__exit__(kind, *error)  # type: ignore[arg-type]
            self._partial.discard()
            return
        try:
            self.end()
            write_whole(self._partial.path / LIST, self.to_json().encode())
            self._partial.finish()
        except BaseException:
            self._partial.discard()
            raise
