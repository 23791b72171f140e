"""Clips from the wild: every frame that decodes is used, and what is wrong is told in a line."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import pytest

from nakawari.errors import UserError
from nakawari.video.reader import ClipInfo, SourceFrame, VideoReader
from nakawari.video.stamps import FrameStamps

RATE = Fraction(24000, 1001)
TICK = Fraction(1, 90000)


def read(path: Path, **how: bool) -> tuple[ClipInfo, list[SourceFrame], list[str]]:
    lines: list[str] = []
    with VideoReader(path, lines.append, **how) as reader:
        return reader.info, list(reader.frames()), lines


def is_regular(frames: list[SourceFrame], rate: Fraction = RATE) -> bool:
    """Return whether frames follow on one another at a constant rate, from 0 on."""
    starts = [frame.start for frame in frames] + [frames[-1].end]
    return starts == [number / rate for number in range(len(frames) + 1)]


def joined(make_clip, tmp_path: Path, *begins: float, frames: int = 12) -> Path:
    """Return recordings joined to one file, each with time stamps from its own beginning [s]."""
    parts = [
        make_clip(
            f"{number}.ts",
            frames=frames,
            times=[Fraction(begin) + frame / RATE for frame in range(frames)],
            time_base=TICK,
        )
        for number, begin in enumerate(begins)
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def damaged(path: Path, *numbers: int) -> Path:
    """Set some packets of a clip to zero."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.video[0])]
    content = bytearray(path.read_bytes())
    for number in numbers:
        begin = content.index(packets[number])
        content[begin : begin + len(packets[number])] = bytes(len(packets[number]))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("begins", [(0, 0), (0, 0, 0), (5, 0), (0, 3600), (0, 3600, 0)])
def test_recordings_that_were_joined_are_read_to_their_end(make_clip, tmp_path, begins) -> None:
    info, frames, lines = read(joined(make_clip, tmp_path, *begins))
    assert info.rate == RATE
    assert len(frames) == 12 * len(begins)
    assert is_regular(frames)
    places = "1 place" if len(begins) == 2 else "2 places"
    assert [line for line in lines if f"go back or jump at {places};" in line] == lines


def test_one_stamp_that_is_hours_off_moves_one_frame_only(make_clip, tmp_path) -> None:
    parts = [
        make_clip(f"{name}.ts", frames=count, time_base=TICK, times=times, options={"bf": "0"})
        for name, count, times in [
            ("a", 12, [frame / RATE for frame in range(12)]),
            ("b", 1, [Fraction(4 * 3600)]),
            ("c", 12, [(13 + frame) / RATE for frame in range(12)]),
        ]
    ]
    path = tmp_path / "wild.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    _, frames, lines = read(path)
    assert is_regular(frames)
    assert len(frames) == 25
    assert len(lines) == 1


def test_stamps_that_jump_are_refused_by_the_strict(make_clip, tmp_path) -> None:
    with pytest.raises(UserError, match="go back or jump, at 1 place; leave out --strict"):
        read(joined(make_clip, tmp_path, 0, 0), strict=True)


def test_one_packet_out_of_order_does_not_make_times_of_decoding_right() -> None:
    """XviD in AVI: what leaves frames out gives a few packets a time that looks like a frame's."""
    tick = 1 / RATE
    decoding = [number for number in range(24) if number not in (1, 10)]
    stored = [*decoding[1:], 24]
    stored[9:11] = 12, 11
    packets = [
        SimpleNamespace(pts=pts, dts=dts, time_base=tick, duration=1)
        for pts, dts in zip(stored, decoding, strict=True)
    ]
    # Two frames come out by turns in each other's order.
    shown = [pts + (1, -1)[place % 2] for place, pts in enumerate(decoding)]
    frames = [
        SimpleNamespace(pts=pts, dts=dts, time_base=tick, duration=1)
        for pts, dts in zip(shown, decoding, strict=True)
    ]
    left = list(frames)
    decoder = SimpleNamespace(
        head=packets, reorders=True, next_frame=lambda: left.pop(0) if left else None
    )
    stream = SimpleNamespace(
        time_base=tick,
        average_rate=RATE,
        guessed_rate=RATE,
        codec_context=SimpleNamespace(width=64, height=48),
    )
    stamps = FrameStamps(stream, decoder)  # type: ignore[arg-type]
    assert not stamps.are_of_frames
    assert [stamps.stamp(frame) for frame in frames] == [dts * tick for dts in decoding]


@pytest.mark.parametrize("frames", [12, 60])
def test_b_frames_in_a_container_of_decoding_times_keep_their_order(make_clip, frames) -> None:
    clip = make_clip("a.avi", frames=frames, options={"bf": "3", "b-adapt": "0"})
    info, read_frames, lines = read(clip)
    assert (info.rate, len(read_frames), lines) == (RATE, frames, [])
    assert is_regular(read_frames)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_soft_telecine_is_read_as_the_film_it_is(make_clip, name) -> None:
    fields = [0]
    for frame in range(23):
        fields.append(fields[-1] + (3, 2)[frame % 2])
    times = [field * Fraction(1001, 60000) for field in fields]
    clip = make_clip(name, frames=24, times=times, time_base=TICK, rate=Fraction(30000, 1001))
    info, frames, _ = read(clip)
    assert info.rate == RATE
    assert is_regular(frames)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("bf", ["0", "3"])
