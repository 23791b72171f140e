"""Under a moving camera the background goes along exactly; only figures are left to be drawn."""

import numpy as np
import pytest
import torch

from nakawari.slowmo.baselines import blend, nearest
from nakawari.slowmo.steady import camera_between, draw_steadied, part_of_the_way
from nakawari.video.color import ColorTags, to_rgb
from nakawari.video.picture import Picture
from tests.xsheet.stage import HEIGHT, WIDTH, shot_at

PAN = np.array([[1.0, 0.0, -12.0], [0.0, 1.0, 0.0]])
ZOOM = np.array([[1.1, 0.0, -16.0], [0.0, 1.1, -9.0]])


def frame_at(x: float, **how: object) -> torch.Tensor:
    return to_rgb(shot_at(x=x, **how), ColorTags(), "cpu")


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


@pytest.mark.parametrize("time", [0.25, 0.5, 0.75])
def test_a_pan_is_in_betweened_exactly_by_whatever_draws(time: float) -> None:
    ends = frame_at(0.0, figure=None), frame_at(12.0, figure=None)
    truth = frame_at(12.0 * time, figure=None)
    for draw in (blend, nearest):
        times = torch.tensor([time])
        steadied = draw_steadied(draw, *ends, times, PAN)
        assert (steadied - truth).abs().mean() < 0.15 * (draw(*ends, times) - truth).abs().mean()


def test_the_side_that_the_camera_brings_in_comes_from_the_later_frame() -> None:
    ends = frame_at(0.0, figure=None), frame_at(12.0, figure=None)
    drawn = draw_steadied(blend, *ends, torch.tensor([0.5]), PAN)
    truth = frame_at(6.0, figure=None)
    assert (drawn - truth)[..., -6:].abs().mean() < 0.03


def test_the_interpolator_sees_the_camera_stand() -> None:
    seen: list[torch.Tensor] = []

    def watch(frame_0, frame_1, frame_time):
        seen.extend([frame_0, frame_1])
        return blend(frame_0, frame_1, frame_time)

    frame_0, frame_1 = frame_at(0.0, mouth=2), frame_at(12.0, mouth=8, figure=(138.0, 90.0))
    draw_steadied(watch, frame_0, frame_1, torch.tensor([0.3, 0.6]), PAN)
    changed = (seen[0] - seen[1]).abs().amax(dim=(0, 1)) > 0
    assert changed[100:125, 135:165].any()  # the mouth
    assert changed.float().mean() < 0.05


def test_several_times_come_back_in_order() -> None:
    ends = frame_at(0.0), frame_at(12.0)
    times = torch.tensor([0.2, 0.5, 0.8])
    together = draw_steadied(blend, *ends, times, PAN)
    assert together.shape == (3, 3, HEIGHT, WIDTH)
    for index in range(3):
        alone = draw_steadied(blend, *ends, times[index : index + 1], PAN)
        assert torch.allclose(alone[0], together[index], atol=1e-5)
