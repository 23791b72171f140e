"""The times of a track's frames, by what its container stores of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median

import av

from nakawari.video.decoding import HEAD, FrameDecoder
from nakawari.video.times.timestamps import (
    MAX_DETUNING,
    USUAL_RATES,
    film_rate,
    nominal_rate,
    snap_to_grid,
)
from nakawari.video.times.track_times import MAX_JUMP, TrackTimes

FEW_FRAMES = 3  # frames that are looked at first, where the stamps are not in doubt
# Limits of that number where they are in doubt. H.264 may move a frame by 16 places, and the
# pictures of all these frames are in memory at once.
MOST_FRAMES, MOST_PIXELS = 18, 40_000_000

# If the decoder reorders frames, but no more than this share of the first packets steps back, all
# stamps are in doubt.
MAX_BACKWARD = Fraction(1, 8)
CERTAIN = 24  # number of the first HEAD packets that are in the order of display once sorted
FINE_TICKS = 1000  # a frame; with so many, a gap tells 24 frames a second from 24000/1001
SAME = Fraction(1, 2000)  # largest difference of a gap's rate from a usual one, as a share


class FrameStamps:
    """Looks at a track's first packets and frames, and then times the frames one after another.

    Some containers, such as AVI, store only the times at which packets are decoded. If frames come
    out in another order, these times step back. The decoder then says which time is whose.
    """

    def __init__(self, stream: av.VideoStream, decoder: FrameDecoder) -> None:
        packets = [packet for packet in decoder.head if packet.pts is not None]
        stamps = [packet.pts for packet in packets if packet.pts is not None]
        # Where frames come out in another order, about one in four is stored after a later one.
        in_doubt = decoder.reorders and len(stamps) > 1
        in_doubt = in_doubt and _steps_back(stamps) <= MAX_BACKWARD * len(stamps)
        most = FEW_FRAMES
        if in_doubt:
            context = stream.codec_context
            pixels = max(context.width * context.height, 1)
            most = max(FEW_FRAMES, min(MOST_FRAMES, MOST_PIXELS // pixels))
        self.head = _first(decoder, most)
        shown = [frame.pts for frame in self.head if frame.pts is not None]
        decoded = [frame.dts for frame in self.head if frame.dts is not None]
        self._by_decoding = in_doubt and _steps_back(shown) > _steps_back(decoded)
        self._tick = tick = stream.time_base or Fraction(1, av.time_base)
        durations = [packet.duration * tick for packet in packets if packet.duration]
        gaps = [(after - before) * tick for before, after in pairwise(sorted(set(stamps)))]
        # The last packets may be shown after some that are still to come.
        certain = gaps[: CERTAIN * len(gaps) // HEAD] if len(gaps) >= HEAD - 1 else gaps
        self._film = film_rate(durations, stream.guessed_rate) or film_rate(certain, None)
        self.rate = self._film.rate if self._film else _rate(stream, gaps, tick)
        starts = [self.stamp(frame) for frame in self.head]
        zero = _zero([start for start in starts if start is not None], 1 / self.rate)
        self.start = zero  # s, of the first frame on the container's clock
        if self._by_decoding and packets[0].dts is not None and packets[0].time_base:
            self.start = packets[0].dts * packets[0].time_base
        self._track_times = TrackTimes(zero)

    @property
    def rebuilt(self) -> int:
        """The number of places at which time stamps that could not be right were rebuilt."""
        return self._track_times.rebuilt

    def time(self, frame: av.VideoFrame, before: Fraction | None, expected: Fraction) -> Fraction:
        """Return a frame's time since the first one [s].

        Args:
            frame: the next frame in the order of display.
            before: time of the frame before it [s]; ``None`` for the first, whose time is 0.
            expected: when the frame before it ends [s].
        """
        if before is None:
            return Fraction(0)
        time = self._track_times.place(self.stamp(frame), before, expected)
        snapped = self._snapped(frame, time)
        return snapped if snapped > before else time

    @property
    def are_of_frames(self) -> bool:
        """Whether packets have presentation time stamps, and not only those of decoding."""
        return not self._by_decoding

    @property
    def are_direct(self) -> bool:
        """Whether a frame's time follows from its own stamp alone, as it must after a seek."""
        return not self._by_decoding and self._film is None

    def stamp_at(self, time: Fraction) -> int:
        """Return the container's stamp, in ticks of the track, for a time since the first frame."""
        return int((time + self.start) / self._tick)

    def time_after_seeking(self, frame: av.VideoFrame) -> Fraction | None:
        """Return the time of the first frame after a seek [s]; ``None`` if it has no stamp."""
        stamp = self.stamp(frame)
        if stamp is None:
            return None
        return self._snapped(frame, self._track_times.place(stamp, None, Fraction(0)))

    def duration(self, frame: av.VideoFrame) -> Fraction | None:
        """Return a frame's stored duration [s]; ``None`` if none, or if it is usual or unlikely."""
        duration = (frame.duration or 0) * _tick(frame)
        is_usual = abs(duration - 1 / self.rate) <= _tick(frame) + self._slack
        return None if is_usual or not 0 < duration <= MAX_JUMP else duration

    def _snapped(self, frame: av.VideoFrame, time: Fraction) -> Fraction:
        return snap_to_grid(time, _tick(frame), self.rate, self._slack)

    @property
    def _slack(self) -> Fraction:
        return Fraction(0) if self._film is None else self._film.slack

    def stamp(self, frame: av.VideoFrame) -> Fraction | None:
        """Return a frame's stamp on the container's clock [s]; ``None`` if it has none."""
        stamp = frame.dts if self._by_decoding or frame.pts is None else frame.pts
        return None if stamp is None else stamp * _tick(frame)


def _rate(stream: av.VideoStream, gaps: Sequence[Fraction], tick: Fraction) -> Fraction:
    """Return the clip's nominal frames a second.

    Args:
        stream: the track.
        gaps: the times between its first frames [s].
        tick: the tick of its clock [s].
    """
    observed = 1 / median(gaps) if gaps else None
    rate = nominal_rate(stream.average_rate, stream.guessed_rate, observed)
    if observed is not None and tick * observed * FINE_TICKS <= 1:
        usual = min(USUAL_RATES, key=lambda usual: abs(usual - observed))
        # FFmpeg guesses 24 for 24000/1001 where stamps jump.
        if abs(usual / observed - 1) <= SAME and abs(usual / rate - 1) <= MAX_DETUNING:
            return usual
    return rate


def _first(decoder: FrameDecoder, most: int) -> list[av.VideoFrame]:
    frames: list[av.VideoFrame] = []
    while len(frames) < most and (frame := decoder.next_frame()) is not None:
        frames.append(frame)
    return frames


def _steps_back(stamps: Sequence[int]) -> int:
    """Return how often a stamp is less than the one before it."""
    return sum(after < before for before, after in pairwise(stamps))


def _zero(stamps: Sequence[Fraction], usual: Fraction) -> Fraction:
    """Return the first frame's stamp, or what it must have been if only those after it are right.

    Args:
        stamps: of the first frames [s].
        usual: for how long a frame is usually shown [s].
    """
    likely = [0 < after - before <= MAX_JUMP for before, after in pairwise(stamps)]
    if likely[:2] == [False, True]:
        return stamps[1] - usual
    return stamps[0] if stamps else Fraction(0)


def _tick(frame: av.VideoFrame) -> Fraction:
    return frame.time_base or Fraction(1, av.time_base)
