"""Writing: pictures in, a file that plays everywhere out, or no file at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av import AudioStream, VideoStream
from av.stream import Disposition

from nakawari.errors import UserError
from nakawari.video.codecs import Codec
from nakawari.video.companions import Companions
from nakawari.video.pictures.color import FULL, LIMITED, RGB_MATRIX, ColorTags, convert, rgb_frame
from nakawari.video.pictures.form import PLAIN, PictureForm
from nakawari.video.pictures.palette import Painter
from nakawari.video.pictures.picture import Picture
from nakawari.video.scheduling import same_scheduling
from nakawari.video.sound.stretched_audio import StretchedAudio
from nakawari.whole import PartialFile, PartialFolder

AUDIO_BITS_PER_CHANNEL = 96_000
OPUS_RATE = 48_000  # Hz; Opus takes this rate, whatever rate the sound has
PNG_END = bytes.fromhex("0000000049454e44ae426082")  # the last chunk of every PNG
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _tags_in(codec: Codec, pixel_format: str, tags: ColorTags) -> ColorTags:
    """Return the tags of an output made by ``codec`` from pictures that have ``tags``."""
    if PictureForm.of(av.VideoFormat(pixel_format)).is_rgb:
        return replace(tags, matrix=RGB_MATRIX, value_range=FULL)
    if not codec.tells_range:
        tags = replace(tags, value_range=LIMITED)
    return tags if codec.matrix is None else replace(tags, matrix=codec.matrix)


PICTURE_NAMES = "%05d.png"
"""The names of a sequence's pictures where no others are given."""


@dataclass
class _Sound:
    """A sound track that is written."""

    stream: AudioStream
    frames: Iterator[av.AudioFrame]
    time: Fraction = Fraction(0)  # s, up to which it is written
    is_over: bool = False


