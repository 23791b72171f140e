"""A seeded fuzzer of containers: 0 or 2, one line, no stray file, and no half output.

It runs for ``NAKAWARI_FUZZ_SECONDS`` (40 if that is not set) from ``NAKAWARI_FUZZ_SEED`` (0) on; a
case that fails is kept in the test's folder, and its name says how to make it again.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import time
from pathlib import Path

import pytest

from nakawari import cli
from nakawari.video.reader import VideoReader
from tests.conftest import painting, write_clip
from tests.robustness.mutations import mutated

SECONDS = float(os.environ.get("NAKAWARI_FUZZ_SECONDS", "40"))
SEED = int(os.environ.get("NAKAWARI_FUZZ_SEED", "0"))
PATIENCE = 60  # s, of a busy machine, for one file
CODECS = {
    "mp4": {"tone": 440.0},
    "mkv": {"tone": 440.0, "options": {"bf": "2"}},
    "webm": {"codec": "libvpx"},
    "gif": {"codec": "gif", "pixel_format": "rgb8", "time_base": None},
    "avi": {"codec": "mpeg4"},
    "ts": {"tone": 440.0},
    "mov": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "flv": {},
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Whole clips, by the suffixes of their containers."""
    folder = tmp_path_factory.mktemp("originals")
    paintings = [painting(number // 2) for number in range(24)]
    return {
        suffix: write_clip(folder / f"a.{suffix}", paintings, **how).read_bytes()  # type: ignore[arg-type]
        for suffix, how in CODECS.items()
    }


def stop_at(signal_number: int, frame: object) -> None:
    raise TimeoutError(f"no end within {PATIENCE} s")


def check(content: bytes, folder: Path, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Run a command on a file, and look at all that it leaves."""
    clip, output = folder / "clip", folder / "out.mp4"
    clip.write_bytes(content)
    words = [command, str(clip)]
    if command == "slow":
        words += ["--slow", "1", "--model", "nearest", "-o", str(output)]
    signal.signal(signal.SIGALRM, stop_at)
    signal.alarm(PATIENCE)
    try:
        status = cli.main(words)
    finally:
        signal.alarm(0)
    printed = capfd.readouterr()
    lines = [line for line in re.split("[\r\n]", printed.err) if line.startswith("nakawari: ")]
    problems = [line for line in lines if not line.startswith("nakawari: note: ")]
    assert status in (0, 2), printed.err
    assert "Traceback" not in printed.err
    assert len(problems) == (1 if status == 2 else 0), printed.err
    made = {left.name for left in folder.iterdir()} - {"clip"}
    wanted = {"out.mp4", "out.xsheet.json"} if (command, status) == ("slow", 0) else set()
    assert made == wanted
    if wanted:
        with VideoReader(output) as reader:
            assert sum(1 for _ in reader.frames()) > 0


def test_whatever_the_file_one_line_and_no_stray(originals, tmp_path, capfd) -> None:
    until = time.monotonic() + SECONDS
    for number in itertools.count(SEED):
        if time.monotonic() > until:
            break
        suffix = sorted(originals)[number % len(originals)]
        chance = random.Random(number)
        content = mutated(originals[suffix], chance, list(originals.values()))
        folder = tmp_path / f"seed-{number}-{suffix}"
        folder.mkdir()
        check(content, folder, chance.choice(["slow", "xsheet"]), capfd)
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()
    assert number > SEED


def test_every_container_is_read_when_it_is_whole(originals, tmp_path) -> None:
    for suffix, content in originals.items():
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(content)
        with VideoReader(path) as reader:
            assert len(list(reader.frames())) >= 23, suffix
