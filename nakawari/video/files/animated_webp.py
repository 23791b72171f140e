"""Animated WebP: FFmpeg cannot read it, so it is unpacked into APNG, which FFmpeg can read.

OpenCV decodes each picture by itself. Its own reader of animations keeps all pictures in memory, or
decodes them from the start again for each that is asked for.

The APNG is a temporary file without a name, so that nothing is left of it however the run ends.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import IO, NamedTuple, cast

import av
import cv2
import numpy as np

from nakawari.errors import UserError
from nakawari.video.remarks import timeless

CONTAINER = "apng"  # it also stores how long the last picture is shown
HEAD = 30  # bytes at the start of a file that state the size of the canvas
ANIMATED = 2  # in the flags of a WebP's VP8X chunk
TICK = Fraction(1, 1000)  # s
MIN_DELAY = 10  # ms; a delay that is not longer becomes USUAL_DELAY, as in browsers
USUAL_DELAY = 100  # ms
# At FFmpeg's own level a picture of 2000x2000 takes 0.7 s to encode; at this one 0.15 s, for 15 %
# more bytes.
FAST = {"compression_level": "1"}

_FRAME_HEAD = 16  # bytes of an ANMF chunk before the picture itself
_DISPOSE, _OVERWRITE = 1, 2  # flags there: clear the place afterwards; do not blend
_HAS_ALPHA = 16  # in the flags of a VP8X chunk


def is_animated_webp(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is an animated WebP."""
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return is_webp and len(head) >= HEAD and head[12:16] == b"VP8X" and bool(head[20] & ANIMATED)


def canvas(head: bytes) -> tuple[int, int]:
    """Return width and height [px] of an animated WebP that begins with these bytes."""
    return _number(head, 24) + 1, _number(head, 27) + 1


def unpacked_webp(path: Path, tell: Callable[[str], None] = lambda line: None) -> IO[bytes]:
    """Return an animated WebP as an APNG; its transparency and its times are kept.

    ``tell`` is called with a line if pictures do not say how long they are shown. Raises
    ``UserError`` if it cannot be read.
    """
    file = TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        with path.open("rb") as source, _mapped(source) as content:
            _unpack(content, file, tell)
    except ValueError as error:
        file.close()
        raise UserError(
            f"{path} is an animated WebP that cannot be read, or its end is missing ({error}); "
            "give it whole, or as a GIF or a video"
        ) from error
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _mapped(source: IO[bytes]) -> mmap.mmap:
    return mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)


class _Part(NamedTuple):
    """A picture as it is stored: a part of the canvas."""

    left: int
    top: int
    width: int
    height: int
    delay: int  # ms
    flags: int
    begin: int  # where its own chunks begin and end in the file
    end: int


def _unpack(content: mmap.mmap, file: IO[bytes], tell: Callable[[str], None]) -> None:
    """Write an animated WebP into ``file`` as an APNG; ``ValueError`` if it cannot be read."""
    width, height = canvas(content[:HEAD])
    stored = list(_parts(content))
    if not stored:
        raise ValueError("it has no pictures")
    parts = [p if p.delay > MIN_DELAY else p._replace(delay=USUAL_DELAY) for p in stored]
    if number := sum(part.delay <= MIN_DELAY for part in stored):
        tell(timeless(number, len(parts)))
    rate = 1 / (Fraction(round(median(part.delay for part in parts))) * TICK)
    last = {"final_delay": f"{parts[-1].delay}/1000"}
    with av.open(cast(IO[bytes], file), "w", format=CONTAINER, options=last) as container:
        stream = container.add_stream("apng", rate=rate, options=FAST)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt, stream.codec_context.time_base = "rgba", TICK
        shown = np.zeros((height, width, 4), np.uint8)
        time = 0
        for part in parts:
            if (part.left + part.width, part.top + part.height) > (width, height):
                raise ValueError("a picture is larger than the canvas")
            place = shown[part.top :, part.left :][: part.height, : part.width]
            pixels = _decoded(content, part)
            place[:] = pixels if part.flags & _OVERWRITE else _blended(pixels, place)
            frame = av.VideoFrame.from_ndarray(shown, "rgba")
            frame.pts, frame.time_base = time, TICK
            container.mux(stream.encode(frame))
            time += part.delay
            if part.flags & _DISPOSE:
                place[:] = 0
        container.mux(stream.encode(None))


