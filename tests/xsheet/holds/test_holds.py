"""Drawings are found by the shot's own levels, and in doubt a frame is a new one."""

import tracemalloc

import numpy as np
import pytest

from nakawari.xsheet.holds.holds import decide, is_new
from nakawari.xsheet.settings import HoldSettings, LevelSettings


def found(
    pattern: str,
    same: float,
    new: float,
    spread: float = 0.2,
    seed: int = 0,
    camera_moves: bool = False,
) -> str:
    """Return what is made of a shot in which ``|`` changes by ``new`` and ``-`` by ``same``."""
    generator = np.random.default_rng(seed)
    levels = np.array([new if symbol == "|" else same for symbol in pattern])
    changes = levels * np.exp(generator.normal(0, spread, len(levels)))
    groups, growth = np.full(len(levels), int(camera_moves)), np.zeros(len(levels))
    decision = decide(changes, groups, growth)
    assert decision.new_probability.shape == decision.thresholds.shape == changes.shape
    return "".join("|" if new else "-" for new in is_new(decision))


@pytest.mark.parametrize("level", [1, 3, 6])
@pytest.mark.parametrize("pattern", ["|-" * 12, "|--" * 9, "|" + "-" * 18 + "|--" * 5])
def test_the_threshold_follows_the_noise_of_the_shot(pattern: str, level: int) -> None:
    assert found(pattern, level, 10 * level) == pattern


def test_a_mixed_cadence_is_followed() -> None:
    pattern = "||||||" + "|-" * 5 + "|--" * 4 + "|------" + "|-" * 4
    assert found(pattern, 2, 40) == pattern


def test_clear_drawings_at_irregular_times_are_kept_however_little_repeats_change() -> None:
    holds = [1, 11, 5, 3, 2, 5, 3, 1, 4, 2, 5, 4, 5, 3, 3, 3]  # a mouth's
    pattern = "".join("|" + "-" * (hold - 1) for hold in holds)
    assert found(pattern, 0.3, 16, spread=0) == pattern


@pytest.mark.parametrize("level", [0.2, 2, 4])
def test_a_still_is_not_split(level: float) -> None:
    pattern = "|" + "-" * 40
    assert found(pattern, level, level) == pattern


@pytest.mark.parametrize("spread", [0.2, 0.6])
def test_ones_are_not_joined(spread: float) -> None:
    assert found("|" * 40, 1, 40, spread) == "|" * 40


def test_a_small_drawing_among_large_ones_is_not_dropped() -> None:
    changes = np.array([0, 1.2, 60, 0.9, 80, 1.1, 14, 1.3, 70, 1.0, 90, 1.1])
    decision = decide(changes, np.zeros(12, int), np.zeros(12))
    assert is_new(decision)[6]


def test_a_flash_of_one_frame_is_no_repeat_however_drawings_are_timed() -> None:
    before = [2.4, 8.3, 213.0, 3.1, 3.1, 184.7, 2.7, 3.2, 181.6, 5.5, 3.5]
    after = [3.9, 192.8, 3.7, 4.2, 184.6, 1.7, 4.8, 191.0, 7.4, 7.7, 189.1, 5.1, 5.1]
    changes = np.array([0.0, *before, 1521.9, 1489.3, *after])
    decision = decide(changes, np.zeros(len(changes), int), np.zeros(len(changes)))
    assert is_new(decision)[1:].tolist() == (changes[1:] > 100).tolist()


def test_a_mouth_little_above_even_grain_is_not_dropped() -> None:
    starts = [2, 7, 12, 13, 15, 17, 24, 28, 33, 37, 41, 46, 50, 52, 54, 59]
    mouths = [19, 19, 7.8, 8.8, 18, 18, 8.8, 9.2, 19, 20, 8.8, 8.0, 19, 12, 8.9, 9.3]
    changes = np.random.default_rng(1).normal(5.6, 0.2, 60)
    changes[starts] = mouths
    decision = decide(changes, np.zeros(60, int), np.zeros(60))
    assert np.flatnonzero(is_new(decision)).tolist() == [0, *starts]


