"""The slow-motion loop: it takes key pictures, asks for in-betweens, and writes frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from threading import Lock
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from nakawari.slowmo.fallback import Fallback, Place
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.kept.drawn import DrawnBefore
from nakawari.slowmo.takes import SMALLER, UNSURE, Seed, Seeds, Takes, Unsure, spread
from nakawari.slowmo.timing.drawings import KeyPicture
from nakawari.slowmo.timing.retiming import OutputClock, OutputStep, output_steps
from nakawari.slowmo.transparency import off_black, on_black, opacity_between, opacity_of
from nakawari.slowmo.workers import in_order
from nakawari.video.pictures.color import ColorTags, from_rgb, to_rgb
from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import Picture

# The most in-betweens, and pixels of them, in one call: they share the work on their two keys. How
# many are drawn at once is up to the interpolator; this only limits the memory of finished frames.
MAX_BATCH = 8
MAX_BATCH_PIXELS = 16_000_000
COMPARED = PictureForm("rgb", 8, False)  # of the pictures by which takes are compared
MIDDLE = Fraction(1, 2)  # of an interval, where its takes are compared


@dataclass
class Tally:
    """What the loop has done so far."""

    drawn: int = 0  # output frames that the interpolator drew
    passed: int = 0  # output frames that show a frame of the input unchanged


class Kept(Protocol):
    """The first frames of the output, which an earlier run drew."""

    def take(self, number: int) -> list[Picture] | None:
        """Return the next ``number`` of them; ``None`` if fewer are left."""


def slow_down(
    keys: Iterable[KeyPicture],
    clock: OutputClock,
    fallback: Fallback,
    tags: ColorTags,
    write: Callable[[Picture], None],
    kept: Kept | None = None,
    drawn: DrawnBefore | None = None,
    seeds: Seeds | None = None,
    takes: Takes | None = None,
) -> Tally:
    """Write every output frame, in order, and return what was done.

    Frames that are ``kept`` from an earlier run are not drawn again. Neither are in-betweens of the
    same two pictures that were ``drawn`` before, by any job. ``seeds`` says whether some
    intervals are drawn with other seeds than the interpolator's. ``takes`` compares the takes of
    all intervals for which no take was chosen.

    Memory holds two pictures and one batch of in-betweens for each of the intervals that are drawn
    at once, as ``fallback`` says, and for one more, whatever the length of the clip. Nothing is
    drawn across a cut: the last key before it is held until the cut. After the last key of the clip
    nothing can be drawn, so it is held too.
    """
    tally = Tally()
    jobs = _jobs(keys, clock, _Artist(fallback, tags, drawn, seeds), kept, takes)
    with closing(in_order(jobs, fallback.place.intervals)) as finished:
        for made in finished:
            if takes is not None and not made.pictures:
                takes.end()
                if made.unsure is not None:
                    takes.begin(*made.unsure)
            for picture in made.pictures:
                write(picture)
                if takes is not None and made.drawn:
                    takes.add(picture)
            if made.drawn:
                tally.drawn += len(made.pictures)
            else:
                tally.passed += len(made.pictures)
    return tally


_Draw = Callable[[Tensor], Tensor]


class _Layers(NamedTuple):
    """The functions that draw the in-betweens of two keys, at times (K,)."""

    colours: _Draw  # (K, 3, H, W) in [-1, 1]; on black if there is an opacity
    opacity: _Draw | None = None  # (K, H, W) in [0, 1]; None: all is opaque


class _Made(NamedTuple):
    """Consecutive output frames, or none: then it is the comparison of an interval's takes."""

    pictures: list[Picture]  # empty: takes were compared, before the interval's first frame
    drawn: bool  # False: frames of the input are passed through
    unsure: tuple[Unsure, tuple[Picture, Picture]] | None = None  # and the interval's two keys


