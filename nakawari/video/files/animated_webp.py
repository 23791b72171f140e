"""Animated WebP: FFmpeg cannot read it, so OpenCV unpacks it into APNG, which FFmpeg can read.

The APNG is a temporary file without a name, so that nothing is left of it however the run ends.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import IO, NamedTuple, cast

import av
import cv2
import numpy as np

from nakawari.errors import UserError

CONTAINER = "apng"  # it also stores how long the last picture is shown
HEAD = 30  # bytes at the start of a file that state the size of the canvas
ANIMATED = 2  # in the flags of a WebP's VP8X chunk
TICK = Fraction(1, 1000)  # s
AT_ONCE = 256_000_000  # bytes of pictures that are decoded together
MIN_DELAY = 10  # ms; a delay that is not longer becomes USUAL_DELAY, as in browsers
USUAL_DELAY = 100  # ms


def is_animated_webp(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is an animated WebP."""
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return is_webp and len(head) >= HEAD and head[12:16] == b"VP8X" and bool(head[20] & ANIMATED)


def canvas(head: bytes) -> tuple[int, int]:
    """Return width and height [px] of an animated WebP that begins with these bytes."""
    width, height = (struct.unpack("<I", head[at : at + 3] + b"\0")[0] + 1 for at in (24, 27))
    return width, height


def unpacked_webp(path: Path) -> IO[bytes]:
    """Return an animated WebP as an APNG; its transparency and its times are kept.

    Raises ``UserError`` if it cannot be read.
    """
    file = TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        delays = [picture.delay for picture in _pictures(path)]
        rate = 1 / (Fraction(round(median(delays))) * TICK)
        last = {"final_delay": f"{delays[-1]}/1000"}
        with av.open(cast(IO[bytes], file), "w", format=CONTAINER, options=last) as container:
            stream = container.add_stream("apng", rate=rate)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = canvas(path.read_bytes()[:HEAD])
            stream.pix_fmt, stream.codec_context.time_base = "rgba", TICK
            time = 0
            for picture in _pictures(path):
                frame = av.VideoFrame.from_ndarray(picture.pixels, "bgra").reformat(format="rgba")
                frame.pts, frame.time_base = time, TICK
                container.mux(stream.encode(frame))
                time += picture.delay
            container.mux(stream.encode(None))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


class _Picture(NamedTuple):
    pixels: np.ndarray  # (H, W, 4) uint8, blue, green, red and opacity
    delay: int  # ms


def _pictures(path: Path) -> Iterator[_Picture]:
    content = np.frombuffer(path.read_bytes(), np.uint8)
    width, height = canvas(content[:HEAD].tobytes())
    number = max(1, AT_ONCE // (4 * width * height))
    start = 0
    while True:
        pictures = _decoded(content, start, number)
        if not pictures and start == 0:
            raise UserError(
                f"{path} is an animated WebP that cannot be read, or its end is missing; give it "
                "whole, or as a GIF or a video"
            )
        yield from pictures
        if len(pictures) < number:
            return
        start += number


def _decoded(content: np.ndarray, start: int, number: int) -> list[_Picture]:
    """Return up to ``number`` pictures from ``start`` on; none if they cannot be read."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        is_read, animation = cv2.imdecodeanimation(content, start, number)
    except cv2.error:
        return []
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not is_read:
        return []
    return [
        _Picture(
            pixels if pixels.shape[2] == 4 else cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA),
            int(delay) if delay > MIN_DELAY else USUAL_DELAY,
        )
        for pixels, delay in zip(animation.frames, animation.durations, strict=False)
    ]