def test_a_damaged_packet_is_bridged_and_told(make_clip, name, bf) -> None:
    clip = make_clip(name, frames=60, hold=1, options={"bf": bf, "g": "6"})
    if name == "a.ts":  # its packets lie in pieces between headers
        content = bytearray(clip.read_bytes())
        middle = len(content) // 2 // 188 * 188
        content[middle : middle + 4 * 188] = bytes(4 * 188)
        clip.write_bytes(content)
        assert len(read(clip)[1]) >= 55
        return
    _, frames, lines = read(damaged(clip, 21))
    assert len(frames) == 60
    assert is_regular(frames)
    assert lines == [
        "1 packet of the video cannot be decoded; where a picture is missing, the one before it "
        "is repeated"
    ]


def test_a_damaged_packet_is_refused_by_the_strict(make_clip) -> None:
    clip = damaged(make_clip(frames=60), 21)
    with pytest.raises(UserError, match=r"is damaged at about .* s .*leave out --strict"):
        read(clip, strict=True)


def test_too_many_damaged_packets_fail(make_clip) -> None:
    clip = damaged(make_clip(frames=60, options={"bf": "0"}), 12, 21, 30, 33, 45)
    with pytest.raises(UserError, match="5 packets of 60 cannot be decoded"):
        read(clip)


def test_frames_that_an_avi_leaves_out_end_nothing(make_clip) -> None:
    times = [number / RATE for number in (0, 1, 2, 5, 6, 7, 12, 13)]
    _, frames, lines = read(make_clip("a.avi", frames=8, codec="mpeg4", times=times))
    assert [frame.start for frame in frames] == times
    assert lines == []


def test_an_empty_packet_is_not_taken_for_the_end(make_clip) -> None:
    clip = make_clip("a.mov", frames=60, codec="mjpeg", pixel_format="yuvj420p")
    content = bytearray(clip.read_bytes())
    size = content.index(b"stsz") + 16 + 4 * 20  # of the packet with number 20
    content[size : size + 4] = bytes(4)
    clip.write_bytes(content)
    with av.open(str(clip)) as container:
        packets = list(container.demux(container.streams.video[0]))
    assert any(packet.size == 0 and packet.dts is not None for packet in packets)
    assert len(read(clip)[1]) >= 58


def with_packets(path: Path, change, name: str) -> Path:
    """Write a clip again, each packet as ``change(number, content)`` gives it; ``None`` is none."""
    target = path.with_name(name)
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            content = change(number, bytes(packet)) if packet.size else None
            if content is None:
                continue
            other = av.Packet(content)
            other.pts, other.dts, other.time_base = packet.pts, packet.dts, packet.time_base
            other.is_keyframe, other.stream = packet.is_keyframe, stream
            other.duration = packet.duration or 0
            container.mux(other)
    return target


GROUPS = {"preset": "veryslow", "g": "24"}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_what_a_lost_key_frame_costs_is_bridged_and_counted(make_clip, name) -> None:
    clip = make_clip("whole.mp4", frames=480, hold=1, options=GROUPS)
    _, frames, lines = read(
        with_packets(clip, lambda at, content: bytes(len(content)) if at == 240 else content, name)
    )
    assert len(frames) == 480
    assert is_regular(frames)
    (line,) = lines
    missing = int(line.split()[0])
    assert 4 <= missing <= 24  # all that refer to it
    assert line.endswith("where a picture is missing, the one before it is repeated")


def test_too_many_pictures_that_lost_what_they_refer_to_fail(make_clip) -> None:
    clip = make_clip("whole.mp4", frames=96, hold=1, options=GROUPS)
    lost = with_packets(clip, lambda at, content: None if at == 72 else content, "a.mp4")
    with pytest.raises(UserError, match=r"is damaged: \d+ packets of 9\d cannot be decoded"):
        read(lost)


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_recording_that_begins_amid_a_group_of_pictures_is_told(make_clip, codec) -> None:
    options = GROUPS if codec == "libx264" else {"bf": "2", "g": "24"}
    clip = make_clip("whole.ts", frames=120, hold=1, codec=codec, options=options)
    cut = with_packets(clip, lambda at, content: content if at >= 10 else None, "a.ts")
    _, frames, lines = read(cut)
    assert 90 <= len(frames) <= 110
    assert is_regular(frames)
    (line,) = lines
    assert int(line.split()[3]) == 110 - len(frames)
    assert line.endswith("they cannot be decoded, and the clip begins after them")


def spoilt(clip: Path) -> Path:
    """Return a clip in one of whose packets some bytes are wrong, so that it decodes all the same.

    It is the 31st.
    """

    def change(number: int, content: bytes) -> bytes:
        return content[: len(content) // 2] + bytes(8) if number == 30 else content

    return with_packets(clip, change, "a.ts")


def test_a_picture_in_which_damage_shows_is_used_and_told(make_clip) -> None:
    clip = make_clip("whole.ts", frames=60, hold=1, codec="mpeg2video")
    _, frames, lines = read(spoilt(clip))
    assert len(frames) == 60
    assert is_regular(frames)
    assert [line for line in lines if line.startswith("damage shows in ")] == lines
    assert len(lines) == 1


def test_a_picture_in_which_damage_shows_is_refused_by_the_strict(make_clip) -> None:
    clip = make_clip("whole.ts", frames=60, hold=1, codec="mpeg2video")
    with pytest.raises(UserError, match=r"decodes with errors\); .*leave out --strict"):
        read(spoilt(clip), strict=True)
