"""Chamfer distances against scipy, a brute-force search, and distances worked out by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from nakawari.metrics import chamfer_distances, line_sharpness
from nakawari.metrics.lines import line_drawing

HEIGHT, WIDTH = 36, 48


def _drawing(*rows: int, gap: range = range(0)) -> Tensor:
    """Black lines across white paper, one pixel wide, with a gap."""
    frame = torch.ones(1, 3, HEIGHT, WIDTH)
    frame[..., list(rows), :] = -1
    frame[..., list(gap)] = 1
    return frame


def _scribble(seed: int) -> Tensor:
    """Soft blobs, whose lines have every direction."""
    noise = np.random.default_rng(seed).standard_normal((3, HEIGHT, WIDTH))
    smooth = ndimage.gaussian_filter(noise, (0, 2, 2))
    return torch.from_numpy(np.clip(3 * smooth, -1, 1))[None].float()


def _reference_lines(frame: Tensor) -> np.ndarray:
    red, green, blue = (frame[0].double().numpy() + 1) / 2
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    narrow, wide = (
        ndimage.gaussian_filter(luma, sigma, mode="nearest", truncate=4) for sigma in (1.0, 1.6)
    )
    return 0.5 + 2 * (wide - narrow) - 0.01 > 0.5


def _brute_force(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The mean over all pixels of both directions, every pair of points compared."""
    diagonal = math.hypot(HEIGHT, WIDTH)
    a, b = np.argwhere(ours), np.argwhere(theirs)
    distances = np.linalg.norm(a[:, None] - b[None], axis=2)
    total = distances.min(axis=1).sum() + distances.min(axis=0).sum()
    return float(total / 2 / (HEIGHT * WIDTH) / diagonal)


def test_lines_are_those_of_scipys_gaussians() -> None:
    for seed in range(3):
        lines = line_drawing(_scribble(seed))[0]
        assert np.array_equal(lines, _reference_lines(_scribble(seed)))
        assert 0.05 < lines.mean() < 0.6


def test_the_distance_is_that_of_a_brute_force_search() -> None:
    frame_0, frame_1 = _scribble(0), _scribble(1)
    expected = _brute_force(_reference_lines(frame_0), _reference_lines(frame_1))
    assert chamfer_distances(frame_0, frame_1).plain.item() == pytest.approx(expected, rel=1e-6)


def test_a_line_that_is_moved_costs_its_distance_for_each_of_its_points() -> None:
    ours, theirs = _drawing(14), _drawing(20)
    assert line_drawing(ours)[0].any(axis=1).nonzero()[0].tolist() == [13, 14, 15]
    expected = (6 + 5 + 4) * WIDTH / (HEIGHT * WIDTH) / math.hypot(HEIGHT, WIDTH)
    distances = chamfer_distances(ours, theirs)
    assert distances.plain.item() == pytest.approx(expected, rel=1e-6)
    assert distances.weighted.item() == pytest.approx(expected, rel=1e-6)  # none is missing


def test_a_line_that_breaks_costs_more_when_weighted() -> None:
    whole, broken = _drawing(14), _drawing(14, gap=range(12, 36))
    distances = chamfer_distances(broken, whole)
    n, m = (line_drawing(frame)[0].sum() for frame in (whole, broken))
    factor = 2 / (1 + math.exp(-abs(n - m) / min(n, m)))
    assert n > 1.5 * m
    assert distances.weighted.item() == pytest.approx(factor * distances.plain.item())


def test_the_same_lines_are_at_no_distance_and_a_blank_sheet_a_diagonal_away() -> None:
    line, blank = _drawing(14), torch.ones(1, 3, HEIGHT, WIDTH)
    assert chamfer_distances(line, line) == (0, 0)
    assert chamfer_distances(blank, blank) == (0, 0)
    distances = chamfer_distances(line, blank)
    assert distances.plain.item() == pytest.approx(3 * WIDTH / (HEIGHT * WIDTH) / 2)
    assert distances.weighted.item() == pytest.approx(2 * distances.plain.item())


def test_each_frame_of_a_batch_is_compared_by_itself() -> None:
    ours, theirs = torch.cat([_drawing(14), _drawing(14)]), torch.cat([_drawing(14), _drawing(20)])
    distances = chamfer_distances(ours, theirs).plain
    assert distances[0] == 0
    assert distances[1] == chamfer_distances(_drawing(14), _drawing(20)).plain[0]


def test_frames_of_different_shapes_fails() -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        chamfer_distances(_drawing(3), _drawing(3)[..., 1:])


def test_a_line_out_of_place_is_as_sharp_and_a_blurred_one_is_not() -> None:
    target, moved = _drawing(18), _drawing(21)
    assert line_sharpness(moved, target).item() == pytest.approx(1)
    # One pixel of 1 between 0s makes two steps of 1; at half the contrast, a quarter of the energy.
    assert line_sharpness((target + 1) / 2, target).item() == pytest.approx(0.25)
    doubled = torch.minimum(target, moved) / 2 + 0.5  # a mixture of both
    assert line_sharpness(doubled, target).item() == pytest.approx(0.5)


def test_sharpness_counts_where_it_is_asked_for() -> None:
    target = _drawing(9, 27)
    soft_above = target.clone()
    soft_above[..., :18, :] = (soft_above[..., :18, :] + 1) / 2
    below = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    below[..., 18:, :] = True
    assert line_sharpness(soft_above, target, below).item() == pytest.approx(1)
    assert line_sharpness(soft_above, target, ~below).item() == pytest.approx(0.25)
    assert line_sharpness(target, torch.ones_like(target), ~below).isinf()
    assert line_sharpness(torch.ones_like(target), torch.ones_like(target)).isnan()
