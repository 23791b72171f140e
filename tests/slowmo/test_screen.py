"""Of things that are no ground, those that stand on the screen are told from those that do not."""

import pytest
import torch

from nakawari.slowmo.camera import carried
from nakawari.slowmo.screen import Standing, standing_on_screen
from nakawari.video.color import ColorTags, to_rgb
from nakawari.xsheet.camera.alignment import inverse
from nakawari.xsheet.camera.motion import Matrix
from tests.builders.stage import HEIGHT, WIDTH, shifted, shot_at

AT = (150.0, 90.0)


def standing(pan: float, at: tuple[float, float], mouth: int = 0) -> Standing | None:
    """Look at a pan during which the figure goes from AT to another place on the screen."""
    frames = [
        to_rgb(picture, ColorTags(), "cpu")
        for picture in (shot_at(figure=AT), shot_at(x=pan, figure=at, mouth=mouth))
    ]
    camera: Matrix = shifted(-pan)
    over = carried(frames[1], inverse(camera)), carried(frames[0], camera)
    return standing_on_screen(frames[0], frames[1], camera, *over)


def silhouette(at: tuple[float, float]) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    return ((x - at[0]) / 40) ** 2 + ((y - at[1]) / 50) ** 2 <= 1


@pytest.mark.parametrize("pan", [6.0, 12.0, 24.0, -24.0])
@pytest.mark.parametrize("own", [(0.0, 0.0), (2.0, 0.0), (-2.0, 2.0)])
def test_a_figure_on_the_screen_is_found_in_both_frames_and_hardly_more(
    pan: float, own: tuple[float, float]
) -> None:
    at = (AT[0] + own[0], AT[1] + own[1])
    found = standing(pan, at)
    assert found is not None
    for mask, place in zip(found, (AT, at), strict=True):
        truth, mask = silhouette(place), mask[0, 0]
        assert mask[truth].float().mean() > 0.995
        assert (mask & ~truth).sum() < 0.12 * truth.sum()


@pytest.mark.parametrize("pan", [6.0, 12.0, 24.0, -24.0])
def test_a_figure_that_goes_with_the_ground_and_moves_is_not_one(pan: float) -> None:
    assert standing(pan, (AT[0] - pan + 2, AT[1] + 1), mouth=8) is None


def test_nothing_stands_on_bare_ground() -> None:
    frames = [to_rgb(shot_at(x=x, figure=None), ColorTags(), "cpu") for x in (0.0, 12.0)]
    camera = shifted(-12.0)
    over = carried(frames[1], inverse(camera)), carried(frames[0], camera)
    assert standing_on_screen(frames[0], frames[1], camera, *over) is None


def test_a_thing_that_leaves_the_picture_with_the_ground_is_not_one() -> None:
    frames = [
        to_rgb(picture, ColorTags(), "cpu")
        for picture in (
            shot_at(figure=(20.0, 90.0)),
            shot_at(x=24.0, figure=(-3.0, 91.0), mouth=8),
        )
    ]
    camera = shifted(-24.0)
    over = carried(frames[1], inverse(camera)), carried(frames[0], camera)
    assert standing_on_screen(frames[0], frames[1], camera, *over) is None


def test_a_figure_that_goes_farther_on_the_screen_than_is_looked_for_is_not_one() -> None:
    assert standing(24.0, (AT[0] + 20, AT[1])) is None
