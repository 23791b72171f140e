"""Reading: a file as a stream of pictures with exact times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
from av.stream import Disposition

from nakawari.errors import UserError
from nakawari.video.color import ColorTags
from nakawari.video.completeness import check_length, check_size
from nakawari.video.picture import (
    Picture,
    halved_picture,
    is_see_through,
    picture_from_frame,
)
from nakawari.video.timestamps import nominal_rate, rate_of_gaps, snap_to_grid

# FFmpeg reads a text file as a film of a terminal, and a picture as a film of one frame.
NOT_VIDEO_FORMATS = {"tty", "ansi", "bin", "xbin", "idf"}
STILL_FORMATS = {"image2", "ico", "tiff_pipe"}

SEE_THROUGH = "transparency is laid on black"

INTERLACED = {2, 3, 4, 5}  # AVFieldOrder: which field is shown, and coded, first

# FFmpeg's own decoders of these leave out the alpha channel that WebM keeps beside the picture.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


class SourceFrame(NamedTuple):
    """One frame of the input."""

    picture: Picture
    start: Fraction  # s since the first frame
    end: Fraction  # s; the next frame's start, or where the clip ends


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What is known of a clip before it has been read."""

    path: Path
    width: int  # px, of the pictures: upright and even
    height: int
    rate: Fraction  # nominal frames a second
    duration: Fraction | None  # s, as declared; the frames' times have the last word
    start: Fraction  # s, the first frame's time on the container's clock
    tags: ColorTags
    sample_aspect_ratio: Fraction
    has_audio: bool


