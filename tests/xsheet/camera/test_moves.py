"""Camera moves are runs of frames, told apart by what they do."""

import numpy as np

from nakawari.xsheet.camera.motion import CameraMotion
from nakawari.xsheet.camera.moves import camera_moves

SIZE = (480, 270)


def step(x: float = 0.0, y: float = 0.0, zoom: float = 1.0, support: float = 0.9) -> CameraMotion:
    middle = np.array(SIZE) / 2
    matrix = np.hstack([zoom * np.eye(2), ((1 - zoom) * middle + (x, y))[:, None]])
    speed = float(np.hypot(np.hypot(x, y), abs(zoom - 1) * 140))
    return CameraMotion(matrix, speed, support, None, 0.0, support, None)


def moves(motions: list[CameraMotion | None], first_frame: int = 0) -> list[tuple[int, int, str]]:
    return [(move.start, move.end, move.kind) for move in camera_moves(motions, first_frame, *SIZE)]


def test_a_pan_begins_with_the_frame_before_its_first_step() -> None:
    assert moves([None] * 5 + [step(2)] * 10 + [None] * 5, first_frame=100) == [(104, 114, "pan")]


def test_a_zoom_is_told_from_a_pan() -> None:
    assert moves([None] + [step(0.1, zoom=1.01)] * 10) == [(0, 10, "zoom")]


def test_a_shake_comes_back_to_where_it_began() -> None:
    steps = [step(4 * (-1) ** number, 2 * (-1) ** number) for number in range(12)]
    assert moves([None, *steps]) == [(0, 12, "shake")]


def test_a_figure_on_twos_that_fills_the_picture_is_no_camera() -> None:
    assert moves([None] + [step(4), None] * 8) == []


def test_one_frame_without_an_estimate_does_not_end_a_move() -> None:
    assert moves([None] + [step(2)] * 5 + [None] + [step(2)] * 5) == [(0, 11, "pan")]


def test_a_move_may_ease_in_and_out() -> None:
    eased = [step(speed) for speed in (0.1, 0.2, 0.5, 1, 2, 2, 1, 0.5, 0.2, 0.1)]
    assert moves([None] * 3 + eased + [None] * 3) == [(2, 12, "pan")]


def test_motion_that_hardly_anything_follows_is_none() -> None:
    assert moves([None] + [step(2, support=0.2)] * 10) == []
