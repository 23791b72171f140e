"""Colour conversion agrees with swscale and undoes itself."""

import av
import numpy as np
import pytest
import torch

from nakawari.video.pictures.color import (
    BT601,
    BT709,
    FULL,
    LIMITED,
    ColorTags,
    from_rgb,
    rgb_affine,
    to_rgb,
)
from nakawari.video.pictures.matrices import (
    WEIGHTS,
    codes_from_rgb,
    nearest_codes,
    rgb_from_codes,
    scales,
)
from nakawari.video.pictures.picture import Picture, picture_from_frame

COLORS = [(255, 0, 0), (0, 255, 0), (20, 40, 200), (255, 255, 255), (0, 0, 0), (200, 160, 120)]


def flat(color: tuple[int, int, int]) -> torch.Tensor:
    return (torch.tensor(color).float() / 127.5 - 1)[:, None, None].expand(3, 8, 12)


@pytest.mark.parametrize("value_range", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT601, BT709])
@pytest.mark.parametrize("color", COLORS)
def test_a_flat_color_survives_the_way_to_codes_and_back(color, matrix, value_range) -> None:
    tags = ColorTags(matrix=matrix, value_range=value_range)
    back = to_rgb(from_rgb(flat(color), tags), tags)[0]
    assert (back - flat(color)).abs().max() * 127.5 <= 2


@pytest.mark.parametrize("value_range", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT601, BT709])
@pytest.mark.parametrize("color", COLORS)
def test_our_codes_are_those_of_swscale(color, matrix, value_range) -> None:
    pixels = np.broadcast_to(np.array(color, np.uint8), (8, 12, 3)).copy()
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
    reference = picture_from_frame(frame, matrix, value_range)
    ours = from_rgb(flat(color), ColorTags(matrix=matrix, value_range=value_range))
    for plane, expected in zip(ours, reference, strict=True):
        assert np.abs(plane.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("value_range", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT601, BT709, 2])
@pytest.mark.parametrize("color", COLORS)
def test_the_affine_map_is_the_same_arithmetic(color, matrix, value_range) -> None:
    tags = ColorTags(matrix=matrix, value_range=value_range)
    picture = from_rgb(flat(color), tags)
    codes = np.array([*(plane[0, 0] for plane in picture), 1.0])
    expected = (to_rgb(picture, tags)[0, :, 0, 0] + 1) * 127.5
    assert np.clip(rgb_affine(tags, picture.height) @ codes, 0, 255) == pytest.approx(
        expected.tolist(), abs=0.01
    )


@pytest.mark.parametrize("tags", [ColorTags(), ColorTags(matrix=BT709, value_range=FULL)])
def test_pixels_left_alone_come_back_to_the_very_same_codes(tags) -> None:
    generator = np.random.default_rng(0)
    # Muted colours: every code triple in this box lies inside the RGB cube.
    picture = Picture(
        generator.integers(90, 160, (8, 12), np.uint8),
        generator.integers(110, 146, (4, 6), np.uint8),
        generator.integers(110, 146, (4, 6), np.uint8),
    )
    back = from_rgb(to_rgb(picture, tags)[0], tags)
    for plane, expected in zip(back, picture, strict=True):
        np.testing.assert_array_equal(plane, expected)


def test_an_untagged_clip_is_read_as_players_read_it() -> None:
    assert ColorTags().weights(height=480) == ColorTags(matrix=BT601).weights(height=480)
    assert ColorTags().weights(height=720) == ColorTags(matrix=BT709).weights(height=720)


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("matrix", WEIGHTS)
def test_whole_codes_are_of_the_colour_within_one_step_of_its_bits(matrix, is_full) -> None:
    weights, layout = WEIGHTS[matrix], scales(is_full, 10)
    rgb = np.random.default_rng(0).uniform(0.05, 0.95, (1, 20_000, 3)).repeat(4, 0)
    forth, back = codes_from_rgb(weights, layout), rgb_from_codes(weights, layout)
    exact = (rgb @ forth[:, :3].T + forth[:, 3]).astype(np.float32)
    found = np.stack(nearest_codes(exact, weights, layout, 10), -1)
    error = (found @ back[:, :3].T + back[:, 3] - rgb) * 1023
    assert np.abs(error.mean(axis=0)).max() <= 0.91
    assert np.abs(error[:2]).max() <= 1.2
    assert np.abs(found - exact).max() <= 2.1  # nothing that can be seen
    np.testing.assert_array_equal(found[0], found[1])  # which share their chroma
    np.testing.assert_array_equal(found[2], found[3])
    rounded = (exact.round() @ back[:, :3].T + back[:, 3] - rgb) * 1023
    assert np.abs(rounded).max() > 1.3  # so it is worth the work


def test_codes_that_are_whole_stay_as_they_are_and_within_their_bits() -> None:
    weights, layout = WEIGHTS[BT709], scales(True, 10)
    exact = np.random.default_rng(0).integers(0, 1024, (6, 4000, 3)).astype(np.float32)
    found = nearest_codes(exact, weights, layout, 10)
    np.testing.assert_array_equal(np.stack(found, -1), exact)
    assert max(plane.max() for plane in nearest_codes(exact + 3, weights, layout, 10)) == 1023
