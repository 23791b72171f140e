"""Takes: an interval's in-betweens as several seeds draw them, to choose from where they differ.

Where the model is unsure, the noise decides what it draws. So each seed draws the picture in the
middle of an interval, at half the size. Where these pictures differ much, all in-betweens of the
interval are drawn with every seed. Each take is written as a short clip, and the interval is listed
to be checked.
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
from nakawari.video.pictures.color import ColorTags, plain
from nakawari.video.pictures.picture import Picture
from nakawari.video.writer import VideoWriter
from nakawari.whole import PartialFolder, check_free, write_whole

if TYPE_CHECKING:  # it loads torch, which is not needed just to show takes
    from nakawari.slowmo.interpolator import FrameInterpolator
    from nakawari.slowmo.kept.drawn import DrawnBefore

UNSURE = 2.5
"""Spread [8-bit code values] from which on an interval is to be checked.

Four seeds drew 26 of the 55 intervals of samples/dance.mp4, and twelve drawn triplets, at full size
as well. The seven with a spread of 2.5 or more at half size had 2.7 to 44 at full size. Side by
side, the takes of most of them differ in a hand, a foot or the background. All others had 2.9 or
less at full size; in the three of these that were looked at (2.0 to 2.9), no difference is visible.
Of all 55 intervals, 12 have 2.5 or more, 11 of them in the pan, and half have less than 0.7.
"""
SHARE = 0.01
"""Share of the pixels, those that differ most, over which the spread is averaged: a hand that moves
differently covers no more of the picture."""
SMALLER = 2
"""Factor by which the pictures that are compared are smaller than the clip's, in width and height.

At 512x288 each of them takes 0.4 s of one core instead of 1.0 s. In the 38 intervals of ``UNSURE``
the spread at full size was 1.3 times as large (median), and gave nearly the same order (Spearman's
coefficient 0.91).
"""
LIST = "takes.json"
CODEC = CODECS["h264"]

Seed = int
Reseed: TypeAlias = "Callable[[FrameInterpolator, Seed], FrameInterpolator]"
"""Takes an interpolator and a seed, and returns the same interpolator with that seed."""


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Which seed draws which interval."""

    reseed: Reseed
    usual: Seed = 0
    chosen: Mapping[tuple[int, int], Seed] = field(default_factory=dict)
    """The seeds that were chosen, by the frame numbers of the interval's two keys."""

    def of(self, start: int, following: int) -> Seed:
        """Return the seed of the in-betweens from one key to the next, given by frame number."""
        return self.chosen.get((start, following), self.usual)


@dataclass(frozen=True, kw_only=True)
class Unsure:
    """An interval whose takes differ much."""

    start: int  # frame of the earlier key, in the clip or the part of it that was slowed down
    next: int  # likewise, frame of the later key
    spread: float  # code values, see ``spread``
    begins: Fraction  # s of the output, at its first in-between
    ends: Fraction  # s of the output, after its last in-between

    def clip(self, seed: Seed) -> str:
        """Return the name of the clip of a take."""
        return f"frames_{self.start}-{self.next}.seed_{seed}.mp4"


def takes_folder(output: Path, is_folder: bool) -> Path:
    """Return the folder of an output's takes, which is beside it.

    ``is_folder`` says that the output is a folder of pictures.
    """
    return output.with_name(f"{output.name if is_folder else output.stem}.takes")


def spread(takes: Sequence[Picture]) -> float:
    """Return how much 8-bit RGB pictures of the same size differ [code values], 0 to 180.3.

    For each pixel it takes the sample standard deviation over the pictures (7.07 for two pictures
    that differ by 10), averaged over the channels. The result is the mean over the hundredth of all
    pixels where this is largest. Identical pictures give 0.
    """
    codes = np.stack([np.stack(list(take)) for take in takes]).astype(np.float32)  # (N, 3, H, W)
    apart = codes.std(axis=0, ddof=1).mean(axis=0).ravel()
    most = max(1, round(apart.size * SHARE))
    return float(np.partition(apart, -most)[-most:].mean())


def seeds_from(seed: Seed, takes: int) -> list[Seed]:
    """Return as many consecutive seeds as there are takes: ``seed``, the usual one, first."""
    return list(range(seed, seed + takes))


def check_seeds(takes: int, seed: Seed, reseed: Reseed | None) -> None:
    """Raise ``UserError`` if so many takes cannot be drawn, with the seeds from ``seed`` on.

    ``reseed`` is ``None`` for an interpolator that draws the same with every seed.
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

    A folder that exists will be replaced, so it must contain takes and nothing else.
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
    """Writes the takes of intervals that differ much to a folder, and lists these intervals.

    Use it as a context manager. If the block ends normally, the folder appears whole, with a list
    of the intervals to check. If it ends by an exception, nothing of the folder is left.
    ``write_others`` and ``note_time`` may be called from several threads, the other methods from
    one only.

    Args:
        folder: the folder that is made.
        seeds: the seeds of the takes, two or more, the usual one first.
        output: name of the output, which uses the takes of the usual seed.
        rate: frames a second of the clips.
        tags: what the pictures' code values mean.
        sample_aspect_ratio: width over height of one pixel.
        drawn: keeps the pictures that are drawn for comparison; ``None``: they are not kept.
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
        self.compared = 0  # number of intervals
        self.seconds = 0.0  # time that comparing and the other takes took, sum of all threads
        self._output = output
        self._rate = rate
        self._tags = tags
        self._ratio = sample_aspect_ratio
        self._lock = Lock()
        self._used: VideoWriter | None = None  # the clip of the take that the output uses
        self._last: Picture | None = None  # the last picture of that clip
        self._opened = ExitStack()
        self._partial = PartialFolder(folder)

    def note_time(self, seconds: float) -> None:
        """Count one more interval, and the time [s] that comparing it took."""
        with self._lock:
            self.compared += 1
            self.seconds += seconds

    def write_others(
        self, unsure: Unsure, drawn: Callable[[Seed], Iterable[Picture]], ends: tuple[Picture, ...]
    ) -> None:
        """Write the takes that the output does not use, a clip each.

        Args:
            unsure: the interval.
            drawn: returns its in-betweens with a given seed.
            ends: the two pictures between which they lie.
        """
        first, last = ends
        for seed in self.seeds[1:]:
            with self._clip(unsure, seed, first) as clip:
                for picture in chain([first], drawn(seed), [last]):
                    clip.write(plain(picture, self._tags))

    def begin(self, unsure: Unsure, ends: tuple[Picture, ...]) -> None:
        """List an interval; pictures that are added from now on are its in-betweens in the output.

        ``ends`` are the two pictures between which they lie.
        """
        first, self._last = ends
        self.unsure.append(unsure)
        self._used = self._opened.enter_context(self._clip(unsure, self.seeds[0], first))
        self.add(first)

    def add(self, picture: Picture) -> None:
        """Add an in-between to the interval that has begun; if none has, do nothing."""
        if self._used is not None:
            self._used.write(plain(picture, self._tags))

    def end(self) -> None:
        """End the interval that has begun; if none has, do nothing."""
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
