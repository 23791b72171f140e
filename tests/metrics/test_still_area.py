"""The area that changes, flicker outside of it, and metrics on a part of the frame."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from nakawari.metrics import changed_area, colour_shift, flicker, load_lpips, psnr, ssim
from nakawari.metrics.frames import area_mean
from nakawari.metrics.still_area import CODE_VALUE

HEIGHT, WIDTH = 48, 64


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8)


def _frame(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def _left_half() -> Tensor:
    area = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    area[..., : WIDTH // 2] = True
    return area


def test_the_area_is_that_of_scipys_box_filter() -> None:
    pictures = [_noise(seed) // 28 for seed in range(3)]
    spread = np.ptp(np.stack(pictures).astype(int), axis=0).max(axis=2)
    expected = ndimage.uniform_filter(spread.astype(float), 5, mode="nearest") > 6 + 1e-6
    area = changed_area([_frame(picture) for picture in pictures])[0, 0].numpy()
    assert 0.1 < expected.mean() < 0.9
    assert np.array_equal(area, expected)


def test_coding_noise_is_no_change_and_a_thin_line_is() -> None:
    still = torch.zeros(1, 3, HEIGHT, WIDTH)
    noisy = still + CODE_VALUE * 6
    assert not changed_area([still, noisy]).any()
    line = still.clone()
    line[..., 20] = 1
    assert changed_area([still, line])[0, 0].any(dim=0).nonzero().flatten().tolist() == [
        18, 19, 20, 21, 22,
    ]  # fmt: skip


def test_what_moves_through_is_in_the_area_only_by_the_frame_between() -> None:
    frames = [torch.zeros(1, 3, HEIGHT, WIDTH) for _ in range(3)]
    for frame, left in zip(frames, (4, 28, 52), strict=True):
        frame[..., 10:18, left : left + 8] = 1
    assert not changed_area([frames[0], frames[2]])[..., 12, 30].any()
    assert changed_area(frames)[..., 12, 30].all()


def test_flicker_is_the_mean_change_in_code_values_where_all_is_still() -> None:
    ours, theirs = _noise(0), _noise(1)
    difference = np.abs(ours.astype(int) - theirs)[:, : WIDTH // 2]
    change = flicker(_frame(ours), _frame(theirs), _left_half())
    assert change.item() == pytest.approx(difference.mean(), rel=1e-6)


def test_nothing_still_has_no_flicker() -> None:
    frame = torch.zeros(1, 3, HEIGHT, WIDTH)
    assert flicker(frame, frame, torch.zeros(1, 1, HEIGHT, WIDTH)).isnan().all()


def test_psnr_on_an_area_is_skimages_on_that_part() -> None:
    ours, theirs = _noise(0), _noise(1)
    expected = peak_signal_noise_ratio(theirs[:, : WIDTH // 2], ours[:, : WIDTH // 2])
    value = psnr(_frame(ours), _frame(theirs), _left_half()).item()
    assert value == pytest.approx(expected, abs=1e-4)


def test_ssim_on_an_area_is_the_mean_of_skimages_map_there() -> None:
    ours, theirs = _noise(0), _noise(1)
    _, similarity = structural_similarity(
        theirs, ours, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        channel_axis=-1, full=True,
    )  # fmt: skip
    value = ssim(_frame(ours), _frame(theirs), _left_half()).item()
    assert value == pytest.approx(similarity[5:-5, 5 : WIDTH // 2].mean(), abs=1e-6)


def test_lpips_on_an_area_is_the_packages_maps_averaged_there() -> None:
    ours, theirs = _frame(_noise(0)), _frame(_noise(1))
    alex = load_lpips()
    package = alex._network
    maps: list[np.ndarray] = []
    hooks = [
        layer.register_forward_hook(lambda _, __, output: maps.append(output[0, 0].numpy()))
        for layer in package.lins
    ]
    package(ours, theirs)
    for hook in hooks:
        hook.remove()
    area = _left_half()[0, 0].numpy().astype(float)
    expected = 0.0
    for layer_map in maps:
        height, width = layer_map.shape
        cells = np.array(
            [[_cell(area, y, x, height, width).mean() for x in range(width)] for y in range(height)]
        )
        expected += (layer_map * cells).sum() / cells.sum()
    assert len(maps) == 5
    assert alex(ours, theirs, _left_half()).item() == pytest.approx(expected, abs=1e-5)


def _cell(area: np.ndarray, y: int, x: int, height: int, width: int) -> np.ndarray:
    """The pixels under one cell of a layer's grid, those at its edges counted whole."""
    top, left = y * HEIGHT // height, x * WIDTH // width
    bottom, right = -(-(y + 1) * HEIGHT // height), -(-(x + 1) * WIDTH // width)
    return area[top:bottom, left:right]


@pytest.mark.parametrize("metric", [psnr, ssim, load_lpips()])
def test_the_whole_frame_as_area_changes_nothing(metric: Callable[..., Tensor]) -> None:
    ours, theirs = _frame(_noise(0)), _frame(_noise(1))
    everywhere = torch.full((1, 1, HEIGHT, WIDTH), 3.0)
    torch.testing.assert_close(metric(ours, theirs, everywhere), metric(ours, theirs))


@pytest.mark.parametrize("metric", [psnr, ssim, load_lpips()])
def test_an_empty_area_has_no_figure(metric: Callable[..., Tensor]) -> None:
    frame = _frame(_noise(0))
    assert metric(frame, frame, torch.zeros(1, 1, HEIGHT, WIDTH)).isnan().all()


def test_an_area_of_another_shape_fails() -> None:
    with pytest.raises(ValueError, match="area must be of shape"):
        area_mean(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4))


def test_a_colour_is_off_by_its_furthest_channel_and_noise_is_no_shift() -> None:
    target = torch.zeros(1, 3, HEIGHT, WIDTH)
    shifted = target.clone()
    shifted[:, 1] += 3 * CODE_VALUE
    shifted[:, 2, :, ::2] -= 2 * CODE_VALUE
    assert colour_shift(shifted, target, _left_half()).item() == pytest.approx(3)
    noisy = target.clone()
    noisy[..., ::2] += 5 * CODE_VALUE
    noisy[..., 1::2] -= 5 * CODE_VALUE
    assert colour_shift(noisy, target, _left_half()).item() == pytest.approx(0, abs=1e-9)
    assert colour_shift(noisy, target, torch.zeros_like(_left_half())).isnan()
