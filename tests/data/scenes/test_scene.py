"""Scenes move what their kind says."""

import numpy as np
import pytest

from nakawari.data.art import load_art
from nakawari.data.moving.render import render
from nakawari.data.scenes.scene import KINDS, Scene, sample_scene

HEIGHT, WIDTH = 144, 192


def scenes(kind: str, count: int, max_motion: float = 90.0) -> list[Scene]:
    """Return the first scenes of a kind."""
    found = list[Scene]()
    art = load_art()
    for seed in range(200):
        scene = sample_scene(np.random.default_rng(seed), art, HEIGHT, WIDTH, max_motion)
        if scene.kind == kind:
            found.append(scene)
        if len(found) == count:
            return found
    raise AssertionError(f"fewer than {count} scenes of {kind}")


def speeds(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return how far points go from time 0 to 1 [px]: of the ground, and of what is before it."""
    picture = render(scene.layers, 0.5, HEIGHT, WIDTH, motion_times=(0.0, 1.0))
    moved = np.linalg.norm(picture.motions[1].astype(float) - picture.motions[0], axis=-1)
    ground = picture.layer_ids == 0
    return moved[ground], moved[~ground]


def test_the_shares_of_the_kinds_sum_to_one() -> None:
    assert sum(KINDS.values()) == pytest.approx(1)
    assert min(KINDS.values()) > 0


def test_kinds_come_as_often_as_their_shares() -> None:
    art = load_art()
    kinds = [
        sample_scene(np.random.default_rng(seed), art, 32, 32, 90.0).kind for seed in range(60)
    ]
    assert set(kinds) == set(KINDS)
    assert 0.08 < np.mean([kind == "follow" for kind in kinds]) < 0.4


def against_the_ground(kind: str, count: int) -> list[float]:
    """Return how far what is before the ground goes, as a share of how far the ground goes."""
    shares = []
    for scene in scenes(kind, count):
        ground, figures = speeds(scene)
        if len(ground) and len(figures):  # none of both fills the window
            assert 2 < np.median(ground) < 60
            shares.append(float(np.median(figures) / np.median(ground)))
    return sorted(shares)


def test_a_camera_that_follows_moves_the_ground_and_leaves_what_it_follows() -> None:
    shares = against_the_ground("follow", 12)
    assert len(shares) >= 4
    # Of the others the parts, or the whole, move by themselves.
    assert max(shares[: len(shares) // 4]) < 0.4


def test_a_pan_does_not_exceed_the_largest_motion() -> None:
    for scene in scenes("follow", 4, max_motion=5.0):
        ground, _ = speeds(scene)
        if len(ground):
            assert np.median(ground) < 8


def test_in_a_still_scene_the_ground_stands() -> None:
    for scene in scenes("still", 3):
        ground, _ = speeds(scene)
        if len(ground):
            assert ground.max() < 0.01
