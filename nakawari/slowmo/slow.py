"""The slow-motion loop: drawings in, in-betweens asked for, frames out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import torch
from torch import Tensor

from nakawari.slowmo.drawings import Drawing, DrawingDetector
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.retiming import MAX_MOVING_HOLD, OutputClock, steps
from nakawari.video.color import ColorTags, from_rgb, to_rgb
from nakawari.video.cuts import mark_cuts
from nakawari.video.picture import Picture
from nakawari.video.reader import SourceFrame

# In-betweens asked for in one call: they share the work on their two drawings. How many it draws
# at once is the interpolator's affair; here only the finished frames are bounded.
MAX_BATCH = 8
MAX_BATCH_PIXELS = 4_000_000


@dataclass
class Tally:
    """What the loop has done so far."""

    drawings: int = 0
    shots: int = 0
    drawn: int = 0  # output frames that the interpolator drew
    passed: int = 0  # output frames that show a drawing of the input unchanged


def slow_down(
    frames: Iterable[SourceFrame],
    detector: DrawingDetector,
    clock: OutputClock,
    interpolator: FrameInterpolator,
    tags: ColorTags,
    device: torch.device | str,
    write: Callable[[Picture], None],
) -> Tally:
    """Write every output frame, in order, and return what was done.

    Holds two drawings, one batch of in-betweens and the cut detector's few frames in memory,
    whatever the length of the clip. Nothing is drawn across a cut: the last drawing before it is
    held until the cut. After the last drawing of the clip nothing can be drawn: it is held too.
    """
    tally = Tally(shots=1)
    for drawing, following in _with_next(detector(mark_cuts(frames))):
        tally.drawings += 1
        tally.shots += drawing.begins_shot
        interval = _Interval(drawing, following, interpolator, tags, device)
        for batch in _batches(interval, clock):
            if batch[0] == 0:
                write(drawing.picture)
                tally.passed += 1
            else:
                for picture in interval.draw(batch):
                    write(picture)
                    tally.drawn += 1
    return tally


class _Interval:
    """A drawing, the one after it, and the in-betweens of the two."""

    def __init__(
        self,
        drawing: Drawing,
        following: Drawing | None,
        interpolator: FrameInterpolator,
        tags: ColorTags,
        device: torch.device | str,
    ) -> None:
        self.drawing = drawing
        self.following = following
        self._interpolator = interpolator
        self._tags = tags
        self._device = device
        self._frames: tuple[Tensor, Tensor] | None = None

    @property
    def moves_from(self) -> Fraction | None:
        """When the movement to the next drawing begins; ``None`` if nothing is drawn here."""
        if self.following is None or self.following.begins_shot:
            return None
        if self.drawing.hold > MAX_MOVING_HOLD:
            return self.drawing.last_start
        return self.drawing.start

    def draw(self, frame_times: list[Fraction]) -> Iterator[Picture]:
        """Yield the in-between at each of ``frame_times``, which are in (0, 1)."""
        assert self.following is not None, "nothing is drawn after the last drawing"
        if self._frames is None:
            self._frames = (
                to_rgb(self.drawing.picture, self._tags, self._device),
                to_rgb(self.following.picture, self._tags, self._device),
            )
        frame_time = torch.tensor([float(time) for time in frame_times], device=self._device)
        with torch.inference_mode():
            drawn = self._interpolator(*self._frames, frame_time)  # (K, 3, H, W)
        for frame in drawn:
            yield from_rgb(frame, self._tags)


def _batches(interval: _Interval, clock: OutputClock) -> Iterator[list[Fraction]]:
    """Yield frame times to be handled together: a lone 0, or some in (0, 1)."""
    drawing = interval.drawing
    pixels = drawing.picture.width * drawing.picture.height
    size = max(1, min(MAX_BATCH, MAX_BATCH_PIXELS // pixels))
    batch: list[Fraction] = []
    for step in steps(clock, drawing.start, interval.moves_from, drawing.end):
        if step.frame_time == 0:
            yield [step.frame_time]  # comes before any movement: no batch has begun
            continue
        batch.append(step.frame_time)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _with_next(drawings: Iterable[Drawing]) -> Iterator[tuple[Drawing, Drawing | None]]:
    iterator = iter(drawings)
    for drawing in islice(iterator, 1):
        for following in iterator:
            yield drawing, following
            drawing = following
        yield drawing, None
