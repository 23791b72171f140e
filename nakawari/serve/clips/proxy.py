"""A copy of a clip that every browser plays, and in which seeking to any frame is fast.

Few browsers play ProRes, FFV1 or ten bits, and seeking in a usual file is slow. The copy is H.264
with a keyframe every few frames, and shows the frames of the clip at their own times.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av import VideoStream

from nakawari.video.files.sequence import is_sequence
from nakawari.video.pictures.color import LIMITED, ColorTags, convert
from nakawari.video.reader import ClipInfo, VideoReader
from nakawari.whole import PartialFile

LARGEST = (1280, 720)  # px, width and height at most
SECOND = 90_000  # ticks of the copy's clock in a second
KEY_FRAMES = 6  # frames from one keyframe to the next
OPTIONS = {"crf": "20", "preset": "veryfast", "bf": "0", "g": str(KEY_FRAMES), "sc_threshold": "0"}
BT709 = 1
JPEG_QUALITY = 82

OnFrame = Callable[[int, int | None], None]


def shown_size(
    width: int, height: int, pixel_ratio: Fraction, largest: tuple[int, int] = LARGEST
) -> tuple[int, int]:
    """Return width and height [px], both even, of a picture scaled to square pixels.

    They are not larger than ``largest``.
    """
    wide = width * float(pixel_ratio)
    scale = min(1.0, largest[0] / wide, largest[1] / height)
    return max(2, 2 * round(wide * scale / 2)), max(2, 2 * round(height * scale / 2))


def write_proxy(
    source: Path,
    target: Path,
    on_frame: OnFrame = lambda done, expected: None,
    largest: tuple[int, int] = LARGEST,
    frames: tuple[int, int] | None = None,
    times: Callable[[int], Fraction] | None = None,
    rate: Fraction | None = None,
    before_named: Callable[[], None] = lambda: None,
) -> ClipInfo:
    """Write the copy whole or not at all, and return what is known of the clip.

    Raises ``UserError`` as ``VideoReader`` does.

    Args:
        source: the clip.
        target: the copy.
        on_frame: is called after every frame with the number of frames done and expected.
        largest: width and height [px], at most.
        frames: the first frame that is copied, and the one after the last; ``None``: all.
        times: returns when a frame begins [s], given its number; ``None``: as in the clip.
        rate: frames a second of a sequence of pictures, which does not state its rate.
        before_named: is called when the copy is whole, and has not got its name yet. If it raises
            an error, there is no copy.
    """
    first, end = frames or (0, None)
    with VideoReader(source, input_rate=rate if is_sequence(source) else None) as reader:
        info = reader.info
        expected = None if info.duration is None else round(info.duration * info.rate)
        partial = PartialFile(target)
        try:
            with av.open(f"file:{partial.path}", "w", format="mp4",
                         options={"movflags": "+faststart"}) as container:  # fmt: skip
                stream = _stream(container, info, largest)
                begins: Fraction | None = None
                for number, frame in enumerate(reader.frames()):
                    if number < first:
                        continue
                    if number == end:
                        break
                    time = frame.start if times is None else times(number)
                    begins = time if begins is None else begins
                    copy = _copy(frame.picture.to_frame(), info, stream)
                    copy.pts = round((time - begins) * SECOND)
                    copy.time_base = Fraction(1, SECOND)
                    container.mux(stream.encode(copy))
                    on_frame(number + 1, expected)
                container.mux(stream.encode(None))
            before_named()
            partial.finish()
        except BaseException:
            partial.discard()
            raise
    return info


def _stream(
    container: av.container.OutputContainer, info: ClipInfo, largest: tuple[int, int]
) -> VideoStream:
    stream = cast(VideoStream, container.add_stream("libx264", rate=info.rate, options=OPTIONS))
    size = shown_size(info.width, info.height, info.sample_aspect_ratio, largest)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, SECOND)
    context.colorspace, context.color_range = BT709, LIMITED
    context.color_primaries, context.color_trc = BT709, BT709
    return stream


def _copy(frame: av.VideoFrame, info: ClipInfo, stream: VideoStream) -> av.VideoFrame:
    """Return a frame in the copy's size, and in the one matrix and range that browsers assume."""
    written = ColorTags(matrix=BT709, value_range=LIMITED, primaries=BT709, transfer=BT709)
    tags = ColorTags(matrix=info.tags.known_matrix(info.height), value_range=info.tags.value_range)
    if (frame.width, frame.height) != (stream.width, stream.height):
        frame = frame.reformat(width=stream.width, height=stream.height)
    if (tags.matrix, tags.is_full) != (BT709, False):
        frame = convert(frame, tags, "yuv420p", written)
    frame.colorspace, frame.color_range = BT709, LIMITED
    return frame


def jpeg_of(proxy: Path, time: Fraction, width: int) -> bytes:
    """Return the frame of a copy that is shown from ``time`` [s] on, as a JPEG.

    It is at most ``width`` px wide. Raises ``LookupError`` if the copy ends before ``time``.
    """
    wanted = round(time * SECOND)
    with av.open(f"file:{proxy}") as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        ticks = round(Fraction(wanted, SECOND) / stream.time_base)
        container.seek(ticks, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts >= ticks - 1:
                return encoded(frame.to_ndarray(format="bgr24"), width)
    raise LookupError(f"the clip has no frame at {float(time):.3f} s")


def encoded(pixels: np.ndarray, width: int) -> bytes:
    """Return BGR pixels, (H, W, 3) uint8, as a JPEG that is at most ``width`` px wide."""
    if pixels.shape[1] > width:
        height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return content.tobytes()
