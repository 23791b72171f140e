"""Cuts are found; holds, motion, pans, flashes and fades are not taken for cuts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from nakawari.video.pictures.picture import Picture
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.change.cuts import mark_cuts
from tests.builders.stage import background, shot_at


def scene(seed: int, shift: int = 0, light: float = 1.0) -> Picture:
    """A patchwork of flat colours that ``seed`` draws, ``shift`` pixels along."""
    generator = np.random.default_rng(seed)
    tiles = generator.integers(30, 220, (3, 6, 40)).astype(float)
    tiles[0] += np.linspace(-20, 20, 3)[seed % 3]
    planes = [np.kron(plane, np.ones((16, 16)))[:, shift : shift + 128] for plane in tiles]
    luma, blue, red = planes[0] * light, *(128 + (plane - 128) * light for plane in planes[1:])
    return Picture(
        luma.astype(np.uint8), blue[::2, ::2].astype(np.uint8), red[::2, ::2].astype(np.uint8)
    )


def cuts(pictures: list[Picture]) -> list[int]:
    plates = [plate(picture) for picture in pictures]
    marked = list(mark_cuts(iter(plates)))
    assert all(frame.plate is given for frame, given in zip(marked, plates, strict=True))
    return [number for number, frame in enumerate(marked) if frame.begins_shot]


def test_cuts_between_moving_shots_are_found() -> None:
    shots = [[scene(seed, number // 2 * 2) for number in range(20)] for seed in (1, 2, 3)]
    assert cuts([picture for shot in shots for picture in shot]) == [20, 40]


def test_cuts_between_still_shots_are_found() -> None:
    assert cuts([scene(1)] * 9 + [scene(2)] * 9) == [9]


def test_a_fast_pan_is_no_cut() -> None:
    assert cuts([scene(1, 16 * number) for number in range(30)]) == []


def test_a_figure_that_jumps_before_a_background_that_stands_is_no_cut() -> None:
    def shown(left: int) -> Picture:
        picture = scene(1)
        luma = picture.luma.copy()
        luma[10:90, left : left + 30] = 235
        return replace(picture, luma=luma)

    assert cuts([shown(0)] * 8 + [shown(90)] * 8) == []


def test_a_flash_is_no_cut() -> None:
    white = Picture(
        *(np.full_like(plane, 235 if i == 0 else 128) for i, plane in enumerate(scene(1)))
    )
    assert (
        cuts([scene(1, n) for n in range(12)] + [white] * 3 + [scene(1, n) for n in range(12, 24)])
        == []
    )


def test_a_fade_is_no_cut() -> None:
    assert cuts([scene(1, light=1 - number / 12) for number in range(13)]) == []


def test_no_frames_give_no_frames() -> None:
    assert cuts([]) == []


def test_a_large_drawing_made_anew_under_a_shake_is_no_cut() -> None:
    places = [(0, 0), (3, 2), (-2, 4), (1, -3), (-7, 5), (-3, 1), (-2, -2), (2, 2)]
    pictures = []
    for frame, (x, y) in enumerate(places):
        picture = shot_at(x=x, y=y, figure=None)
        luma = picture.luma.copy()
        luma[60:, 110:230] = 60 if frame < 4 else 200
        pictures.append(replace(picture, luma=luma))
    assert cuts(pictures) == []


def test_a_flash_that_dies_away_is_no_cut() -> None:
    def lit(shift: int, white: float) -> Picture:
        luma, blue, red = scene(1, shift)
        towards = ((luma, 235), (blue, 128), (red, 128))
        return Picture(
            *((p + white * (value - p.astype(float))).astype(np.uint8) for p, value in towards)
        )

    whites = [0.0] * 10 + [1.0, 0.5] + [0.0] * 10
    assert cuts([lit(n % 2, white) for n, white in enumerate(whites)]) == []


def test_grain_between_the_steps_of_a_fade_does_not_make_a_cut_of_one() -> None:
    generator = np.random.default_rng(3)

    def grainy(picture: Picture) -> Picture:
        luma = picture.luma + generator.normal(0, 12, picture.luma.shape)
        return replace(picture, luma=luma.clip(0, 255).astype(np.uint8))

    lights = [1.0, 0.93, 0.87, 0.74, 0.67, 0.61, 0.54]
    assert cuts([grainy(scene(1, light=light)) for light in lights for _ in range(3)]) == []


def plain(luma: int, blue: int = 128, red: int = 128) -> Picture:
    """A picture of one colour, as large as those of ``shot_at``."""
    return Picture(
        *(
            np.full_like(plane, value)
            for plane, value in zip(shot_at(), (luma, blue, red), strict=True)
        )
    )


def night(picture: Picture, light: float = 0.08) -> Picture:
    dark = (16 + (picture.luma.astype(float) - 16) * light).clip(0, 255)
    return replace(picture, luma=dark.astype(np.uint8))


def within(picture: Picture, share: float) -> Picture:
    """The picture on a screen that is ``share`` of the height and width of a room's."""
    room = shot_at(seed=99, figure=None)
    rows, columns = (round(side * (1 - share) / 2) for side in picture.luma.shape)
    luma = room.luma.copy()
    luma[rows:-rows, columns:-columns] = picture.luma[rows:-rows, columns:-columns]
    colour = []
    for plane in list(picture)[1:]:
        shown = np.full_like(plane, 128)
        half = np.s_[rows // 2 : -rows // 2, columns // 2 : -columns // 2]
        shown[half] = plane[half]
        colour.append(shown)
    return Picture(luma, *colour)


def other(seed: int, **shot: float) -> Picture:
    """A scene of its own, and its own colours."""
    picture = shot_at(seed=seed, figure=None, **shot)
    blue, red = (
        np.full_like(plane, 128 + (37 * seed * factor) % 60 - 30)
        for factor, plane in ((1, picture.blue_difference), (2, picture.red_difference))
    )
    return replace(picture, blue_difference=blue, red_difference=red)


def montage(frames: int, count: int = 6) -> list[Picture]:
    return [picture for seed in range(count) for picture in [other(seed)] * frames]


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 12])
def test_every_cut_of_a_montage_of_stills_is_found(frames: int) -> None:
    assert cuts(montage(frames)) == [frames * number for number in range(1, 6)]


