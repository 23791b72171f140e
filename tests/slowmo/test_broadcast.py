"""What DVDs and broadcasts hold is slowed whole: soft telecine, and sound whose layout changes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.cli import main
from nakawari.video.reader import VideoReader
from tests.builders.sounds import pitch, write_tones
from tests.conftest import painting

FILM, NTSC = Fraction(24000, 1001), Fraction(30000, 1001)
FIELD = Fraction(1001, 60000)  # s
EXTENSION = b"\0\0\1\xb5"  # begins each extension of a header of MPEG-2
SEQUENCE, PICTURE = 1, 8  # kinds of extensions


def _soft_telecined(packet: av.Packet, number: int) -> av.Packet:
    """Return the packet of a picture with flags and times of 3, 2, 3, 2 fields and so on."""
    content = bytearray(packet)
    place = content.find(EXTENSION)
    while place >= 0:
        kind = content[place + 4] >> 4
        if kind == SEQUENCE:
            content[place + 5] &= 0xF7  # progressive_sequence off, or the flags count frames
        elif kind == PICTURE:
            is_first, repeats = number % 4 in (0, 3), number % 2 == 0
            content[place + 7] = content[place + 7] & 0x7D | 0x80 * is_first | 0x02 * repeats
        place = content.find(EXTENSION, place + 4)
    changed = av.Packet(bytes(content))
    changed.stream, changed.is_keyframe, changed.time_base = (
        packet.stream,
        packet.is_keyframe,
        FIELD,
    )
    changed.pts = changed.dts = 5 * (number // 2) + 3 * (number % 2)
    return changed


def write_dvd(path: Path, frames: int) -> Path:
    """Write a film on twos in MPEG-2, shown for three and two fields by turns."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=NTSC, options={"bf": "0", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.bit_rate = 2_000_000
        packets = []
        for number in range(frames):
            pixels = np.pad(painting(number // 2), ((0, 16), (0, 0), (0, 0)), mode="edge")
            frame = av.VideoFrame.from_ndarray(pixels, "rgba").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / NTSC
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for number, packet in enumerate(packets):
            container.mux(_soft_telecined(packet, number))
    return path


@pytest.mark.parametrize("name", ["dvd.vob", "broadcast.ts"])
def test_soft_telecine_is_slowed_as_the_film_it_is(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_dvd(tmp_path / name, frames=48)
    with av.open(str(source)) as container:
        shown = [packet.duration * packet.time_base for packet in container.demux(video=0)]
    for fields, time in zip((3, 2, 3, 2), shown, strict=False):  # as the flags say
        assert float(time) == pytest.approx(float(fields * FIELD), abs=2e-5)
    output = tmp_path / "out.mp4"
    assert main(["slow", str(source), "--slow", "2", "--model", "blend", "-o", str(output)]) == 0
    with VideoReader(output) as reader:
        frames = list(reader.frames())
        assert reader.info.rate == FILM
    assert len(frames) == 96
    assert float(frames[-1].end) == pytest.approx(2 * 48 / float(FILM), abs=0.002)
    assert main(["xsheet", str(source)]) == 0
    told = capsys.readouterr().out
    assert "48 frames, 0:02.002 at 23.976 frames/s" in told
    assert "on twos, 11.99 drawings/s" in told


@pytest.mark.parametrize("changed", ["mono", "5.1"])
def test_sound_whose_layout_changes_is_slowed_to_its_end(changed: str, tmp_path: Path) -> None:
    source, output = tmp_path / "broadcast.ts", tmp_path / "out.mp4"
    content = b""
    for layout in ("stereo", changed, "stereo"):
        sound = {"tone": 440.0, "layout": layout, "codec": "ac3"}
        content += write_tones(tmp_path / "part.ts", [sound]).read_bytes()
    source.write_bytes(content)
    assert main(["slow", str(source), "--slow", "2", "--model", "blend", "-o", str(output)]) == 0
    with av.open(str(output)) as container:
        sound = container.streams.audio[0]
        wave = np.concatenate([f.to_ndarray()[0] for f in container.decode(sound)])
        rate = sound.rate
    assert len(wave) / rate == pytest.approx(6, abs=0.2)
    for part in range(3):  # each is two seconds long now
        middle = wave[round((2 * part + 0.4) * rate) : round((2 * part + 1.6) * rate)]
        assert pitch(middle, rate) == pytest.approx(440, rel=0.02)
        for begin in range(0, len(middle), rate // 10):
            assert np.abs(middle[begin : begin + rate // 10]).max() > 0.05
