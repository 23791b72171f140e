"""What goes with picture and sound: subtitles, chapters and fonts, at the pace of the output.

The subtitles themselves are kept. Their times are changed, and so is the format of their text where
the output's container stores it in another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, cast

import av
from av.container import OutputContainer
from av.stream import AttachmentStream, Disposition, Stream
from av.subtitles.stream import SubtitleStream

from nakawari.pace import Pace
from nakawari.video.files.opening import open_file
from nakawari.video.files.streams import labels, left_out, sound_streams, video_streams

TICK = Fraction(1, 1000)  # s; the tick of Matroska, and of the subtitles' encoders
COPIED = {
    # DVD subtitles are left out: they say in their pictures' data how long they stay, which would
    # be too short.
    "matroska": {"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle"},
    "webm": {"webvtt"},
    "mp4": {"mov_text"},
    "mov": {"mov_text"},
}
"""FFmpeg's names of the subtitle formats that are copied into a container as they are."""
WRITTEN = {"matroska": "subrip", "webm": "webvtt", "mp4": "mov_text", "mov": "mov_text"}
"""The format in which all other text subtitles are written into a container."""
TEXTS = {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"}
FONTS_IN = {"matroska"}

ASS_FIELDS = 8  # before an event's text, in Matroska
ASS_DRAWING = re.compile(r"\{[^}]*\\p[1-9]")  # what follows is an outline, not text
MARKS = re.compile(r"\{[^}]*\}|<[^>]*>")  # marks of style within a text
STYLE = b"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment, Encoding
Style: Default,Arial,16,&Hffffff,0,0,2,0
[Events]
Format: Layer, Start, End, Style, Text
"""
"""The header that FFmpeg's subtitle encoders need before they begin."""


class _Subtitle(NamedTuple):
    """One subtitle, at output time."""

    track: int  # of the input
    start: Fraction  # s
    end: Fraction  # s
    data: bytes


class Companions:
    """Subtitles, chapters and fonts of a file that an output's container takes.

    Raises ``UserError`` on opening if the file cannot be read. What is left out is told in a line.

    Args:
        path: the file.
        start: when the part that is slowed down begins, on the container's clock [s].
        duration: of that part [s]; ``None`` if it is not known.
        pace: how fast that part passes.
        container: FFmpeg's name of the output's container.
        has_sound: whether the output has the file's sound.
        tell: is given the line.
    """

    def __init__(
        self,
        path: Path,
        *,
        start: Fraction,
        duration: Fraction | None,
        pace: Pace,
        container: str,
        has_sound: bool,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._start = start
        self._duration = duration
        self._pace = pace
        self._format = container
        self._tell = tell
        self._input = open_file(path)
        self._subtitles = [
            stream for stream in self._input.streams.subtitles if self._codec(stream) is not None
        ]
        self._fonts = [
            cast(AttachmentStream, stream)
            for stream in self._input.streams
            if stream.type == "attachment" and container in FONTS_IN
        ]
        self._outputs: dict[int, Stream] = {}
        self._tell_left_out(has_sound)

    def close(self) -> None:
        """Close the file."""
        self._input.close()

    def _tell_left_out(self, has_sound: bool) -> None:
        sounds = self._input.streams.audio
        kept = [*video_streams(self._input)[:1], *self._subtitles, *self._fonts]
        kept += sound_streams(self._input) if has_sound else sounds
        line = left_out(self._input, kept, has_chapters=self._format in WRITTEN)
        if line is not None:
            self._tell(line)

    def _codec(self, stream: SubtitleStream) -> str | None:
        """Return the format in which subtitles are written; ``None`` if they cannot be."""
        name = _codec_name(stream)
        if name in COPIED.get(self._format, ()):
            return name
        return WRITTEN.get(self._format) if name in TEXTS else None

    def add_to(self, output: OutputContainer) -> None:
        """Add tracks, fonts and chapters to an output, before anything is written into it."""
        for stream in self._subtitles:
            codec = self._codec(stream)
            if codec == _codec_name(stream):
                made: Stream = output.add_stream_from_template(stream)
            else:
                assert codec is not None, "asked only of what can be written"
                made = cast(SubtitleStream, output.add_stream(codec))
                made.codec_context.subtitle_header = STYLE
                made.codec_context.time_base = TICK
            made.metadata.update(labels(stream))
            made.disposition = stream.disposition & (Disposition.default | Disposition.forced)
            self._outputs[stream.index] = made
        for font in self._fonts:
            data = bytes(font.data or b"")
            output.add_attachment(font.name or "font", font.mimetype or "font/ttf", data)
        if self._format in WRITTEN and (chapters := self._chapters()):
            output.set_chapters(chapters)
        self._coming = self._packets()
        self._next = next(self._coming, None)

    def write_until(self, output: OutputContainer, time: Fraction) -> None:
        """Write the subtitles that begin before a time of the output [s]."""
        while self._next is not None and self._next.start < time:
            packet = av.Packet(self._next.data)
            packet.stream = self._outputs[self._next.track]
            packet.time_base = TICK
            packet.pts = packet.dts = round(self._next.start / TICK)
            packet.duration = max(1, round(self._next.end / TICK) - packet.pts)
            output.mux(packet)
            self._next = next(self._coming, None)

    def _chapters(self) -> list[Any]:
        chapters: list[dict[str, Any]] = []
        for chapter in self._input.chapters():
            tick = chapter["time_base"] or TICK
            span = self._shown(chapter["start"] * tick, chapter["end"] * tick)
            if span is not None:
                start, end = (round(time / TICK) for time in span)
                timed = {"start": start, "end": end, "time_base": TICK}
                chapters.append({**chapter, **timed, "id": len(chapters) + 1})
        return chapters

    def _shown(self, start: Fraction, end: Fraction) -> tuple[Fraction, Fraction] | None:
        """Return when the output shows a span of the container's clock [s]; ``None`` if never."""
        begin, until = max(start - self._start, Fraction(0)), end - self._start
        if self._duration is not None:
            until = min(until, self._duration)
        if until <= begin:
            return None
        return self._pace.output_time(begin), self._pace.output_time(until)

    def _packets(self) -> Iterator[_Subtitle]:
        """Yield the subtitles in the order in which the file has them."""
        last: dict[int, int] = {}
        if not self._subtitles:
            return
        try:
            for packet in self._input.demux(self._subtitles):
                found = self._retimed(packet)
                if found is None:
                    continue
                # Containers want each packet of a track to begin later than the one before.
                tick = max(round(found.start / TICK), last.get(found.track, -1) + 1)
                last[found.track] = tick
                yield found._replace(start=tick * TICK)
        except av.error.FFmpegError as error:
            self._tell(f"the subtitles end early, where they cannot be read ({error.strerror})")

    def _retimed(self, packet: av.Packet) -> _Subtitle | None:
        stream = cast(SubtitleStream, packet.stream)
        if packet.pts is None or packet.time_base is None or packet.size == 0:
            return None
        start = packet.pts * packet.time_base
        # Subtitles of discs are pictures that stay until the next one, and state no duration.
        duration = (packet.duration or 0) * packet.time_base
        span = self._shown(start, start + max(duration, TICK))
        data = self._data(stream, bytes(packet))
        if span is None or data is None:
            return None
        return _Subtitle(stream.index, *span, data)

    def _data(self, stream: SubtitleStream, data: bytes) -> bytes | None:
        """Return a subtitle as it is written; ``None`` if there is nothing in it."""
        name, codec = _codec_name(stream), self._codec(stream)
        text = _text(name, data) if name in TEXTS else None
        if text == "":
            return None  # MOV fills the time between subtitles with empty ones
        if codec == name or text is None:
            return data
        encoded = text.encode()
        return len(encoded).to_bytes(2, "big") + encoded if codec == "mov_text" else encoded


def _codec_name(stream: SubtitleStream) -> str:
    name = "" if stream.codec_context is None else stream.codec_context.codec.canonical_name
    return str(name)


def _text(codec: str, data: bytes) -> str:
    """Return the text of a subtitle; empty if it has none."""
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    text = data.decode("utf-8", errors="replace")
    if codec in ("ass", "ssa"):
        text = text.split(",", ASS_FIELDS)[-1]
        if ASS_DRAWING.search(text):
            return ""
        text = text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " ")
    return MARKS.sub("", text).strip()
