"""Whatever a source has that the output can keep comes out: bits, colours, transparency."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from nakawari import cli
from nakawari.errors import UserError
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, SlowResult, run_job
from nakawari.slowmo.transparency import off_black, on_black
from nakawari.video.codecs import CODECS
from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import VideoReader
from tests.builders.refusals import refused
from tests.conftest import painting, write_clip

FRAMES = 4


def run(source: Path, output: Path, **settings: object) -> tuple[SlowResult, list[str]]:
    lines: list[str] = []
    job = SlowJob(source=source, output=output, factor=Fraction(2), holds="keep", **settings)
    return run_job(job, lambda: blend, "cpu", tell=lines.append), lines


def pictures(path: Path, codec: str = "ffv1") -> list[Picture]:
    with VideoReader(path, richest=CODECS[codec].richest) as reader:
        return [frame.picture for frame in reader.frames()]


def assert_same(one: Picture, other: Picture) -> None:
    assert one.form == other.form
    for plane, expected in zip(one.planes, other.planes, strict=True):
        np.testing.assert_array_equal(plane, expected)


def cels(folder: Path) -> Path:
    """Write pictures of a box that moves over nothing, its rim half transparent."""
    folder.mkdir()
    for number in range(FRAMES):
        pixels = painting(number)
        pixels[..., 3] = 0
        box = (pixels[..., :3] == (230, 60, 40)).all(axis=2)
        pixels[box, 3] = 255
        pixels[13, box[13], 3] = 128
        encoder = av.CodecContext.create("png", "w")
        encoder.height, encoder.width = pixels.shape[:2]
        encoder.pix_fmt, encoder.time_base = "rgba", Fraction(1, 24)
        packets = [*encoder.encode(av.VideoFrame.from_ndarray(pixels, "rgba"))]
        packets += encoder.encode(None)
        (folder / f"cel_{number:03d}.png").write_bytes(b"".join(map(bytes, packets)))
    return folder


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p", "yuv444p12le", "bgr0"])
def test_frames_that_pass_through_have_every_bit_of_the_source(tmp_path, pixel_format) -> None:
    source = write_clip(
        tmp_path / "a.mkv",
        [painting(number) for number in range(FRAMES)],
        codec="ffv1",
        pixel_format=pixel_format,
    )
    _, lines = run(source, tmp_path / "out.mkv", codec="ffv1")
    read, made = pictures(source), pictures(tmp_path / "out.mkv")
    assert len(made) == 2 * FRAMES
    for number, picture in enumerate(read):
        assert_same(made[2 * number], picture)
    assert lines == []


def test_an_in_between_of_ten_bits_has_ten(tmp_path) -> None:
    source = write_clip(
        tmp_path / "a.mkv",
        [np.full((48, 64, 4), shade, np.uint8) for shade in (100, 101)],
        codec="ffv1",
        pixel_format="yuv420p10le",
    )
    run(source, tmp_path / "out.mkv", codec="ffv1")
    first, between, last, _ = (int(p.luma[0, 0]) for p in pictures(tmp_path / "out.mkv"))
    assert first < between < last < first + 5


@pytest.mark.parametrize("codec", ["h265", "prores", "dnxhr", "av1", "prores4444"])
def test_ten_bits_stay_ten_in_every_codec_that_has_them(tmp_path, codec) -> None:
    shades = np.linspace(64, 200, 256).round(2)
    ramp = np.repeat(shades[None], 256, axis=0)
    source = tmp_path / "a.mkv"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p10le"
        for _ in range(2):
            frame = av.VideoFrame(256, 256, "yuv420p10le")
            for plane, values in zip(frame.planes, (ramp * 4, 512, 512), strict=True):
                rows = np.frombuffer(memoryview(plane), np.uint16)
                rows = rows.reshape(plane.height, -1)[:, : plane.width]
                rows[:] = np.broadcast_to(np.round(values), rows.shape)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    output = tmp_path / f"out{CODECS[codec].ending}"
    _, lines = run(source, output, codec=codec)
    assert lines == []
    (before, *_), (after, *_) = pictures(source), pictures(output)
    scale = 2.0 ** (after.form.bits - 10)
    difference = after.luma / scale - before.luma
    assert np.abs(difference.mean(axis=0)).max() <= 1.5  # of a column, as coding leaves noise


def test_what_does_not_fit_is_told(tmp_path) -> None:
    source = write_clip(
        tmp_path / "a.mkv",
        [painting(number) for number in range(FRAMES)],
        codec="ffv1",
        pixel_format="yuv420p10le",
    )
    _, lines = run(source, tmp_path / "out.mp4")
    assert lines == ["yuv420p10le is converted to 8 bits a channel"]
    _, lines = run(cels(tmp_path / "cels"), tmp_path / "b.mp4", input_rate=Fraction(24))
    assert lines == ["transparency is laid on black"]


@pytest.mark.parametrize(("output", "codec"), [("out", "png"), ("out.mkv", "ffv1")])
def test_transparent_pictures_come_out_as_they_were(tmp_path, output, codec) -> None:
    source = cels(tmp_path / "cels")
    result, lines = run(source, tmp_path / output, codec=codec, input_rate=Fraction(12))
    read, made = pictures(source), pictures(tmp_path / output)
    assert len(made) == 2 * FRAMES
    for number, picture in enumerate(read):
        assert_same(made[2 * number], picture)
    assert result.rate == 12
    assert lines == []
    assert result.sheet_path == tmp_path / "out.xsheet.json"


def test_an_in_between_has_the_opacity_and_the_colours_of_what_is_seen(tmp_path) -> None:
    run(cels(tmp_path / "cels"), tmp_path / "out", codec="png")
    between = pictures(tmp_path / "out")[1]
    red, opacity = between.red_difference, between.alpha  # red is the third plane of RGB
    # The box is at columns 0 to 15, and then at 4 to 19.
    assert opacity[20, 8] == 255
    assert opacity[20, 40] == 0
    assert abs(int(opacity[20, 2]) - 128) <= 1
    assert abs(int(opacity[13, 8]) - 128) <= 1
    # Half seen, it is as red as ever, and the ground, which is never seen, is not mixed in.
    assert abs(int(red[20, 2]) - 230) <= 2
    assert abs(int(red[13, 8]) - 230) <= 2


@pytest.mark.parametrize("codec", ["prores4444", "vp9"])
def test_transparency_is_kept_by_the_codecs_that_know_it(tmp_path, codec) -> None:
    output = tmp_path / f"out{CODECS[codec].ending}"
    _, lines = run(cels(tmp_path / "cels"), output, codec=codec, input_rate=Fraction(24))
    assert lines == []
    first = pictures(output)[0]
    opacity = first.alpha / (2.0**first.form.bits - 1)
    assert opacity[18:22, 4:12].min() > 0.98
    assert opacity[18:22, 30:].max() < 0.02


@pytest.mark.parametrize("codec", ["png", "ffv1", "prores4444", "gif"])
def test_an_odd_size_stays_where_no_chroma_is_shared(tmp_path, codec) -> None:
    paintings = [painting(number, width=65, height=49) for number in range(FRAMES)]
    source = write_clip(tmp_path / "a.mkv", paintings, codec="ffv1", pixel_format="bgr0")
    output = tmp_path / ("out" if CODECS[codec].is_sequence else f"out{CODECS[codec].ending}")
    result, lines = run(source, output, codec=codec)
    assert lines == []
    assert (result.width, result.height) == (65, 49)
    with VideoReader(output, richest=CODECS[codec].richest) as reader:
        assert reader.info.grown == (1, 1)
        assert (reader.info.width, reader.info.height) == (66, 50)
    _, lines = run(source, tmp_path / "out.mp4")
    assert lines == [
        "4:2:0 needs an even size: 65x49 grows to 66x50 by repeating the last column or row"
    ]


def test_laying_on_black_is_undone() -> None:
    generator = torch.Generator().manual_seed(0)
    frame = torch.rand(1, 3, 8, 8, generator=generator) * 2 - 1
    alpha = torch.rand(8, 8, generator=generator).clamp(min=0.1)
    back = off_black(on_black(frame, alpha), alpha[None])
    assert (back - frame).abs().max() < 1e-5
    unseen = off_black(on_black(frame, alpha * 0), alpha[None] * 0)
    assert (unseen == -1).all()


def test_a_gif_shows_every_frame_and_says_that_it_has_no_sound(make_clip, tmp_path) -> None:
    source = make_clip(tone=440.0, rate=Fraction(24))
    _, lines = run(source, tmp_path / "out.gif")
    assert lines == ["left out: the sound, for which GIF has no room"]
    with VideoReader(tmp_path / "out.gif") as reader:
        made = list(reader.frames())
    assert len(made) == 24
    assert made[-1].end == pytest.approx(1, abs=0.02)
    with pytest.raises(UserError, match="GIF shows at most 50 frames/s"):
        run(source, tmp_path / "fast.gif", rate=Fraction(60))


def test_the_command_reads_and_writes_sequences(tmp_path, capsys) -> None:
    source = cels(tmp_path / "cels")
    command = ["slow", str(source / "cel_%03d.png"), "--slow", "2", "--model", "blend"]
    command += ["--holds", "keep", "--input-fps", "24"]
    names = {f"f_{number:04d}.png" for number in range(1, 2 * FRAMES + 1)}
    assert cli.main([*command, "-o", str(tmp_path / "slow" / "f_%04d.png")]) == 0
    assert {path.name for path in (tmp_path / "slow").iterdir()} == names
    assert (tmp_path / "slow.xsheet.json").exists()
    assert cli.main([*command, "--codec", "png"]) == 0
    assert len(list((tmp_path / "cels.slow2x").iterdir())) == 2 * FRAMES
    capsys.readouterr()
    command = [*command, "-o", str(tmp_path / "slow" / "f_%04d.png")]
    assert "exists; use --overwrite" in refused(capsys, *command)
    (tmp_path / "slow" / "f_0009.png").touch()
    assert cli.main([*command, "--overwrite"]) == 0
    assert {path.name for path in (tmp_path / "slow").iterdir()} == names
    assert {path.name for path in tmp_path.iterdir()} == {
        "cels", "cels.slow2x", "cels.slow2x.xsheet.json", "slow", "slow.xsheet.json",
    }  # fmt: skip


def test_the_exposure_sheet_of_a_sequence_has_its_rate(tmp_path, capsys) -> None:
    source = cels(tmp_path / "cels")
    assert cli.main(["xsheet", str(source), "--input-fps", "12", "--json", "-"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert (sheet["clip"], sheet["fps"], sheet["frames"]) == ("cels", "12", FRAMES)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("mixed/f_%04d.png", "holds other things than pictures, such as notes.txt"),
        ("cels/f_%04d.png", "is the input itself; choose another name"),
        ("a_file/f_%04d.png", "is a file, and pictures go into a folder"),
        ("f.png", "is the name of one picture; write a place for the number"),
        ("none/f/f_%04d.png", "does not exist; create it first"),
    ],
)
def test_what_cannot_become_a_sequence_is_refused(tmp_path, capsys, output, line) -> None:
    source = cels(tmp_path / "cels")
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "notes.txt").touch()
    (tmp_path / "a_file").touch()
    before = sorted(tmp_path.rglob("*"))
    assert line in refused(capsys, "slow", source, "-o", tmp_path / output, "--overwrite")
    assert sorted(tmp_path.rglob("*")) == before


def test_the_folder_that_we_are_in_cannot_become_a_sequence(tmp_path, capsys, monkeypatch) -> None:
    source = cels(tmp_path / "cels")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert "cannot become a folder of pictures" in refused(capsys, "slow", source, "-o", "%d.png")


def test_a_form_is_at_most_what_both_have() -> None:
    rgb, ten = PictureForm("rgb", 8, True), PictureForm("422", 10, False)
    assert rgb.at_most(ten) == ten  # RGB of 8 bits needs ten in a matrix
    assert ten.at_most(rgb) == PictureForm("422", 8, False)
    assert ten.holds(rgb.at_most(ten))
    assert not ten.holds(rgb)
