"""Warps can be undone exactly, and eased paths stay near the straight line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakawari.data.moving.linear import LinearValue, about
from nakawari.data.moving.movement import bends, dangle, limb_bend, place, ripples
from nakawari.data.moving.warps import (
    Bow,
    Chain,
    Placement,
    Ripple,
    Swirl,
    Warp,
    inverted,
    is_still,
    multiplied,
)
from nakawari.data.scenes.camera import CameraView, sample_camera

TIMES = st.floats(0, 1)
SEEDS = st.integers(0, 2**32 - 1)


def some_points() -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(-50, 300, 9), np.linspace(-50, 300, 9))
    return x, y


def assert_inverse(warp: Warp, frame_time: float) -> None:
    points = some_points()
    there_and_back = warp.inverse(warp.forward(points, frame_time), frame_time)
    np.testing.assert_allclose(there_and_back, points, atol=1e-6)


@given(SEEDS, TIMES)
@settings(max_examples=40)
def test_sampled_movements_are_inverted_exactly(seed: int, frame_time: float) -> None:
    rng = np.random.default_rng(seed)
    warps: list[Warp] = [
        *limb_bend(rng, (20.0, 10.0), 80.0, 25.0),
        *dangle(rng, (0.0, 0.0), 60.0, 12.0),
        *bends(rng, (100.0, 250.0), 250.0, 30.0),
        place(rng, (100.0, 250.0), (0.0, 80.0), 250.0, 30.0),
        CameraView(sample_camera(rng, 20.0, 512.0), 0.8, (128.0, 128.0)),
    ]
    for warp in warps:
        assert_inverse(warp, frame_time)
    assert_inverse(Chain(warps), frame_time)


@given(st.floats(-2, 2), st.floats(-40, 40), st.floats(0, 7), TIMES)
@settings(max_examples=40)
def test_strong_bends_are_inverted_exactly(
    bend: float, amount: float, angle: float, frame_time: float
) -> None:
    assert_inverse(Swirl((30.0, 40.0), 20.0, 90.0, LinearValue(0.0, bend)), frame_time)
    assert_inverse(Swirl((30.0, 40.0), 90.0, 20.0, LinearValue(0.0, bend)), frame_time)
    wave = LinearValue(1.0, amount / 4)
    bow = Bow((5.0, 5.0), 120.0, angle, LinearValue(0.0, amount), wave, LinearValue(0.0, 1.0))
    assert_inverse(bow, frame_time)
    assert_inverse(Ripple(angle, 80.0, 1.0, LinearValue(1.0, amount)), frame_time)


def test_a_drawing_that_ripples_is_of_another_shape_and_one_that_is_held_is_not() -> None:
    rng = np.random.default_rng(0)
    assert not any(ripples(rng, 200.0, 0.0) for _ in range(20))
    chains = [Chain(ripples(rng, 200.0, 20.0)) for _ in range(40)]
    moving = [chain for chain in chains if chain.warps]
    assert 10 < len(moving) < 30
    points = some_points()
    for chain in moving:
        before, after = (np.stack(chain.forward(points, time)) for time in (0.0, 1.0))
        moved = np.hypot(*(after - before))
        assert moved.max() < 20
        assert moved.std() > 0.5  # not all of it by as much


def test_a_chain_equals_its_warps_one_by_one_however_nested() -> None:
    turn = Placement(
        (3.0, 4.0),
        LinearValue(10.0, 5.0),
        LinearValue(0.0),
        LinearValue(0.0, 0.5),
        turn=LinearValue(0.3),
    )
    curl = Swirl((30.0, 40.0), 20.0, 90.0, LinearValue(0.0, 1.0))
    grow = Placement(
        (0.0, 0.0), LinearValue(1.0), LinearValue(2.0), log_scale=LinearValue(0.0, 0.2)
    )
    points = some_points()
    expected = points
    for warp in (turn, grow, curl, turn, grow):
        expected = warp.forward(expected, 0.4)
    nested = Chain([turn, Chain([grow, curl, Chain([turn])]), grow])
    np.testing.assert_allclose(nested.forward(points, 0.4), expected, atol=1e-9)


def test_matrices_multiply_and_invert_as_numpy_does() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 3, 3))
    product = np.reshape(multiplied(tuple(left.ravel()), tuple(right.ravel())), (3, 3))
    np.testing.assert_allclose(product, left @ right)
    inverse = np.reshape(inverted(tuple(left.ravel())), (3, 3))
    np.testing.assert_allclose(inverse, np.linalg.inv(left))


def test_matrix_without_an_inverse_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        inverted((0.0,) * 9)


def test_a_path_goes_evenly_from_end_to_end() -> None:
    path = about(2.0, 10.0)
    assert [path(time) for time in (0.0, 0.25, 0.5, 1.0)] == [-3.0, -0.5, 2.0, 7.0]
    assert path.moves
    assert not LinearValue(2.0).moves


def test_only_what_changes_counts_as_moving() -> None:
    held = Placement((0.0, 0.0), LinearValue(5.0), LinearValue(1.0), LinearValue(0.3))
    moving = Placement((0.0, 0.0), LinearValue(5.0, 1.0), LinearValue(1.0))
    assert is_still(held)
    assert is_still(Chain([held, Chain([held])]))
    assert not is_still(Chain([held, Chain([moving])]))
