"""Under a moving camera the background goes along exactly; only figures are left to be drawn.

The stage's figure is placed on the screen: it goes with the ground if it is placed so.
"""

import numpy as np
import pytest
import torch

from nakawari.slowmo.baselines import blend, nearest
from nakawari.slowmo.steady import SteadiedInterval
from nakawari.video.color import ColorTags, to_rgb
from tests.builders.stage import HEIGHT, WIDTH, shot_at

PAN = np.array([[1.0, 0.0, -12.0], [0.0, 1.0, 0.0]])


def frame_at(x: float, **how: object) -> torch.Tensor:
    return to_rgb(shot_at(x=x, **how), ColorTags(), "cpu")


@pytest.mark.parametrize("time", [0.25, 0.5, 0.75])
def test_a_pan_is_in_betweened_exactly_by_whatever_draws(time: float) -> None:
    ends = frame_at(0.0, figure=None), frame_at(12.0, figure=None)
    truth = frame_at(12.0 * time, figure=None)
    for draw in (blend, nearest):
        times = torch.tensor([time])
        steadied = SteadiedInterval(*ends, PAN).draw(draw, times)
        assert (steadied - truth).abs().mean() < 0.15 * (draw(*ends, times) - truth).abs().mean()


def test_the_side_that_the_camera_brings_in_comes_from_the_later_frame() -> None:
    ends = frame_at(0.0, figure=None), frame_at(12.0, figure=None)
    drawn = SteadiedInterval(*ends, PAN).draw(blend, torch.tensor([0.5]))
    truth = frame_at(6.0, figure=None)
    assert (drawn - truth)[..., -6:].abs().mean() < 0.03


def test_the_interpolator_sees_the_camera_stand() -> None:
    seen: list[torch.Tensor] = []

    def watch(frame_0, frame_1, frame_time):
        seen.extend([frame_0, frame_1])
        return blend(frame_0, frame_1, frame_time)

    frame_0, frame_1 = frame_at(0.0, mouth=2), frame_at(12.0, mouth=8, figure=(138.0, 90.0))
    SteadiedInterval(frame_0, frame_1, PAN).draw(watch, torch.tensor([0.3, 0.6]))
    changed = (seen[0] - seen[1]).abs().amax(dim=(0, 1)) > 0
    assert changed[100:125, 135:165].any()  # the mouth
    assert changed.float().mean() < 0.05


def test_several_times_come_back_in_order() -> None:
    ends = frame_at(0.0), frame_at(12.0)
    times = torch.tensor([0.2, 0.5, 0.8])
    together = SteadiedInterval(*ends, PAN).draw(blend, times)
    assert together.shape == (3, 3, HEIGHT, WIDTH)
    for index in range(3):
        alone = SteadiedInterval(*ends, PAN).draw(blend, times[index : index + 1])
        assert torch.allclose(alone[0], together[index], atol=1e-5)


@pytest.mark.parametrize("time", [0.25, 0.5, 0.75])
def test_a_figure_that_is_held_on_the_screen_is_copied_and_the_ground_goes_on(time: float) -> None:
    ends = frame_at(0.0), frame_at(12.0)
    truth = frame_at(12.0 * time)
    times = torch.tensor([time])
    steadied = SteadiedInterval(*ends, PAN).draw(blend, times)
    inside = np.s_[..., 60:120, 130:170]
    assert torch.allclose(steadied[inside], ends[0][inside], atol=1e-5)
    around = (steadied - truth)[..., 20:160, 80:220].abs().mean()
    assert around < 0.15 * (blend(*ends, times) - truth)[..., 20:160, 80:220].abs().mean()


def test_a_figure_on_the_screen_is_drawn_by_its_own_motion_over_ground_that_stands() -> None:
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def watch(frame_0, frame_1, frame_time):
        seen.append((frame_0, frame_1))
        return blend(frame_0, frame_1, frame_time)

    frame_0, frame_1 = frame_at(0.0), frame_at(24.0, figure=(153.0, 90.0))
    times = torch.tensor([0.25, 0.75])
    SteadiedInterval(frame_0, frame_1, np.array([[1.0, 0.0, -24.0], [0.0, 1.0, 0.0]])).draw(
        watch, times
    )
    assert len(seen) == 2
    for before, after in seen:
        # Left and right of it, and in it where neither drawing has a line.
        for part in (np.s_[..., :100], np.s_[..., 205:], np.s_[..., 100:125, 135:168]):
            assert (before[part] - after[part]).abs().max() < 0.02
        assert torch.allclose(before[..., 60:120, 130:170], frame_0[..., 60:120, 130:170])
        assert torch.allclose(after[..., 60:120, 130:170], frame_1[..., 60:120, 130:170])


def test_what_was_drawn_is_not_carried_again() -> None:
    checks = (torch.arange(HEIGHT)[:, None] + torch.arange(WIDTH)) % 2 * 2.0 - 1

    def draw(frame_0, frame_1, frame_time):
        return checks.expand(len(frame_time), 3, HEIGHT, WIDTH)

    ends = frame_at(0.0), frame_at(12.0)
    drawn = SteadiedInterval(*ends, PAN).draw(draw, torch.tensor([0.3]))
    assert torch.equal(drawn[0, 0], checks)
