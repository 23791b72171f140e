"""Opening a file: only what is one video file, and nothing that leads to other files.

FFmpeg looks at what a file holds and not at its name, so a text named ``a.mp4`` may be a list of
other files that are opened in its place. FFmpeg is therefore told which kinds it may open at all.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
from av.container import InputContainer

from nakawari.errors import UserError
from nakawari.parsing import whole_number
from nakawari.video.files import gif
from nakawari.video.files.animated_webp import CONTAINER, canvas, is_animated_webp, unpacked_webp
from nakawari.video.files.names import no_such_clip
from nakawari.video.remarks import timeless

# Demuxers that read one file and follow no reference out of it. Playlists (concat, hls, dash),
# image sequences (image2), devices and network formats are left out.
VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "flv", "mpegts", "mpeg", "mpegvideo", "asf",
    "ogg", "gif", "apng", "ivf", "nut", "mxf", "rm", "wtv", "dv", "gxf", "nsv", "ty", "pva", "amv",
    "h261", "h263", "h264", "hevc", "vvc", "av1", "obu", "m4v", "vc1", "dirac", "mjpeg",
    "yuv4mpegpipe", "bink", "smk", "roq", "flic", "jpegxl_anim",
)  # fmt: skip
# Files of sound open too. As a clip they are refused later, in words that say what is missing.
SOUND_FORMATS = ("wav", "mp3", "flac", "aac", "aiff")
SAFE = {
    "format_whitelist": ",".join((*VIDEO_FORMATS, *SOUND_FORMATS)),
    "protocol_whitelist": "file",
    "enable_drefs": "0",  # a MOV may name other files that hold its pictures
    "use_absolute_path": "0",
}

DEFAULT_MAX_PIXELS = 36_000_000  # of a picture; 8K video has 33 million
MAX_PIXELS_VARIABLE = "NAKAWARI_MAX_PIXELS"

HEAD = 4096  # bytes that tell what a file is
STILL_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"\0\0\1\0", b"P6", b"P5")
LIST_STARTS = (b"ffconcat", b"#EXTM3U", b"[playlist]")


def open_file(path: Path, tell: Callable[[str], None] = lambda line: None) -> InputContainer:
    """Open a file of video or sound; ``UserError`` if it is none, or not a plain file.

    ``tell`` is called with a line if pictures do not state how long they are shown.
    """
    if not path.exists():
        raise no_such_clip(path)
    if not path.is_file():  # opening a FIFO would wait for whoever writes to it
        raise UserError(f"{path} is not a file; name a video file")
    options = {"max_pixels": str(max_pixels())}
    try:
        head = check_header(path)
        if is_animated_webp(head):
            return av.open(unpacked_webp(path, tell), "r", CONTAINER, container_options=SAFE)
        if head.startswith(b"GIF8"):
            pictures = gif.gif_pictures(path)
            if pictures.timeless and pictures.number > 1:
                tell(timeless(pictures.timeless, pictures.number))
            if pictures.bare and pictures.number > 1:
                whole = gif.with_controls(path, pictures)
                return av.open(whole, "r", gif.CONTAINER, options=options, container_options=SAFE)
        # "file:" keeps FFmpeg from reading a protocol into a name such as "concat:a.mp4".
        return av.open(
            f"file:{path}",
            options=options,
            container_options=SAFE,
            metadata_errors="replace",
        )
    except PermissionError as error:
        raise UserError(f"{path} may not be read; check its permissions") from error
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise UserError(f"{path} {_what_else(path)}") from error


def max_pixels() -> int:
    """Return how many pixels a picture may have; ``UserError`` if the variable is no number."""
    text = os.environ.get(MAX_PIXELS_VARIABLE, str(DEFAULT_MAX_PIXELS))
    value = whole_number(text, digits=19)
    if value is None or not 0 < value < 2**31:
        raise UserError(f"{MAX_PIXELS_VARIABLE} is {text[:40]!r}; give a whole number of pixels")
    return value


def check_dimensions(path: Path, width: int, height: int) -> None:
    """Raise ``UserError`` if pictures of this size [px] are too large to be decoded."""
    if width * height > max_pixels():
        raise UserError(
            f"{path} has pictures of {width}x{height}, and more than {max_pixels():,} pixels are "
            f"not decoded; if you trust it, set {MAX_PIXELS_VARIABLE} to a larger number"
        )


def check_header(path: Path) -> bytes:
    """Return a file's first bytes; ``UserError`` if its pictures are too large to be decoded.

    The size is read for GIF, PNG and animated WebP, because their demuxers do not know it.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"GIF8") and len(head) >= 10:
        check_dimensions(path, *struct.unpack_from("<2H", head, 6))
    elif head.startswith(b"\x89PNG") and len(head) >= 24:
        check_dimensions(path, *struct.unpack_from(">2I", head, 16))
    elif is_animated_webp(head):
        check_dimensions(path, *canvas(head))
    return head


def _what_else(path: Path) -> str:
    """Return what a file is that cannot be opened, and what to do, to follow its name."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    if is_webp or head.startswith(STILL_STARTS):
        return "is a still picture, and in-betweens need two frames; give a video clip"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(LIST_STARTS) or b"<MPD" in head:
        return "is a list of other files, which are not opened; give a video file itself"
    return "is no video that can be read, or its end is missing; give a video file, copied whole"
