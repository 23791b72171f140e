"""The families of clips: they differ in what moves, in the holds, the camera and the editing."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import cv2
import numpy as np

from eval.clips.camera import sample_track
from eval.clips.montages import MONTAGES
from eval.clips.shots import FlapPace, SmallPace, TypicalPace, draw_shot, evenly
from eval.clips.stage import Stage, UnusableError, mouth_stage, nearer, sample_stage
from eval.clips.strips import Strip, dissolved, flashed, joined, pulled_down, veiled
from eval.clips.studio import Studio

FADE = (6, 16)  # frames of a fade
DISSOLVE = (8, 16)  # frames of a dissolve
SHOT = (12, 18)  # frames of each shot of a clip with cuts
CAMERA_SHOT = (14, 18)  # the same, under a moving camera
LEAST_CUT = 6.0  # code values: the mean change at a hard cut


def _on(cadence: int, studio: Studio) -> Strip:
    return studio.shot(studio.stage(), evenly(cadence, studio.length()))


def _mixed(studio: Studio) -> Strip:
    """Draw a run of ones, of twos and of threes and one long hold, in random order."""
    rng = studio.rng
    runs = [[1] * rng.integers(4, 6), [2] * rng.integers(4, 6), [3] * rng.integers(3, 5)]
    runs.append([int(rng.integers(7, 13))])
    rng.shuffle(order := list(range(len(runs))))
    return studio.shot(studio.stage(), [hold for run in order for hold in runs[run]])


def _still(studio: Studio) -> Strip:
    return draw_shot(studio.stage(moves=False), None, [studio.length()])


def _small(studio: Studio) -> Strip:
    """Draw small motion: from drawing to drawing the fastest pixel moves 0.7 to 1.5 px."""
    stage = studio.stage()
    holds = evenly(int(studio.rng.choice([1, 2, 2, 3])), studio.length((24, 48)))
    return draw_shot(stage, SmallPace(studio.rng, stage), holds)


def _mouth(studio: Studio) -> Strip:
    """Draw a mouth that opens and closes with irregular holds; everything else is still."""
    rng = studio.rng
    stage = mouth_stage(rng, studio.art, studio.clip_set, studio.height, studio.width)
    frames = studio.length()
    holds: list[int] = []
    while sum(holds) < frames:
        holds.append(int(rng.integers(7, 13)) if rng.random() < 0.1 else int(rng.integers(1, 6)))
    holds[-1] -= sum(holds) - frames
    return draw_shot(stage, FlapPace(rng), holds)


def _under_camera(kind: str, studio: Studio, bounds: tuple[int, int] = (30, 54)) -> Strip:
    """Draw a camera move over a drawing that is held for long, or a figure on twos or threes."""
    rng = studio.rng
    frames = studio.length(bounds)
    fixed = bool(rng.random() < 0.5)
    # If the camera left the figure behind, no drawing would be visible at all.
    most = math.inf if fixed else 0.6 * studio.width
    scale = Stage([], studio.height, studio.width).scale
    track = sample_track(rng, studio.clip_set, kind, frames, studio.width, scale, most)
    manner = rng.choice(["held", "twos", "threes", "held, then threes"], p=[0.25, 0.2, 0.25, 0.3])
    stage = sample_stage(
        rng,
        studio.art,
        studio.clip_set,
        studio.height,
        studio.width,
        moves=manner != "held",
        travel=track.travel,
        depth=0.0 if fixed else 1.0,
    )
    if manner == "held":
        return draw_shot(stage, None, [frames], track)
    if manner == "held, then threes":
        long = int(rng.integers(12, 19)) if frames > 24 else frames // 2
        holds = [long, *evenly(3, frames - long)]
    else:
        holds = evenly(2 if manner == "twos" else 3, frames)
    return draw_shot(stage, TypicalPace(rng, stage), holds, track)


def _fade(studio: Studio) -> Strip:
    """Draw a fade in, a fade out, or both; the figure is on twos, on threes, or held."""
    rng, clip_set = studio.rng, studio.clip_set
    frames = studio.length()
    strip = _plain_shot(studio, frames)
    strengths = np.zeros(frames)
    where = rng.choice(["in", "out", "both"])
    for side in ("in", "out"):
        if where not in (side, "both"):
            continue
        length = studio.length((FADE[0], min(FADE[1], frames // 3)))
        veil = 1 - (np.arange(length) + 1) / (length + 1)
        if not clip_set.straight_fades:
            veil = 0.5 * veil + 0.5 * veil**1.6
        veil = np.concatenate([np.ones(rng.integers(0, 4)), veil])
        if side == "in":
            strengths[: len(veil)] = veil
        else:
            strengths[-len(veil) :] = veil[::-1]
    grey = 255 if rng.random() < clip_set.white_fade_share else 0
    return veiled(strip, strengths.tolist(), grey)


def _flash(studio: Studio) -> Strip:
    """Draw a shot with one to three flashes of one to three frames each."""
    rng = studio.rng
    frames = studio.length()
    strip = _plain_shot(studio, frames)
    count = int(rng.integers(1, 4))
    flashes = []
    for number in range(count):
        levels = [[1.0], [1.0, 1.0], [1.0, 0.5], [1.0, 1.0, 1.0], [0.9, 0.6, 0.3], [0.5, 1.0, 0.5]]
        begin = int((number + rng.uniform(0.15, 0.6)) * frames / count)
        flashes.append((max(begin, 2), levels[rng.integers(len(levels))]))
    return flashed(strip, flashes)


def _dissolve(studio: Studio) -> Strip:
    length = studio.length(DISSOLVE)
    before, after = (_plain_shot(studio, length + studio.length((10, 20))) for _ in range(2))
    return dissolved(before, after, length)


def _cuts(studio: Studio, camera: bool = False) -> Strip:
    """Draw two to four shots; some show the background of the one before, seen from nearer."""
    rng, shots = studio.rng, int(studio.rng.integers(2, 5))
    strips: list[Strip] = []
    stage = None
    for _ in range(shots):
        frames = studio.length(SHOT)
        moves = bool(rng.random() < 0.85)
        if camera and rng.random() < 0.6:
            kind = str(rng.choice(["pan", "zoom", "shake"]))
            strips.append(_under_camera(kind, studio, CAMERA_SHOT))
            stage = None
            continue
        if stage is not None and rng.random() < 0.45:
            stage = nearer(rng, studio.art, studio.clip_set, stage, moves)
        else:
            stage = studio.stage(moves)
        holds = evenly(int(rng.choice([1, 2, 2, 3, 3])), frames)
        strips.append(studio.shot(stage, holds) if moves else draw_shot(stage, None, [frames]))
    for before, after in pairwise(strips):
        if cv2.absdiff(before.frames[-1], after.frames[0]).mean() < LEAST_CUT:
            raise UnusableError("a cut can hardly be seen")
    return joined(strips)


def _telecine(studio: Studio) -> Strip:
    """Draw animation on twos (rarely ones or threes) at 24 frames a second, shown at 30."""
    cadence = int(studio.rng.choice([1, 2, 3], p=[0.15, 0.7, 0.15]))
    film = studio.shot(studio.stage(), evenly(cadence, studio.length((32, 48))))
    return pulled_down(film, int(studio.rng.integers(1, 5)))


def _plain_shot(studio: Studio, frames: int) -> Strip:
    """Draw a plain shot to be edited: on twos, on threes, or one held drawing."""
    hold = int(studio.rng.choice([2, 3, frames], p=[0.4, 0.4, 0.2]))
    if hold == frames:
        return draw_shot(studio.stage(moves=False), None, [frames])
    return studio.shot(studio.stage(), evenly(hold, frames))


FAMILIES: dict[str, Callable[[Studio], Strip]] = {
    "ones": partial(_on, 1),
    "twos": partial(_on, 2),
    "threes": partial(_on, 3),
    "fours": partial(_on, 4),
    "mixed": _mixed,
    "still": _still,
    "small": _small,
    "mouth": _mouth,
    "pan": partial(_under_camera, "pan"),
    "zoom": partial(_under_camera, "zoom"),
    "shake": partial(_under_camera, "shake"),
    "fade": _fade,
    "flash": _flash,
    "dissolve": _dissolve,
    "cuts": _cuts,
    "cuts_camera": partial(_cuts, camera=True),
    "telecine": _telecine,
    **MONTAGES,
}
