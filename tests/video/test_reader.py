"""Every frame comes once, at its own time; what is no clip is refused in one line."""

import wave
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from nakawari.errors import UserError
from nakawari.video.pictures.color import BT709, FULL, LIMITED
from nakawari.video.pictures.form import PLAIN
from nakawari.video.reader import VideoReader

RATE = Fraction(24000, 1001)


def read(path, tell=lambda line: None):
    with VideoReader(path, tell, richest=PLAIN) as reader:
        return reader.info, list(reader.frames())


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
def test_a_constant_rate_gives_exact_times_in_every_container(make_clip, name) -> None:
    codec = "mpeg4" if name == "a.avi" else "libx264"
    info, frames = read(make_clip(name, codec=codec))
    assert info.rate == RATE
    assert [frame.start for frame in frames] == [number / RATE for number in range(12)]
    assert frames[-1].end == 12 / RATE


def test_a_variable_rate_is_honoured(make_clip) -> None:
    times = [Fraction(ms, 1000) for ms in (0, 33, 110, 143, 310, 343)]
    _, frames = read(make_clip("v.mkv", frames=6, times=times, time_base=Fraction(1, 1000)))
    assert [frame.start for frame in frames] == times
    assert [frame.end for frame in frames[:-1]] == times[1:]


def test_a_last_frame_whose_duration_is_not_stored_lasts_as_long_as_most(make_clip) -> None:
    times = [Fraction(ms, 1000) for ms in (0, 83, 167, 250, 2333, 2417)]
    how = {"time_base": Fraction(1, 1000), "rate": Fraction(5)}
    _, frames = read(make_clip("v.mkv", frames=6, times=times, **how))
    assert abs(frames[-1].end - frames[-1].start - Fraction(1, 12)) < Fraction(1, 200)


def test_time_counts_from_the_first_frame(make_clip) -> None:
    times = [4 + number / RATE for number in range(6)]
    info, frames = read(make_clip("late.ts", frames=6, times=times, time_base=Fraction(1, 90000)))
    assert info.start > 0
    assert frames[0].start == 0
    assert frames[5].start == 5 / RATE


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.ts"])
def test_a_clip_that_begins_late_is_not_taken_for_truncated(make_clip, name) -> None:
    times = [4 + number / RATE for number in range(6)]
    _, frames = read(make_clip(name, frames=6, times=times))
    assert [frame.start for frame in frames] == [number / RATE for number in range(6)]


def test_interlacing_is_said_once(make_clip) -> None:
    lines: list[str] = []
    read(make_clip(options={"x264-params": "tff=1"}), lines.append)
    assert lines == ["the clip is interlaced; deinterlace it first for clean in-betweens"]


def test_b_frames_come_in_display_order(make_clip) -> None:
    paintings = [np.full((32, 32, 4), 20 * number, np.uint8) for number in range(12)]
    for picture in paintings:
        picture[..., 3] = 255
    _, frames = read(make_clip(paintings=paintings, options={"bf": "3", "b-adapt": "0"}))
    brightness = [frame.picture.luma.mean() for frame in frames]
    assert brightness == sorted(brightness)


@pytest.mark.parametrize("value_range", [LIMITED, FULL])
def test_color_tags_are_read(make_clip, value_range) -> None:
    info, _ = read(make_clip(colorspace=BT709, color_range=value_range))
    assert (info.tags.matrix, info.tags.value_range) == (BT709, value_range)


