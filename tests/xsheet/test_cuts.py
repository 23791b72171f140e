"""Cuts are found; holds, motion, pans, flashes and fades are not taken for cuts."""

import numpy as np

from nakawari.video.picture import Picture
from nakawari.xsheet.change import plate
from nakawari.xsheet.cuts import mark_cuts
from tests.xsheet.stage import shot_at


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
        return picture._replace(luma=luma)

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
        pictures.append(picture._replace(luma=luma))
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
        return picture._replace(luma=luma.clip(0, 255).astype(np.uint8))

    lights = [1.0, 0.93, 0.87, 0.74, 0.67, 0.61, 0.54]
    assert cuts([grainy(scene(1, light=light)) for light in lights for _ in range(3)]) == []
