"""Reading: a file as a stream of pictures with exact times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from nakawari.errors import UserError
from nakawari.video.clip_info import ClipInfo, SourceFrame
from nakawari.video.completeness import check_length, check_size
from nakawari.video.decoding import FrameDecoder
from nakawari.video.files.opening import open_file
from nakawari.video.files.sequence import USUAL_RATE, is_sequence, opened_sequence
from nakawari.video.files.streams import sound_streams, video_stream
from nakawari.video.part import WHOLE, Part
from nakawari.video.pictures.color import ColorTags
from nakawari.video.pictures.form import PLAIN, PictureForm
from nakawari.video.pictures.picture import Picture, halved_picture, picture_from_frame
from nakawari.video.remarks import Remarks
from nakawari.video.repairs import tell_repairs
from nakawari.video.stamps import FrameStamps
from nakawari.video.times.reordering import AHEAD, InOrder
from nakawari.video.times.timestamps import rate_of_gaps

INDEXED = {"mov", "matroska"}  # containers that say where in the file a time is
FAR = Fraction(20)  # s; a part that begins earlier is reached by decoding what comes before
LEAD = Fraction(5)  # s; decoding begins this long before a part, to have what its frames refer to


class VideoReader:
    """Decodes one file or sequence of pictures, a frame at a time, whatever its length.

    Raises ``UserError`` on opening if the file is missing, is no video, or holds fewer than two
    frames. Raises it while reading if the file is truncated, or too much of it is damaged. What was
    changed in reading (an odd size, damage) is told once, in a line each, through ``tell``.

    Args:
        path: the file, or the sequence.
        tell: is called with the lines.
        strict: refuse a file in which anything is damaged, instead of bridging the damage.
        part: the part of the clip that is read, as if there were no more of it. ``UserError`` if
            the clip ends before it begins, or if it has fewer than two frames.
        input_rate: frames a second of a sequence of pictures. ``UserError`` for a file, which has
            its own.
        richest: the richest form that the pictures may have; they have less if the source has less.
            It is told what of the source does not fit into it. By default it is the form in which
            pictures are looked at, and nothing is told.
    """

    def __init__(
        self,
        path: Path,
        tell: Callable[[str], None] = lambda line: None,
        strict: bool = False,
        part: Part = WHOLE,
        input_rate: Fraction | None = None,
        richest: PictureForm | None = None,
    ) -> None:
        self.path = path
        self._part = part
        self._richest = richest
        self._begins = Fraction(0)  # s, from the clip's first frame to the part's
        self._remarks = Remarks(tell)
        self._strict = strict
        self._opened = ExitStack()
        try:
            self._container = self._open(input_rate)
            self._stream = video_stream(self._container, path, self._remarks.say)
            check_size(self._container, path)
            self._decoder = FrameDecoder(self._container, self._stream, path, strict)
            self._stamps = FrameStamps(self._stream, self._decoder)
            if not self._stamps.are_of_frames:
                self._decoder.lost.give_up()
            held = AHEAD if self._decoder.reorders else 0
            self._frames = InOrder(self._decoded, self._stamps.stamp, self._stamps.rate, held)
            first_two = (self._frames.next_frame() for _ in range(2))
            self._head = [frame for frame in first_two if frame is not None]
            self._lost = 0  # pictures that were lost just before the last frame
            self._bridged = 0  # frames that were repeated in place of damaged ones
            if part.start > 0:
                self._go_to(part.start)
            self.info = self._describe()
        except BaseException:
            self._opened.close()
            raise

    def _open(self, input_rate: Fraction | None) -> InputContainer:
        if is_sequence(self.path):
            rate = input_rate or USUAL_RATE
            sequence = opened_sequence(self.path, rate, self._remarks.say, self._strict)
            container = self._opened.enter_context(sequence)
            if input_rate is None:
                self._remarks.say(
                    f"{USUAL_RATE} frames a second are assumed; --input-fps says another"
                )
            return container
        container = self._opened.enter_context(open_file(self.path, self._remarks.say))
        if input_rate is not None:
            raise UserError(
                f"{self.path} has its own frame rate; --input-fps is for sequences of pictures, "
                "leave it out"
            )
        return container

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _go_to(self, start: Fraction) -> None:
        """Pass over the frames before ``start`` [s], so that the next is the part's first."""
        before, expected = self._near(start)
        while (frame := self._next()) is not None:
            time = self._stamps.time(frame, before, expected)
            if self._is_before(time, start):
                before, expected = time, time + (self._stamps.duration(frame) or 1 / self._rate)
                continue
            following = self._next()
            self._head[:0] = [frame] if following is None else [frame, following]
            self._begins = time
            self._decoder.forget()  # a seek may have landed amid frames that refer to others
            return
        raise UserError(
            f"{self.path} ends after {float(expected):.2f} s, and the part begins at "
            f"{float(start):.2f} s; let it begin earlier"
        )

    def _near(self, start: Fraction) -> tuple[Fraction | None, Fraction]:
        """Seek to before ``start`` if that is far, and the file has an index.

        Returns the time of the last frame that was passed, ``None`` if there is none, and the time
        [s] expected for the next one. ``FrameStamps.time`` takes both.
        """
        formats = set(self._container.format.name.split(","))
        if start < FAR or self._strict or not INDEXED & formats or not self._stamps.are_direct:
            return None, Fraction(0)
        for aim in (start - LEAD, Fraction(0)):
            self._decoder.seek(self._stamps.stamp_at(aim))
            self._head.clear()
            self._stamps.head.clear()
            self._frames.clear()
            frame = self._next()
            time = None if frame is None else self._stamps.time_after_seeking(frame)
            if time is not None and self._is_before(time, start):
                break
        if time is None:
            raise UserError(
                f"{self.path} cannot be read from {float(start):.2f} s on; give it whole"
            )
        return time, time + 1 / self._rate

    def _next(self) -> av.VideoFrame | None:
        frame = self._head.pop(0) if self._head else self._frames.next_frame()
        if frame is not None:
            self._lost = self._decoder.lost.show(frame.pts, self._rate)
        return frame

    def _decoded(self) -> av.VideoFrame | None:
        return self._stamps.head.pop(0) if self._stamps.head else self._decoder.next_frame()

    @property
    def _rate(self) -> Fraction:
        return self._stamps.rate

    def _is_before(self, time: Fraction, limit: Fraction) -> bool:
        """Return whether a frame that begins at ``time`` is not yet in a part from ``limit`` on."""
        return time + 1 / (2 * self._rate) <= limit

    def _describe(self) -> ClipInfo:
        if not self._head:
            raise UserError(f"{self.path} has a video stream but no frames; give a whole clip")
        if len(self._head) == 1:
            if self._begins:
                raise UserError(
                    f"{self.path} has one frame after {float(self._part.start):.2f} s, and "
                    "in-betweens need two; let the part begin earlier"
                )
            raise UserError(
                f"{self.path} is a single frame, and in-betweens need two; give a video clip"
            )
        first, stream = self._head[0], self._stream
        tags = ColorTags.of_frame(first)
        form = PictureForm.of(first.format).at_most(self._richest or PLAIN)
        picture = picture_from_frame(first, tags.matrix, tags.value_range, first.rotation, form)
        self._decoded_size = (first.width, first.height)
        self._rotation = first.rotation  # degrees
        upright = self._decoded_size[:: -1 if first.rotation % 180 else 1]
        ratio = stream.sample_aspect_ratio or Fraction(1)
        duration = None
        if stream.duration and stream.time_base:
            duration = stream.duration * stream.time_base
        elif self._container.duration:
            duration = Fraction(self._container.duration, av.time_base)
        if duration is not None:
            end = duration if self._part.end is None else min(self._part.end, duration)
            duration = max(end - self._begins, Fraction(0))
        self._tell_changes(first)
        return ClipInfo(
            path=self.path,
            width=picture.width,
            height=picture.height,
            rate=self._stamps.rate,
            duration=duration,
            start=self._stamps.start + self._begins,
            tags=tags,
            form=form,
            grown=(picture.width - upright[0], picture.height - upright[1]),
            sample_aspect_ratio=1 / ratio if first.rotation % 180 else ratio,
            has_audio=len(self._container.streams.audio) > 0,
            sound_tracks=len(sound_streams(self._container)),
            bit_rate=stream.bit_rate or self._container.bit_rate or None,
        )

    @property
    def content(self) -> str:
        """A text that identifies what the pictures of the part are decoded from, once it is read.

        It is the same for a copy of the file, and whatever its name and its date.
        """
        end, last = self._part.end, None
        if end is not None:
            last = self._stamps.stamp_at(end - 1 / (2 * self._rate))
        info = self.info
        shape = f"{info.width}x{info.height} {info.sample_aspect_ratio} {self._rotation}"
        return f"{shape} {info.tags} {self._decoder.content(last)}"

    def frames(self, halvings: int = 0) -> Iterator[SourceFrame]:
        """Yield every frame once, in the order of display; the first is at time 0.

        Where a damaged frame is missing, the one before it is repeated. With ``halvings`` the
        pictures are halved that often (see ``Picture.halved``), and reading is faster.
        """
        end = self._part.end
        for before, frame in enumerate(self._all_frames(halvings)):
            if end is not None and not self._is_before(frame.start, end):
                self._tell_repairs()
                if before < 2:
                    raise UserError(
                        f"the part of {self.path} is a single frame, and in-betweens need two; "
                        "let it begin earlier or end later"
                    )
                return
            yield frame._replace(start=frame.start - self._begins, end=frame.end - self._begins)

    def _all_frames(self, halvings: int) -> Iterator[SourceFrame]:
        """Yield the part's frames and those after it, at their times in the clip."""
        rate = self.info.rate
        gaps: Counter[Fraction] = Counter()
        pending: SourceFrame | None = None
        duration: Fraction | None = None
        while frame := self._next():
            if pending is None:
                time = self._begins
            else:
                time = self._stamps.time(frame, pending.start, pending.end)
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
            self._lost = self._decoder.lost.end(rate)
            yield from self._until(pending.end + self._lost / rate, pending)
        self._decoder.check_loss()
        check_length(self._container, self.path, self._decoder.reached)
        self._tell_repairs()

    def _until(self, time: Fraction, frame: SourceFrame) -> Iterator[SourceFrame]:
        """Yield a frame that is shown until ``time`` [s], once more for each lost one after it."""
        rate = self.info.rate
        lost = max(self._decoder.damaged - self._bridged, self._lost)
        missing = round((time - frame.start) * rate) - 1 if lost else 0
        if missing > 0 and (missing <= lost or self._lost):
            self._bridged += missing
            for _ in range(missing):
                end = frame.start + 1 / rate
                yield frame._replace(end=end)
                frame = frame._replace(start=end)
        yield frame._replace(end=time)

    def _tell_repairs(self) -> None:
        rebuilt = self._stamps.rebuilt
        tell_repairs(self.path, self._decoder, rebuilt, self._remarks.say, self._strict)

    def _picture(self, frame: av.VideoFrame, halvings: int) -> Picture:
        info = self.info
        matrix, value_range = info.tags.matrix, info.tags.value_range
        self._tell_changes(frame)
        if halvings and (frame.width, frame.height) == self._decoded_size:
            return halved_picture(frame, matrix, value_range, halvings)
        picture = picture_from_frame(frame, matrix, value_range, frame.rotation, info.form)
        if (picture.width, picture.height) != (info.width, info.height):
            self._remarks.say("the picture changes its size on the way; later frames are scaled")
            scaled = picture.to_frame().reformat(width=info.width, height=info.height)
            picture = picture_from_frame(scaled, matrix, value_range, form=info.form)
        return picture.halved(halvings) if halvings else picture

    def _tell_changes(self, frame: av.VideoFrame) -> None:
        if self._richest is not None:
            self._remarks.tell_losses(frame, self._richest)
        self._remarks.tell_interlaced(frame, self._stream)
