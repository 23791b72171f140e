"""The ground at the picture's edge goes with a camera, and stands behind a figure."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from nakawari.xsheet.camera.ground import Evidence, Ground, evidence
from nakawari.xsheet.camera.motion import Pair, camera_motion
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import HEIGHT, WIDTH, shifted, shot_at

NOISE = 1.0


def ground(*arguments: Any) -> Ground:
    return evidence(*arguments).ground


def smooth(luma: np.ndarray) -> np.ndarray:
    return plate(replace(shot_at(), luma=luma)).smooth.luma


def shades(x: float = 0.0) -> np.ndarray:
    """Return a ground without a contour, that a camera at ``x`` px sees."""
    columns, rows = np.meshgrid(np.arange(WIDTH) + x, np.arange(HEIGHT))
    return np.rint(110 + 45 * np.sin(columns / 25 + rows / 40)).astype(np.uint8)


def before_shades(x: float) -> np.ndarray:
    """Return a close figure that has gone ``x`` px: it reaches the rim, its ground stands."""
    figure = shot_at(x=-x, figure=None).luma
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(mask, (WIDTH // 2, HEIGHT // 2 + 10), (135, 75), 0, 0, 360, 1.0, -1)
    mask = cv2.warpAffine(mask, shifted(x), (WIDTH, HEIGHT))
    return np.rint(mask * figure + (1 - mask) * shades()).astype(np.uint8)


@pytest.mark.parametrize("pan", [0.8, 3.0])
def test_shades_tell_that_a_camera_carries_them(pan: float) -> None:
    told = ground(smooth(shades()), smooth(shades(pan)), shifted(-pan), NOISE)
    assert told.carried
    assert told.stands < 0.05
    assert not ground(smooth(shades()), smooth(shades()), shifted(-pan), NOISE).carried


def test_a_ground_that_stands_behind_a_close_figure_is_told() -> None:
    told = ground(smooth(before_shades(0)), smooth(before_shades(2)), shifted(2), NOISE)
    assert not told.carried
    assert told.stands > 0.5


def test_a_close_figure_that_moves_as_one_is_not_trusted_as_a_camera() -> None:
    still, moved = smooth(before_shades(0)), smooth(before_shades(2))
    motion = camera_motion(Pair(still, moved))
    assert motion is not None
    assert motion.camera[:, 2] == pytest.approx([2.0, 0.0], abs=0.1)  # its motion is seen,
    assert motion.support < DEFAULT.motion.min_support  # but is none of the camera


def test_a_figure_fixed_to_the_screen_does_not_hide_that_the_ground_goes() -> None:
    pictures = [plate(shot_at(x=x, figure=(60, 60))).smooth.luma for x in (0.0, 2.0)]
    assert ground(*pictures, shifted(-2), NOISE).carried


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (48, 64)])
def test_a_plain_ground_and_a_tiny_one_tell_nothing(size: tuple[int, int]) -> None:
    plain = np.full(size, 90, np.uint8)
    assert ground(plain, plain, shifted(2), NOISE) == Ground(0.0, 0.0)


def test_what_one_frame_does_not_tell_several_do() -> None:
    told: Evidence | None = None
    carried = []
    for frame in range(8):
        pictures = (smooth(shades(0.3 * frame)), smooth(shades(0.3 * (frame + 1))))
        told = evidence(*pictures, shifted(-0.3), NOISE).after(told, 0.8)
        carried.append(told.ground.carried)
    assert not carried[0]
    assert carried[-1]
