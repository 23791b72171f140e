"""Sound: slowed down with its pitch kept, streamed beside the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NoReturn, cast

import av
from av.filter import Graph
from av.filter.context import FilterContext

from nakawari.errors import UserError

# libavfilter's atempo takes 0.5 to 100 in one go.
MIN_TEMPO = Fraction(1, 2)
MAX_TEMPO = Fraction(100)
AAC_SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000)
DEFAULT_SAMPLE_RATE = 48000
FRAME_SAMPLES = 1024  # an AAC frame's
# What every AAC decoder plays; any other number of channels is mixed down to two.
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def tempo_chain(tempo: Fraction) -> list[Fraction]:
    """Return tempos within atempo's limits whose product is ``tempo``; none for 1.

    A tempo of zero or less raises ``ValueError``.
    """
    if tempo <= 0:
        raise ValueError(f"tempo must be above 0, got {tempo}")
    chain = []
    while tempo < MIN_TEMPO:
        chain.append(MIN_TEMPO)
        tempo /= MIN_TEMPO
    while tempo > MAX_TEMPO:
        chain.append(MAX_TEMPO)
        tempo /= MAX_TEMPO
    return [*chain, tempo] if tempo != 1 else chain


class StretchedAudio:
    """The first sound track of a file, ``factor`` times as long.

    Sound and picture keep their offset: silence is put before sound that starts later than the
    picture, what comes before the picture is cut, and gaps are filled, all before stretching. A
    clip without sound has no ``StretchedAudio``. Raises ``UserError``, on opening and from
    ``frames``, if the sound cannot be read; a damaged packet alone is replaced by silence.

    Args:
        path: the file.
        picture_start: the first picture's time on the container's clock [s].
        factor: output duration over input duration.
        tell: is given a line for what is left out.
    """

    def __init__(
        self,
        path: Path,
        picture_start: Fraction,
        factor: Fraction,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._path = path
        try:
            self._container = av.open(f"file:{path}")
        except av.error.FFmpegError as error:
            self._refuse(error.strerror, error)
        self._stream = self._container.streams.audio[0]
        if self._stream.codec_context is None:
            self.close()
            self._refuse("there is no decoder for it")
        self._picture_start = picture_start
        self._factor = factor
        self._tell = tell
        rate = self._stream.sample_rate
        self.sample_rate = rate if rate in AAC_SAMPLE_RATES else DEFAULT_SAMPLE_RATE
        self.layout = LAYOUTS.get(self._stream.channels, "stereo")
        if len(self._container.streams.audio) > 1:
            tell("only the first sound track is kept")

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _refuse(self, reason: str | None, cause: Exception | None = None) -> NoReturn:
        raise UserError(
            f"cannot read the sound of {self._path} ({reason or cause}); use --audio drop to leave "
            "it out"
        ) from cause

    def frames(self) -> Iterator[av.AudioFrame]:
        """Yield the sound from output time 0 on, pts in samples, without gaps.

        It does not end: silence follows. A track from which nothing can be decoded yields nothing.
        """
        try:
            yield from self._stretch()
        except av.error.FFmpegError as error:
            self._refuse(error.strerror, error)

    def _stretch(self) -> Iterator[av.AudioFrame]:
        graph: Graph | None = None
        written = 0
        for decoded in self._decode():
            if graph is None:
                graph = self._graph(decoded)
            graph.push(decoded)
            for frame in _pull(graph):
                written = self._stamp(frame, written)
                yield frame
        if graph is not None:
            graph.push(None)
            for frame in _pull(graph):
                written = self._stamp(frame, written)
                yield frame

    def _stamp(self, frame: av.AudioFrame, written: int) -> int:
        frame.pts = written
        frame.time_base = Fraction(1, self.sample_rate)
        return written + frame.samples

    def _decode(self) -> Iterator[av.AudioFrame]:
        next_pts = 0
        for packet in self._container.demux(self._stream):
            try:
                frames = self._stream.decode(packet)
            except av.error.InvalidDataError:
                self._tell("damaged sound is replaced by silence")
                continue
            for frame in frames:
                rate = frame.sample_rate
                if frame.pts is not None:
                    time = frame.pts * (frame.time_base or Fraction(1, rate))
                    next_pts = round((time - self._picture_start) * rate)
                frame.pts = next_pts
                frame.time_base = Fraction(1, rate)
                next_pts += frame.samples
                yield frame

    def _graph(self, first: av.AudioFrame) -> Graph:
        graph = Graph()
        nodes: list[FilterContext] = [
            graph.add_abuffer(
                sample_rate=first.sample_rate,
                format=first.format.name,
                layout=first.layout.name,
                time_base=Fraction(1, first.sample_rate),
            ),
            # Puts silence in gaps; first_pts=0 pads or cuts the start to the picture's.
            graph.add("aresample", f"{self.sample_rate}:async=1:first_pts=0"),
            graph.add("aformat", f"sample_fmts=fltp:channel_layouts={self.layout}"),
            # Endless silence after the end: atempo keeps some 50 ms back, silence must push
            # them out, and the writer stops at the picture's end anyway.
            graph.add("apad"),
        ]
        for tempo in tempo_chain(1 / self._factor):
            nodes.append(graph.add("atempo", f"{float(tempo):.15g}"))
        nodes.append(graph.add("asetnsamples", f"n={FRAME_SAMPLES}"))
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes).configure()
        return graph


def _pull(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            yield cast(av.AudioFrame, graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
