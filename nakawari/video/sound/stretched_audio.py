"""Sound: slowed down with its pitch kept, streamed beside the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NoReturn

import av
import numpy as np
from av.filter import Graph

from nakawari.errors import UserError
from nakawari.pace import Pace
from nakawari.video.sound.stretch import Samples, stretched
from nakawari.video.sound.track import (
    SAMPLE_FORMAT,
    SoundTrack,
    drained,
    pulled,
    uniform,
    usual_shape,
)

AAC_SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000)
DEFAULT_SAMPLE_RATE = 48000
# What every AAC decoder plays; any other number of channels is mixed down to two.
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


class StretchedAudio:
    """A sound track of a file, at the pace of the output.

    Sound and picture keep their offset. Silence is put before sound that starts later than the
    picture, sound before the picture is cut, and gaps are filled. All this is done before the sound
    is stretched. A clip without sound has no ``StretchedAudio``. All of the sound is decoded once
    on opening, so that it is known before anything is drawn whether it can be read. If it cannot,
    opening it and ``frames`` raise ``UserError``; a damaged packet alone is replaced by silence.

    Args:
        path: the file.
        picture_start: the first picture's time on the container's clock [s].
        pace: how fast the input passes.
        tell: is given a line for what is left out.
        number: of the track among those that can be decoded; 0 is what a player would choose.
    """

    def __init__(
        self,
        path: Path,
        picture_start: Fraction,
        pace: Pace,
        tell: Callable[[str], None] = lambda line: None,
        number: int = 0,
    ) -> None:
        self._path = path
        self._picture_start = picture_start
        self._pace = pace
        self._tell = tell
        with self._errors(), SoundTrack(path, tell, number) as track:
            shape = usual_shape(self._decode(track))
        rate = shape.sample_rate
        self.sample_rate = rate if rate in AAC_SAMPLE_RATES else DEFAULT_SAMPLE_RATE
        self.layout = LAYOUTS.get(shape.channels, "stereo")
        with self._errors():
            self._track = SoundTrack(path, number=number)
        self.labels = self._track.labels

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
        """Yield the sound from output time 0 on, without gaps; time stamps are in samples.

        It does not end: silence follows. A track from which nothing can be decoded yields nothing.
        """
        with self._errors():
            yield from self._stretch()

    def _stretch(self) -> Iterator[av.AudioFrame]:
        blocks = self._blocks()
        first = next(blocks, None)
        if first is None:
            return
        written = 0
        for samples in stretched(chain([first], blocks), self.sample_rate, self._pace.input_time):
            frame = av.AudioFrame.from_ndarray(samples, SAMPLE_FORMAT, self.layout)
            frame.sample_rate, frame.time_base = self.sample_rate, Fraction(1, self.sample_rate)
            frame.pts = written
            written += frame.samples
            yield frame

    def _blocks(self) -> Iterator[Samples]:
        """Yield the sound's samples from the picture's start on, without gaps."""
        graph: Graph | None = None
        for frame in uniform(self._decode(self._track), self.layout, self.sample_rate):
            if graph is None:
                graph = self._graph()
                yield _samples(frame)[:, :0]  # all of the sound may be before the picture
            graph.push(frame)
            yield from map(_samples, pulled(graph))
        if graph is not None:
            yield from map(_samples, drained(graph))

    def _decode(self, track: SoundTrack) -> Iterator[av.AudioFrame]:
        return track.frames(self._picture_start)

    def _graph(self) -> Graph:
        graph = Graph()
        nodes = [
            graph.add_abuffer(
                sample_rate=self.sample_rate,
                format=SAMPLE_FORMAT,
                layout=self.layout,
                time_base=Fraction(1, self.sample_rate),
            ),
            # This fills gaps with silence; first_pts=0 pads or cuts the start to the picture's.
            graph.add("aresample", f"{self.sample_rate}:async=1:first_pts=0"),
            graph.add("aformat", f"sample_fmts={SAMPLE_FORMAT}:channel_layouts={self.layout}"),
            graph.add("abuffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        return graph


def _samples(frame: av.AudioFrame) -> Samples:
    return frame.to_ndarray().astype(np.float32, copy=False)
