"""Sound at another speed and its own pitch: WSOLA, for a speed that may change all the time.

The output is made of overlapping grains of the input, as in Verhelst and Roelands, "An overlap-add
technique based on waveform similarity" (ICASSP 1993). Each grain is taken from the place in the
input that belongs to the output's time, or from a little beside it, where it best continues the
grain before. That place is found anew for every grain, so sound never drifts away from the picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from numpy import fft
from numpy.typing import NDArray

HOP = Fraction(1, 60)
"""Seconds of output from grain to grain; a grain is twice as long."""
SEARCH = Fraction(1, 120)
"""How far beside its place [s] a grain may be taken from: half a wave of 60 Hz, the lowest that is
joined without a beat. With more, a click would be held in place too long, and be early by as much.
"""
NEARNESS = 0.1
"""Similarity that a grain at the end of the search must gain over one from its very place."""
SILENCE = 1e-12  # square of an energy; below it, all places are alike

Samples = NDArray[np.float32]  # (channels, number)


def stretched(
    blocks: Iterator[Samples], rate: int, input_time: Callable[[Fraction], Fraction]
) -> Iterator[Samples]:
    """Yield sound in blocks of ``HOP``, from output time 0 on; silence follows without end.

    Where the speed is 1 the samples pass through unchanged.

    Args:
        blocks: the input's samples from time 0 on, in blocks of any length, (channels, number).
        rate: of the samples [Hz].
        input_time: the input's time [s] that is heard at a time of the output [s]; it never falls.
    """
    source = _Source(blocks)
    hop, search = round(HOP * rate), round(SEARCH * rate)
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)
    number, expected = 0, 0
    fading, following = None, None
    while True:
        middle = round(input_time(Fraction(number * hop, rate)) * rate)
        source.forget(middle - hop - search)
        around = source.read(middle - hop - search, middle + hop + search)
        shift = search
        if following is not None and middle != expected:
            shift = _most_similar(around, following)
        grain = window * around[:, shift : shift + 2 * hop]
        if fading is not None:
            yield (fading + grain[:, :hop]).astype(np.float32)
        start = middle - search + shift  # the grain's middle, from which what would follow is read
        fading, following = grain[:, hop:], source.read(start, start + 2 * hop)
        number, expected = number + 1, middle + hop


def _most_similar(around: Samples, wanted: Samples) -> int:
    """Return from where on ``around`` is most like ``wanted``; places near the middle win."""
    length = wanted.shape[1]
    places = around.shape[1] - length + 1
    size = 1 << (around.shape[1] - 1).bit_length()
    spectra = fft.rfft(around, size) * np.conj(fft.rfft(wanted, size))
    alike = fft.irfft(spectra.sum(axis=0), size)[:places]
    energy = np.concatenate([[0.0], np.cumsum(np.square(around, dtype=np.float64).sum(axis=0))])
    energies = np.maximum(energy[length:] - energy[:-length], 0) * np.square(wanted).sum()
    beside = np.linspace(-1, 1, places)
    return int(np.argmax(alike / np.sqrt(energies + SILENCE) - NEARNESS * beside**2))


class _Source:
    """Samples by their number, from blocks that stream by; silence before and after them."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._held: deque[Samples] = deque()
        self._begin = 0  # number of the first sample that is held
        self._end = 0  # number after the last one
        self._wanted_from = 0
        self._channels = 1

    def forget(self, before: int) -> None:
        """Forget whole blocks before a sample's number; nothing before it is read again."""
        self._wanted_from = max(before, 0)
        while self._held and self._begin + self._held[0].shape[1] <= self._wanted_from:
            self._begin += self._held.popleft().shape[1]

    def read(self, begin: int, end: int) -> Samples:
        """Return the samples from ``begin`` to before ``end``."""
        while self._end < end and (block := next(self._blocks, None)) is not None:
            self._held.append(block)
            self._end += block.shape[1]
            self._channels = len(block)
            self.forget(self._wanted_from)
        samples = np.zeros((self._channels, end - begin), np.float32)
        place = self._begin
        for block in self._held:
            first, last = max(place, begin), min(place + block.shape[1], end)
            if first < last:
                samples[:, first - begin : last - begin] = block[:, first - place : last - place]
            place += block.shape[1]
        return samples
