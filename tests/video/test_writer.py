"""A file is written whole under its name, with its tags, or not at all."""

import errno
import os
import resource
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.video.codecs import CODECS
from nakawari.video.output_checks import check_output
from nakawari.video.pictures.color import BT709, FULL, ColorTags
from nakawari.video.pictures.picture import Picture
from nakawari.video.writer import VideoWriter

RATE = Fraction(24000, 1001)


def picture(seed: int = 0) -> Picture:
    generator = np.random.default_rng(seed)
    return Picture(
        generator.integers(0, 255, (48, 64), np.uint8),
        generator.integers(0, 255, (24, 32), np.uint8),
        generator.integers(0, 255, (24, 32), np.uint8),
    )


def write(path, frames: int = 5, rate: Fraction = RATE, **how) -> None:
    tags, then = how.pop("tags", ColorTags()), how.pop("then", lambda writer: None)
    size = {"width": 64, "height": 48, "codec": CODECS["h264"]}
    with VideoWriter(path, rate=rate, tags=tags, **size, **how) as writer:
        for seed in range(frames):
            writer.write(picture(seed))
        then(writer)


def _interrupt(writer: VideoWriter) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("rate", [RATE, Fraction(48), Fraction(1, 3), Fraction(2997002, 125003)])
def test_frames_lie_on_the_exact_clock(tmp_path, rate) -> None:
    path = tmp_path / "a.mp4"
    write(path, rate=rate)
    with av.open(str(path)) as container:
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert times == [number / rate for number in range(5)]


def test_tags_and_pixel_aspect_are_written(tmp_path) -> None:
    tags = ColorTags(matrix=BT709, value_range=FULL, primaries=1, transfer=13)
    write(tmp_path / "a.mp4", tags=tags, sample_aspect_ratio=Fraction(8, 9))
    with av.open(str(tmp_path / "a.mp4")) as container:
        frame = next(container.decode(video=0))
        assert ColorTags.of_frame(frame) == tags
        assert container.streams.video[0].sample_aspect_ratio == Fraction(8, 9)


def test_the_file_plays_everywhere(tmp_path) -> None:
    path = tmp_path / "a.mp4"
    write(path)
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")


def test_an_error_leaves_nothing(tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.mp4", then=_interrupt)
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_file_that_was_there(tmp_path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write(path, then=_interrupt)
    assert path.read_bytes() == b"old"


def test_a_file_too_big_for_the_disk_fails_and_leaves_nothing(tmp_path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(UserError, match="no space left for"):
            write(tmp_path / "a.mp4", frames=90)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_full_at_the_last_moment_fails_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"no space left for .*choose another folder"):
        write(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_lost_frames_fails(tmp_path) -> None:
    def lose_one(writer: VideoWriter) -> None:
        writer.frames += 1

    with pytest.raises(UserError, match="no space left for"):
        write(tmp_path / "a.mp4", then=lose_one)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_files_fails() -> None:
    with pytest.raises(UserError, match=r"cannot write /proc/a\.mp4"):
        write(Path("/proc/a.mp4"))


class _Sound:
    labels: ClassVar[dict[str, str]] = {}
    layout, sample_rate, closed = "mono", 48000, False

    def frames(self):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("folder", [None, Path("/proc")])
def test_a_writer_that_cannot_begin_closes_the_sound_and_leaves_nothing(tmp_path, folder) -> None:
    sound = _Sound()
    with pytest.raises((UserError, OSError)):
        write((folder or tmp_path) / "a.mp4", audio=[sound])
    assert sound.closed
    assert list(tmp_path.iterdir()) == []


def test_check_output_fails(tmp_path) -> None:
    source, taken = tmp_path / "in.mp4", tmp_path / "taken.mp4"
    source.touch()
    taken.touch()
    (tmp_path / "folder.mp4").mkdir()
    for path, overwrite, match in [
        (tmp_path / "none" / "out.mp4", False, "does not exist; create it first"),
        (taken / "out.mp4", False, "is not a folder"),
        (tmp_path / "folder.mp4", True, "is a folder; name a file"),
        (taken, False, "exists; use --overwrite"),
        (source, True, "is the input itself"),
    ]:
        with pytest.raises(UserError, match=match):
            check_output(path, source, overwrite)
    check_output(taken, source, overwrite=True)