def _jobs(
    keys: Iterable[KeyPicture],
    clock: OutputClock,
    artist: _Artist,
    kept: Kept | None,
    takes: Takes | None,
) -> Iterator[Callable[[], _Made]]:
    """Yield, in the order of the output, functions that make its frames."""
    for key, following in _with_next(keys):
        interval = _Interval(key, following, artist, artist.seed(key, following))
        if takes is not None:
            yield partial(_compared, key, following, clock, artist, takes)
        for batch in _batches(key, clock):
            before = None if kept is None else kept.take(len(batch))
            if before is not None:
                yield partial(_Made, before, drawn=batch[0] != 0)
            elif batch[0] == 0:
                yield partial(_Made, [key.picture], drawn=False)
            else:
                yield partial(interval.draw, batch)


class _Artist(NamedTuple):
    """What an interval needs to draw its in-betweens: where, which colours and so on."""

    fallback: Fallback
    tags: ColorTags
    drawn: DrawnBefore | None
    seeds: Seeds | None

    def seed(self, key: KeyPicture, following: KeyPicture | None) -> Seed | None:
        """Return the seed that was chosen for an interval; ``None`` for the usual one."""
        if self.seeds is None or following is None:
            return None
        seed = self.seeds.of(key.frame, following.frame)
        return None if seed == self.seeds.usual else seed

    def is_chosen(self, key: KeyPicture, following: KeyPicture) -> bool:
        """Return whether the user chose a take for an interval, even if it is the usual one."""
        return self.seeds is not None and (key.frame, following.frame) in self.seeds.chosen

    def interpolator(self, place: Place, seed: Seed | None) -> FrameInterpolator:
        """Return the interpolator that draws in a place with a seed; ``None``: the usual one."""
        if self.seeds is None or seed is None:
            return place.interpolator
        return self.seeds.reseed(place.interpolator, seed)


class _Interval:
    """A key, the next key, and their in-betweens with one seed; ``None`` is the usual seed."""

    def __init__(
        self,
        key: KeyPicture,
        following: KeyPicture | None,
        artist: _Artist,
        seed: Seed | None = None,
    ) -> None:
        self._key = key
        self._following = following
        self._artist, self._seed = artist, seed
        self._tags, self._drawn = artist.tags, artist.drawn
        self._by = "" if seed is None else f" seed {seed}"
        self._seen_in: tuple[Place, _Layers] | None = None
        self._looking = Lock()

    def draw(self, frame_times: list[Fraction]) -> _Made:
        """Draw the in-between at each of ``frame_times``, which are in (0, 1)."""
        how = f"{self._tags} {' '.join(map(str, frame_times))}"
        return _Made(self._drawn_or(self._pictures, frame_times, how), drawn=True)

    def middle(self) -> Picture:
        """Draw the picture in the middle, smaller than the keys and in RGB."""
        how = f"{self._tags} {MIDDLE} smaller {SMALLER}"
        (picture,) = self._drawn_or(self._middle, [MIDDLE], how)
        return picture

    def _drawn_or(
        self,
        work: Callable[[Place, Sequence[Fraction]], list[Picture]],
        frame_times: list[Fraction],
        how: str,
    ) -> list[Picture]:
        """Return the pictures that were drawn before, or else those that ``work`` draws."""
        draw = partial(self._artist.fallback.draw, work, frame_times)
        if self._drawn is None:
            return draw()
        assert self._following is not None, "nothing is drawn after the last key"
        keys = (self._key.picture, self._following.picture)
        return self._drawn.drawn_or(draw, keys, f"{how}{self._by}", len(frame_times))

    def _middle(self, place: Place, frame_times: Sequence[Fraction]) -> list[Picture]:
        seen, _ = self._seen(place)
        small_0, small_1 = (avg_pool2d(frame, SMALLER, ceil_mode=True) for frame in seen)
        interpolator = self._artist.interpolator(place, self._seed)
        with torch.inference_mode():
            (drawn,) = interpolator(small_0, small_1, _tensor(frame_times, place))
        return [from_rgb(drawn, self._tags, COMPARED)]

    def _pictures(self, place: Place, frame_times: Sequence[Fraction]) -> list[Picture]:
        with self._looking:  # only once for all batches that are drawn in a place
            if self._seen_in is None or self._seen_in[0] is not place:
                self._seen_in = None  # its memory may be needed
                self._seen_in = place, self._look(place)
            layers = self._seen_in[1]
        frame_time = _tensor(frame_times, place)
        form = self._key.picture.form
        with torch.inference_mode():
            drawn = layers.colours(frame_time)  # (K, 3, H, W)
            if layers.opacity is None:
                return [from_rgb(frame, self._tags, form) for frame in drawn]
            opacity = layers.opacity(frame_time)  # (K, H, W)
            return [
                from_rgb(frame, self._tags, form, alpha)
                for frame, alpha in zip(off_black(drawn, opacity), opacity, strict=True)
            ]

    def _look(self, place: Place) -> _Layers:
        seen, opacity = self._seen(place)
        interpolator = self._artist.interpolator(place, self._seed)
        colours = partial(interpolator, *seen)
        return _Layers(colours, opacity_between(interpolator, *opacity) if opacity else None)

    def _seen(self, place: Place) -> tuple[list[Tensor], list[Tensor]]:
        """Return both keys as they look on black, and their opacity: empty if they have none."""
        assert self._following is not None, "nothing is drawn after the last key"
        assert not self._following.begins_shot, "nothing is drawn across a cut"
        keys = (self._key.picture, self._following.picture)
        frames = [to_rgb(picture, self._tags, place.device) for picture in keys]
        if self._key.picture.alpha is None:
            return frames, []
        opacity = [opacity_of(picture, place.device) for picture in keys]
        seen = [on_black(frame, alpha) for frame, alpha in zip(frames, opacity, strict=True)]
        return seen, opacity


