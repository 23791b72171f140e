"""A file's decoded sound: at its own times, and in one layout even where the file changes it.

Television changes from stereo to 5.1 and back in the middle of a recording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, cast

import av
from av.filter import Graph

from nakawari.errors import UserError
from nakawari.video.files.opening import open_file
from nakawari.video.files.streams import labels, sound_streams
from nakawari.video.times.track_times import TrackTimes

SAMPLE_FORMAT = "fltp"


class SoundShape(NamedTuple):
    """The samples a second of sound, and its number of channels."""

    sample_rate: int
    channels: int


NO_SOUND = SoundShape(48000, 2)  # of a track from which nothing can be decoded


class SoundTrack:
    """A sound track of a file.

    Raises ``UserError`` on opening if the file cannot be read, or the track cannot be decoded.

    Args:
        path: the file.
        tell: is given a line for what is left out.
        number: of the track among those that can be decoded; 0 is what a player would choose.
    """

    def __init__(
        self, path: Path, tell: Callable[[str], None] = lambda line: None, number: int = 0
    ) -> None:
        self._tell = tell
        self._container = open_file(path)
        streams = sound_streams(self._container)
        if number >= len(streams):
            self.close()
            raise UserError("there is no decoder for it")
        self._stream = streams[number]
        self.labels = labels(self._stream)

    def __enter__(self) -> SoundTrack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def frames(self, zero: Fraction) -> Iterator[av.AudioFrame]:
        """Yield the track's frames as they are coded, with time stamps in samples.

        Args:
            zero: the time on the container's clock [s] that becomes time stamp 0.
        """
        track_times = TrackTimes(zero)
        before: Fraction | None = None
        expected = Fraction(0)
        for packet in self._container.demux(self._stream):
            try:
                frames = self._stream.decode(packet)
            except av.error.InvalidDataError:
                self._tell("damaged sound is replaced by silence")
                continue
            for frame in frames:
                rate, stamp = frame.sample_rate, None
                if frame.pts is not None:
                    stamp = frame.pts * (frame.time_base or Fraction(1, rate))
                before = track_times.place(stamp, before, expected)
                expected = before + Fraction(frame.samples, rate)
                frame.pts, frame.time_base = round(before * rate), Fraction(1, rate)
                yield frame


def usual_shape(frames: Iterable[av.AudioFrame]) -> SoundShape:
    """Return the shape that the sound has for the longest time; all frames are taken."""
    seconds: Counter[SoundShape] = Counter()
    for frame in frames:
        shape = SoundShape(frame.sample_rate, frame.layout.nb_channels)
        seconds[shape] += Fraction(frame.samples, frame.sample_rate)  # type: ignore[assignment]
    return seconds.most_common(1)[0][0] if seconds else NO_SOUND


def uniform(frames: Iterable[av.AudioFrame], layout: str, rate: int) -> Iterator[av.AudioFrame]:
    """Yield sound in one layout and at one rate [Hz], whatever it changes to on the way."""
    graph: Graph | None = None
    coded: tuple[str, str, int] | None = None
    for frame in frames:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if graph is None or shape != coded:
            if graph is not None:
                yield from drained(graph)
            graph, coded = _converter(frame, layout, rate), shape
        graph.push(frame)
        yield from pulled(graph)
    if graph is not None:
        yield from drained(graph)


def _converter(first: av.AudioFrame, layout: str, rate: int) -> Graph:
    graph = Graph()
    nodes = [
        graph.add_abuffer(
            sample_rate=first.sample_rate,
            format=first.format.name,
            layout=first.layout.name,
            time_base=Fraction(1, first.sample_rate),
        ),
        graph.add("aresample", str(rate)),
        graph.add("aformat", f"sample_fmts={SAMPLE_FORMAT}:channel_layouts={layout}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph


def pulled(graph: Graph) -> Iterator[av.AudioFrame]:
    """Yield the frames that a filter graph has ready."""
    while True:
        try:
            yield cast(av.AudioFrame, graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def drained(graph: Graph) -> Iterator[av.AudioFrame]:
    """Yield the frames that a filter graph still has when no more are pushed."""
    graph.push(None)
    yield from pulled(graph)
