"""``nakawari slow --takes`` lists where seeds disagree, and a sheet brings the chosen take back."""

import json

import numpy as np
import pytest

from nakawari import cli
from nakawari.video.reader import VideoReader
from nakawari.xsheet.sheet.files import load_sheet
from tests.diffusion import conftest as tiny

# The tiny models of the diffusion tests: a real pipeline, with random weights.
autoencoder, unet, pipeline = tiny.autoencoder, tiny.unet, tiny.pipeline


@pytest.fixture
def model(tmp_path, pipeline, monkeypatch):
    """Return the folder of a model; whatever its seeds draw, they disagree."""
    monkeypatch.setattr("nakawari.slowmo.slow.UNSURE", 0.0)
    pipeline.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def slow(model, *arguments: object) -> int:
    """Run ``nakawari slow`` at half the speed, where the same bits are drawn twice."""
    words = ["slow", *map(str, arguments), "--model", str(model), "--slow", "2"]
    return cli.main([*words, "--device", "cpu"])


def lumas(path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [frame.picture.luma for frame in reader.frames()]


def test_unsure_intervals_are_told_with_their_times_and_the_sheet_brings_a_take_back(
    make_clip, tmp_path, capsys, model
) -> None:
    clip = make_clip("clip.mkv", frames=6, codec="ffv1")
    assert slow(model, clip, "--takes", "3", "-o", tmp_path / "a.mkv", "--codec", "ffv1") == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("took"))
    assert f"2 intervals compared, 2 to check in {tmp_path / 'a.takes'}" in lines[head]
    assert lines[head + 1].startswith("  0:00.042 to 0:00.167: from frame 0 to frame 2, spread ")
    assert lines[head + 2].startswith("  0:00.209 to 0:00.334: from frame 2 to frame 4, spread ")
    told = json.loads((tmp_path / "a.takes" / "takes.json").read_text())
    assert [interval["start"] for interval in told["intervals"]] == [0, 2]

    sheet = tmp_path / "a.xsheet.json"
    content = json.loads(sheet.read_text()) | {"takes": [{"start": 2, "next": 4, "seed": 2}]}
    sheet.write_text(json.dumps(content))
    common = ["--codec", "ffv1", "--xsheet", sheet]
    assert slow(model, clip, "-o", tmp_path / "b.mkv", *common) == 0
    assert slow(model, clip, "-o", tmp_path / "c.mkv", "--seed", "2", "--codec", "ffv1") == 0
    usual, chosen, other = (lumas(tmp_path / f"{name}.mkv") for name in "abc")
    assert not np.array_equal(usual[6], other[6])
    expected = [*usual[:5], *other[5:8], *usual[8:]]
    assert all(map(np.array_equal, chosen, expected))
    assert load_sheet(tmp_path / "b.xsheet.json").takes == load_sheet(sheet).takes


def test_several_clips_have_a_folder_of_takes_each(make_clip, tmp_path, capsys, model) -> None:
    clips = [make_clip(name, frames=4) for name in ("a.mp4", "b.mp4")]
    assert slow(model, *clips, "-o", f"{tmp_path / 'out'}/", "--takes", "2") == 0
    first, second, summary = capsys.readouterr().out.splitlines()
    for name, line in (("a", first), ("b", second)):
        folder = tmp_path / "out" / f"{name}.slow2x.takes"
        assert line.endswith(f"1 interval compared, 1 to check in {folder}")
        files = {path.name for path in folder.iterdir()}
        assert files == {"takes.json", *(f"frames_0-2.seed_{seed}.mp4" for seed in (0, 1))}
    assert summary == "2 clips: 2 done"
