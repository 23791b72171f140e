"""Repeated frames are one drawing; anything that moved is another."""

from fractions import Fraction

import numpy as np
import pytest

from nakawari.slowmo.drawings import Drawing, EveryFrame, RepeatedFrames
from nakawari.video.picture import Picture
from nakawari.video.reader import SourceFrame


def picture(
    position: int, noise_seed: int | None = None, size: tuple[int, int] = (48, 64)
) -> Picture:
    luma = np.full(size, 100, np.int16)
    luma[8:24, position : position + 16] = 180
    if noise_seed is not None:
        luma += np.random.default_rng(noise_seed).integers(-2, 3, size, np.int16)
    chroma = np.full((size[0] // 2, size[1] // 2), 128, np.uint8)
    return Picture(luma.astype(np.uint8), chroma, chroma)


def drawings(pictures: list[Picture], detector=None, cuts: tuple[int, ...] = ()) -> list[Drawing]:
    frames = [
        SourceFrame(shown, Fraction(number), Fraction(number + 1), number in cuts)
        for number, shown in enumerate(pictures)
    ]
    return list((detector or RepeatedFrames())(iter(frames)))


def test_exact_repeats_are_one_drawing_at_the_time_of_its_first_frame() -> None:
    found = drawings([picture(0), picture(0), picture(8), picture(8), picture(8)])
    assert [(d.start, d.last_start, d.end, d.hold) for d in found] == [(0, 1, 2, 2), (2, 4, 5, 3)]


def test_coding_noise_does_not_end_a_hold() -> None:
    assert len(drawings([picture(0, seed) for seed in range(6)])) == 1


def test_a_mouth_of_a_few_pixels_is_a_new_drawing() -> None:
    talking = picture(0)
    talking.luma[30:34, 29:35] = 60  # across the borders of 16×16 blocks
    assert len(drawings([picture(0), talking])) == 2


def test_a_change_of_color_alone_is_a_new_drawing() -> None:
    red = picture(0)._replace(red_difference=np.full((24, 32), 160, np.uint8))
    assert len(drawings([picture(0), red])) == 2


def test_slow_changes_add_up() -> None:
    fade = [picture(0)._replace(luma=np.full((48, 64), 100 + n, np.uint8)) for n in range(9)]
    assert [d.hold for d in drawings(fade)] == [4, 4, 1]


def test_a_cut_begins_a_drawing_even_of_the_same_picture() -> None:
    found = drawings([picture(0)] * 4, cuts=(2,))
    assert [(d.hold, d.begins_shot) for d in found] == [(2, False), (2, True)]


@pytest.mark.parametrize("size", [(50, 70), (16, 16), (10, 2)])
def test_any_size_is_compared_to_its_last_pixel(size) -> None:
    chroma = np.full((size[0] // 2, size[1] // 2), 90, np.uint8)
    before = Picture(np.full(size, 90, np.uint8), chroma, chroma)
    after = Picture(before.luma.copy(), chroma, chroma)
    assert len(drawings([before, after])) == 1
    after.luma[-4:, -2:] = 255
    assert len(drawings([before, after])) == 2


def test_keep_takes_every_frame_for_a_drawing() -> None:
    assert [d.hold for d in drawings([picture(0)] * 3, EveryFrame())] == [1, 1, 1]
