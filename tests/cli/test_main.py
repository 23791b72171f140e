"""``nakawari slow`` keeps its contract: the file, its duration, what it holds and its name."""

import argparse
import math
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari import __version__, cli
from nakawari.cli.slowing.clip_settings import default_output
from nakawari.pace import Pace
from nakawari.parsing import MOST_POINTS, moment, ramp
from nakawari.video.reader import VideoReader
from tests.builders.refusals import refused
from tests.conftest import painting
from tests.diffusion import conftest as tiny

# The tiny models of the diffusion tests: a real pipeline, with random weights.
autoencoder, unet, pipeline = tiny.autoencoder, tiny.unet, tiny.pipeline

RATE = Fraction(24000, 1001)


def slow(*arguments: object) -> int:
    """Run ``nakawari slow`` with the cross-fade for a model."""
    return cli.main(["slow", *map(str, arguments), "--model", "blend"])


def frames_of(path: Path) -> list:
    with VideoReader(path) as reader:
        return list(reader.frames())


def test_four_times_as_long_at_the_same_rate_beside_the_input(make_clip, capsys) -> None:
    clip = make_clip(frames=12)
    assert slow(clip, "--slow", "4") == 0
    output = clip.with_name("clip.slow4x.mp4")
    frames = frames_of(output)
    assert len(frames) == 48
    assert frames[-1].end == 48 / RATE
    printed = capsys.readouterr().out
    assert str(output) in printed
    assert "2.002 s at 23.976 frames/s" in printed
    assert "6 drawings in 1 shot; 35 frames drawn, 13 passed through" in printed


@pytest.mark.parametrize(
    ("arguments", "count", "rate"),
    [
        (("--slow", "2.5"), 30, RATE),
        (("--slow", "1", "--fps", "48"), 25, Fraction(48)),  # 12·1001/24000 s are 24.02 frames
        (("--slow", "1/2"), 6, RATE),
        (("--slow", "2", "--fps", "60000/1001"), 60, Fraction(60000, 1001)),
    ],
)
def test_any_factor_and_rate(make_clip, tmp_path, arguments, count, rate) -> None:
    output = tmp_path / "out.mp4"
    assert slow(make_clip(frames=12), "-o", output, *arguments) == 0
    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        assert (stream.frames, stream.average_rate) == (count, rate)


def test_slowed_once_keeps_every_frame(make_clip, tmp_path) -> None:
    clip = make_clip(frames=6, hold=1, options={"crf": "1"})
    assert slow(clip, "--slow", "1", "-o", tmp_path / "out.mp4") == 0
    for ours, theirs in zip(frames_of(tmp_path / "out.mp4"), frames_of(clip), strict=True):
        assert np.abs(ours.picture.luma.astype(int) - theirs.picture.luma).mean() < 1.5


def test_a_part_alone_is_slowed_with_its_own_sound(make_clip, tmp_path, capsys) -> None:
    clip, output = make_clip(frames=48, tone=440.0), tmp_path / "out.mp4"
    times = ("--from", "0:00.5005", "--to", "1.001")  # frames 12 to 23
    assert slow(clip, "-o", output, "--slow", 1, *times) == 0
    part, whole = frames_of(output), frames_of(clip)[12:24]
    for ours, theirs in zip(part, whole, strict=True):
        difference = ours.picture.luma.astype(int) - theirs.picture.luma
        assert np.abs(difference).mean() < 2
    with av.open(str(output)) as container:
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(12 / float(RATE), abs=0.06)


@pytest.mark.parametrize(
    ("codec", "name", "encoder"), [("prores", "clip.slow2x.mov", "prores"), (None, None, "h264")]
)
def test_the_output_is_of_the_codec_that_is_asked_for(
    make_clip, tmp_path, codec, name, encoder
) -> None:
    clip = make_clip(frames=6)
    assert slow(clip, "--slow", 2, *(["--codec", codec] if codec else [])) == 0
    output = tmp_path / (name or "clip.slow2x.mp4")
    with av.open(str(output)) as container:
        assert container.streams.video[0].codec_context.name == encoder


