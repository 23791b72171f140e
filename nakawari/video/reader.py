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

from nakawari.errors import UserError
from nakawari.video.color import ColorTags
from nakawari.video.completeness import check_length, check_size
from nakawari.video.decoding import FrameDecoder
from nakawari.video.opening import open_file
from nakawari.video.picture import (
    Picture,
    halved_picture,
    is_see_through,
    picture_from_frame,
)
from nakawari.video.stamps import FrameStamps
from nakawari.video.streams import tell_left_out, video_stream
from nakawari.video.timestamps import rate_of_gaps
from nakawari.wording import count

SEE_THROUGH = "transparency is laid on black"

INTERLACED = {2, 3, 4, 5}  # AVFieldOrder: which field is shown, and coded, first


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
    frames, and while reading if it is truncated, or too much of it damaged. What was changed on
    the way in (bit depth, transparency, an odd size, what was damaged) is told once, in a line
    each, through ``tell``.

    Args:
        path: the file.
        tell: is given the lines.
        strict: refuse a file in which anything is damaged, instead of bridging it.
    """

    def __init__(
        self,
        path: Path,
        tell: Callable[[str], None] = lambda line: None,
        strict: bool = False,
    ) -> None:
        self.path = path
        self._tell = tell
        self._told: set[str] = set()
        self._strict = strict
        self._container = open_file(path)
        try:
            self._stream = video_stream(self._container, path, self._say)
            check_size(self._container, path)
            self._decoder = FrameDecoder(self._container, self._stream, path, strict)
            self._stamps = FrameStamps(self._stream, self._decoder)
            self._head = self._stamps.head
            self._bridged = 0  # frames repeated in the place of damaged ones
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

    def tell_left_out(self) -> None:
        """Tell of the tracks, beside picture and sound, that an output will not have."""
        tell_left_out(self._container, self._stream, self._say)

    def _describe(self) -> ClipInfo:
        if not self._head:
            raise UserError(f"{self.path} has a video stream but no frames; give a whole clip")
        if len(self._head) == 1:
            raise UserError(
                f"{self.path} is a single frame, and in-betweens need two; give a video clip"
            )
        first, stream = self._head[0], self._stream
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
            rate=self._stamps.rate,
            duration=duration,
            start=self._stamps.start,
            tags=tags,
            sample_aspect_ratio=1 / ratio if first.rotation % 180 else ratio,
            has_audio=len(self._container.streams.audio) > 0,
        )

    def frames(self, halvings: int = 0) -> Iterator[SourceFrame]:
        """Yield every frame once, in the order of display; the first is at time 0.

        Where a damaged one is missing, the one before it is repeated. With ``halvings`` the
        pictures are halved so often (see ``Picture.halved``), and reading is faster.
        """
        rate = self.info.rate
        gaps: Counter[Fraction] = Counter()
        pending: SourceFrame | None = None
        duration: Fraction | None = None
        while frame := self._head.pop(0) if self._head else self._decoder.next_frame():
            before = None if pending is None else pending.start
            time = self._stamps.time(frame, before, Fraction(0) if pending is None else pending.end)
            if pending is not None:
                for shown in self._until(time, pending):
                    gaps[shown.end - shown.start] += 1
                    yield shown
            duration = self._stamps.duration(frame)
            pending = SourceFrame(
                self._picture(frame, halvings), time, time + (duration or 1 / rate)
            )
        if pending is not None:
            if duration is None:
                usual = 1 / rate_of_gaps(gaps.elements(), rate)
                pending = pending._replace(end=pending.start + usual)
            yield pending
        check_length(self._container, self.path, self._decoder.reached)
        self._tell_repairs()

    def _until(self, time: Fraction, frame: SourceFrame) -> Iterator[SourceFrame]:
        """Yield a frame that is shown until ``time`` [s], again for each lost one in between."""
        rate = self.info.rate
        lost = self._decoder.damaged - self._bridged
        missing = round((time - frame.start) * rate) - 1 if lost else 0
        if 0 < missing <= lost:
            self._bridged += missing
            for _ in range(missing):
                end = frame.start + 1 / rate
                yield frame._replace(end=end)
                frame = frame._replace(start=end)
        yield frame._replace(end=time)

    def _tell_repairs(self) -> None:
        damaged, rebuilt = self._decoder.damaged, self._stamps.rebuilt
        if damaged:
            self._say(
                f"{count(damaged, 'packet')} of the video cannot be decoded; where a picture is "
                "missing, the one before it is repeated"
            )
        if rebuilt and self._strict:
            raise UserError(
                f"{self.path} has time stamps that go back or jump, at {count(rebuilt, 'place')}; "
                "leave out --strict to have them rebuilt"
            )
        if rebuilt:
            self._say(
                f"the time stamps go back or jump at {count(rebuilt, 'place')}; every frame is "
                "kept, and these times are rebuilt from the frame rate"
            )

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
