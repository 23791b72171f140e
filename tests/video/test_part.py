"""A part of a clip is read as if there were no more of it, by a seek or without one."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.video.part import WHOLE, Part
from nakawari.video.reader import ClipInfo, SourceFrame, VideoReader
from tests.conftest import RATE, painting

FRAMES = 90
CONTAINERS = ["a.mp4", "a.mkv", "a.mov", "a.ts", "a.avi"]


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second count as far, so that small clips are sought in."""
    monkeypatch.setattr("nakawari.video.reader.FAR", Fraction(2))
    monkeypatch.setattr("nakawari.video.reader.LEAD", Fraction(1, 4))


def read(path: Path, part: Part = WHOLE, **how: bool) -> tuple[ClipInfo, list[SourceFrame]]:
    with VideoReader(path, part=part, **how) as reader:
        return reader.info, list(reader.frames())


def long_clip(make_clip, name: str, **how: object) -> Path:
    """Write a clip with B-frames, a key frame every ten, and open groups of pictures."""
    paintings = [painting(number) for number in range(FRAMES)]
    options = {"g": "10", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}
    return make_clip(name, paintings=paintings, options=options, **how)


def assert_same(part: list[SourceFrame], whole: list[SourceFrame], first: int, last: int) -> None:
    """Assert that a part has the frames ``first`` to before ``last``, at their times from 0."""
    assert len(part) == last - first
    zero = whole[first].start
    for ours, theirs in zip(part, whole[first:last], strict=True):
        assert (ours.start, ours.end) == (theirs.start - zero, theirs.end - zero)
        for plane, wanted in zip(ours.picture, theirs.picture, strict=True):
            np.testing.assert_array_equal(plane, wanted)


@pytest.mark.parametrize("strict", [False, True])  # strict: decoded from the beginning
@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize(("first", "last"), [(7, 20), (60, 75), (63, 66), (70, FRAMES)])
def test_a_part_has_the_same_frames_as_the_whole(
    make_clip, name: str, first: int, last: int, strict: bool
) -> None:
    clip = long_clip(make_clip, name)
    info, whole = read(clip)
    end = None if last == FRAMES else whole[last].start
    cut, part = read(clip, Part(whole[first].start, end), strict=strict)
    assert_same(part, whole, first, last)
    assert cut.start == info.start + whole[first].start
    assert cut.duration is not None
    assert abs(cut.duration - (last - first) / RATE) < Fraction(1, 100)


def test_an_index_is_used_and_what_lies_before_is_not_decoded(
    make_clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = long_clip(make_clip, "a.mp4")
    decoded = []
    usual = VideoReader._next

    def counted(reader: VideoReader) -> av.VideoFrame | None:
        decoded.append(1)
        return usual(reader)

    monkeypatch.setattr(VideoReader, "_next", counted)
    read(clip, Part(Fraction(75) / RATE, Fraction(80) / RATE))
    assert len(decoded) < 30


def test_a_time_between_two_frames_means_the_nearer_one(make_clip) -> None:
    clip = long_clip(make_clip, "a.mp4")
    _, whole = read(clip)
    _, part = read(clip, Part(Fraction("5.4") / RATE, Fraction("8.6") / RATE))
    assert_same(part, whole, 5, 9)


def test_frames_of_their_own_times_keep_them(make_clip) -> None:
    times = [Fraction(number * number, 400) for number in range(40)]
    clip = make_clip("a.mkv", paintings=[painting(n) for n in range(40)], times=times,
                     time_base=Fraction(1, 1000))  # fmt: skip
    _, whole = read(clip)
    _, part = read(clip, Part(whole[30].start, whole[35].start))
    assert_same(part, whole, 30, 35)
    assert len({after.start - before.start for before, after in pairwise(part)}) > 1


def test_what_cannot_be_a_part_is_refused(make_clip) -> None:
    clip = long_clip(make_clip, "a.mp4")
    with pytest.raises(UserError, match=r"ends after 3\.75 s, and the part begins at 9\.00 s"):
        read(clip, Part(Fraction(9)))
    with pytest.raises(UserError, match=r"has one frame after .*let the part begin earlier"):
        read(clip, Part(Fraction(FRAMES - 1) / RATE))
    with pytest.raises(UserError, match=r"is a single frame, .*begin earlier or end later"):
        read(clip, Part(Fraction(30) / RATE, Fraction(31) / RATE))


def test_a_part_of_a_clip_whose_end_is_missing_is_read(make_clip) -> None:
    clip = long_clip(make_clip, "a.mkv")
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(UserError, match=r"truncated|damaged"):
        read(clip)
    _, part = read(clip, Part(Fraction(10) / RATE, Fraction(30) / RATE))
    assert len(part) == 20