def _parts(content: mmap.mmap) -> Iterator[_Part]:
    for kind, begin, end in _chunks(content, 12, 8 + _number(content, 4, 4)):
        if kind != b"ANMF":
            continue
        if end < begin + _FRAME_HEAD:
            raise ValueError("a picture is cut short")
        left, top, width, height, delay = (_number(content, begin + 3 * n) for n in range(5))
        yield _Part(
            2 * left,
            2 * top,
            width + 1,
            height + 1,
            delay,
            content[begin + 15],
            begin + _FRAME_HEAD,
            end,
        )


def _chunks(content: mmap.mmap, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each RIFF chunk between two places: its name, and where its content begins and ends."""
    while place + 8 <= end:
        begin = place + 8
        place = begin + _number(content, place + 4, 4)
        if place > min(end, len(content)):
            raise ValueError("a part of it is cut short")
        yield content[begin - 8 : begin - 4], begin, place
        place += place % 2


def _number(content: bytes | mmap.mmap, place: int, size: int = 3) -> int:
    return int.from_bytes(content[place : place + size], "little")


def _decoded(content: mmap.mmap, part: _Part) -> np.ndarray:
    """Return a picture, (H, W, 4) uint8 RGBA; ``ValueError`` if it cannot be decoded."""
    chunks = {kind: content[begin - 8 : end] for kind, begin, end in _chunks(content, *part[-2:])}
    alpha, picture = chunks.get(b"ALPH", b""), chunks.get(b"VP8 ", chunks.get(b"VP8L", b""))
    if _stated_size(picture) != (part.width, part.height):
        raise ValueError("a picture is of another size than stated")
    size = struct.pack("<I", part.width - 1)[:3] + struct.pack("<I", part.height - 1)[:3]
    header = b"VP8X\x0a\0\0\0" + bytes([_HAS_ALPHA, 0, 0, 0]) + size if alpha else b""
    still = (
        b"WEBP" + header + b"".join(chunk + b"\0" * (len(chunk) % 2) for chunk in (alpha, picture))
    )
    still = b"RIFF" + struct.pack("<I", len(still)) + still
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None or pixels.shape[:2] != (part.height, part.width):
        raise ValueError("a picture cannot be decoded")
    has_alpha = pixels.shape[2] == 4
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if has_alpha else cv2.COLOR_BGR2RGBA)


def _stated_size(picture: bytes) -> tuple[int, int]:
    """Return width and height as a VP8 or VP8L chunk itself states them."""
    if picture[:4] == b"VP8L":
        bits = _number(picture, 9, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return _number(picture, 14, 2) & 0x3FFF, _number(picture, 16, 2) & 0x3FFF


def _blended(pixels: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return a picture laid over another, as libwebp does; all (H, W, 4) uint8 RGBA."""
    opacity = pixels[..., 3]
    result = np.where(opacity[..., None] == 255, pixels, below)
    mixed = (opacity > 0) & (opacity < 255)
    if mixed.any():
        above, under = pixels[mixed].astype(np.uint64), below[mixed].astype(np.uint64)
        weight = above[:, 3:]
        under_weight = under[:, 3:] * (256 - weight) >> 8
        total = weight + under_weight
        colours = (above[:, :3] * weight + under[:, :3] * under_weight) * ((1 << 24) // total) >> 24
        result[mixed] = np.hstack([colours, total]).astype(np.uint8)
    return result
