"""A camera is found under what stands on the screen: a large logo, subtitles that change."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from nakawari.xsheet.camera.motion import CameraMotion, Pair, camera_motion
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import HEIGHT, WIDTH, shot_at

LOGO = (72, 160)  # rows and columns [px]: a fifth of the picture
PLACES = {
    "left": (8, 8),
    "right": (8, WIDTH - LOGO[1] - 8),
    "middle": (8, (WIDTH - LOGO[1]) // 2),
}
SUBTITLES = ("I never said that", "Where did you go?")
MIDDLE = np.array([WIDTH / 2, HEIGHT / 2])


def with_logo(luma: np.ndarray, top: int, left: int) -> np.ndarray:
    """Return the picture under a plate with large letters on it."""
    rows, columns = LOGO
    shown = luma.copy()
    shown[top : top + rows, left : left + columns] = 205
    for line, words in enumerate(("ANIME", "TV 24"), 1):
        place = (left + 10, top + line * rows // 2 - 8)
        cv2.putText(shown, words, place, cv2.FONT_HERSHEY_DUPLEX, 1.1, 40, 3, cv2.LINE_AA)
    return shown


def with_subtitle(luma: np.ndarray, text: str) -> np.ndarray:
    """Return the picture under a line of white letters that have a black edge."""
    shown = luma.copy()
    for value, thickness in ((10, 5), (240, 2)):
        place = (20, HEIGHT - 14)
        cv2.putText(shown, text, place, cv2.FONT_HERSHEY_DUPLEX, 0.8, value, thickness)
    return shown


def motion_between(before: np.ndarray, after: np.ndarray) -> CameraMotion | None:
    planes = [plate(replace(shot_at(), luma=luma)).smooth.luma for luma in (before, after)]
    return camera_motion(Pair(*planes))


def is_trusted(motion: CameraMotion | None) -> bool:
    return motion is not None and motion.support >= DEFAULT.motion.min_support


def way_of_the_middle(motion: CameraMotion) -> np.ndarray:
    """Return how far the middle of the picture goes (x, y) [px]."""
    return motion.camera[:, :2] @ MIDDLE + motion.camera[:, 2] - MIDDLE


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("step", [(2.0, 0.0), (-5.0, 3.0)])
def test_a_pan_is_found_under_a_logo_that_fills_a_fifth(place, step) -> None:
    before, after = (with_logo(shot_at(*at, figure=None).luma, *place) for at in ((0.0, 0.0), step))
    assert LOGO[0] * LOGO[1] == pytest.approx(0.2 * HEIGHT * WIDTH)
    motion = motion_between(before, after)
    assert is_trusted(motion)
    assert motion is not None
    assert way_of_the_middle(motion) == pytest.approx([-step[0], -step[1]], abs=0.15)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_zoom_is_found_under_a_logo_that_fills_a_fifth(place) -> None:
    before, after = (
        with_logo(shot_at(zoom=zoom, figure=None).luma, *place) for zoom in (1.0, 1.02)
    )
    motion = motion_between(before, after)
    assert is_trusted(motion)
    assert motion is not None
    assert motion.camera[0, 0] == pytest.approx(1.02, abs=0.001)


@pytest.mark.parametrize("texts", [(SUBTITLES[0],) * 2, SUBTITLES], ids=["stand", "change"])
def test_a_pan_is_found_under_subtitles(texts) -> None:
    before, after = (
        with_subtitle(shot_at(x=x, figure=None).luma, text)
        for x, text in zip((0.0, 3.0), texts, strict=True)
    )
    motion = motion_between(before, after)
    assert is_trusted(motion)
    assert motion is not None
    assert way_of_the_middle(motion) == pytest.approx([-3.0, 0.0], abs=0.15)


def test_a_logo_that_slides_over_a_ground_that_stands_is_no_camera() -> None:
    ground = shot_at(figure=None).luma
    top, left = PLACES["left"]
    assert not is_trusted(
        motion_between(with_logo(ground, top, left), with_logo(ground, top, left + 4))
    )


def test_subtitles_that_change_over_a_ground_that_stands_are_no_camera() -> None:
    ground = shot_at(figure=None).luma
    assert not is_trusted(motion_between(*(with_subtitle(ground, text) for text in SUBTITLES)))
