"""What pictures are no use to train on, and why."""

import cv2
import numpy as np
import pytest

from nakawari.dataset.judge import Judge, Judgement, Proof
from nakawari.dataset.settings import BuildSettings, Reason

RNG = np.random.default_rng(0)
GROUND = cv2.GaussianBlur(RNG.normal(0, 1, (500, 800)).astype(np.float32), (0, 0), 12)
GROUND = np.clip(128 + 90 * GROUND / GROUND.std(), 0, 255).astype(np.uint8)


def view(x: int, brighter: int = 0, figure: int | None = None) -> Proof:
    """Return the ground seen from x px, 288x512, and a figure at ``figure`` px."""
    picture = GROUND[:288, x : x + 512].copy()
    if figure is not None:
        cv2.rectangle(picture, (figure, 100), (figure + 40, 180), 255, -1)
    return Proof(cv2.add(picture, np.full_like(picture, brighter)))


def judge(*proofs: Proof) -> Judgement:
    return Judge(BuildSettings())(*proofs)


@pytest.mark.parametrize("shift", [4, 12, 24])
def test_a_movement_is_kept_and_measured(shift: int) -> None:
    measures, rejected = judge(view(100), view(100 + shift), view(100 + 2 * shift))
    assert rejected is None
    assert measures.motion == pytest.approx(2 * shift, rel=0.1)


def test_a_repeated_drawing_is_a_duplicate_even_with_noise() -> None:
    noisy = np.clip(view(100).luma + RNG.normal(0, 2, (288, 512)), 0, 255).astype(np.uint8)
    assert judge(view(100), Proof(noisy), view(112)).rejected is Reason.DUPLICATE
    assert judge(view(88), view(100), Proof(noisy)).rejected is Reason.DUPLICATE


def test_a_small_change_is_no_duplicate() -> None:
    positions = (200, 206, 212)
    assert judge(*(view(100, figure=x) for x in positions)).rejected is None


def test_neighbours_that_are_one_drawing_are_a_cycle() -> None:
    assert judge(view(100), view(110), view(100)).rejected is Reason.CYCLE


@pytest.mark.parametrize("brighter", [40, 90])
def test_a_flash_is_left_out(brighter: int) -> None:
    assert judge(view(100), view(106, brighter), view(112)).rejected is Reason.FLASH


def test_a_fade_is_kept() -> None:
    assert judge(view(100), view(104, 10), view(108, 20)).rejected is None


def test_too_large_a_movement_is_left_out() -> None:
    found = Judge(BuildSettings(max_motion=30))(view(100), view(120), view(140))
    assert found.rejected is Reason.MOTION


def test_pictures_that_have_nothing_in_common_are_left_out() -> None:
    other = Proof(cv2.flip(GROUND, -1)[200:488, 200:712].copy())
    assert judge(view(100), view(104), other).rejected is Reason.UNMATCHED


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("height", 31, "height must be an even number of at least 32, got 31"),
        ("quality", 0, r"quality must be in \[1, 100\], got 0"),
        ("max_unmatched", 2.0, r"max_unmatched must be in \(0, 1\], got 2.0"),
        ("min_change", 0.0, "min_change must be above 0, got 0.0"),
    ],
)
def test_senseless_settings_fail(setting: str, value: float, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        BuildSettings(**{setting: value})  # type: ignore[arg-type]
