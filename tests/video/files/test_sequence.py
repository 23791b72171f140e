"""Numbered pictures are read as a clip, whatever they are called; what is none is refused."""

import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.video.files.sequence import NamePattern, clip_name, is_sequence, pictures_of
from nakawari.video.pictures.form import PictureForm
from nakawari.video.reader import VideoReader
from tests.builders.exr import linear, write_exr

RATE = Fraction(24000, 1001)
SHADES = (40, 90, 140, 190)


def write_picture(path: Path, shade: int, codec: str = "png", pixel_format: str = "rgb24") -> None:
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 32, 16, pixel_format
    encoder.time_base = Fraction(1, 24)
    frame = av.VideoFrame.from_ndarray(np.full((16, 32, 3), shade, np.uint8), "rgb24")
    packets = [*encoder.encode(frame.reformat(format=pixel_format)), *encoder.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


def write_pictures(folder: Path, names: list[str], **how: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, shade in zip(names, SHADES, strict=False):
        write_picture(folder / name, shade, **how)
    return folder


def shades(source: Path, **how: object) -> list[float]:
    """Return the shade [0 to 255] of each frame."""
    with VideoReader(source, **how) as reader:
        codes = np.array([frame.picture.luma.mean() for frame in reader.frames()])
        return list(codes if reader.info.tags.is_full else (codes - 16) / 219 * 255)


NUMBERED = [f"f_{number:04d}.png" for number in range(7, 11)]


def test_a_folder_and_a_pattern_are_read_in_the_order_of_their_numbers(tmp_path) -> None:
    folder = write_pictures(tmp_path / "100%d in", NUMBERED)
    (folder / "notes.txt").write_text("no picture")
    for source in (folder, folder / "f_%04d.png"):
        assert shades(source) == pytest.approx(SHADES, abs=1)


def test_numbers_without_leading_zeros_are_in_order_too(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", ["a9.png", "a10.png", "a11.png", "a100.png"][:3])
    assert shades(folder) == pytest.approx(SHADES[:3], abs=1)
    assert shades(folder / "a%d.png") == pytest.approx(SHADES[:3], abs=1)


@pytest.mark.parametrize(
    ("ending", "codec", "pixel_format"),
    [
        (".jpg", "mjpeg", "yuvj444p"),
        (".tif", "tiff", "rgb24"),
        (".bmp", "bmp", "bgr24"),
        (".webp", "libwebp", "bgra"),
        (".png", "png", "rgb48be"),
    ],
)
def test_the_usual_kinds_of_pictures_are_read(tmp_path, ending, codec, pixel_format) -> None:
    names = [f"{number}{ending}" for number in range(4)]
    folder = write_pictures(tmp_path / "in", names, codec=codec, pixel_format=pixel_format)
    assert shades(folder) == pytest.approx(SHADES, abs=3)


def test_the_linear_light_of_exr_is_brought_to_the_screens(tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, shade in enumerate(SHADES):
        write_exr(folder / f"{number}.exr", np.full((16, 32, 3), linear(shade), np.float32))
    assert shades(folder) == pytest.approx(SHADES, abs=1)


STRAIGHT = PictureForm("rgb", 16, True)


def test_the_colours_of_exr_are_divided_by_their_opacity(tmp_path) -> None:
    """Columns of falling opacity, all of one colour, as compositing programs write them."""
    folder = tmp_path / "in"
    folder.mkdir()
    colour, opacities = (200, 120, 40), np.linspace(1, 0, 32, dtype=np.float32)
    pixels = np.empty((16, 32, 4), np.float32)
    pixels[..., :3] = np.array([linear(shade) for shade in colour]) * opacities[:, None]
    pixels[..., 3] = opacities
    pixels[8:, -1, :3] = linear(90)  # light without a body, such as a glow
    for number in range(2):
        write_exr(folder / f"{number}.exr", pixels)
    with VideoReader(folder, richest=STRAIGHT) as reader:
        picture = next(iter(reader.frames())).picture
    green, blue, red = (plane / 257 for plane in picture)
    assert picture.alpha / 65535 == pytest.approx(np.tile(opacities, (16, 1)), abs=1e-4)
    for plane, shade in zip((red, green, blue), colour, strict=True):
        assert plane[:, :-1] == pytest.approx(shade, abs=0.05)
        assert plane[:8, -1] == pytest.approx(0)
        assert plane[8:, -1] == pytest.approx(90, abs=0.05)


def test_what_is_no_light_of_exr_is_black_or_white(tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, value in enumerate([-1.0, np.nan, 7.0, np.inf]):
        write_exr(folder / f"{number}.exr", np.full((16, 32, 3), value, np.float32))
    assert shades(folder) == pytest.approx([0, 0, 255, 255], abs=1)


def test_every_frame_has_its_exact_time_at_the_rate_that_is_said(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", NUMBERED)
    lines: list[str] = []
    with VideoReader(folder, lines.append, input_rate=RATE) as reader:
        frames = list(reader.frames())
    assert reader.info.rate == RATE
    assert reader.info.duration == 4 / RATE
    assert [frame.start for frame in frames] == [number / RATE for number in range(4)]
    assert frames[-1].end == 4 / RATE
    assert lines == []
    with VideoReader(folder, lines.append) as reader:
        assert reader.info.rate == 24
    assert lines == ["24 frames a second are assumed; --input-fps says another"]


def test_where_a_number_is_missing_the_picture_before_is_shown(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", ["1.png", "3.png", "4.png"])
    lines: list[str] = []
    found = shades(folder, tell=lines.append, input_rate=RATE)
    assert found == pytest.approx([40, 40, 90, 140], abs=1)
    assert lines == ["the sequence lacks 1 number; the picture before is shown on"]
    with pytest.raises(UserError, match="lacks 1 picture amid its numbers; leave out --strict"):
        VideoReader(folder, strict=True)


HOLD_OPEN = """
import sys
from pathlib import Path
from nakawari.video.reader import VideoReader
with VideoReader(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_needs_is_not(
    tmp_path, monkeypatch
) -> None:
    folder = write_pictures(tmp_path / "in", NUMBERED)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    command = [sys.executable, "-c", HOLD_OPEN, str(folder)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        (left,) = temporary.iterdir()
        assert left.stat().st_mode & 0o777 == 0o700
        assert shades(folder) == pytest.approx(SHADES, abs=1)
        assert list(temporary.iterdir()) == [left]
        assert len(list(left.iterdir())) == len(SHADES)
        other.kill()
    assert left.exists()
    assert shades(folder) == pytest.approx(SHADES, abs=1)
    assert list(temporary.iterdir()) == []


def test_numbers_that_jump_fail(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", ["1.png", "2.png", "900.png"])
    with pytest.raises(UserError, match="jump from 2 to 900; give the pictures numbers"):
        VideoReader(folder)


def test_pictures_numbered_on_threes_are_a_sequence(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", ["1.png", "4.png", "7.png"])
    assert len(shades(folder)) == 7


def test_a_sequence_that_is_mostly_gaps_fails(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", ["1.png", "100.png", "200.png"])
    with pytest.raises(UserError, match=r"lacks 197 pictures amid its numbers, and has only 3"):
        VideoReader(folder)


def test_what_is_no_one_sequence_fails(tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(UserError, match="a folder without numbered pictures; name a video file"):
        VideoReader(folder)
    write_pictures(folder, ["a_1.png", "a_01.png"])
    with pytest.raises(UserError, match=r"two pictures of number 1, a_1.png and a_01.png; name"):
        VideoReader(folder)
    (folder / "a_01.png").rename(folder / "b_01.png")
    with pytest.raises(UserError, match=r"2 sequences of pictures, such as a_%d.png and b_%d.png;"):
        VideoReader(folder)
    with pytest.raises(UserError, match=r"no file is called .*c_%d.png; check the name"):
        VideoReader(folder / "c_%d.png")
    with pytest.raises(UserError, match=r"does not end as pictures do .*; convert them first"):
        VideoReader(folder / "c_%d.gif")
    with pytest.raises(UserError, match=r"the folder of .* cannot be read .*; check its name"):
        VideoReader(folder / "none" / "c_%d.png")


def test_pictures_that_are_none_fail(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", NUMBERED)
    for picture in folder.iterdir():
        picture.write_text("a poem\n" * 40)
    with pytest.raises(UserError, match=r"cannot be (read|decoded)|no frames"):
        VideoReader(folder)


def test_too_large_a_picture_fails_by_its_header(tmp_path, monkeypatch) -> None:
    folder = write_pictures(tmp_path / "in", NUMBERED)
    monkeypatch.setenv("NAKAWARI_MAX_PIXELS", "400")
    with pytest.raises(UserError, match="has pictures of 32x16, and more than 400 pixels"):
        VideoReader(folder)


def test_a_rate_is_for_sequences_only(make_clip) -> None:
    with pytest.raises(UserError, match="has its own frame rate; --input-fps is for sequences"):
        VideoReader(make_clip(), input_rate=RATE)


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("f_%04d.png", "f_0012.png", 12),
        ("f_%04d.png", "f_12345.png", 12345),
        ("f_%04d.png", "f_012.png", None),
        ("f_%04d.png", "f_00012.png", None),
        ("%d.png", "7.png", 7),
        ("100%%_%d.png", "100%_7.png", 7),
        ("f_%d.png", "f_7.jpg", None),
        ("f_%d.png", "f_.png", None),
    ],
)
def test_a_pattern_tells_the_numbers_of_its_names(text, name, number) -> None:
    pattern = NamePattern.of(text)
    assert pattern is not None
    assert pattern.number(name) == number
    assert str(pattern) == text


@pytest.mark.parametrize("text", ["f.png", "100%.png", "%d_%d.png", "%s.png", "f_%%d.png"])
def test_other_names_are_no_patterns(text) -> None:
    assert NamePattern.of(text) is None


def test_a_file_with_such_a_name_is_a_file(tmp_path) -> None:
    path = tmp_path / "f_%d.png"
    path.touch()
    assert not is_sequence(path)
    assert clip_name(path) == tmp_path / "f_%d"


def test_a_sequence_is_named_after_its_folder(tmp_path) -> None:
    folder = write_pictures(tmp_path / "in", NUMBERED)
    assert clip_name(folder / "f_%04d.png") == clip_name(folder) == folder
    assert [path.name for path in pictures_of(folder)] == NUMBERED


def test_a_folder_without_pictures_fails_in_one_line(tmp_path) -> None:
    told: list[str] = []
    with pytest.raises(UserError, match="a folder without numbered pictures; name a video file"):
        VideoReader(tmp_path, told.append)
    assert told == []  # not that 24 frames a second are assumed