def test_a_turned_clip_is_set_upright(make_clip) -> None:
    picture = np.zeros((32, 64, 4), np.uint8)
    picture[:, :32] = 255  # bright on the left; a quarter turn clockwise brings it to the top
    info, frames = read(make_clip(paintings=[picture] * 2, rotation=-90))
    assert (info.width, info.height) == (32, 64)
    luma = frames[0].picture.luma
    assert luma[:30].mean() > 200
    assert luma[34:].mean() < 50


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"pixel_format": "yuv420p10le"}, "8 bits"),
        ({"paintings": [np.full((32, 32, 4), 99, np.uint8)] * 2, "pixel_format": "bgra"}, "black"),
        ({"paintings": [np.full((31, 33, 4), 99, np.uint8)] * 2}, "33x31 grows to 34x32"),
    ],
)
def test_what_is_changed_on_the_way_in_is_told_once(make_clip, how, word) -> None:
    lines: list[str] = []
    read(make_clip("a.mkv", codec="ffv1", **how), lines.append)
    assert len(lines) == 1
    assert word in lines[0]


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_the_alpha_channel_of_webm_is_laid_on_black(make_clip, codec) -> None:
    picture = np.full((32, 64, 4), 235, np.uint8)
    picture[:, :32, 3] = 0
    how = {"pixel_format": "yuva420p", "options": {"auto-alt-ref": "0"}}
    clip = make_clip("a.webm", codec=codec, paintings=[picture] * 4, **how)
    lines: list[str] = []
    _, frames = read(clip, lines.append)
    assert [frame.start for frame in frames] == [
        Fraction(1001 * number, 24000) for number in range(4)
    ]
    assert frames[0].picture.luma[:, :28].mean() < 30
    assert frames[0].picture.luma[:, 36:].mean() > 180
    assert lines == ["transparency is laid on black"]


def test_a_missing_file_fails(tmp_path) -> None:
    with pytest.raises(UserError, match="does not exist; check the name"):
        VideoReader(tmp_path / "none.mp4")


@pytest.mark.parametrize("name", ["text.txt", "text.mp4"])
def test_text_fails(tmp_path, name) -> None:
    (tmp_path / name).write_text("not a film\n" * 200)
    with pytest.raises(UserError, match=r"no video|not a video"):
        VideoReader(tmp_path / name)


def test_an_empty_file_fails(tmp_path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(UserError, match="no video that can be read"):
        VideoReader(tmp_path / "a.mp4")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp"])
def test_a_still_picture_fails(tmp_path, suffix) -> None:
    path = tmp_path / f"still{suffix}"
    Image.new("RGB", (16, 16)).save(path)
    with pytest.raises(UserError, match="still picture"):
        VideoReader(path)


def test_sound_alone_fails(tmp_path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    with pytest.raises(UserError, match="no video stream"):
        VideoReader(tmp_path / "a.wav")


def test_one_frame_fails(make_clip) -> None:
    with pytest.raises(UserError, match="single frame"):
        VideoReader(make_clip(frames=1))


def test_a_video_without_frames_fails(make_clip) -> None:
    # An AVI header, its stream, and an empty list of pictures.
    path = make_clip("a.avi", codec="mpeg4")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"movi") + 4])
    with pytest.raises(UserError, match="no frames"):
        VideoReader(path)


def test_a_damaged_file_fails(make_clip) -> None:
    path = make_clip(frames=30, hold=1)
    content = bytearray(path.read_bytes())
    begin = content.index(b"mdat") + 1200
    content[begin : begin + 400] = bytes(400)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is damaged: .* packets of 30 cannot be decoded"):
        read(path)


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("a.mp4", {}, "its end is missing"),  # the index is at the end
        ("a.mp4", {"movflags": "faststart"}, "truncated: its index needs"),
        ("a.mkv", {}, "truncated: it ends after"),
    ],
)
def test_a_truncated_file_fails(make_clip, name, options, match) -> None:
    path = make_clip(name, frames=60, hold=1, container_options=options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=match):
        read(path)


def test_a_subtitle_long_after_the_end_is_no_truncation(make_clip, tmp_path) -> None:
    clip, words = make_clip(frames=12), tmp_path / "a.srt"
    words.write_text("1\n00:00:00,100 --> 00:00:00,300\na\n\n2\n00:00:05,000 --> 00:00:09,000\nb\n")
    path = tmp_path / "a.mkv"
    with av.open(str(clip)) as film, av.open(str(words)) as text, av.open(str(path), "w") as both:
        streams = [both.add_stream_from_template(source.streams[0]) for source in (film, text)]
        for source, stream in zip((film, text), streams, strict=True):
            for packet in source.demux(source.streams[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    both.mux(packet)
    with av.open(str(path)) as container:
        assert container.duration == 9 * av.time_base
    assert len(read(path)[1]) == 12