def _tensor(frame_times: Sequence[Fraction], place: Place) -> Tensor:
    return torch.tensor([float(time) for time in frame_times], device=place.device)


def _compared(
    key: KeyPicture,
    following: KeyPicture | None,
    clock: OutputClock,
    artist: _Artist,
    takes: Takes,
) -> _Made:
    """Compare the takes of an interval; where unsure, write those that the output does not use."""
    steps = [step for step in _steps(key, clock) if step.frame_time > 0]
    if following is None or not steps or artist.is_chosen(key, following):
        return _Made([], drawn=False)
    began = time.monotonic()
    ends = (key.picture, following.picture)
    usual, *others = takes.seeds
    artist = artist._replace(drawn=takes.drawn)
    intervals = {usual: _Interval(key, following, artist)}
    intervals |= {seed: _Interval(key, following, artist, seed) for seed in others}
    found = Unsure(
        start=key.frame,
        next=following.frame,
        spread=spread([interval.middle() for interval in intervals.values()]),
        begins=steps[0].output_frame / clock.rate,
        ends=(steps[-1].output_frame + 1) / clock.rate,
    )
    is_unsure = found.spread >= UNSURE
    if is_unsure:

        def drawn(seed: Seed) -> Iterator[Picture]:
            for batch in _batches(key, clock):
                if batch[0] != 0:
                    yield from intervals[seed].draw(batch).pictures

        takes.write_others(found, drawn, ends)
    takes.note_time(time.monotonic() - began)
    return _Made([], drawn=False, unsure=(found, ends) if is_unsure else None)


def _steps(key: KeyPicture, clock: OutputClock) -> Iterator[OutputStep]:
    return output_steps(clock, key.start, key.moves_from, key.end)


def _batches(key: KeyPicture, clock: OutputClock) -> Iterator[list[Fraction]]:
    """Yield frame times to be handled together: either a single 0, or several in (0, 1)."""
    pixels = key.picture.width * key.picture.height
    size = max(1, min(MAX_BATCH, MAX_BATCH_PIXELS // pixels))
    batch: list[Fraction] = []
    for step in _steps(key, clock):
        if step.frame_time == 0:
            yield [step.frame_time]  # it precedes all movement: no batch has begun
            continue
        batch.append(step.frame_time)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _with_next(keys: Iterable[KeyPicture]) -> Iterator[tuple[KeyPicture, KeyPicture | None]]:
    iterator = iter(keys)
    for key in islice(iterator, 1):
        for following in iterator:
            yield key, following
            key = following
        yield key, None
