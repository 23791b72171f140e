"""Writing: pictures in, a file that plays everywhere out, or no file at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av

from nakawari.errors import UserError
from nakawari.video.audio import StretchedAudio
from nakawari.video.color import ColorTags
from nakawari.video.picture import Picture
from nakawari.whole import PartialFile, check_free, check_name, check_writable

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
# Lines and flat colours show coding noise sooner than film does, and an editor codes the file once
# more: well above x264's usual 23. A pan in anime at 48 frames a second has LPIPS 0.0099 at 12,
# 0.0082 at 10, 0.0069 at 8 and 0.0061 at 6, for 245, 345, 485 and 656 kB.
# A short look-ahead costs next to nothing at constant quality and keeps 30 frames less in memory.
QUALITY = {"crf": "8", "preset": "medium", "rc-lookahead": "10"}
AUDIO_BITS_PER_CHANNEL = 96_000
MAX_SIDE = 16384  # px
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_output(path: Path, source: Path, overwrite: bool) -> None:
    """Raise ``UserError`` if ``path`` cannot become the output made from ``source``."""
    check_name(path, "output")
    if path.suffix.lower() not in FORMATS:
        raise UserError(
            f"output {path} must end in one of {', '.join(FORMATS)}; choose such a name with -o"
        )
    if not path.parent.exists():
        raise UserError(f"output folder {path.parent} does not exist; create it first")
    if not path.parent.is_dir():
        raise UserError(f"output folder {path.parent} is not a folder; choose another with -o")
    if path.is_dir():
        raise UserError(f"output {path} is a folder; name a file in it with -o")
    if path.exists() and source.exists() and path.samefile(source):
        raise UserError(f"output {path} is the input itself; choose another name with -o")
    if path.exists() and not overwrite:
        raise UserError(f"output {path} exists; use --overwrite, or another name with -o")
    check_free(path)
    check_writable(path.parent, str(path))


def check_picture(width: int, height: int) -> None:
    """Raise ``UserError`` if H.264 has no room for pictures of this size [px]."""
    if max(width, height) > MAX_SIDE:
        raise UserError(
            f"pictures of {width}x{height} do not fit into H.264, which has {MAX_SIDE} pixels a "
            "side; scale the clip down first"
        )


class VideoWriter:
    """Encodes H.264 and AAC under a temporary name; ``path`` appears when all of it is written.

    Use it as a context manager: leaving it normally finishes the file and gives it its name,
    leaving it by an exception (Ctrl-C included) removes what was written. Raises ``UserError`` if
    the folder cannot be written to or the disk is full.

    Args:
        path: final name; its suffix, one of ``FORMATS``, chooses the container.
        width: of the pictures [px], even.
        height: of the pictures [px], even.
        rate: frames a second.
        tags: what the pictures' code values mean.
        sample_aspect_ratio: width over height of one pixel.
        audio: the sound, from output time 0; closed with the writer, and if it cannot be made.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        rate: Fraction,
        tags: ColorTags,
        sample_aspect_ratio: Fraction = Fraction(1),
        audio: StretchedAudio | None = None,
    ) -> None:
        self.path = path
        self.frames = 0  # written so far
        self._is_finished = False
        self._rate = rate
        self._audio = audio
        try:
            with self._disk_errors():
                self._partial = PartialFile(path)
            try:
                self._open(width, height, tags, sample_aspect_ratio)
            except BaseException:
                self._discard()
                raise
        except BaseException:
            self._close_audio()
            raise

    def _open(self, width: int, height: int, tags: ColorTags, ratio: Fraction) -> None:
        name = FORMATS[self.path.suffix.lower()]
        options = {"movflags": "+faststart"} if name != "matroska" else {}
        self._container = av.open(f"file:{self._partial.path}", "w", format=name, options=options)
        stream = self._container.add_stream("libx264", rate=self._rate, options=QUALITY)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self._rate
        context.sample_aspect_ratio = ratio
        context.colorspace = tags.matrix
        context.color_range = tags.value_range
        context.color_primaries = tags.primaries
        context.color_trc = tags.transfer
        self._stream = stream
        self._audio_stream = None
        self._audio_time = Fraction(0)
        if self._audio is not None:
            channels = av.AudioLayout(self._audio.layout).nb_channels
            self._audio_stream = self._container.add_stream(
                "aac", rate=self._audio.sample_rate, bit_rate=channels * AUDIO_BITS_PER_CHANNEL
            )
            self._audio_stream.layout = self._audio.layout
            self._audio_frames = self._audio.frames()

    def write(self, picture: Picture) -> None:
        """Encode the next frame, and the sound up to its end."""
        frame = picture.to_frame()
        frame.pts = self.frames
        frame.time_base = 1 / self._rate
        with self._disk_errors():
            self._container.mux(self._stream.encode(frame))
            self.frames += 1
            self._write_audio_until(self.frames / self._rate)

    def _write_audio_until(self, time: Fraction) -> None:
        while self._audio_stream is not None and self._audio_time < time:
            frame = next(self._audio_frames, None)
            self._container.mux(self._audio_stream.encode(frame))
            if frame is None:  # the encoder is flushed
                self._audio_stream = None
            else:
                self._audio_time += Fraction(frame.samples, frame.sample_rate)

    def _finish(self) -> None:
        with self._disk_errors():
            self._container.mux(self._stream.encode(None))
            if self._audio_stream is not None:
                self._container.mux(self._audio_stream.encode(None))
            self._container.close()
            self._check_written()
            self._partial.finish()
            self._is_finished = True

    def _check_written(self) -> None:
        # A disk that fills up while the header is moved to the front may go unnoticed until here.
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
        # Removed first: the header of a file that is gone is not moved to its front, which takes
        # long for a large one.
        self._partial.discard()
        if hasattr(self, "_container"):
            # The reason for giving up is already on its way to the user.
            with suppress(OSError, av.error.FFmpegError):
                self._container.close()

    def _close_audio(self) -> None:
        if self._audio is not None:
            self._audio.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._close_audio()
            if not self._is_finished:
                self._discard()
