"""Drawing goes on where memory is short or the graphics card fails.

First less is drawn at once, and then the CPU draws. What was drawn until then stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from threading import Condition
from typing import NamedTuple

import torch

from nakawari.errors import UserError
from nakawari.memory import is_out_of_memory
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.workers import workers_for
from nakawari.video.pictures.picture import Picture

CARD_WORDS = ("CUDA", "cuDNN", "CUBLAS", "NVIDIA", "NVML")
"""One of them is in what the libraries of a graphics card say when it fails."""


class Place(NamedTuple):
    """By what in-betweens are drawn, where, and how many at once."""

    interpolator: FrameInterpolator
    device: torch.device | str
    intervals: int = 1  # that are drawn at once, at most
    one_by_one: bool = False  # whether the in-betweens of an interval are

    @property
    def is_card(self) -> bool:
        """Whether a graphics card draws."""
        return torch.device(self.device).type != "cpu"


class Fallback:
    """Draws in one place until that fails, and from then on in the next one.

    Several threads may draw. If memory is short, first one interval is drawn at a time, then one
    in-between. If that does not help, or the graphics card fails, the CPU takes over.

    Args:
        place: where drawing begins.
        load_on_cpu: returns the interpolator for the CPU. It is called if the graphics card fails.
            ``None`` if that cannot be.
        tell: is given a line whenever the place changes.
    """

    def __init__(
        self,
        place: Place,
        load_on_cpu: Callable[[], FrameInterpolator] | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._place = place
        self._load_on_cpu = load_on_cpu
        self._tell = tell
        self._drawing = 0  # threads that are
        self._turns = Condition()

    @classmethod
    def load(
        cls,
        load: Callable[[], FrameInterpolator],
        load_on_cpu: Callable[[], FrameInterpolator] | None,
        device: str,
        size: tuple[int, int],
        tell: Callable[[str], None],
    ) -> Fallback:
        """Return one that begins on a device, or on the CPU if the device fails on loading.

        Args:
            load: returns the interpolator on the device.
            load_on_cpu: as above.
            device: of torch.
            size: width and height of the clip [px].
            tell: as above.
        """
        try:
            place = Place(load(), device, workers_for(device, *size))
        except Exception as error:
            is_card = torch.device(device).type != "cpu" and load_on_cpu is not None
            if not is_card or not (is_out_of_memory(error) or is_of_card(error)):
                raise
            tell(f"{what_failed(error)}; the CPU draws, which takes longer")
        else:
            return cls(place, load_on_cpu, tell)
        assert load_on_cpu is not None
        return cls(Place(load_on_cpu(), "cpu", workers_for("cpu", *size)))

    @property
    def place(self) -> Place:
        """Where is drawn now."""
        return self._place

    def draw(
        self,
        work: Callable[[Place, Sequence[Fraction]], list[Picture]],
        frame_times: Sequence[Fraction],
    ) -> list[Picture]:
        """Return the in-betweens that ``work`` draws in a place, one for each of ``frame_times``.

        Raises ``UserError`` if the memory does not suffice for a single one.
        """
        while True:
            with self._turn() as place:
                try:
                    if not place.one_by_one:
                        return work(place, frame_times)
                    return [picture for time in frame_times for picture in work(place, [time])]
                except Exception as error:
                    self._give_way(place, error)
            # Only now nothing refers to what was made in vain, and its memory is free.
            if place.is_card:
                with suppress(RuntimeError):  # of a card that is gone
                    torch.cuda.empty_cache()

    @contextmanager
    def _turn(self) -> Iterator[Place]:
        with self._turns:
            self._turns.wait_for(lambda: self._drawing < self._place.intervals)
            self._drawing += 1
            place = self._place
        try:
            yield place
        finally:
            with self._turns:
                self._drawing -= 1
                self._turns.notify_all()

    def _give_way(self, failed: Place, error: Exception) -> None:
        """Go on in the next place; raise the error if another place would not help."""
        with self._turns:
            if self._place is failed:  # else another thread has done it
                self._place = self._after(failed, error)

    def _after(self, failed: Place, error: Exception) -> Place:
        if is_out_of_memory(error):
            if failed.intervals > 1:
                self._tell("memory is short: from here on one interval is drawn at a time")
                return failed._replace(intervals=1)
            if not failed.one_by_one:
                self._tell("memory is short: from here on one in-between is drawn at a time")
                return failed._replace(one_by_one=True)
        elif not failed.is_card or not is_of_card(error):
            raise error
        if failed.is_card and self._load_on_cpu is not None:
            self._tell(f"{what_failed(error)}; from here on the CPU draws, which takes longer")
            return Place(self._load_on_cpu(), "cpu")
        if is_out_of_memory(error):
            where = "; use --device cpu" if failed.is_card else ", or scale the clip down first"
            raise UserError(f"not enough memory to draw; end other programs{where}") from error
        raise error


def is_of_card(error: Exception) -> bool:
    """Return whether an error is of a graphics card that is gone, broken or in use by others."""
    if isinstance(error, torch.AcceleratorError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in CARD_WORDS)


def what_failed(error: Exception) -> str:
    """Return what is told of an error of a graphics card."""
    if is_out_of_memory(error):
        return "the graphics card has too little memory"
    (first, *_) = str(error).splitlines() or [type(error).__name__]
    return f"the graphics card fails ({first})"
