"""``nakawari slow`` refuses what it cannot do in one line, and leaves nothing behind."""

import argparse
import errno
import json
import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from PIL import Image

from nakawari.parsing import moment
from nakawari.video.sound.track import SoundTrack
from tests.builders.refusals import refused
from tests.diffusion import conftest as tiny

# The tiny models of the diffusion tests: a real pipeline, with random weights.
autoencoder, unet, pipeline = tiny.autoencoder, tiny.unet, tiny.pipeline


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "1e3", "abc", "1:", "٣", "9" * 50])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no time; give one such as 95"):
        moment(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--slow", "0"), "is not above 0"),
        (("--slow", "-2"), "is not above 0"),
        (("--slow", "four"), "is not a number"),
        (("--slow", "nan"), "is not a number"),
        (("--slow", "1/0"), "is not a number"),
        (("--slow", "1e9"), "is out of range"),
        (("--fps", "0"), "is not above 0"),
        (("--fps", "1e9"), "is out of range"),
        (("--slow", "1e999999999"), "has too many digits"),
        (("--fps", "1e-9_999_999"), "has too many digits"),
        (("--slow", "9" * 5000), "has too many digits"),
        (("--seed", "-1"), "is no seed"),
        (("--seed", str(2**63)), "is no seed"),
        (("--seed", "9" * 5000), "is no seed"),
        (("--seed", "1.5"), "is no seed"),
        (("--steps", "0"), "is not a whole number above 0"),
        (("--steps", "9" * 5000), "is not a whole number above 0"),
        (("--longest-hold", "9" * 5000), "is not a whole number above 0"),
        (("--ramp", ", ".join(f"{time}:1" for time in range(201))), "a ramp of 201 points is too"),
        (("--ramp", f"0:0.{'9' * 5000}"), "has too many digits"),
        (("--audio", "loud"), "invalid choice"),
        (("--slow", "2", "--ramp", "0:1, 1:0.5"), "both say how fast the clip passes; give one"),
        (("--ramp", ""), "'' is not TIME:SPEED; give points such as"),
        (("--ramp", "0:1,"), "'' is not TIME:SPEED; give points such as"),
        (("--ramp", "0:1, 0.25"), "'0.25' is not TIME:SPEED"),
        (("--ramp", "0:1, soon:0.5"), "'soon' is no time"),
        (("--ramp", "0:1, -1:0.5"), "'-1' is no time"),
        (("--ramp", "0:1, 2:"), "'' is not a number"),
        (("--ramp", "0:1, 2:0"), "'0' is not above 0"),
        (("--ramp", "0:1001"), "out of range; give a speed from 1/1000 to 1000"),
        (("--ramp", "0:1, 0:0.5"), "0 does not come after the time before it; give the points in"),
        (("--ramp", "2:1, 1:0.5"), "1 does not come after the time before it"),
        (("--from", "soon"), "is no time"),
        (("--from", "0.2", "--to", "0.1"), "--to must be later than --from"),
        (("--from", "9", "--model", "blend"), "and the part begins at 9.00 s"),
        (("--codec", "cinepak"), "invalid choice"),
        (("--codec", "prores", "-o", "out.mp4"), "goes into a file that ends in .mov"),
        (("--colour", "red"), "unrecognized arguments"),
        (("-o", "none/out.mp4"), "does not exist; create it first"),
        (("-o", "clip.mp4"), "is the input itself"),
        (("-o", "clip.mp4/out.mp4"), "is not a folder"),
        (("-o", "/proc/out.mp4", "--model", "blend"), "cannot write"),
        (("-o", "out.txt"), "must end in one of"),
        (("--model", "none"), "does not exist; give another with --model"),
        (("--takes", "0"), "is no number of takes; give a whole number from 2 to 8"),
        (("--takes", "9"), "is no number of takes"),
        (("--takes", "9" * 5000), "is no number of takes"),
        (("--takes", "all"), "is no number of takes"),
        (("--takes", "4", "--model", "blend"), "draws the same with every seed; leave out --takes"),
        (("--takes", "4", "--model", "dis", "-o", "slow/"), "draws the same with every seed"),
        (("--takes", "2", "--seed", str(2**63 - 1)), "needs as many seeds from --seed 9223"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(
    make_clip, tmp_path, capsys, monkeypatch, arguments, words
) -> None:
    monkeypatch.chdir(tmp_path)
    make_clip()
    assert words in refused(capsys, "slow", "clip.mp4", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_bad_file_is_refused_in_one_line(make_clip, tmp_path, capsys) -> None:
    truncated = make_clip("a.mkv", frames=60, hold=1)
    truncated.write_bytes(truncated.read_bytes()[: truncated.stat().st_size // 2])
    line = refused(capsys, "slow", truncated, "--model", "nearest", "-o", tmp_path / "out.mp4")
    assert "is truncated" in line
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def _no_video(make_clip) -> Path:
    path = make_clip("a.mkv")
    path.write_text("A poem, and no film.\n" * 99)
    return path


def _no_frames(make_clip) -> Path:
    path = make_clip("a.avi", codec="mpeg4")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"movi") + 4])
    return path


def _one_frame(make_clip) -> Path:
    return make_clip("a.mp4", frames=1)


def _still(make_clip) -> Path:
    path = make_clip("a.mp4").with_name("a.png")
    path.with_name("a.mp4").unlink()
    Image.new("RGB", (32, 32)).save(path)
    return path


def _sound_without_decoder(make_clip) -> Path:
    path = make_clip("a.mkv", tone=440.0)
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    return path


@pytest.mark.parametrize(
    ("make_bad", "words"),
    [
        (_no_video, "is no video that can be read"),
        (_no_frames, "has a video stream but no frames"),
        (_one_frame, "is a single frame"),
        (_still, "is a still picture"),
        (_sound_without_decoder, "use --audio drop"),
    ],
)
def test_an_unusable_input_is_refused_in_one_line(
    make_clip, tmp_path, capsys, make_bad, words
) -> None:
    path = make_bad(make_clip)
    line = refused(capsys, "slow", path, "--model", "blend", "-o", tmp_path / "out.mp4")
    assert words in line
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def test_a_full_disk_is_refused_in_one_line(make_clip, tmp_path, capsys, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    clip = make_clip()
    monkeypatch.setattr(os, "replace", full)
    line = refused(capsys, "slow", clip, "--model", "blend", "-o", tmp_path / "out.mp4")
    assert "no space left for" in line
    assert [left.name for left in tmp_path.iterdir()] == [clip.name]


@pytest.mark.parametrize("kind", [av.error.InvalidDataError, av.error.PermissionError])
def test_sound_that_breaks_off_is_blamed_on_the_input(
    make_clip, tmp_path, capsys, monkeypatch, kind
) -> None:
    def broken(self: SoundTrack, zero: Fraction) -> None:
        raise kind(1, "broken")

    clip = make_clip(tone=440.0)
    monkeypatch.setattr(SoundTrack, "frames", broken)
    line = refused(capsys, "slow", clip, "--model", "blend", "-o", tmp_path / "out.mp4")
    assert f"cannot read the sound of {clip}" in line
    assert [left.name for left in tmp_path.iterdir()] == [clip.name]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_graphics_card_is_refused_in_one_line(make_clip, capsys) -> None:
    assert "use --device auto" in refused(capsys, "slow", make_clip(), "--device", "cuda")


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_unusable_weights_are_refused_in_one_line(
    make_clip, tmp_path, capsys, monkeypatch, error
) -> None:
    class Pipeline:
        @staticmethod
        def from_pretrained(folder: str) -> None:
            raise error("unknown key 'depht' in config.json;\nremove it")

    monkeypatch.setitem(sys.modules, "diffusion", type(sys)("diffusion"))
    sys.modules["diffusion"].FrameInterpolationPipeline = Pipeline
    line = refused(capsys, "slow", make_clip(), "--model", tmp_path)
    assert "cannot use the model in" in line
    assert "unknown key 'depht'" in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channels": [16, 24, 40]}, "must come from the same training"),
        ({"chanels": [8]}, "has unknown keys: chanels"),
        ({"channels": 16}, "has a value of the wrong type"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(
    make_clip, tmp_path, capsys, pipeline, change, words
) -> None:
    folder = tmp_path / "model"
    pipeline.save_pretrained(folder)
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    line = refused(
        capsys, "slow", make_clip(), "--model", folder, "--device", "cpu", "-o", tmp_path / "o.mp4"
    )
    assert words in line
    assert {left.name for left in tmp_path.iterdir()} == {"clip.mp4", "model"}


HUB = ("hub", "hugging", "http", "internet", "connect", "download", "token", "log in", "login")


@pytest.mark.parametrize(
    "model", ["nowhere", "owner/name", "http://example.org/a", "hf://owner/name"]
)
def test_a_model_that_is_not_there_is_never_looked_for_on_a_hub(
    make_clip, tmp_path, capsys, model
) -> None:
    output = tmp_path / "o.mp4"
    line = refused(capsys, "slow", make_clip(), "--model", model, "-o", output)
    assert line.endswith("does not exist; give another with --model\n")
    line = line.replace(str(Path(model)), "")
    assert not [word for word in HUB if word in line.lower()]


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"null"])
def test_a_model_that_lacks_a_part_is_never_looked_for_on_a_hub(
    make_clip, tmp_path, capsys, pipeline, content
) -> None:
    folder = tmp_path / "model"
    pipeline.save_pretrained(folder)
    clip, output = make_clip(), tmp_path / "o.mp4"
    files = [path for path in folder.rglob("*/*") if path.is_file()]
    assert len(files) == 5  # the configs and weights of both stages, and the noise schedule
    for file in files:
        if content == b"{}" and file.name == "scheduler_config.json":
            continue  # all of its settings have defaults
        whole = file.read_bytes()
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        line = refused(capsys, "slow", clip, "--model", folder, "--device", "cpu", "-o", output)
        assert "cannot use the model in" in line
        assert str(file) in line or str(file.parent) in line
        assert not [word for word in HUB if word in line.lower().replace(str(tmp_path).lower(), "")]
        file.write_bytes(whole)
