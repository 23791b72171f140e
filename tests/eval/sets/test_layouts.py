"""The published sets, in tiny: what is read, and what is named when it is missing."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval import benchmark
from eval.sets.layouts import read_atd12k, read_snu_film, read_x_test
from eval.sets.triplet_list import Region, TripletEntry
from nakawari.errors import UserError
from tests.eval.conftest import write_picture

SIZE = (54, 96)  # H, W: a tenth of 540p


def _about(**changes: Any) -> str:
    about = {
        "level": 0,
        "image_size": [1920, 1080],
        "motion_RoI": {"x": 210, "y": 110, "width": 1010, "height": 800},
    }
    return json.dumps(about | changes)


def _annotate(folder: Path, text: str) -> None:
    next(folder.glob("*/*/*.json")).write_text(text)


def _atd(folder: Path, names: dict[str, int], **changes: Any) -> Path:
    for seed, (name, level) in enumerate(names.items()):
        frames = folder / "test_2k_540p" / name
        frames.mkdir(parents=True)
        for number in (1, 2, 3):
            write_picture(frames / f"frame{number}.png", seed=10 * seed + number, size=SIZE)
        annotation = folder / "test_2k_annotations" / name / f"{name}.json"
        annotation.parent.mkdir(parents=True)
        annotation.write_text(_about(level=level, **changes))
    return folder


def test_atd12k_gives_difficulty_studio_and_the_region_at_the_frames_size(tmp_path: Path) -> None:
    folder = _atd(tmp_path, {"Disney_a_1": 0, "Japan_b_2": 2})
    first, second = read_atd12k(folder)
    assert (first.id, first.tags) == ("Disney_a_1", ("difficulty:easy", "studio:Disney"))
    assert second.tags == ("difficulty:hard", "studio:Japan")
    assert [p.name for p in (first.frame_0, first.target, first.frame_1)] == [
        "frame1.png", "frame2.png", "frame3.png",
    ]  # fmt: skip
    assert first.frame_time == 0.5
    assert first.region == Region(10, 5, 50, 40)  # a twentieth, rounded down


def test_a_region_past_the_frame_is_cut_and_one_without_pixels_is_none(tmp_path: Path) -> None:
    large = {"x": 1000, "y": 0, "width": 5000, "height": 5000}
    folder = _atd(tmp_path / "large", {"Disney_a_1": 1}, motion_RoI=large)
    assert read_atd12k(folder)[0].region == Region(50, 0, 46, 54)
    empty = {"x": 0, "y": 0, "width": 3, "height": 5000}
    folder = _atd(tmp_path / "empty", {"Disney_a_1": 1}, motion_RoI=empty)
    assert read_atd12k(folder)[0].region is None


def test_a_run_on_atd12k_reports_the_region_and_the_tiers(tmp_path: Path) -> None:
    folder = _atd(tmp_path / "atd", {"Disney_a_1": 0, "Japan_b_2": 2})
    output = tmp_path / "output"
    command = ["--atd12k", str(folder), "--methods", "nearest", "--device", "cpu"]
    assert benchmark.main([*command, "--output", str(output)]) == 0
    results = json.loads((output / "results.json").read_text())
    assert results["groups"].keys() >= {
        "difficulty:easy", "difficulty:hard", "studio:Disney", "studio:Japan",
    }  # fmt: skip
    scores = results["samples"][0]["scores"]["nearest"]
    assert scores["psnr_roi"] != scores["psnr"]
    assert results["summary"]["nearest"]["lpips_roi"]["samples"] == 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "test_2k_540p").rename(f / "other"), "holds no test_2k_540p"),
        (lambda f: (f / "test_2k_annotations").rename(f / "o"), "holds no test_2k_annotations"),
        (lambda f: next(f.glob("*/*/frame2.png")).unlink(), "Disney_a_1 holds 2 pictures"),
        (lambda f: next(f.glob("*/*/*.json")).unlink(), "cannot read .*Disney_a_1.json"),
        (lambda f: next(f.glob("*/*/*.json")).write_text("{}"), "no annotation of ATD-12K"),
        (lambda f: _annotate(f, "[" * 100_000), "no annotation of ATD-12K .*nested too deeply"),
        (lambda f: _annotate(f, _about(image_size=[0, 0])), "no annotation of ATD-12K .*ZeroDiv"),
        (lambda f: _annotate(f, _about(motion_RoI=math.inf)), "no annotation of ATD-12K"),
        (lambda f: _annotate(f, _about(level=math.nan)), "no annotation of ATD-12K"),
        (
            lambda f: write_picture(next(f.glob("*/*/frame2.png")), seed=0, size=(54, 90)),
            "Disney_a_1: sizes differ",
        ),
        (
            lambda f: next(f.glob("*/*/frame2.png")).write_text("no"),
            "frame2.png is no picture",
        ),
    ],
)
def test_what_is_wrong_in_atd12k_fails(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    folder = _atd(tmp_path / "set", {"Disney_a_1": 0})
    spoil(folder)
    with pytest.raises(UserError, match=message):
        read_atd12k(folder)


def test_an_empty_atd12k_fails(tmp_path: Path) -> None:
    for name in ("test_2k_540p", "test_2k_annotations"):
        (tmp_path / name).mkdir()
    with pytest.raises(UserError, match="is empty"):
        read_atd12k(tmp_path)


def _snu(folder: Path, lines: list[str], at: str = "test-hard.txt") -> Path:
    frames = folder / "test" / "GOPRO_test" / "clip"
    frames.mkdir(parents=True)
    for number in range(3):
        write_picture(frames / f"{number}.png", seed=number)
    (folder / at).parent.mkdir(exist_ok=True)
    (folder / at).write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("at", ["test-hard.txt", "eval_modes/test-hard.txt"])
@pytest.mark.parametrize("prefix", ["data/SNU-FILM/test/", "test/"])
def test_snu_film_names_frame_0_target_and_frame_1(tmp_path: Path, at: str, prefix: str) -> None:
    line = " ".join(f"{prefix}GOPRO_test/clip/{number}.png" for number in range(3))
    (triplet,) = read_snu_film(_snu(tmp_path, [line, ""], at))
    assert (triplet.id, triplet.tags, triplet.frame_time) == ("hard_001", ("tier:hard",), 0.5)
    assert [p.name for p in (triplet.frame_0, triplet.target, triplet.frame_1)] == [
        "0.png", "1.png", "2.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a.png b.png"], r"test-hard.txt:1: must name 3 pictures, got 2"),
        (["x/0.png x/1.png absent.png"], r"cannot read .*x/0\.png"),
    ],
)
def test_what_is_wrong_in_snu_film_fails(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_snu_film(_snu(tmp_path, lines))


def test_a_list_that_is_no_text_is_no_snu_film_and_fails(tmp_path: Path) -> None:
    (tmp_path / "test-hard.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"test-hard.txt is not UTF-8 text"):
        read_snu_film(tmp_path)


def test_a_folder_without_lists_is_no_snu_film_and_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no test-easy\.txt"):
        read_snu_film(tmp_path)


def _scene(folder: Path, name: str) -> Path:
    scene = folder / name
    scene.mkdir(parents=True)
    for number in range(0, 33, 4):
        write_picture(scene / f"{number:04d}.png", seed=number)
    return folder


def test_x_test_has_seven_frames_between_the_first_and_the_last(tmp_path: Path) -> None:
    folder = _scene(tmp_path, "test/Type1/TEST01")
    triplets: list[TripletEntry] = read_x_test(folder)
    assert [t.frame_time for t in triplets] == [number / 8 for number in range(1, 8)]
    assert {(t.frame_0.name, t.frame_1.name) for t in triplets} == {("0000.png", "0032.png")}
    assert triplets[2].target.name == "0012.png"
    assert triplets[2].id == "Type1_TEST01_12"
    assert triplets[2].tags == ("type:Type1",)


def test_a_scene_that_ends_early_fails(tmp_path: Path) -> None:
    _scene(tmp_path, "Type1/TEST01")
    (tmp_path / "Type1" / "TEST01" / "0032.png").unlink()
    with pytest.raises(UserError, match=r"cannot read .*0032\.png"):
        read_x_test(tmp_path)


def test_a_folder_without_scenes_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no scene with a 0000\.png"):
        read_x_test(tmp_path)


def test_flicker_is_that_of_the_series_and_none_where_it_has_a_gap(tmp_path: Path) -> None:
    """Two of the seven frames of a still scene are one code value brighter than the rest."""
    scene = tmp_path / "set" / "Type1" / "still"
    scene.mkdir(parents=True)
    for number in range(0, 33, 4):
        write_picture(scene / f"{number:04d}.png", seed=1)
    folder = tmp_path / "drawn"
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(255, size=(40, 48, 3), dtype=np.uint8)
    from PIL import Image

    for number in range(0, 33, 4):
        Image.fromarray(pixels).save(scene / f"{number:04d}.png")
        brighter = pixels + (number in (12, 16))
        name = f"Type1_still_{number:02d}.png"
        Image.fromarray(brighter.astype(np.uint8)).save(folder / name)
    command = ["--x-test", str(tmp_path / "set"), "--methods", "nearest", "--device", "cpu"]
    command += ["--predictions", f"drawn={folder}"]
    assert benchmark.main([*command, "--output", str(tmp_path / "a")]) == 0
    samples = json.loads((tmp_path / "a" / "results.json").read_text())["samples"]
    flickers = [row["scores"]["drawn"]["flicker"] for row in samples]
    assert flickers == pytest.approx([0, 0.5, 0.5, 0.5, 0.5, 0, 0], abs=1e-4)
    assert {row["scores"]["nearest"]["flicker"] for row in samples} == {0}
    (folder / "Type1_still_20.png").unlink()
    assert benchmark.main([*command, "--output", str(tmp_path / "b")]) == 0
    rows = json.loads((tmp_path / "b" / "results.json").read_text())["samples"]
    assert not any("flicker" in row["scores"]["drawn"] for row in rows)
