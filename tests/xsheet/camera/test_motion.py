"""The camera's motion is found beside figures that stand still or move with it in part."""

import numpy as np
import pytest

from nakawari.xsheet.camera.motion import CameraMotion, Pair, camera_motion
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import HEIGHT, WIDTH, shot_at


def motion_between(before, after) -> CameraMotion | None:
    return camera_motion(Pair(plate(before).smooth.luma, plate(after).smooth.luma))


@pytest.mark.parametrize("step", [(0.7, 0.0), (3.0, -1.0), (-8.0, 2.5)])
def test_a_pan_is_found_to_a_tenth_of_a_pixel(step: tuple[float, float]) -> None:
    motion = motion_between(shot_at(), shot_at(x=step[0], y=step[1]))
    assert motion is not None
    middle = motion.camera[:, :2] @ (WIDTH / 2, HEIGHT / 2) + motion.camera[:, 2]
    assert middle == pytest.approx([WIDTH / 2 - step[0], HEIGHT / 2 - step[1]], abs=0.1)
    assert motion.support > DEFAULT.motion.min_support
    assert motion.speed == pytest.approx(np.hypot(*step), abs=0.1)


def test_a_zoom_is_found() -> None:
    motion = motion_between(shot_at(), shot_at(zoom=1.02))
    assert motion is not None
    assert motion.camera[0, 0] == pytest.approx(1.02, abs=0.001)


def test_a_figure_that_moves_is_no_camera() -> None:
    motion = motion_between(shot_at(), shot_at(figure=(156, 92)))
    assert motion is None or motion.support < DEFAULT.motion.min_support


def test_nothing_is_found_in_a_flat_picture() -> None:
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert camera_motion(Pair(flat, flat)) is None


def test_the_depth_of_a_layer_is_the_share_of_the_way_it_goes() -> None:
    motion = motion_between(shot_at(), shot_at(x=5.0, figure=(148.0, 90.0)))
    assert motion is not None
    assert motion.layer is not None
    assert motion.depth == pytest.approx(0.4, abs=0.05)
