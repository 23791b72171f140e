"""Where seeds disagree their takes are written, and the chosen one is in the output."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.pace import Pace, RampPoint
from nakawari.parsing import MAX_SEED
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.slowmo.takes import LIST, UNSURE, check_takes_folder, spread
from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import Picture
from nakawari.xsheet.sheet.files import load_sheet
from nakawari.xsheet.sheet.sheet import Take
from tests.builders.takes import WHITE, Counting, drawer, lumas, reseed, run, unsure_clip


@pytest.fixture
def clip(make_clip):
    return unsure_clip(make_clip)


def rgb(codes: np.ndarray) -> Picture:
    """Return a picture whose three channels are the same codes."""
    codes = codes.astype(np.uint8)
    return Picture(codes, codes, codes, None, PictureForm("rgb", 8, False))


def test_pictures_that_are_the_same_are_not_apart() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (20, 30))
    assert spread([rgb(codes)] * 4) == 0


def test_spread_is_the_deviation_of_the_hundredth_that_differs_most() -> None:
    plain, other = np.full((20, 30), 100), np.full((20, 30), 100)
    other[:2, :3] = 110  # six pixels of six hundred
    assert spread([rgb(plain), rgb(other)]) == pytest.approx(10 / np.sqrt(2))
    other[2:4, :3] = 104
    assert spread([rgb(plain), rgb(other)]) == pytest.approx(10 / np.sqrt(2))
    assert spread([rgb(plain), rgb(plain), rgb(other), rgb(other)]) == pytest.approx(10 / 3**0.5)


def test_only_what_the_seeds_draw_differently_is_to_be_checked(clip) -> None:
    result = run(clip, "slow.mkv", takes=4, codec="ffv1")
    assert result.takes is not None
    assert result.takes.compared == 5
    (unsure,) = result.takes.unsure
    assert (unsure.start, unsure.next) == (4, 6)
    assert unsure.spread > UNSURE
    told = json.loads((clip.parent / "slow.takes" / LIST).read_text())
    assert told["output"] == "slow.mkv"
    assert told["seeds"] == [0, 1, 2, 3]
    assert told["threshold"] == UNSURE
    (interval,) = told["intervals"]
    assert (interval["start"], interval["next"]) == (4, 6)
    rate = float(result.rate)
    assert interval["begins"] == pytest.approx(17 / rate, abs=1e-6)
    assert interval["ends"] == pytest.approx(24 / rate, abs=1e-6)
    assert [take["seed"] for take in interval["takes"]] == [0, 1, 2, 3]
    files = {path.name for path in result.takes.folder.iterdir()}
    assert files == {LIST, *(take["clip"] for take in interval["takes"])}


def test_each_clip_shows_what_the_output_shows_by_its_seed(clip) -> None:
    usual = run(clip, "usual.mkv", takes=3, codec="ffv1")
    assert usual.takes is not None
    for seed in (0, 1, 2):
        whole = run(clip, f"by{seed}.mkv", partial(drawer, seed=seed), codec="ffv1")
        shown = lumas(usual.takes.folder / f"frames_4-6.seed_{seed}.mp4")
        expected = lumas(whole.output)[16:25]  # a key, seven in-betweens, a key
        assert len(shown) == 9
        for one, other in zip(shown, expected, strict=True):
            assert abs(one - other).mean() < 2  # H.264 is not lossless


def test_the_output_is_what_it_is_without_takes(clip) -> None:
    with_takes = run(clip, "with.mkv", takes=4, codec="ffv1").output
    without = run(clip, "without.mkv", codec="ffv1").output
    assert all(map(np.array_equal, lumas(with_takes), lumas(without)))


def test_the_chosen_take_is_in_the_output_and_nothing_else_changes(clip) -> None:
    usual = run(clip, "usual.mkv", codec="ffv1")
    third = run(clip, "third.mkv", partial(drawer, seed=3), codec="ffv1")
    chosen = replace(usual.sheet, takes=(Take(start=4, next=6, seed=3),))
    sheet = clip.with_name("chosen.json")
    sheet.write_text(chosen.to_json())
    result = run(clip, "slow.mkv", xsheet=sheet, codec="ffv1")
    expected = lumas(usual.output)
    expected[17:24] = lumas(third.output)[17:24]
    assert all(map(np.array_equal, lumas(result.output), expected))
    assert load_sheet(result.sheet_path).takes == chosen.takes


def test_what_was_chosen_is_not_compared_again(clip) -> None:
    sheet = clip.with_name("chosen.json")
    usual = run(clip, "usual.mkv")
    for seed in (0, 3):
        chosen = replace(usual.sheet, takes=(Take(start=4, next=6, seed=seed),))
        sheet.write_text(chosen.to_json())
        result = run(clip, f"slow{seed}.mkv", xsheet=sheet, takes=4)
        assert result.takes is not None
        assert (result.takes.compared, result.takes.unsure) == (4, ())


def test_nothing_is_drawn_for_a_take_that_was_shown_to_choose_from(clip, tmp_path) -> None:
    first = Counting()
    result = run(clip, "first.mkv", first, takes=4, drawn=tmp_path / "drawn")
    # Five intervals have seven in-betweens each; each seed draws the middle of each, and three
    # others all of one.
    assert {seed: first.drawn.count(seed) for seed in range(4)} == {0: 40, 1: 12, 2: 12, 3: 12}
    sheet = clip.with_name("chosen.json")
    sheet.write_text(replace(result.sheet, takes=(Take(start=4, next=6, seed=2),)).to_json())
    second = Counting()
    run(clip, "second.mkv", second, takes=4, drawn=tmp_path / "drawn", xsheet=sheet)
    assert second.drawn == []


def test_seeds_go_on_from_the_one_that_was_asked_for(clip) -> None:
    result = run(clip, "slow.mp4", partial(drawer, seed=7), seed=7, takes=2)
    assert result.takes is not None
    told = json.loads((result.takes.folder / LIST).read_text())
    assert told["seeds"] == [7, 8]
    assert not told["intervals"]  # both draw white


def test_a_ramp_goes_together_with_takes(clip) -> None:
    ramp = Pace((RampPoint(Fraction(0), Fraction(1)), RampPoint(Fraction(1, 3), Fraction(1, 6))))
    result = run(clip, "ramp.mkv", takes=4, ramp=ramp, codec="ffv1")
    assert result.takes is not None
    (unsure,) = result.takes.unsure
    first, last = (int(time * result.rate) for time in (unsure.begins, unsure.ends))
    clips = [lumas(result.takes.folder / unsure.clip(seed)) for seed in (0, 3)]
    output = lumas(result.output)
    assert [len(shown) for shown in clips] == [last - first + 2] * 2
    for shown, expected in zip(clips[0][1:-1], output[first:last], strict=True):
        assert abs(shown - expected).mean() < 2


def test_takes_of_the_same_job_are_replaced(clip) -> None:
    run(clip, "slow.mp4", takes=4)
    before = (clip.parent / "slow.takes" / LIST).read_text()
    run(clip, "slow.mp4", takes=3, overwrite=True)
    after = (clip.parent / "slow.takes" / LIST).read_text()
    assert before != after
    assert not (clip.parent / "slow.takes" / "frames_4-6.seed_3.mp4").exists()


def test_a_folder_of_something_else_is_not_replaced_fails(clip) -> None:
    folder = clip.parent / "slow.takes"
    folder.mkdir()
    (folder / LIST).touch()
    check_takes_folder(folder)
    (folder / "precious.txt").touch()
    with pytest.raises(UserError, match="is there and holds other things; move it"):
        run(clip, "slow.mp4", takes=2, overwrite=True)
    assert (folder / "precious.txt").exists()


def test_a_model_without_chance_has_no_takes_fails(clip) -> None:
    job = SlowJob(source=clip, output=clip.with_name("slow.mp4"), takes=2)
    with pytest.raises(UserError, match="draws the same with every seed; leave out --takes"):
        run_job(job, lambda: blend, "cpu")


def test_seeds_that_do_not_exist_fail(clip) -> None:
    with pytest.raises(UserError, match=r"needs as many seeds from --seed 9.* give a smaller one"):
        run(clip, "slow.mp4", seed=MAX_SEED, takes=2)


@pytest.mark.parametrize("takes", [0, 9])
def test_so_many_takes_fail(clip, takes) -> None:
    with pytest.raises(ValueError, match=f"takes must be from 1 to 8, got {takes}"):
        run(clip, "slow.mp4", takes=takes)


def test_a_take_of_no_interval_is_told_and_not_used(clip) -> None:
    usual = run(clip, "usual.mp4")
    sheet = clip.with_name("chosen.json")
    sheet.write_text(replace(usual.sheet, takes=(Take(start=4, next=7, seed=3),)).to_json())
    lines: list[str] = []
    job = SlowJob(source=clip, output=clip.with_name("slow.mp4"), xsheet=sheet)
    run_job(job, lambda: drawer, "cpu", reseed=reseed, tell=lines.append)
    assert lines == [
        "the take of frames 4 to 7 is not used: no in-betweens lead from the one to the other"
    ]
    assert job.output.read_bytes() == usual.output.read_bytes()


def test_transparent_pictures_in_rgb_have_takes_that_any_player_shows(tmp_path) -> None:
    import cv2

    folder = tmp_path / "cels"
    folder.mkdir()
    for number in range(6):
        pixels = np.zeros((31, 41, 4), np.uint8)
        pixels[8:20, 4 * number : 4 * number + 10] = (40, 60, 230, 255)
        pixels[-8:, -8:] = WHITE
        cv2.imwrite(str(folder / f"{number:03d}.png"), pixels)
    result = run(folder, "slow", takes=4, codec="png")
    assert result.takes is not None
    assert len(result.takes.unsure) == 5
    shown = lumas(result.takes.folder / result.takes.unsure[0].clip(3))
    assert shown[0].shape == (32, 42)
    assert shown[1][2, 2] < 120  # 0.9 in [-1, 1] above black
