"""How far the camera goes between two pictures, and parts of its way."""

import numpy as np
import pytest

from nakawari.slowmo.camera import camera_between, part_of_the_way
from nakawari.video.picture import Picture
from tests.builders.stage import HEIGHT, WIDTH, shot_at

PAN = np.array([[1.0, 0.0, -12.0], [0.0, 1.0, 0.0]])
ZOOM = np.array([[1.1, 0.0, -16.0], [0.0, 1.1, -9.0]])


def test_no_part_of_the_way_is_none_of_it_and_all_of_it_is_the_camera() -> None:
    for camera in (PAN, ZOOM):
        assert part_of_the_way(camera, 0.0, HEIGHT, WIDTH) == pytest.approx(np.eye(2, 3))
        assert part_of_the_way(camera, 1.0, HEIGHT, WIDTH) == pytest.approx(camera)


def test_a_zoom_grows_by_the_same_factor_in_the_same_time() -> None:
    half = part_of_the_way(ZOOM, 0.5, HEIGHT, WIDTH)
    assert half[0, 0] ** 2 == pytest.approx(1.1)


@pytest.mark.parametrize("halvings", [0, 1])
def test_the_camera_is_measured_in_pixels_of_the_picture(halvings: int) -> None:
    factor = 2**halvings * 2  # the stage is 320 px wide, and pictures of 640 are not halved

    def large(picture: Picture) -> Picture:
        return Picture(*(np.kron(plane, np.ones((factor, factor), np.uint8)) for plane in picture))

    camera = camera_between(large(shot_at()), large(shot_at(x=5.0)))
    assert camera is not None
    middle = np.array([WIDTH, HEIGHT]) * factor / 2
    moved = camera[:, :2] @ middle + camera[:, 2] - middle
    assert moved == pytest.approx([-5.0 * factor, 0.0], abs=0.15 * factor)


def test_no_camera_is_found_between_unrelated_pictures() -> None:
    assert camera_between(shot_at(seed=1), shot_at(seed=2)) is None
