"""Black bars are told from black pictures, and a camera is found within them."""

from dataclasses import replace

import numpy as np
import pytest

from nakawari.xsheet.camera.alignment import Matrix
from nakawari.xsheet.camera.bars import inward, outward, picture_area
from nakawari.xsheet.camera.motion import Pair, camera_motion
from nakawari.xsheet.change.change import plate, sides_move
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import HEIGHT, WIDTH, shot_at

ALL = (slice(0, HEIGHT), slice(0, WIDTH))


def with_bars(luma: np.ndarray, rows: int = 0, columns: int = 0) -> np.ndarray:
    shown = np.full_like(luma, 16)
    inside = np.s_[rows : HEIGHT - rows, columns : WIDTH - columns]
    shown[inside] = luma[inside]
    return shown


def seen(x: float, rows: int = 0, columns: int = 0) -> np.ndarray:
    picture = shot_at(x, figure=None)
    return plate(replace(picture, luma=with_bars(picture.luma, rows, columns))).smooth.luma


@pytest.mark.parametrize(("rows", "columns"), [(8, 0), (24, 0), (0, 40), (12, 24)])
def test_bars_are_left_out_of_the_picture(rows: int, columns: int) -> None:
    area = picture_area(seen(0.0, rows, columns), seen(2.0, rows, columns))
    for side, bar, length in zip(area, (rows, columns), (HEIGHT, WIDTH), strict=True):
        if bar:
            assert bar <= side.start <= bar + DEFAULT.bars.blur
            assert length - bar - DEFAULT.bars.blur <= side.stop <= length - bar
        else:
            assert side == slice(0, length)


def test_bars_that_only_one_of_two_pictures_has_are_none() -> None:
    assert picture_area(seen(0.0, 24), seen(0.0)) == ALL


def test_a_figure_before_black_has_no_bars() -> None:
    black = np.full((HEIGHT, WIDTH), 16, np.uint8)
    black[60:150, 120:200] = 180
    assert picture_area(black, black) == ALL


def test_a_black_picture_has_no_bars() -> None:
    black = np.full((HEIGHT, WIDTH), 16, np.uint8)
    assert picture_area(black, black) == ALL


@pytest.mark.parametrize(("rows", "columns"), [(24, 0), (0, 40), (12, 24)])
def test_a_pan_is_found_within_bars(rows: int, columns: int) -> None:
    before, after = seen(0.0, rows, columns), seen(3.0, rows, columns)
    assert sides_move(before, after)
    motion = camera_motion(Pair(before, after))
    assert motion is not None
    assert motion.support > DEFAULT.motion.min_support
    assert motion.camera[:, 2] == pytest.approx([-3.0, 0.0], abs=0.15)


def test_a_motion_of_an_area_is_one_of_the_whole_picture() -> None:
    zoom: Matrix = np.array([[1.1, -0.1, 4.0], [0.1, 1.1, -2.0]])
    area = (slice(20, 160), slice(30, 290))
    corner = np.array([30.0, 20.0])
    assert inward(zoom, area) @ [0.0, 0.0, 1.0] == pytest.approx(zoom @ [*corner, 1.0] - corner)
    assert outward(inward(zoom, area), area) == pytest.approx(zoom)