def test_every_cut_between_short_moving_shots_is_found() -> None:
    shots = [[other(seed, x=3.0 * n) for n in range(5)] for seed in range(5)]
    assert cuts([picture for shot in shots for picture in shot]) == [5, 10, 15, 20]


@pytest.mark.parametrize("frames", [1, 3, 5])
def test_an_insert_is_two_cuts_though_the_shot_comes_back(frames: int) -> None:
    shot = [shot_at(figure=(120.0 + 2 * n, 90.0), seed=1) for n in range(16)]
    insert = [other(2)] * frames
    assert cuts(shot[:8] + insert + shot[8:]) == [8, 8 + frames]


def test_cuts_between_dark_shots_are_found() -> None:
    assert cuts([night(picture) for picture in montage(6, 4)]) == [6, 12, 18]


@pytest.mark.parametrize("share", [0.65, 0.75, 0.9])
def test_cuts_within_a_surround_that_stands_are_found(share: float) -> None:
    assert cuts([within(picture, share) for picture in montage(6, 4)]) == [6, 12, 18]


def test_a_pan_within_a_surround_is_no_cut() -> None:
    assert cuts([within(shot_at(x=4.0 * n), 0.7) for n in range(14)]) == []


LIGHTS: dict[str, Callable[[Picture], Picture]] = {
    "white": lambda picture: plain(235),
    "black": lambda picture: plain(16),
    "red": lambda picture: plain(80, 90, 230),
    "negative": lambda picture: replace(picture, luma=255 - picture.luma),
}


@pytest.mark.parametrize("name", LIGHTS)
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_flash_in_a_shot_that_moves_is_no_cut(name: str, frames: int) -> None:
    shot = [shot_at(figure=(110.0 + 3 * (n // 2), 90.0)) for n in range(20)]
    lit = [LIGHTS[name](p) if 8 <= n < 8 + frames else p for n, p in enumerate(shot)]
    assert cuts(lit) == []


@pytest.mark.parametrize("name", LIGHTS)
def test_a_light_that_goes_on_and_off_is_no_cut(name: str) -> None:
    shot = [shot_at(figure=(110.0 + n, 90.0)) for n in range(24)]
    assert cuts([LIGHTS[name](p) if n % 4 in (2, 3) else p for n, p in enumerate(shot)]) == []


def test_a_flash_between_two_shots_is_one_cut_at_the_second() -> None:
    first, second = [other(1)] * 9, [other(2)] * 9
    assert cuts([*first, *[plain(235)] * 2, *second]) == [11]


def test_a_flash_on_a_screen_is_no_cut() -> None:
    shown = [plain(235) if n == 7 else shot_at(figure=(110.0 + n, 90.0)) for n in range(14)]
    assert cuts([within(picture, 0.7) for picture in shown]) == []


def test_a_long_black_screen_is_a_shot_of_its_own() -> None:
    shots = [[other(1)] * 9, [plain(16)] * 20, [other(2)] * 9]
    assert cuts([picture for shot in shots for picture in shot]) == [9, 29]


def test_a_dissolve_is_no_cut() -> None:
    one, other = (shot_at(seed=seed, figure=None) for seed in (1, 2))

    def mixed(share: float) -> Picture:
        luma = (1 - share) * one.luma + share * other.luma
        return replace(one, luma=luma.astype(np.uint8))

    steps = [mixed(step / 6) for step in range(7)]
    assert cuts([one] * 8 + steps + [other] * 8) == []


def test_grain_over_a_ground_that_is_nearly_plain_is_no_cut() -> None:
    generator = np.random.default_rng(1)
    ground = np.full(shot_at().luma.shape, 30.0) + background()[:180, :320] / 200

    def shown() -> Picture:
        luma = ground + generator.normal(0, 5, ground.shape)
        return replace(shot_at(), luma=luma.clip(0, 255).astype(np.uint8))

    assert cuts([shown() for _ in range(20)]) == []
