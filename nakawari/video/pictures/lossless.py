"""Pictures that are packed without loss, and unpacked exactly as they were."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import cast

import av
from av import VideoStream

from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import Picture, picture_from_frame

# H.264 at quantiser 0 keeps every code value, and what does not change from picture to picture
# takes next to nothing. A frame of samples/dance.mp4 (512x288) takes 13 kB and 3.3 ms on one core;
# with FFV1, it takes 68 kB and 4.7 ms. No picture waits in the encoder. FFV1 is for what H.264
# does not know here: more than ten bits, RGB and transparency.
H264, H264_BITS = "libx264", 10
H264_OPTIONS = {"qp": "0", "preset": "veryfast", "tune": "zerolatency"}
FFV1 = "ffv1"
FFV1_FORMATS = {"gbrp": "bgr0", "gbrap": "bgra"}  # FFV1's formats for the same codes
CLOCK = Fraction(1, 1000)  # s, Matroska's own; the pictures have an order and no times


def encoder_for(form: PictureForm) -> str:
    """Return which of FFmpeg's encoders packs pictures of a form."""
    is_for_h264 = form.bits <= H264_BITS and not (form.is_rgb or form.alpha)
    return H264 if is_for_h264 else FFV1


class LosslessPacker:
    """Packs pictures of one size, in memory."""

    def __init__(self) -> None:
        self._bytes = BytesIO()
        self._container = av.open(self._bytes, "w", format="matroska")
        self._stream: VideoStream | None = None
        self.frames = 0
        self.size = 0  # bytes encoded; the container itself writes them only now and then

    def add(self, picture: Picture) -> None:
        """Pack the next picture."""
        frame = picture.to_frame()
        if self._stream is None:
            self._stream = self._stream_for(picture)
        if frame.format.name != self._stream.pix_fmt:
            frame = frame.reformat(format=self._stream.pix_fmt)
        frame.pts, frame.time_base = self.frames, CLOCK
        packets = self._stream.encode(frame)
        self._container.mux(packets)
        self.size += sum(packet.size for packet in packets)
        self.frames += 1

    def _stream_for(self, picture: Picture) -> VideoStream:
        form = picture.form
        encoder = encoder_for(form)
        options = H264_OPTIONS if encoder == H264 else {}
        added = self._container.add_stream(encoder, rate=1000, options=options)
        stream = cast(VideoStream, added)
        stream.width, stream.height = picture.width, picture.height
        stream.pix_fmt = FFV1_FORMATS.get(form.pixel_format, form.pixel_format)
        return stream

    def finish(self) -> bytes:
        """Return all that was packed; nothing can be added any more."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._bytes.getvalue()


def unpacked(path: Path) -> Iterator[Picture]:
    """Yield the pictures that were packed into a file, in their order."""
    with av.open(f"file:{path}") as container:
        for frame in container.decode(video=0):
            # Matrix and range do not matter here: the planes are copied as they are.
            form = PictureForm.of(frame.format)
            yield picture_from_frame(frame, matrix=1, value_range=1, form=form)