@pytest.mark.parametrize(("holds", "drawings"), [("auto", 6), ("keep", 12)])
def test_holds_are_found_or_kept(make_clip, capsys, holds, drawings) -> None:
    assert slow(make_clip(frames=12), "--holds", holds, "--slow", "2") == 0
    assert f"{drawings} drawings" in capsys.readouterr().out


def test_a_ramp_lasts_its_integral_beside_the_input(make_clip, capsys) -> None:
    clip = make_clip(frames=24, rate=Fraction(24), tone=440.0)
    # A quarter of a second at 1, half of one at the mean speed of 5/8, and the rest at 1/4.
    assert slow(clip, "--ramp", "0.25:1, 0.75:1/4") == 0
    seconds = Fraction(1, 4) + Fraction(1, 2) / Fraction(5, 8) + Fraction(1, 4) * 4
    output = clip.with_name("clip.ramp.mp4")
    frames = frames_of(output)
    assert len(frames) == math.ceil(seconds * 24)
    with av.open(str(output)) as container:
        sound = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert sound == pytest.approx(len(frames) / 24, abs=0.06)
    assert "2.083 s at 24.000 frames/s" in capsys.readouterr().out


def test_a_ramp_is_counted_from_the_start_of_the_part(make_clip, tmp_path, capsys) -> None:
    clip, output = make_clip(frames=48, rate=Fraction(24)), tmp_path / "out.mp4"
    part = ("--from", "1", "--to", "2")
    assert slow(clip, "-o", output, *part, "--ramp", "0:00.0:1, 0:00.5:1/3") == 0
    assert len(frames_of(output)) == math.ceil((0.5 / (2 / 3) + 0.5 * 3) * 24)
    assert "the ramp goes on" not in capsys.readouterr().err
    assert slow(clip, "-o", output, "--overwrite", *part, "--ramp", "1:1, 1.5:1/3") == 0
    assert len(frames_of(output)) == 24
    assert "the ramp goes on to 1.50 s, after the end at 1.00 s;" in capsys.readouterr().err


def test_a_ramp_of_one_speed_makes_the_very_file_of_that_speed(make_clip, tmp_path) -> None:
    clip = make_clip(frames=12, tone=440.0)
    for name, *how in (("a.mp4", "--slow", "5/2"), ("b.mp4", "--ramp", "0.1:0.4, 0.3:2/5")):
        assert slow(clip, "-o", tmp_path / name, *how) == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(("audio", "tracks"), [("stretch", 1), ("drop", 0)])
def test_sound_is_stretched_or_dropped(make_clip, tmp_path, audio, tracks) -> None:
    output = tmp_path / "out.mp4"
    assert slow(make_clip(frames=24, tone=440.0), "-o", output, "--audio", audio) == 0
    with av.open(str(output)) as container:
        assert len(container.streams.audio) == tracks
        for stream in container.streams.audio:
            length = stream.duration * stream.time_base
            assert abs(length - 96 / RATE) < 0.1


def test_tags_and_pixel_aspect_go_through(make_clip, tmp_path) -> None:
    clip = make_clip(colorspace=1, color_range=2, color_primaries=9, aspect=Fraction(4, 3))
    assert slow(clip, "-o", tmp_path / "out.mp4") == 0
    with VideoReader(clip) as before, VideoReader(tmp_path / "out.mp4") as after:
        assert before.info.tags == after.info.tags
        assert after.info.sample_aspect_ratio == Fraction(4, 3)


def test_an_odd_size_works(make_clip, tmp_path, capsys) -> None:
    paintings = [np.full((31, 33, 4), 255 - 9 * number, np.uint8) for number in range(4)]
    clip = make_clip("odd.mkv", paintings=paintings, codec="ffv1")
    assert slow(clip, "-o", tmp_path / "out.mp4") == 0
    assert "33x31 grows to 34x32" in capsys.readouterr().err


