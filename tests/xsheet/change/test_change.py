"""Changes are measured where they are, and the camera's are taken out."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from nakawari.video.pictures.picture import Picture
from nakawari.xsheet.camera.motion import STILL
from nakawari.xsheet.change.change import (
    Plate,
    block_change,
    carried_change,
    changed_share,
    light_change,
    luma_change,
    plate,
    remainder,
    sides_move,
)
from tests.builders.stage import HEIGHT, WIDTH, shifted, shot_at


def test_equal_pictures_do_not_differ() -> None:
    one = plate(shot_at())
    assert (
        block_change(one, one)
        == light_change(one, one)
        == changed_share(*[one.smooth.luma] * 2)
        == 0
    )


def test_a_mouth_counts_as_much_as_a_figure() -> None:
    shut, speaking, elsewhere = (
        plate(shot_at(mouth=2)), plate(shot_at(mouth=8)), plate(shot_at(figure=(170, 90), mouth=2))
    )  # fmt: skip
    assert block_change(shut, speaking) > 40
    assert block_change(shut, elsewhere) > 40


def test_grain_counts_for_little() -> None:
    generator = np.random.default_rng(0)

    def grainy() -> Picture:
        picture = shot_at()
        noise = generator.normal(0, 3, picture.luma.shape)
        return replace(picture, luma=np.clip(picture.luma + noise, 0, 255).astype(np.uint8))

    assert block_change(plate(grainy()), plate(grainy())) < 4


@pytest.mark.parametrize("changed", [0.0, 0.02, 1.0])
def test_the_blocks_that_count_are_those_that_sorting_finds(changed: float) -> None:
    generator = np.random.default_rng(0)
    still = plate(shot_at())
    noise = generator.integers(0, 200, still.smooth.luma.shape)
    noise[generator.random(noise.shape) >= changed] = 0
    noise = cv2.blur(noise.astype(np.float32), (5, 5))  # no pixel stands out
    luma = np.clip(still.smooth.luma + noise, 0, 255).astype(np.uint8)
    difference = np.abs(luma.astype(float) - still.smooth.luma)
    windows = np.lib.stride_tricks.sliding_window_view(difference, (8, 8))[::4, ::4]
    ordered = np.sort(windows.mean(axis=(2, 3)), axis=None)
    grain = min(ordered[len(ordered) // 4], 2.5)
    expected = max(ordered[-4] - grain, 2.2 * (ordered[-16] - grain))
    noisy = still._replace(smooth=replace(still.smooth, luma=luma))
    assert luma_change(still, noisy) == pytest.approx(expected)


def test_a_mouth_of_a_few_pixels_stands_out_of_grain() -> None:
    generator = np.random.default_rng(0)

    def grainy(mouth: int) -> Plate:
        picture = shot_at()
        luma = picture.luma + generator.normal(0, 4, picture.luma.shape)
        luma[100:102, 150 : 150 + mouth] -= 40
        return plate(replace(picture, luma=np.clip(luma, 0, 255).astype(np.uint8)))

    plates = [grainy(0) for _ in range(6)]
    repeats = [block_change(before, now) for before, now in pairwise(plates)]
    assert block_change(plates[-1], grainy(3)) > 1.5 * max(repeats)


def test_a_change_of_colour_alone_is_a_change() -> None:
    picture = shot_at()
    red = picture.red_difference.copy()
    red[40:56, 70:86] += 20
    assert block_change(plate(picture), plate(replace(picture, red_difference=red))) > 15


def test_light_is_what_most_of_the_picture_has_in_common() -> None:
    picture = shot_at()
    darker = replace(picture, luma=picture.luma - 3)
    assert light_change(plate(picture), plate(darker)) == pytest.approx(3, abs=0.3)
    assert light_change(plate(picture), plate(shot_at(mouth=9))) < 0.1


def test_a_figure_changes_the_middle_and_a_camera_the_sides() -> None:
    before = plate(shot_at()).smooth.luma
    assert not sides_move(before, plate(shot_at(figure=(165, 95))).smooth.luma)
    assert sides_move(before, plate(shot_at(x=1.0)).smooth.luma)
    # A figure that reaches two sides is none while the third shows a background that stands.
    close = [plate(shot_at(figure=(40.0 + step, 40.0))).smooth.luma for step in (0, 3)]
    assert not sides_move(*close)


def test_a_figure_that_fills_a_side_does_not_hide_that_a_camera_moves() -> None:
    pictures = [shot_at(x=x).luma.copy() for x in (0.0, 2.0)]
    for luma in pictures:
        luma[:, -70:] = shot_at(seed=3).luma[:, -70:]
    assert sides_move(*pictures)
    for luma in pictures:
        luma[:60] = luma[:60, ::-1] = shot_at(seed=4).luma[:60]
    assert not sides_move(*pictures)


@pytest.mark.parametrize("pan", [1.0, 2.5, 6.0])
def test_a_pan_over_a_figure_that_stays_is_no_change(pan: float) -> None:
    before, now, after = (plate(shot_at(x=step * pan)) for step in range(3))
    left = remainder(before, now, shifted(-pan), None)
    assert left.beside(now, [(after, shifted(-pan))]).change() < 8
    anew = plate(shot_at(x=pan, mouth=8))
    assert remainder(before, anew, shifted(-pan), None).change() > 40


def test_background_that_was_hidden_is_known_by_the_next_frame() -> None:
    before, now, after = (plate(shot_at(x=6.0 * step)) for step in range(3))
    left = remainder(before, now, shifted(-6), None)
    assert left.change() > 3 * left.beside(now, [(after, shifted(-6))]).change()


def test_a_layer_may_go_another_part_of_the_way() -> None:
    before, now = (plate(shot_at(x=4.0 * step, figure=(150 - 2.0 * step, 90))) for step in range(2))
    alone = remainder(before, now, shifted(-4), None).change()
    assert remainder(before, now, shifted(-4), shifted(-2)).change() < alone / 3


def test_what_the_camera_brings_in_is_not_counted() -> None:
    before, now = (plate(shot_at(x=20.0 * step, figure=None)) for step in range(2))
    assert remainder(before, now, shifted(-20), None).change() < 5


def test_a_picture_smaller_than_a_block_does_not_differ() -> None:
    tiny = Picture(np.zeros((6, 6), np.uint8), *[np.zeros((3, 3), np.uint8)] * 2)
    assert block_change(plate(tiny), plate(tiny)) == 0
    assert remainder(plate(tiny), plate(tiny), STILL, None).change() == 0
    assert shot_at().luma.shape == (HEIGHT, WIDTH)


def test_background_that_the_next_frame_hides_again_is_known_by_an_earlier_one() -> None:
    places = (0.0, 6.0, 0.0)  # of a camera that shakes
    stood, now, following = [plate(shot_at(x=8 - place)) for place in places]
    left = remainder(stood, now, shifted(6), None)
    next_only = left.beside(now, [(following, shifted(-6))]).change()
    earlier = plate(shot_at(x=8 - 14.0))
    both = left.beside(now, [(following, shifted(-6)), (earlier, shifted(8))]).change()
    assert both < next_only / 2


def test_a_new_drawing_is_one_whatever_the_frames_beside_it_show() -> None:
    before, now = plate(shot_at()), plate(shot_at(x=3.0, figure=(180, 80)))
    left = remainder(before, now, shifted(-3), None)
    following = plate(shot_at(x=6.0, figure=(180, 80)))
    assert left.beside(now, [(following, shifted(-3))]).change() > 40


def test_a_drawing_that_stands_on_the_screen_is_new_if_it_went_with_the_camera_before() -> None:
    # The camera pans by 3 px a frame, and the figure on the ground once goes back as far.
    first, held, anew = (plate(shot_at(x=3.0 * n, figure=(150 - at, 90))) for n, at in
                         ((0, 0.0), (1, 3.0), (2, 3.0)))  # fmt: skip
    before = remainder(first, held, shifted(-3), None)
    assert before.change() < 8
    assert remainder(held, anew, shifted(-3), None).change() < 8
    assert remainder(held, anew, shifted(-3), None, before.carried).change() > 40


def test_a_figure_fixed_to_the_screen_is_held_whatever_went_before() -> None:
    first, held, again = (plate(shot_at(x=3.0 * step)) for step in range(3))
    carried = remainder(first, held, shifted(-3), None).carried
    left = remainder(held, again, shifted(-3), None, carried)
    assert left.certain_change() < 8


def test_a_place_was_hidden_only_by_what_stood_still() -> None:
    before, now = plate(shot_at()), plate(shot_at(x=6.0, figure=(180, 70)))
    stood = remainder(before, plate(shot_at(x=6.0)), shifted(-6), None)
    moved = remainder(before, now, shifted(-6), None)
    assert stood.certain_change() < 8
    assert moved.certain_change() > 40


def test_a_camera_changes_a_picture_as_much_as_it_is_foretold_to() -> None:
    before, now = plate(shot_at(figure=None)), plate(shot_at(x=4.0, figure=None))
    assert carried_change(before, shifted(-4)) == pytest.approx(block_change(before, now), rel=0.1)
    assert carried_change(before, STILL) == 0
