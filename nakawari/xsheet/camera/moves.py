"""Camera moves: runs of frames over which the whole picture moves, and what kind of move it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.camera.motion import CameraMotion
from nakawari.xsheet.settings import DEFAULT, MoveSettings
from nakawari.xsheet.sheet.sheet import CameraMove


class Shift(NamedTuple):
    """One frame's motion in px at the rim of the picture, split by its cause."""

    x: float
    y: float
    zoom: float
    roll: float

    @classmethod
    def of(cls, motion: CameraMotion, width: int, height: int) -> Shift:
        """Split a similarity into zoom and roll about the middle of the picture, and shift."""
        matrix = motion.camera
        middle = np.array([width / 2, height / 2])
        x, y = matrix[:, :2] @ middle + matrix[:, 2] - middle
        reach = math.hypot(width, height) / 4
        scale = math.hypot(matrix[0, 0], matrix[1, 0])
        angle = math.atan2(matrix[1, 0], matrix[0, 0])
        return cls(float(x), float(y), math.log(scale) * reach, angle * reach)


def camera_moves(
    motions: Sequence[CameraMotion | None],
    first_frame: int,
    width: int,
    height: int,
    settings: MoveSettings = DEFAULT.moves,
) -> list[CameraMove]:
    """Return the camera moves of one shot.

    Args:
        motions: the motion to each frame of the shot from the one before; the first is not looked
            at.
        first_frame: the number of the shot's first frame.
        width: of the pictures that the motions were measured on [px].
        height: likewise.
        settings: which frames make a move.
    """
    moves = []
    for begin, end in _runs(motions, settings):
        shifts = [
            Shift.of(motion, width, height) for motion in motions[begin:end] if motion is not None
        ]
        # The motion of frame n leads from n - 1 to n, so the frame before belongs to the move too.
        kind = _kind(shifts, settings.shake_ratio)
        moves.append(
            CameraMove(start=first_frame + begin - 1, end=first_frame + end - 1, kind=kind)
        )
    return moves


def _runs(motions: Sequence[CameraMotion | None], settings: MoveSettings) -> list[tuple[int, int]]:
    """Return [begin, end) of each run of moving frames."""

    def moves(frame: int, speed: float) -> bool:
        motion = motions[frame]
        if motion is None or motion.support < settings.min_support:
            return False
        return motion.speed >= speed

    runs: list[tuple[int, int]] = []
    frame = 1
    while frame < len(motions):
        if not moves(frame, settings.min_easing_speed):
            frame += 1
            continue
        begin, last = frame, frame
        while frame < len(motions) and frame - last <= settings.max_gap + 1:
            if moves(frame, settings.min_easing_speed):
                last = frame
            frame += 1
        run = range(begin, last + 1)
        seen = sum(moves(member, settings.min_speed) for member in run)
        if seen >= max(settings.min_length, settings.min_seen_share * len(run)):
            runs.append((begin, last + 1))
        frame = last + 1
    return runs


def _kind(shifts: Sequence[Shift], shake_ratio: float) -> str:
    """Return which kind makes up most of a run's motion: a shake, a pan, a zoom or a roll."""
    steps = np.array(shifts)  # (N, 4)
    pans, net = steps[:, :2], steps.sum(axis=0)
    travelled = float(np.hypot(*pans.T).sum())
    pan = math.hypot(net[0], net[1])
    zoom, roll = abs(net[2]), abs(net[3])
    if travelled > max(zoom, roll) and pan < shake_ratio * travelled:
        return "shake"
    return max({"pan": pan, "zoom": zoom, "roll": roll}.items(), key=lambda item: item[1])[0]
