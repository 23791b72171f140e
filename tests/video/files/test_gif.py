"""Every picture of a GIF is a frame, also one that does not say how long it is shown."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nakawari.cli import main
from nakawari.video.reader import VideoReader

SIZE = (32, 24)  # width, height
BARE = -1  # stands for a picture without a graphic control extension


def _codes(pixels: np.ndarray) -> bytes:
    """Return pixels below 128 as LZW codes; their table is emptied before it grows."""
    codes = bytearray()
    for start in range(0, pixels.size, 100):
        codes += b"\x80" + pixels.ravel()[start : start + 100].tobytes()
    codes += b"\x81"
    blocks = [codes[start : start + 255] for start in range(0, len(codes), 255)]
    return b"\x07" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _pixels(number: int) -> np.ndarray:
    """Return a picture that shows its number in grey, [0, 128)."""
    pixels = np.full(SIZE[::-1], 10, np.uint8)
    pixels[4:20, number % 16 : number % 16 + 12] = 40 + number % 80
    return pixels


def write_gif(path: Path, delays: Sequence[int], version: bytes = b"89a") -> Path:
    """Write a GIF whose pictures are shown for so long each [1/100 s]."""
    content = b"GIF" + version + struct.pack("<2H3B", *SIZE, 0xF6, 0, 0)
    content += bytes(2 * level for level in range(128) for _ in range(3))
    for number, delay in enumerate(delays):
        if delay != BARE:
            content += b"\x21\xf9\x04\0" + struct.pack("<H", delay) + b"\0\0"
        content += b"\x21\xfe\x03a,b\0" * (number == 1)  # a comment that has a picture's first byte
        content += b"," + struct.pack("<4HB", 0, 0, *SIZE, 0) + _codes(_pixels(number))
    path.write_bytes(content + b";")
    return path


@pytest.mark.parametrize(
    ("delays", "hundredths", "timeless"),
    [
        ([BARE] * 5, [10] * 5, 5),
        ([0] * 5, [10] * 5, 5),
        ([BARE, 20, BARE, BARE, 30], [10, 20, 10, 10, 30], 3),
        ([20, 4, 8, 16, 24], [20, 4, 8, 16, 24], 0),
    ],
)
def test_every_picture_is_used_and_what_states_no_time_is_shown_as_in_browsers(
    tmp_path: Path, delays: list[int], hundredths: list[int], timeless: int
) -> None:
    told: list[str] = []
    with VideoReader(write_gif(tmp_path / "a.gif", delays), told.append) as reader:
        frames = list(reader.frames())
    assert [frame.end - frame.start for frame in frames] == [Fraction(n, 100) for n in hundredths]
    greys = [2 * (40 + number) * 219 / 255 + 16 for number in range(5)]
    assert [int(frame.picture.luma[10, 8]) for frame in frames] == pytest.approx(greys, abs=1)
    words = (
        f"{timeless} of 5 pictures do not say how long they are shown; each is taken to last 0.1"
    )
    assert [line.startswith(words) for line in told] == [True] * bool(timeless)


def test_1500_pictures_without_times_are_a_clip_of_1500_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_gif(tmp_path / "a.gif", [BARE] * 1500, b"87a")
    assert main(["xsheet", str(path)]) == 0
    told = capsys.readouterr()
    assert "a.gif: 1,500 frames, 2:30.000 at 10 frames/s" in told.out
    assert "1,500 of 1,500 pictures do not say how long they are shown" in told.err


@pytest.mark.parametrize("lost", [1, 30, 700])
def test_what_is_whole_of_a_gif_that_is_cut_off_is_used(tmp_path: Path, lost: int) -> None:
    path = write_gif(tmp_path / "a.gif", [BARE] * 5)
    path.write_bytes(path.read_bytes()[:-lost])
    with VideoReader(path) as reader:
        assert len(list(reader.frames())) in (4, 5)