class VideoWriter:
    """Encodes under a temporary name; ``path`` appears when all of it is written.

    Use it as a context manager. Leaving it normally finishes the file and gives it its name.
    Leaving it by an exception (Ctrl-C included) removes what was written. Raises ``UserError`` if
    the folder cannot be written to or the disk is full.

    Args:
        path: the final name. A file's ending must be one of the codec's, and chooses the container.
            A sequence of pictures is a folder.
        codec: how pictures and sound are encoded.
        width: of the output [px]; even, unless the pictures' chroma is as large as their luma.
        height: likewise. The pictures may be larger, by what was added to make their size even.
        rate: frames a second.
        tags: what the pictures' code values mean.
        form: of the pictures; one for which the codec has room.
        sample_aspect_ratio: width over height of one pixel.
        audio: the sound tracks, from output time 0, the usual one first. They are closed with the
            writer, and also if the writer cannot be made.
        companions: subtitles and whatever else goes along. They are closed likewise.
        picture_names: of a sequence, with a place for the number.
        palette: the colours of an output that has only few.
    """

    def __init__(
        self,
        path: Path,
        *,
        codec: Codec,
        width: int,
        height: int,
        rate: Fraction,
        tags: ColorTags,
        form: PictureForm = PLAIN,
        sample_aspect_ratio: Fraction = Fraction(1),
        audio: Sequence[StretchedAudio] = (),
        companions: Companions | None = None,
        picture_names: str = PICTURE_NAMES,
        palette: av.VideoFrame | None = None,
    ) -> None:
        self.path = path
        self.codec = codec
        self.frames = 0  # written so far
        self._is_finished = False
        self._rate = rate
        self._tags = tags
        self._size = (width, height)
        self._pixel_format = codec.pixel_format_for(form)
        self._written_tags = _tags_in(codec, self._pixel_format, tags)
        self._audio = audio
        self._companions = companions
        self._painter = None if palette is None else Painter(palette, width, height)
        try:
            with self._disk_errors():
                self._partial = PartialFolder(path) if codec.is_sequence else PartialFile(path)
            self._opened = str(self._partial.path)
            if codec.is_sequence:  # a percent sign in the folder's name stands for a number too
                self._opened = f"{self._opened.replace('%', '%%')}/{picture_names}"
            try:
                self._open(width, height, sample_aspect_ratio)
            except BaseException:
                self._discard()
                raise
        except BaseException:
            self._close_sources()
            raise

    def _open(self, width: int, height: int, ratio: Fraction) -> None:
        codec = self.codec
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints its settings otherwise
        name = codec.container_of(self.path)
        options = {"movflags": "+faststart"} if name in ("mp4", "mov") else {}
        self._container = av.open(f"file:{self._opened}", "w", format=name, options=options)
        stream = cast(
            VideoStream,
            self._container.add_stream(codec.encoder, rate=self._rate, options=codec.options),
        )
        stream.width, stream.height, stream.pix_fmt = width, height, self._pixel_format
        context = stream.codec_context
        context.time_base = 1 / self._rate
        context.sample_aspect_ratio = ratio
        written = self._written_tags
        context.colorspace = written.matrix
        context.color_range = written.value_range
        context.color_primaries = written.primaries
        context.color_trc = written.transfer
        if codec.tag is not None and name != "matroska":
            context.codec_tag = codec.tag
        self._stream = stream
        self._sounds = [self._add_sound(audio) for audio in self._audio]
        for number, sound in enumerate(self._sounds):
            sound.stream.disposition = Disposition.default if number == 0 else Disposition(0)
        if self._companions is not None:
            self._companions.add_to(self._container)

    def _add_sound(self, audio: StretchedAudio) -> _Sound:
        codec = self.codec
        assert codec.sound is not None, f"{codec.title} has no room for sound"
        channels = av.AudioLayout(audio.layout).nb_channels
        rate = OPUS_RATE if codec.sound == "libopus" else audio.sample_rate
        bits = channels * AUDIO_BITS_PER_CHANNEL
        added = self._container.add_stream(codec.sound, rate=rate, bit_rate=bits)
        stream = cast(AudioStream, added)
        stream.layout = audio.layout
        stream.metadata.update(audio.labels)
        return _Sound(stream, audio.frames())

    def write(self, picture: Picture) -> None:
        """Encode the next frame, and the sound up to its end."""
        frame = self._as_encoded(picture)
        frame.pts = self.frames
        with self._disk_errors():
            self._encode([frame] if self._painter is None else self._painter.paint(frame))
            self.frames += 1
            self._write_beside_until(self.frames / self._rate)

    def _encode(self, frames: list[av.VideoFrame]) -> None:
        for frame in frames:
            frame.time_base = 1 / self._rate
            self._mux(frame)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        # The encoder is opened by the first frame, and by nothing before.
        is_open = self._stream.codec_context.is_open
        with nullcontext() if is_open else same_scheduling():
            packets = self._stream.encode(frame)
        self._container.mux(packets)

    def _as_encoded(self, picture: Picture) -> av.VideoFrame:
        if (picture.width, picture.height) != self._size:
            picture = picture.cropped(*self._size)
        written = self._written_tags
        if written.matrix == RGB_MATRIX:
            name = "rgba" if self._painter is not None else self._pixel_format
            frame = rgb_frame(picture, self._tags, name)
        else:
            frame = picture.to_frame()
            if (frame.format.name, self._tags) != (self._pixel_format, written):
                frame = convert(frame, self._tags, self._pixel_format, written)
        # Some encoders take the meaning of the codes from the pictures, not from the stream.
        frame.colorspace, frame.color_range = written.matrix, written.value_range
        frame.color_primaries, frame.color_trc = written.primaries, written.transfer
        return frame

    def _write_beside_until(self, time: Fraction) -> None:
        for sound in self._sounds:
            while not sound.is_over and sound.time < time:
                frame = next(sound.frames, None)
                self._container.mux(sound.stream.encode(frame))
                if frame is None:  # the encoder is flushed
                    sound.is_over = True
                else:
                    sound.time += Fraction(frame.samples, frame.sample_rate)
        if self._companions is not None:
            self._companions.write_until(self._container, time)

    def _finish(self) -> None:
        with self._disk_errors():
            self._encode([] if self._painter is None else self._painter.finish())
            self._mux(None)
            for sound in self._sounds:
                if not sound.is_over:
                    self._container.mux(sound.stream.encode(None))
            self._container.close()
            self._check_written()
            self._partial.finish()
            self._is_finished = True

    def _check_written(self) -> None:
        # A disk that fills up while the header is moved to the front may go unnoticed until here.
        if self.codec.is_sequence:
            pictures = list(self._partial.path.iterdir())
            if len(pictures) != self.frames or not all(map(_is_whole_png, pictures)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return
        with av.open(f"file:{self._partial.path}") as written:
            stream = written.streams.video[0]
            if stream.frames not in (0, self.frames):  # 0: Matroska does not count them
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # PyAV's errors that carry an errno are among them
            reason = os.strerror(error.errno) if error.errno else str(error)
            if error.errno in FULL_DISK:
                raise UserError(
                    f"no space left for {self.path} ({reason}); free some, or choose another "
                    "folder with -o"
                ) from error
            raise UserError(
                f"cannot write {self.path} ({reason}); choose another folder with -o"
            ) from error

    def _discard(self) -> None:
        # The file is removed before it is closed. Otherwise closing would move its header to the
        # front, which takes long for a large file.
        self._partial.discard()
        if hasattr(self, "_container"):
            # The reason for giving up is already on its way to the user.
            with suppress(OSError, av.error.FFmpegError):
                self._container.close()

    def _close_sources(self) -> None:
        for source in (*self._audio, *([self._companions] if self._companions else ())):
            source.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._close_sources()
            if not self._is_finished:
                self._discard()


def _is_whole_png(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, len(PNG_END)), os.SEEK_END)
        return file.read() == PNG_END
