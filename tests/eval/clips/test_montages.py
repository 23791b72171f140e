"""Montages: their truth is true, and each family holds what it is named for."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from eval.clips.halves import SETS, ArtHalf, ClipSet, load_half
from eval.clips.montages import MONTAGES, SHOT
from eval.clips.strips import UNCLEAR, Strip, lit
from eval.clips.write import draw_strip
from eval.drawings import main
from nakawari.errors import UserError

SIZE = (144, 256)  # H, W


@pytest.fixture(scope="module")
def tuning() -> tuple[ClipSet, ArtHalf]:
    return SETS["tuning"], load_half(SETS["tuning"])


@pytest.fixture(scope="module")
def montages(tuning: tuple[ClipSet, ArtHalf]) -> dict[str, Strip]:
    return {family: draw_strip(*tuning, family, 0, *SIZE) for family in MONTAGES}


@pytest.mark.parametrize("family", MONTAGES)
def test_a_cut_changes_the_picture_more_than_any_frame_beside_it(
    family: str, montages: dict[str, Strip]
) -> None:
    strip = montages[family]
    assert strip.cuts
    assert set(strip.cadences) == {UNCLEAR}
    assert len(strip.cadences) == len(strip.cuts) + 1
    changes = [0.0] + [cv2.absdiff(a, b).mean() for a, b in pairwise(strip.frames)]
    held = [change for n, change in enumerate(changes) if not strip.new_drawings()[n]]
    assert min(changes[cut] for cut in strip.cuts) > max(held, default=0.0) or family in (
        "montage_moving",
        "montage_action",
        "montage_dark",
        "montage_framed",
    )  # under a pan a held drawing changes the picture as well


@pytest.mark.parametrize("family", ["montage_stills", "montage_moving", "montage_inserts"])
def test_shots_are_of_2_to_12_frames(family: str, montages: dict[str, Strip]) -> None:
    strip = montages[family]
    lengths = np.diff([0, *strip.cuts, len(strip.frames)])
    low, high = SHOT
    assert low <= lengths.min() <= lengths.max() <= high


def test_nothing_moves_in_a_montage_of_stills(montages: dict[str, Strip]) -> None:
    strip = montages["montage_stills"]
    new = [frame for frame, is_new in enumerate(strip.new_drawings()) if is_new]
    assert new == [0, *strip.cuts]


def test_a_montage_at_night_is_dark(montages: dict[str, Strip]) -> None:
    assert np.max(montages["montage_dark"].frames) <= 0.2 * 255 + 1


def test_what_surrounds_a_framed_picture_never_changes(montages: dict[str, Strip]) -> None:
    frames = np.stack(montages["montage_framed"].frames)
    assert 0.1 < (np.ptp(frames, axis=0) == 0).all(axis=2).mean() < 0.75


def test_a_shot_comes_back_after_an_insert(montages: dict[str, Strip]) -> None:
    strip = montages["montage_inserts"]
    first, insert = strip.cuts[:2]
    there = cv2.absdiff(strip.frames[first - 1], strip.frames[insert]).mean()
    away = cv2.absdiff(strip.frames[first - 1], strip.frames[first]).mean()
    assert there < away / 2


def test_no_cut_is_within_a_flash_or_beside_one(montages: dict[str, Strip]) -> None:
    strip = montages["montage_flashes"]
    assert strip.flashes
    for first, last in strip.flashes:
        assert not {*range(first - 1, last + 3)} & {0, *strip.cuts}


def test_another_light_shows_on_its_frames_only() -> None:
    frames = [np.full((4, 6, 3), value, np.uint8) for value in (10, 20, 30, 40)]
    frames = [np.dstack([frame[..., 0], frame[..., 1], frame[..., 2]]) for frame in frames]
    strip = Strip(frames=frames, exposures=[0, 0, 1, 1], camera=[None] * 4, cadences=[2])
    shown = lit(strip, [(1, 2)], lambda frame: 255 - frame)
    assert [int(frame[0, 0, 0]) for frame in shown.frames] == [10, 235, 225, 40]
    assert shown.flashes == ((1, 2),)
    assert shown.cadences == [UNCLEAR]
    assert [int(frame[0, 0, 0]) for frame in strip.frames] == [10, 20, 30, 40]


def test_a_plain_light_is_one_drawing_however_long() -> None:
    frames = [np.random.default_rng(n).integers(0, 255, (4, 6, 3), np.uint8) for n in range(5)]
    strip = Strip(frames=frames, exposures=[*range(5)], camera=[None] * 5, cadences=[1])
    shown = lit(strip, [(1, 3)], lambda frame: np.zeros_like(frame))
    assert shown.new_drawings() == [True, True, False, False, True]


def test_montages_stands_for_all_their_families(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def write(*arguments: object, families: list[str], **options: object) -> list[object]:
        asked.extend(families)
        raise UserError("enough")

    monkeypatch.setattr("eval.drawings.write_clips", write)
    assert main(["--set", "tuning", "--families", "montages,cuts"]) == 2
    assert asked == [*MONTAGES, "cuts"]
