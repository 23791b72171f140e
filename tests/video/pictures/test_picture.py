"""Decoded frames become pictures without losing anything that can be kept."""

import av
import numpy as np
import pytest

from nakawari.video.pictures.color import BT601, LIMITED
from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import picture_from_frame


def yuv_frame(width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    generator = np.random.default_rng(0)
    for plane in frame.planes:
        plane.update(generator.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    return frame


def test_a_yuv420p_frame_keeps_its_planes() -> None:
    frame = yuv_frame(32, 16)
    planes = picture_from_frame(frame, BT601, LIMITED)
    stacked = np.concatenate([plane.ravel() for plane in planes]).reshape(24, 32)
    np.testing.assert_array_equal(stacked, frame.to_ndarray())


def test_a_picture_goes_out_as_it_came_in() -> None:
    picture = picture_from_frame(yuv_frame(38, 22), BT601, LIMITED)
    again = picture_from_frame(picture.to_frame(), BT601, LIMITED)
    for plane, expected in zip(again, picture, strict=True):
        np.testing.assert_array_equal(plane, expected)


def test_an_odd_size_grows_by_its_last_column_and_row() -> None:
    picture = picture_from_frame(yuv_frame(37, 21), BT601, LIMITED)
    assert picture.luma.shape == (22, 38)
    assert picture.blue_difference.shape == (11, 19)
    np.testing.assert_array_equal(picture.luma[:, -1], picture.luma[:, -2])
    np.testing.assert_array_equal(picture.luma[-1], picture.luma[-2])


@pytest.mark.parametrize(("alpha", "luma"), [(255, 235), (0, 16), (128, 126)])
def test_transparency_is_laid_on_black(alpha, luma) -> None:
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels[..., 3] = alpha
    frame = av.VideoFrame.from_ndarray(pixels, "rgba")
    picture = picture_from_frame(frame, BT601, LIMITED)
    assert np.abs(picture.luma.astype(int) - luma).max() <= 1


@pytest.mark.parametrize("pixel_format", ["rgba", "gbrap", "yuva420p", "ya8"])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_what_is_opaque_stays_so_with_more_bits(pixel_format, bits) -> None:
    pixels = np.full((8, 256, 4), 90, np.uint8)
    pixels[..., 3] = np.arange(256)
    frame = av.VideoFrame.from_ndarray(pixels, "rgba").reformat(format=pixel_format)
    if "yuva" in pixel_format or pixel_format == "ya8":  # swscale makes 255 of 254 on the way
        plane = frame.planes[-1]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(8, plane.line_size)
        step = 2 if pixel_format == "ya8" else 1
        rows[:, step - 1 : 256 * step : step] = np.arange(256)
    form = PictureForm("444", bits, True)
    picture = picture_from_frame(frame, BT601, LIMITED, form=form)
    exact = np.arange(256) / 255 * (2**bits - 1)
    assert np.abs(picture.alpha - exact).max() <= 0.51


def test_ten_bits_become_eight_of_the_same_brightness() -> None:
    frame = av.VideoFrame(16, 16, "yuv420p10le")
    for plane, value in zip(frame.planes, (400, 512, 600), strict=True):
        plane.update(np.full(plane.buffer_size // 2, value, np.uint16).tobytes())
    picture = picture_from_frame(frame, BT601, LIMITED)
    for plane, value in zip(picture, (100, 128, 150), strict=True):
        assert np.abs(plane.astype(int) - value).max() <= 1