class VideoReader:
    """Decodes one file, a frame at a time; memory does not grow with its length.

    Raises ``UserError`` on opening if the file is missing, is no video, or holds fewer than two
    frames, and while reading if it is damaged or truncated. What was changed on the way in (bit
    depth, transparency, an odd size) is told once, in a line each, through ``tell``.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda line: None) -> None:
        self.path = path
        self._tell = tell
        self._told: set[str] = set()
        self._container = _open(path)
        try:
            self._stream = _video_stream(self._container, path)
            check_size(self._container, path)
            self._decoder = _decoder(self._stream)
            self._decoder.thread_type = "AUTO"
            self._reached = Fraction(0)
            self._decoded = self._decode()
            self._head = [frame for frame in (self._next(), self._next()) if frame is not None]
            self.info = self._describe()
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    def _next(self) -> av.VideoFrame | None:
        return next(self._decoded, None)

    def _describe(self) -> ClipInfo:
        if not self._head:
            raise UserError(f"{self.path} has a video stream but no frames; give a whole clip")
        if len(self._head) == 1:
            raise UserError(
                f"{self.path} is a single frame, and in-betweens need two; give a video clip"
            )
        first, second = self._head
        stream = self._stream
        rate = nominal_rate(stream.average_rate, stream.guessed_rate)
        if not stream.average_rate and _stamp(second) is not None:
            gap = (_stamp(second) or 0) - (_stamp(first) or 0)
            rate = 1 / (gap * _tick(first)) if gap > 0 else rate
        tags = ColorTags.of_frame(first)
        picture = picture_from_frame(first, tags.matrix, tags.value_range, first.rotation)
        self._decoded_size = (first.width, first.height)
        ratio = stream.sample_aspect_ratio or Fraction(1)
        duration = None
        if stream.duration and stream.time_base:
            duration = stream.duration * stream.time_base
        elif self._container.duration:
            duration = Fraction(self._container.duration, av.time_base)
        self._tell_changes(first)
        return ClipInfo(
            path=self.path,
            width=picture.width,
            height=picture.height,
            rate=rate,
            duration=duration,
            start=(_stamp(first) or 0) * _tick(first),
            tags=tags,
            sample_aspect_ratio=1 / ratio if first.rotation % 180 else ratio,
            has_audio=len(self._container.streams.audio) > 0,
        )

    def _decode(self) -> Iterator[av.VideoFrame]:
        try:
            # Of every stream: the declared duration is the longest one's, subtitles included.
            for packet in self._container.demux():
                if packet.pts is not None and packet.time_base is not None:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    self._reached = max(self._reached, end)
                if packet.stream is self._stream:
                    yield from self._decoder.decode(packet)
        except av.error.FFmpegError as error:
            raise UserError(
                f"{self.path} is damaged or truncated at about {float(self._reached):.2f} s "
                f"({error.strerror}); copy or download it again"
            ) from error

    def frames(self, halvings: int = 0) -> Iterator[SourceFrame]:
        """Yield every frame once, in the order of display; the first is at time 0.

        Frames whose time does not advance are skipped, and told of. With ``halvings`` the
        pictures are halved so often (see ``Picture.halved``), and reading is faster.
        """
        rate = self.info.rate
        gaps: Counter[Fraction] = Counter()
        pending: SourceFrame | None = None
        duration: Fraction | None = None
        while frame := self._head.pop(0) if self._head else self._next():
            time = self._time(frame, pending)
            if pending is not None:
                if time <= pending.start:
                    self._say("frames whose time stamps do not advance are skipped")
                    continue
                gaps[time - pending.start] += 1
                yield pending._replace(end=time)
            duration = self._duration(frame)
            pending = SourceFrame(
                self._picture(frame, halvings), time, time + (duration or 1 / rate)
            )
        if pending is not None:
            if duration is None:
                usual = 1 / rate_of_gaps(gaps.elements(), rate)
                pending = pending._replace(end=pending.start + usual)
            yield pending
        check_length(self._container, self.path, self._reached)

    def _time(self, frame: av.VideoFrame, previous: SourceFrame | None) -> Fraction:
        """Return the frame's start since the first frame [s]."""
        info, tick, stamp = self.info, _tick(frame), _stamp(frame)
        if stamp is not None:
            return snap_to_grid(stamp * tick - info.start, tick, info.rate)
        return previous.end if previous else Fraction(0)  # raw streams carry no times

    def _duration(self, frame: av.VideoFrame) -> Fraction | None:
        """Return for how long the frame is shown [s], if that is stored and not as usual."""
        tick, usual = _tick(frame), 1 / self.info.rate
        duration = (frame.duration or 0) * tick
        return None if duration <= 0 or abs(duration - usual) <= tick else duration

    def _picture(self, frame: av.VideoFrame, halvings: int) -> Picture:
        info = self.info
        self._tell_changes(frame)
        if halvings and (frame.width, frame.height) == self._decoded_size:
            return halved_picture(frame, info.tags.matrix, info.tags.value_range, halvings)
        picture = picture_from_frame(frame, info.tags.matrix, info.tags.value_range, frame.rotation)
        if (picture.width, picture.height) != (info.width, info.height):
            self._say("the picture changes its size on the way; later frames are scaled")
            scaled = picture.to_frame().reformat(width=info.width, height=info.height)
            picture = picture_from_frame(scaled, info.tags.matrix, info.tags.value_range)
        return picture.halved(halvings) if halvings else picture

    def _tell_changes(self, frame: av.VideoFrame) -> None:
        if any(component.bits > 8 for component in frame.format.components):
            self._say(f"{frame.format.name} is converted to 8 bits a channel")
        if SEE_THROUGH not in self._told and is_see_through(frame):
            self._say(SEE_THROUGH)
        if frame.width % 2 or frame.height % 2:
            self._say(
                f"H.264 needs an even size: {frame.width}x{frame.height} grows to "
                f"{frame.width + frame.width % 2}x{frame.height + frame.height % 2} by repeating "
                "the last column or row"
            )
        # Not every codec says so of its frames; the container may.
        if frame.interlaced_frame or self._stream.codec_context.field_order in INTERLACED:
            self._say("the clip is interlaced; deinterlace it first for clean in-betweens")

    def _say(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._tell(line)


def _stamp(frame: av.VideoFrame) -> int | None:
    return frame.pts if frame.pts is not None else frame.dts


def _tick(frame: av.VideoFrame) -> Fraction:
    return frame.time_base or Fraction(1, av.time_base)


def _open(path: Path) -> av.container.InputContainer:
    if not path.exists():
        raise UserError(f"{path} does not exist; check the name")
    if not path.is_file():
        raise UserError(f"{path} is not a file; name a video file")
    try:
        # "file:" keeps FFmpeg from reading a protocol into a name such as "concat:a.mp4".
        container = av.open(f"file:{path}")
    except PermissionError as error:
        raise UserError(f"{path} may not be read; check its permissions") from error
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} is no video that can be read, or its end is missing; "
            "give a video file, copied whole"
        ) from error
    names = set(container.format.name.split(","))
    problem = None
    if names & NOT_VIDEO_FORMATS:
        problem = f"{path} is not a video; give a video file"
    elif names & STILL_FORMATS or any(name.endswith("_pipe") for name in names):
        problem = f"{path} is a still picture, and in-betweens need two frames; give a video clip"
    if problem:
        container.close()
        raise UserError(problem)
    return container


def _decoder(stream: av.VideoStream) -> av.VideoCodecContext:
    own = stream.codec_context
    name = ALPHA_DECODERS.get(own.name)
    if stream.metadata.get("alpha_mode") != "1" or name not in av.codecs_available:
        return own
    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = own.extradata
    return decoder


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise UserError(f"{path} has no video stream; give a video file")
