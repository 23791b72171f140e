"""Contours at the rim make a motion exact, and tell a camera from what is none."""

from dataclasses import replace

import numpy as np
import pytest

from nakawari.xsheet.camera.alignment import Contours, after, goes_back, inverse
from nakawari.xsheet.camera.motion import STILL, Pair, camera_motion
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import HEIGHT, WIDTH, shot_at


def shifted(x: float, y: float = 0.0) -> np.ndarray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def contours(before, now) -> Contours:
    return Contours(plate(before).smooth.luma, plate(now).smooth.luma)


def soft(x: float, figure: int = 0) -> np.ndarray:
    """Return a ground of soft patches, without a corner, that a camera at ``x`` px sees.

    ``figure``: the side [px] of a dark square with hard corners that stays in the middle.
    """
    columns, rows = np.meshgrid(np.arange(WIDTH) + x, np.arange(HEIGHT))
    luma = 128 + 50 * np.sin(columns / 11) * np.cos(rows / 9) + 30 * np.sin((columns + rows) / 19)
    if figure:
        middle = np.s_[(HEIGHT - figure) // 2 :, (WIDTH - figure) // 2 : (WIDTH + figure) // 2]
        luma[middle] = 20
    return np.rint(luma).astype(np.uint8)


@pytest.mark.parametrize("start", [(0.0, 0.0), (1.5, 0.0), (0.6, -0.8)])
def test_a_motion_is_made_exact(start: tuple[float, float]) -> None:
    rim = contours(shot_at(), shot_at(x=0.8, y=-0.3))
    camera = rim.fit(shifted(*start))
    middle = camera[:, :2] @ (WIDTH / 2, HEIGHT / 2) + camera[:, 2]
    assert middle == pytest.approx([WIDTH / 2 - 0.8, HEIGHT / 2 + 0.3], abs=0.06)
    assert rim.agreement(camera).share > 0.9


def test_a_zoom_is_made_exact() -> None:
    camera = contours(shot_at(), shot_at(zoom=1.015)).fit(STILL)
    assert camera[0, 0] == pytest.approx(1.015, abs=0.001)


@pytest.mark.parametrize("way", [(9.0, -4.0), (-11.0, 6.0)])
def test_a_shift_of_soft_patches_that_no_corner_tells_is_found(way: tuple[float, float]) -> None:
    rim = contours(shot_at(), shot_at(x=way[0], y=way[1]))
    camera = rim.fit(rim.search())
    assert camera[:, 2] == pytest.approx([-way[0], -way[1]], abs=0.1)
    assert rim.agreement(camera).share > 0.9


def test_few_contours_follow_a_wrong_motion() -> None:
    rim = contours(shot_at(), shot_at(x=3.0))
    assert rim.agreement(shifted(-3.0)).share > 0.9
    assert rim.agreement(shifted(3.0)).share < DEFAULT.motion.min_support
    assert rim.agreement(STILL).share < DEFAULT.motion.min_support


def test_nothing_is_told_where_nothing_moves() -> None:
    assert not contours(shot_at(), shot_at()).enough
    assert contours(shot_at(), shot_at(figure=(156, 92))).resting > 0.95


@pytest.mark.parametrize("pan", [0.9, 2.0])
def test_a_camera_is_believed_in_over_a_ground_without_corners(pan: float) -> None:
    generator = np.random.default_rng(0)

    def coded(luma: np.ndarray) -> np.ndarray:
        noisy = luma + generator.normal(0, 1.0, luma.shape)
        picture = replace(shot_at(), luma=np.clip(noisy, 0, 255).astype(np.uint8))
        return plate(picture).smooth.luma

    motion = camera_motion(
        Pair(coded(soft(0, figure=110)), coded(soft(pan, figure=110))), shifted(-pan)
    )
    assert motion is not None
    assert motion.support >= DEFAULT.motion.min_support
    middle = motion.camera[:, :2] @ (WIDTH / 2, HEIGHT / 2) + motion.camera[:, 2]
    assert middle == pytest.approx([WIDTH / 2 - pan, HEIGHT / 2], abs=0.25)


def test_a_motion_and_its_inverse_lead_nowhere() -> None:
    motion = np.array([[1.02, -0.01, 4.0], [0.01, 1.02, -7.0]])
    assert after(inverse(motion), motion) == pytest.approx(STILL)
    assert after(shifted(2, 1), motion)[:, 2] == pytest.approx([6.0, -6.0])


def test_a_pan_leads_back_to_earlier_frames_and_a_shake_elsewhere() -> None:
    size = (HEIGHT, WIDTH)
    assert goes_back(shifted(6), shifted(-3), size)
    assert not goes_back(shifted(-4), shifted(-3), size)
    assert not goes_back(shifted(1, 4), shifted(-3), size)