def test_a_change_that_goes_on_growing_is_movement() -> None:
    changes = np.array([0.0] + [7.0] * 20)
    groups, growth = np.zeros(21, int), np.full(21, 0.6)
    assert is_new(decide(changes, groups, growth)).all()
    assert not is_new(decide(changes, groups, np.full(21, -0.01)))[1:].any()


def test_repeats_under_a_moving_camera_have_a_level_of_their_own() -> None:
    changes = np.array([0.0, 0.3, 50, 0.3, 50, 0.4, 50, 8, 90, 9, 80, 7, 95, 8])
    groups = np.array([0] * 7 + [1] * 7)
    decision = decide(changes, groups, np.zeros(14))
    assert is_new(decision).tolist() == [True, False] * 7 or is_new(decision)[2::2].all()
    assert not is_new(decision)[7::2].any()
    assert decision.thresholds[10] > decision.thresholds[3]


def test_a_shot_of_one_frame_is_one_drawing() -> None:
    decision = decide(np.zeros(1), np.zeros(1, int), np.zeros(1))
    assert is_new(decision).tolist() == [True]


@pytest.mark.parametrize("seed", range(4))
def test_a_hold_under_a_camera_is_not_split_where_it_fits_less_well(seed: int) -> None:
    changes = [2.5] * 33 + [4.0] * 13  # as those of a zoom that comes nearer
    generator = np.random.default_rng(seed)
    noisy = np.array(changes) * np.exp(generator.normal(0, 0.2, len(changes)))
    decision = decide(noisy, np.ones(len(changes), int), np.zeros(len(changes)))
    assert is_new(decision).sum() == 1
    pattern = "|" + "--|" * 8
    assert found(pattern, 4, 60, seed=seed, camera_moves=True) == pattern


def test_another_probability_decides_otherwise_and_the_levels_are_as_set() -> None:
    changes = np.array([0.0, 3.0, 14.0, 2.5, 13.0, 3.0, 15.0, 2.0])
    groups, growth = np.zeros(8, int), np.zeros(8)
    decision = decide(changes, groups, growth)
    surest = HoldSettings(min_held_probability=1 - 1e-9)
    assert is_new(decision, surest).sum() > is_new(decision).sum()
    lower = decide(changes, groups, growth, levels=LevelSettings(same=3.0, new=8.0))
    assert lower.thresholds[1] < decision.thresholds[1]


def noisy_shot(frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return changes, groups and growth of drawings on threes, the camera moving now and then."""
    generator = np.random.default_rng(frames)
    levels = np.where(np.arange(frames) % 3 == 0, 8.0, 1.0)
    changes = levels * np.exp(generator.normal(0, 0.5, frames))
    groups = np.arange(frames) // 20 % 2
    return changes, groups, generator.normal(0, 0.2, frames) * (groups == 0)


@pytest.mark.parametrize("frames", [2, 10, 11, 12, 21, 65])
def test_a_shot_is_decided_alike_however_many_frames_are_kept_at_once(monkeypatch, frames) -> None:
    shot = noisy_shot(frames)
    whole = decide(*shot)
    monkeypatch.setattr("nakawari.xsheet.holds.forward_backward.SPAN", 10)
    in_spans = decide(*shot)
    assert in_spans.new_probability.tobytes() == whole.new_probability.tobytes()
    assert in_spans.thresholds.tobytes() == whole.thresholds.tobytes()


def test_a_long_shot_takes_little_memory(monkeypatch) -> None:
    monkeypatch.setattr("nakawari.xsheet.holds.forward_backward.SPAN", 100)
    once = HoldSettings(rounds=1)
    peaks = []
    for frames in (500, 1500):
        shot = noisy_shot(frames)
        tracemalloc.start()
        decide(*shot, holds=once)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1000 * 1000  # bytes for as many frames, of which states take 4750
