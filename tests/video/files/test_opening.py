"""Only single video files are opened, whatever a file says and is called."""

import os
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from nakawari.errors import UserError
from nakawari.video.files import animated_webp
from nakawari.video.files.opening import (
    DEFAULT_MAX_PIXELS,
    MAX_PIXELS_VARIABLE,
    max_pixels,
    open_file,
)
from nakawari.video.pictures.form import PictureForm
from nakawari.video.reader import VideoReader

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{0}\n#EXT-X-ENDLIST\n"
DASH = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
 mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>
 <AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{0}</BaseURL>
 </Representation></AdaptationSet></Period></MPD>"""
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"


@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.ffconcat", "list.mpd", "list"])
@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile '{0}'\n", HLS, DASH, SDP])
def test_lists_of_other_files_are_not_followed(make_clip, tmp_path, name, text) -> None:
    private = make_clip("private.mp4")
    path = tmp_path / name
    for target in (private.name, str(private), f"file:{private}"):
        path.write_text(text.format(target))
        with pytest.raises(UserError, match=r"a list of other files|is no video"):
            VideoReader(path)


@pytest.mark.parametrize(
    "name", ["concat:a.mp4", "subfile,,start,0,end,0,,:a.mp4", "http:a", "pipe:0", "data:a"]
)
def test_a_protocol_in_a_name_is_part_of_the_name(make_clip, tmp_path, monkeypatch, name) -> None:
    make_clip("a.mp4")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        open_file(Path(name))
    Path(name).write_bytes((tmp_path / "a.mp4").read_bytes())
    with VideoReader(Path(name)) as reader:
        assert len(list(reader.frames())) == 12


def test_a_pattern_of_pictures_is_not_followed(tmp_path) -> None:
    for number in range(3):
        Image.new("RGB", (32, 32)).save(tmp_path / f"f{number:03d}.png")
    with pytest.raises(UserError, match="write the number in the pictures' names as"):
        open_file(tmp_path / "f%03d.png")
    (tmp_path / "f%03d.png").write_bytes((tmp_path / "f000.png").read_bytes())
    with pytest.raises(UserError, match="still picture"):
        open_file(tmp_path / "f%03d.png")


def _webp(path: Path, delays: list[int], opacity: int = 255) -> Path:
    """Write an animated WebP whose pictures are shown for so long each [ms]."""
    frames = [
        Image.new("RGBA", (32, 32), (80 * number, 0, 0, opacity)) for number in range(len(delays))
    ]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=delays, lossless=True, exact=True
    )
    return path


def test_an_animated_webp_is_read_at_its_own_times(tmp_path) -> None:
    path = _webp(tmp_path / "a.webp", [100, 40, 60, 250], opacity=128)
    with VideoReader(path, richest=PictureForm("rgb", 8, True)) as reader:
        frames = list(reader.frames())
    starts = [Fraction(0), Fraction(10, 100), Fraction(14, 100), Fraction(20, 100)]
    assert [frame.start for frame in frames] == starts
    assert frames[-1].end == Fraction(45, 100)
    assert [int(frame.picture.red_difference[0, 0]) for frame in frames] == [0, 80, 160, 240]
    assert {int(frame.picture.alpha.min()) for frame in frames} == {128}


def test_a_webp_that_shows_a_picture_for_no_time_is_shown_as_browsers_do(tmp_path) -> None:
    told: list[str] = []
    with VideoReader(_webp(tmp_path / "a.webp", [0, 200, 0]), told.append) as reader:
        assert [frame.start for frame in reader.frames()] == [0, Fraction(1, 10), Fraction(3, 10)]
    assert told == [
        "2 of 3 pictures do not say how long they are shown; each is taken to last 0.1 s, as in "
        "browsers"
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_pictures_of_a_webp_are_those_that_libwebp_shows(tmp_path, seed) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (40, 56, 4), np.uint8)
    pixels[..., 3] = rng.choice([0, 90, 255], (40, 56)) if seed % 2 else 255
    frames = []
    for _ in range(5):  # from now on only a part changes, so that only a part is stored
        y, x = rng.integers(0, 40), rng.integers(0, 56)
        pixels[y : y + 12, x : x + 12] = rng.integers(0, 256, 4)
        frames.append(Image.fromarray(pixels.copy()))
    path = tmp_path / "a.webp"
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=50,
        lossless=seed % 4 < 2,
        exact=True,
    )
    is_read, animation = cv2.imdecodeanimation(np.frombuffer(path.read_bytes(), np.uint8))
    assert is_read
    with av.open(animated_webp.unpacked_webp(path), "r", "apng") as container:
        ours = [frame.to_ndarray(format="bgra") for frame in container.decode(video=0)]
    assert len(ours) == len(animation.frames) == 5
    for frame, other in zip(ours, animation.frames, strict=True):
        assert np.array_equal(frame[..., : other.shape[2]], other)


def test_each_picture_of_a_webp_is_decoded_once_and_by_itself(tmp_path, monkeypatch) -> None:
    lengths: list[int] = []
    decode = cv2.imdecode

    def counted(data: np.ndarray, flags: int) -> np.ndarray:
        lengths.append(data.size)
        return decode(data, flags)

    monkeypatch.setattr(cv2, "imdecode", counted)
    path = tmp_path / "a.webp"
    noise = np.random.default_rng(0).integers(0, 256, (30, 16, 16, 3), np.uint8)
    first, *others = map(Image.fromarray, noise)
    first.save(path, save_all=True, append_images=others, duration=50, lossless=True)
    open_file(path).close()
    assert len(lengths) == 30  # each picture is decoded once, and by itself
    assert max(lengths) < path.stat().st_size / 10


def test_a_webp_with_a_damaged_picture_fails(tmp_path) -> None:
    path = _webp(tmp_path / "a.webp", [100, 100, 100])
    content = bytearray(path.read_bytes())
    last = content.rindex(b"VP8L")
    for place, value, why in (
        (last + 9, 0xEE, "a picture is of another size than stated"),
        (last - 24 + 8, 9, "a picture is larger than the canvas"),
        (last + 4, 0xEE, "a part of it is cut short"),
    ):
        damaged = content.copy()
        damaged[place] = value
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=rf"animated WebP that cannot be read, .*\({why}\)"):
            open_file(path)


def test_a_damaged_or_too_large_webp_fails(tmp_path) -> None:
    path = _webp(tmp_path / "a.webp", [100, 100])
    content = path.read_bytes()
    path.write_bytes(content[:60])
    with pytest.raises(UserError, match="is an animated WebP that cannot be read, or its end is"):
        open_file(path)
    path.write_bytes(content[:24] + b"\xff\xff\xff\xff\xff\xff" + content[30:])
    with pytest.raises(UserError, match="has pictures of 16777216x16777216, and more than"):
        open_file(path)


def test_a_pipe_or_a_device_fails_at_once(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        with pytest.raises(UserError, match="is not a file; name a video file"):
            open_file(path)


def _gif(width: int, height: int) -> bytes:
    """Return a GIF of two frames that fill a corner of a picture of any size."""
    frame = b"," + struct.pack("<4H", 0, 0, 1, 1) + b"\x00\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<2H", width, height) + b"\xf0\0\0" + bytes(6) + 2 * frame + b";"


def _apng(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    control = struct.pack(">5I2H2B", 0, width, height, 0, 0, 1, 10, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"acTL", struct.pack(">2I", 2, 0))
    parts += chunk(b"fcTL", control) + chunk(b"IDAT", zlib.compress(bytes(99)))
    return b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b"")


@pytest.mark.parametrize("content", [_gif(30000, 30000), _apng(30000, 30000)])
def test_pictures_of_absurd_size_fail_by_their_header(tmp_path, content) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"pictures of 30000x30000, .* set NAKAWARI_MAX_PIXELS"):
        VideoReader(path)


def test_the_limit_of_a_pictures_size_can_be_set(make_clip, monkeypatch) -> None:
    assert max_pixels() == DEFAULT_MAX_PIXELS
    clip = make_clip()
    monkeypatch.setenv(MAX_PIXELS_VARIABLE, "3000")
    with pytest.raises(UserError, match="pictures of 64x48, and more than 3,000 pixels"):
        VideoReader(clip)
    monkeypatch.setenv(MAX_PIXELS_VARIABLE, "3072")
    VideoReader(clip).__exit__(None, None, None)


@pytest.mark.parametrize("text", ["many", "-1", "0", "9" * 99, "0" * 19 + "5" * 5000])
def test_a_limit_that_is_no_number_fails(monkeypatch, text) -> None:
    monkeypatch.setenv(MAX_PIXELS_VARIABLE, text)
    with pytest.raises(UserError, match=r"NAKAWARI_MAX_PIXELS is .*; give a whole number"):
        max_pixels()


def test_a_track_without_a_decoder_fails(make_clip) -> None:
    path = make_clip("a.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"))
    with pytest.raises(UserError, match=r"no decoder for it; convert it to H\.264 first"):
        VideoReader(path)
