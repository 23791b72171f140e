"""What the generator says of motion and visibility is true, and a seed fixes every byte."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from nakawari.data.art import load_art
from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.moving.render import render
from nakawari.data.scenes.scene import sample_scene
from nakawari.data.streams.sampler import IndexSampler
from nakawari.data.triplet import Triplet, as_frames

CLEAN = CelConfig(height=160, width=192, noise_share=0.0, fade_share=0.0, held_share=0.0)


@pytest.fixture(scope="module")
def clean() -> list[Triplet]:
    dataset = CelDataset(CLEAN)
    return [dataset[index] for index in range(40)]


def pixels(frame: Tensor) -> np.ndarray:
    return np.ascontiguousarray(frame.permute(1, 2, 0).numpy())


def fetched(frame: Tensor, motion: Tensor) -> np.ndarray:
    """Return the neighbour warped to the target by the motion."""
    height, width = frame.shape[1:]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx, dy = motion.float().numpy()
    return cv2.remap(pixels(frame), x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def error_where_visible(triplet: Triplet, which: int) -> np.ndarray:
    """Return the error of each visible pixel, in steps of 1/255."""
    frame, motion, visible = (
        (triplet.frame_0, triplet.motion_0, triplet.visible_0)
        if which == 0
        else (triplet.frame_1, triplet.motion_1, triplet.visible_1)
    )
    difference = np.abs(fetched(frame, motion).astype(int) - pixels(triplet.target)).mean(axis=2)
    return difference[visible[0].numpy()]


@pytest.mark.parametrize("which", [0, 1])
def test_visible_pixels_are_found_in_the_neighbour_where_the_motion_says(
    clean: list[Triplet], which: int
) -> None:
    errors = [error_where_visible(triplet, which) for triplet in clean]
    assert max(np.median(error) for error in errors) <= 1.0
    means = [error.mean() for error in errors]
    assert np.mean(means) < 2.5
    assert np.quantile(means, 0.9) < 5.0  # bilinear resampling twice, of thin lines
    assert max(means) < 15.0  # a lattice is edges all over


def test_without_the_motion_the_neighbours_would_not_fit(clean: list[Triplet]) -> None:
    moved = [t for t in clean if (t.motion_0.float().norm(dim=0) > 2).float().mean() > 0.5]
    assert len(moved) >= 5
    for triplet in moved:
        still = triplet._replace(motion_0=torch.zeros_like(triplet.motion_0))
        assert error_where_visible(still, 0).mean() > error_where_visible(triplet, 0).mean()


def test_what_is_seen_at_one_time_is_seen_at_the_same_time() -> None:
    dataset = CelDataset(CelConfig(height=96, width=96, held_share=1.0, noise_share=0.0))
    for index in range(3):
        triplet = dataset[index]
        assert triplet.motion_0.float().abs().max() < 0.01
        assert triplet.visible_0.all()
        assert triplet.visible_1.all()


def test_motion_shrinks_to_nothing_as_the_target_nears_frame_0() -> None:

    scene = sample_scene(np.random.default_rng(7), load_art(), 96, 96, 90.0)
    for frame_time in (1e-3, 1e-5):
        near = render(scene.layers, frame_time, 96, 96, motion_times=(0.0,))
        assert np.abs(near.motions[0]).max() < 500 * frame_time + 0.01


def test_motion_is_as_large_as_in_tv_animation() -> None:
    """At 512x288: 4.7 / 11.5 / 28.7 px (10th/50th/90th percentile) over what moves."""
    dataset = CelDataset(CelConfig(height=288, width=512, noise_share=0.0, held_share=0.0))
    lengths, shares = [], []
    for index in range(48):
        triplet = dataset[index]
        length = (triplet.motion_1 - triplet.motion_0).float().norm(dim=0)
        moving = length > 1
        shares.append(moving.float().mean().item())
        lengths.append(length[moving][::50].numpy())
    low, middle, high = np.percentile(np.concatenate(lengths), [10, 50, 90])
    assert 2 < low < 7
    assert 7 < middle < 18
    assert 18 < high < 50
    assert 0.08 < np.mean(np.array(shares) < 0.05) < 0.45  # little moves in a fifth


def test_the_seed_and_the_index_alone_decide() -> None:
    config = CelConfig(height=64, width=80, seed=3)
    again = CelDataset(config)[11]
    for left, right in zip(CelDataset(config)[11], again, strict=True):
        assert torch.equal(left, right)
    assert not torch.equal(CelDataset(config)[12].target, again.target)
    other_seed = CelDataset(CelConfig(height=64, width=80, seed=4))[11]
    assert not torch.equal(other_seed.target, again.target)


def _drawn(workers: int, start: int, count: int) -> Triplet:
    loader = DataLoader(
        CelDataset(CelConfig(height=64, width=64)),
        batch_size=2,
        sampler=IndexSampler(start),
        num_workers=workers,
    )
    batches = iter(loader)
    drawn = [next(batches) for _ in range(count)]
    return Triplet(*(torch.cat(parts) for parts in zip(*drawn, strict=True)))


def test_worker_processes_and_a_resume_change_nothing() -> None:
    alone = _drawn(workers=0, start=0, count=3)
    for workers in (1, 2):
        for left, right in zip(alone, _drawn(workers, 0, 3), strict=True):
            assert torch.equal(left, right)
    for left, right in zip(alone, _drawn(workers=1, start=4, count=1), strict=True):
        assert torch.equal(left[4:], right)


def test_samples_have_the_shapes_and_types_of_the_contract() -> None:
    triplet = CelDataset(CelConfig(height=64, width=80))[0]
    for frame in (triplet.frame_0, triplet.target, triplet.frame_1):
        assert (frame.shape, frame.dtype) == ((3, 64, 80), torch.uint8)
    assert (triplet.motion_0.shape, triplet.motion_0.dtype) == ((2, 64, 80), torch.float16)
    assert (triplet.visible_1.shape, triplet.visible_1.dtype) == ((1, 64, 80), torch.bool)
    assert 0 < triplet.frame_time.item() < 1
    frames = as_frames(triplet)
    assert frames.target.min() >= -1
    assert frames.target.max() <= 1
    assert frames.motion_0.dtype == frames.visible_0.dtype == torch.float32


def test_converting_frames_twice_fails() -> None:
    frames = as_frames(CelDataset(CelConfig(height=32, width=32))[0])
    with pytest.raises(ValueError, match="must be uint8"):
        as_frames(frames)


def test_frame_time_is_the_middle_in_two_fifths() -> None:
    dataset = CelDataset(CelConfig(height=16, width=16))
    times = np.array([dataset[index].frame_time.item() for index in range(40)])
    assert 0.2 < np.mean(times == 0.5) < 0.6
    assert times.min() >= 0.1
    assert times.max() <= 0.9


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"height": 8}, "height must be at least 16"),
        ({"fade_share": 1.5}, r"fade_share must be in \[0, 1\]"),
        ({"max_motion": -1.0}, "max_motion must not be negative"),
    ],
)
def test_settings_out_of_range_fails(setting: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CelConfig(**setting)  # type: ignore[arg-type]


def test_missing_art_fails() -> None:
    with pytest.raises(FileNotFoundError, match="no folder of art at /nowhere"):
        CelDataset(CelConfig(art_dirs=("/nowhere",)))
