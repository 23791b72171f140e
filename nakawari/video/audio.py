"""Sound: slowed down with its pitch kept, streamed beside the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NoReturn

import av
from av.filter import Graph
from av.filter.context import FilterContext

from nakawari.errors import UserError
from nakawari.video.sound import SAMPLE_FORMAT, SoundTrack, pulled, uniform, usual_shape

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
    """A file's default sound track, ``factor`` times as long.

    Sound and picture keep their offset: silence is put before sound that starts later than the
    picture, what comes before the picture is cut, and gaps are filled, all before stretching. A
    clip without sound has no ``StretchedAudio``. All of the sound is decoded once on opening, so
    that what cannot be read is known before anything is drawn. Raises ``UserError``, on opening
    and from ``frames``, if it cannot be read; a damaged packet alone is replaced by silence.

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
        self._picture_start = picture_start
        self._factor = factor
        self._tell = tell
        with self._errors(), SoundTrack(path, tell) as track:
            shape = usual_shape(self._decode(track))
        rate = shape.sample_rate
        self.sample_rate = rate if rate in AAC_SAMPLE_RATES else DEFAULT_SAMPLE_RATE
        self.layout = LAYOUTS.get(shape.channels, "stereo")
        with self._errors():
            self._track = SoundTrack(path)

    def close(self) -> None:
        """Close the file."""
        self._track.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except UserError as error:
            self._refuse(str(error).removeprefix(f"{self._path} "), error)
        except (av.error.FFmpegError, ValueError) as error:
            self._refuse(getattr(error, "strerror", None) or str(error), error)

    def _refuse(self, reason: str, cause: Exception) -> NoReturn:
        raise UserError(
            f"cannot read the sound of {self._path} ({reason.replace(';', ',')}); use --audio drop "
            "to leave it out"
        ) from cause

    def frames(self) -> Iterator[av.AudioFrame]:
        """Yield the sound from output time 0 on, pts in samples, without gaps.

        It does not end: silence follows. A track from which nothing can be decoded yields nothing.
        """
        with self._errors():
            yield from self._stretch()

    def _stretch(self) -> Iterator[av.AudioFrame]:
        graph: Graph | None = None
        written = 0
        decoded = self._decode(self._track)
        for sound in chain(uniform(decoded, self.layout, self.sample_rate), [None]):
            if graph is None:
                if sound is None:
                    return
                graph = self._graph()
            graph.push(sound)
            for frame in pulled(graph):
                frame.pts, frame.time_base = written, Fraction(1, self.sample_rate)
                written += frame.samples
                yield frame

    def _decode(self, track: SoundTrack) -> Iterator[av.AudioFrame]:
        return track.frames(self._picture_start)

    def _graph(self) -> Graph:
        graph = Graph()
        nodes: list[FilterContext] = [
            graph.add_abuffer(
                sample_rate=self.sample_rate,
                format=SAMPLE_FORMAT,
                layout=self.layout,
                time_base=Fraction(1, self.sample_rate),
            ),
            # Puts silence in gaps; first_pts=0 pads or cuts the start to the picture's.
            graph.add("aresample", f"{self.sample_rate}:async=1:first_pts=0"),
            # Endless silence after the end: atempo keeps some 50 ms back, silence must push
            # them out, and the writer stops at the picture's end anyway.
            graph.add("apad"),
        ]
        for tempo in tempo_chain(1 / self._factor):
            nodes.append(graph.add("atempo", f"{float(tempo):.15g}"))
        nodes.append(
            graph.add("aformat", f"sample_fmts={SAMPLE_FORMAT}:channel_layouts={self.layout}")
        )
        nodes.append(graph.add("asetnsamples", f"n={FRAME_SAMPLES}"))
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes).configure()
        return graph
