"""Subtitles, chapters, fonts and all sound tracks go along, at the pace of the output."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.pace import Pace, RampPoint
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.video.companions import STYLE, Companions
from nakawari.video.part import Part
from tests.builders.sounds import pitch

RATE = 24
SUBTITLES = [
    (Fraction(1, 4), Fraction(3, 4), "はい"),
    (Fraction(5, 4), Fraction(7, 4), "two\nlines"),
]
CHAPTERS = [(0, 1000, "A"), (1000, 2000, "B")]
RAMP = Pace((RampPoint(Fraction(0), Fraction(1)), RampPoint(Fraction(2), Fraction(1, 4))))


def as_ass(number: int, text: str) -> bytes:
    text = text.replace("\n", r"\N")
    return f"{number},0,Default,,0,0,0,,{{\\i1}}{text}".encode()


def write_film(path: Path, codec: str = "ass") -> Path:
    """Write two seconds with two tones, subtitles, chapters and, in Matroska, a font."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sounds = []
        for number, language in enumerate(["eng", "jpn"]):
            sound = container.add_stream("aac", rate=48000)
            sound.layout, sound.disposition = "mono", number
            sound.metadata["language"] = language
            sounds.append(sound)
        words = container.add_stream(codec)
        words.codec_context.subtitle_header = STYLE
        words.codec_context.time_base = Fraction(1, 1000)
        words.metadata["language"] = "jpn"
        if path.suffix == ".mkv":
            container.add_attachment("a.ttf", "font/ttf", b"no real font")
        container.set_chapters(
            [
                {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000),
                 "metadata": {"title": title}}
                for number, (start, end, title) in enumerate(CHAPTERS, 1)
            ]
        )  # fmt: skip
        for number in range(2 * RATE):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([100 + number]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        times = np.arange(96000) / 48000
        for sound, tone in zip(sounds, (300, 900), strict=True):
            wave = (0.4 * np.sin(2 * np.pi * tone * times)).astype(np.float32)
            for begin in range(0, len(wave), 1024):
                chunk = av.AudioFrame.from_ndarray(wave[None, begin : begin + 1024], "fltp", "mono")
                chunk.sample_rate, chunk.pts = 48000, begin
                container.mux(sound.encode(chunk))
            container.mux(sound.encode(None))
        for number, (start, end, text) in enumerate(SUBTITLES):
            data = as_ass(number, text) if codec == "ass" else text.encode()
            if codec == "mov_text":
                data = len(data).to_bytes(2, "big") + data
            packet = av.Packet(data)
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = int(start * 1000)
            packet.duration = int((end - start) * 1000)
            container.mux(packet)
    return path


def run(source: Path, output: Path, **settings: object) -> list[str]:
    lines: list[str] = []
    job = SlowJob(source=source, output=output, **settings)
    run_job(job, lambda: blend, "cpu", tell=lines.append)
    return lines


def subtitles(path: Path) -> list[tuple[float, float, str]]:
    """Return start and end [s] and the text of each subtitle that is not empty."""
    found = []
    with av.open(str(path)) as container:
        (stream,) = container.streams.subtitles
        name = stream.codec_context.codec.canonical_name
        for packet in container.demux(stream):
            data = bytes(packet)[2:] if name == "mov_text" else bytes(packet)
            text = data.decode().split(",", 8)[-1] if name == "ass" else data.decode()
            if text:
                start = float(packet.pts * packet.time_base)
                length = float(packet.duration * packet.time_base)
                found.append((start, start + length, text))
    return found


@pytest.mark.parametrize("codec", ["ass", "subrip", "mov_text"])
@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov", "out.webm"])
def test_subtitles_are_shown_with_the_same_pictures(tmp_path, codec, name) -> None:
    source = write_film(tmp_path / ("a.mp4" if codec == "mov_text" else "a.mkv"), codec)
    lines = run(source, tmp_path / name, ramp=RAMP)
    keeps_fonts = name == "out.mkv" or codec == "mov_text"
    assert lines == ([] if keeps_fonts else ["left out: 1 attached file"])
    found = subtitles(tmp_path / name)
    assert len(found) == len(SUBTITLES)
    for (start, end, text), (was_start, was_end, was_text) in zip(found, SUBTITLES, strict=True):
        assert start == pytest.approx(float(RAMP.output_time(was_start)), abs=0.002)
        assert end == pytest.approx(float(RAMP.output_time(was_end)), abs=0.002)
        expected = as_ass(0, was_text).decode().split(",", 8)[-1]
        assert text == (expected if (codec, name) == ("ass", "out.mkv") else was_text)
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.subtitles[0].metadata["language"] == "jpn"


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov", "out.webm"])
def test_chapters_are_retimed(tmp_path, name) -> None:
    run(write_film(tmp_path / "a.mkv"), tmp_path / name, ramp=RAMP)
    with av.open(str(tmp_path / name)) as container:
        chapters = container.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["A", "B"]
    for chapter, (start, end, _) in zip(chapters, CHAPTERS, strict=True):
        tick = chapter["time_base"]
        for time, was in ((chapter["start"], start), (chapter["end"], end)):
            expected = RAMP.output_time(Fraction(was, 1000))
            assert float(time * tick) == pytest.approx(float(expected), abs=0.002)


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov", "out.webm"])
def test_all_sound_tracks_go_along_the_default_one_first(tmp_path, name) -> None:
    run(write_film(tmp_path / "a.mkv"), tmp_path / name, factor=Fraction(2))
    for number, (tone, language) in enumerate([(900, "jpn"), (300, "eng")]):
        with av.open(str(tmp_path / name)) as container:
            stream = container.streams.audio[number]
            assert stream.metadata["language"] == language
            rate = stream.rate
            wave = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        sound = np.concatenate(wave)
        assert len(sound) / rate == pytest.approx(4, abs=0.1)
        assert pitch(sound[rate : 3 * rate], rate) == pytest.approx(tone, rel=0.02)


def test_a_font_goes_along_into_matroska(tmp_path) -> None:
    run(write_film(tmp_path / "a.mkv"), tmp_path / "out.mkv", factor=Fraction(2))
    with av.open(str(tmp_path / "out.mkv")) as container:
        (font,) = [stream for stream in container.streams if stream.type == "attachment"]
        assert (font.name, bytes(font.data)) == ("a.ttf", b"no real font")


def test_of_a_part_goes_along_what_belongs_to_it(tmp_path) -> None:
    part = Part(Fraction(1, 2), Fraction(3, 2))
    run(write_film(tmp_path / "a.mkv"), tmp_path / "out.mp4", factor=Fraction(2), part=part)
    assert subtitles(tmp_path / "out.mp4") == [
        (pytest.approx(0, abs=0.002), pytest.approx(0.5, abs=0.002), "はい"),
        (pytest.approx(1.5, abs=0.002), pytest.approx(2, abs=0.002), "two\nlines"),
    ]
    with av.open(str(tmp_path / "out.mp4")) as container:
        spans = [
            (chapter["start"] * chapter["time_base"], chapter["end"] * chapter["time_base"])
            for chapter in container.chapters()
        ]
    assert spans == [(0, 1), (1, 2)]


def test_what_a_container_cannot_hold_is_told(tmp_path) -> None:
    source = write_film(tmp_path / "a.mkv")
    lines = run(source, tmp_path / "out.gif", factor=Fraction(2))
    assert lines == [
        "left out: the sound, for which GIF has no room",
        "left out: 1 subtitle track, 1 attached file, 2 chapters",
    ]
    lines = run(source, tmp_path / "out.mp4", factor=Fraction(2), audio="drop")
    assert lines == ["left out: 1 attached file"]


def test_a_track_that_cannot_be_read_is_told(tmp_path, monkeypatch) -> None:
    source = write_film(tmp_path / "a.mkv")
    content = source.read_bytes()
    at = content.index(b"A_AAC")  # the first, which is not the default one
    source.write_bytes(content[:at] + b"A_XYZ" + content[at + 5 :])
    lines = run(source, tmp_path / "out.mkv", factor=Fraction(2))
    assert lines == ["left out: 1 sound track"]


def test_outlines_and_what_has_no_text_are_no_subtitles(tmp_path) -> None:
    source = tmp_path / "a.mkv"
    subtitle = SUBTITLES[0]
    try:
        SUBTITLES[0] = (*subtitle[:2], r"{\p1}m 0 0 l 1 0{\p0}")
        write_film(source)
    finally:
        SUBTITLES[0] = subtitle
    run(source, tmp_path / "out.mp4", factor=Fraction(2))
    assert [text for *_, text in subtitles(tmp_path / "out.mp4")] == ["two\nlines"]


def test_subtitles_that_cannot_be_read_on_end_early(tmp_path, monkeypatch) -> None:
    source, lines = write_film(tmp_path / "a.mkv"), []
    companions = Companions(
        source,
        start=Fraction(0),
        duration=None,
        pace=RAMP,
        container="matroska",
        has_sound=True,
        tell=lines.append,
    )

    class Broken:
        def demux(self, streams: object) -> None:
            raise av.error.InvalidDataError(1, "broken")

    companions._input.close()
    monkeypatch.setattr(companions, "_input", Broken())
    assert list(companions._packets()) == []
    assert lines == ["the subtitles end early, where they cannot be read (broken)"]