def paintings_coded_alike() -> list[np.ndarray]:
    """Return 4 paintings that x264 codes to the same bytes each time.

    Coded 60 times over, pictures of 64x48 or 176x144 gave two to four different files, with one
    thread as with two; with mbtree=0 or asm=0, or from 240x160 up, one.
    """
    return [painting(number // 2, width=256, height=192) for number in range(4)]


def test_the_same_command_gives_the_same_pictures(make_clip, tmp_path) -> None:
    clip = make_clip(paintings=paintings_coded_alike())
    for name in ("a.mp4", "b.mp4"):
        assert slow(clip, "-o", tmp_path / name, "--seed", "7") == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("text", "seconds"), [("95", 95), ("1:35.5", 95.5), ("01:00:00", 3600), ("0.25", 0.25)]
)
def test_a_time_is_seconds_perhaps_with_minutes_and_hours(text: str, seconds: float) -> None:
    assert moment(text) == Fraction(seconds)


def test_an_existing_output_is_replaced_only_when_told_to(make_clip, tmp_path, capsys) -> None:
    clip, output = make_clip(), tmp_path / "out.mp4"
    output.write_bytes(b"old")
    assert "use --overwrite" in refused(capsys, "slow", clip, "-o", output)
    assert output.read_bytes() == b"old"
    assert slow(clip, "-o", output, "--overwrite") == 0
    assert len(frames_of(output)) == 48


def picture_bytes(path: Path) -> bytes:
    return b"".join(plane.tobytes() for frame in frames_of(path) for plane in frame.picture)


def test_a_real_pipeline_draws_the_same_pictures_from_the_same_seed_only(
    make_clip, tmp_path, capsys, pipeline
) -> None:
    pipeline.save_pretrained(tmp_path / "model")
    clip = make_clip(paintings=paintings_coded_alike())
    command = ["slow", str(clip), "--model", str(tmp_path / "model"), "--slow", "2"]
    command += ["--device", "cpu"]  # graphics cards do not promise the same bits twice
    for name, seed in [("a.mp4", "1"), ("b.mp4", "1"), ("c.mp4", "2")]:
        assert cli.main([*command, "--seed", seed, "-o", str(tmp_path / name)]) == 0
    first, again, other = (picture_bytes(tmp_path / f"{name}.mp4") for name in "abc")
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("factor", "name"),
    [("4", "a.slow4x.mp4"), ("2.5", "a.slow2.5x.mp4"), ("1", "a.slow1x.mp4"),
     ("1/2", "a.slow0.5x.mp4"), ("1000", "a.slow1000x.mp4")],
)  # fmt: skip
def test_the_default_output_is_named_after_the_factor(factor, name) -> None:
    args = argparse.Namespace(slow=Fraction(factor), ramp=None, codec=None)
    assert default_output(Path("in/a.mkv"), args) == Path("in") / name


def test_without_a_factor_the_default_output_is_named_after_the_ramp() -> None:
    args = argparse.Namespace(slow=None, ramp=Pace.constant(Fraction(2)), codec="prores")
    assert default_output(Path("in/a.mkv"), args) == Path("in/a.ramp.mov")


def test_help_is_quick_because_it_loads_neither_torch_nor_ffmpeg() -> None:
    import subprocess

    code = (
        "import sys; from nakawari.cli import build_parser; build_parser().format_help();"
        "sys.exit(bool({'torch', 'av', 'diffusion'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"nakawari {__version__}\n"


def test_the_times_of_the_longest_ramp_are_short_numbers() -> None:
    """Every frame's time is an exact sum over the points, however many digits their speeds have."""
    generator = np.random.default_rng(0)
    speeds = ["0." + "".join(map(str, generator.integers(0, 10, 37))) for _ in range(MOST_POINTS)]
    pace = ramp(", ".join(f"{time}:{speed}" for time, speed in enumerate(speeds)))
    for point, speed in zip(pace.points, speeds, strict=True):
        assert abs(point.speed - Fraction(speed)) < Fraction(1, 10**6)
    assert pace.input_time(Fraction(1001)).denominator < 10**4000
