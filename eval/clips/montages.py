"""Montages: many short shots, with everything that makes a cut hard to detect.

Most shots have 2 to 12 frames, and show stills or figures on ones, twos and threes. The families
differ in what makes their cuts hard to detect: darkness, a frame around the picture that never
changes, shots that come back, lights that flash, pictures that alternate, dissolves. The last
family has fast action, which is easily taken for cuts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from eval.clips.camera import CameraTrack, PerFrame
from eval.clips.shots import TypicalPace, draw_shot, evenly
from eval.clips.stage import Stage, UnusableError, nearer, sample_stage
from eval.clips.strips import UNCLEAR, Strip, dissolved, flashed, joined, lit
from eval.clips.studio import Studio
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.warps import Chain, Placement
from nakawari.data.scenes.camera import Camera

SHOTS = (5, 10)  # number of shots of a montage
SHOT = (2, 12)  # frames of a shot
CALM_SHOT = (9, 16)  # frames of a shot that is long enough for a flash
LEAST_CUT = 10.0  # code values: least mean change at a cut, before it is darkened or framed
NEARER_SHARE = 0.08  # share of the shots that show the background of the one before from nearer
MOVING_SHARE = 0.6  # share of the shots in which something moves
CAMERA_SHARE = 0.2  # share of the moving shots that are pans
PAN_SPEED = (1.0, 12.0)  # px a frame at a height of 288 px
WHIP_SPEED = (14.0, 40.0)  # px a frame of a whip pan, at the same height
DARKNESS = (0.05, 0.2)  # share of the light that is left at night
PICTURE_AREA = (0.3, 0.85)  # share of the frame's area that a surrounded picture has
FLASH = (1, 4)  # frames of a flash
STROBE = (6, 20)  # frames of a strobe light
ALTERNATION = (1, 4)  # frames for which one of two pictures that alternate is shown
DISSOLVE = (4, 8)  # frames of a dissolve
CLOSE = (1.4, 2.6)  # size of a close figure, as a multiple of the usual
ACTION = (2.0, 4.0)  # distance between two drawings of an action, as a multiple of the usual


def stills(studio: Studio) -> Strip:
    """Draw shots without motion; in half of the montages, all have the same number of frames."""
    return _cut_together(_shots(studio, moving_share=0.0))


def moving(studio: Studio) -> Strip:
    """Draw shots of moving figures, with a few stills and pans between them."""
    return _cut_together(_shots(studio))


def dark(studio: Studio) -> Strip:
    """Draw the shots of ``moving`` at night."""
    strip = _cut_together(_shots(studio))
    light = float(np.exp(studio.rng.uniform(*np.log(DARKNESS))))
    frames = [cv2.convertScaleAbs(frame, alpha=light) for frame in strip.frames]
    return replace(strip, frames=frames)


def framed(studio: Studio) -> Strip:
    """Draw the shots of ``moving`` in a surround that never changes: bars, ornaments, a TV set."""
    strip = _cut_together(_shots(studio))
    return _with_frame(studio, strip)


def inserts(studio: Studio) -> Strip:
    """Draw two shots that alternate, as in cross-cutting or with an insert; both go on moving."""
    rng = studio.rng
    turns = [studio.length(SHOT) for _ in range(studio.length((3, 7)))]
    sides = [_shot(studio, sum(turns[side::2])) for side in (0, 1)]
    used = [0, 0]
    strips = []
    for turn, frames in enumerate(turns):
        side = turn % 2
        strips.append(_part(sides[side], used[side], used[side] + frames))
        used[side] += frames
    if rng.random() < 0.3:
        strips.append(_shot(studio, studio.length(SHOT)))
    return _cut_together(strips)


def flashes(studio: Studio) -> Strip:
    """Draw shots in which a light flashes: white, black, a colour, or the negative is shown."""
    strips = []
    for _ in range(studio.length((2, 4))):
        shot = _shot(studio, studio.length(CALM_SHOT))
        length = studio.length(FLASH)
        first = int(studio.rng.integers(2, len(shot.frames) - length - 1))
        strips.append(_flashing(studio, shot, [(first, length)]))
    return _cut_together(strips)


def strobes(studio: Studio) -> Strip:
    """Draw shots, and between them a light that goes on and off, or two alternating pictures."""
    strips = [_shot(studio, studio.length((6, 14)))]
    for _ in range(2):
        strips.extend(_strobe_light(studio) if studio.rng.random() < 0.5 else _alternation(studio))
        strips.append(_shot(studio, studio.length((6, 14))))
    return _cut_together(strips)


def dissolves(studio: Studio) -> Strip:
    """Draw shots, some with a dissolve, which is not a cut."""
    strips = []
    for shot in _shots(studio):
        if studio.rng.random() < 0.5:
            length = studio.length(DISSOLVE)
            before, after = (_shot(studio, length + studio.length((4, 8))) for _ in range(2))
            strips.append(dissolved(before, after, length))
        else:
            strips.append(shot)
    return _cut_together(strips)


def action(studio: Studio) -> Strip:
    """Draw close figures that leap from drawing to drawing, and pans too fast to be followed."""
    strips = []
    for _ in range(studio.length((2, 4))):
        frames = studio.length((8, 16))
        speed = studio.rng.uniform(*WHIP_SPEED)
        strips.append(
            _pan(studio, frames, speed) if studio.rng.random() < 0.4 else _leaps(studio, frames)
        )
    return _cut_together(strips)


MONTAGES: dict[str, Callable[[Studio], Strip]] = {
    "montage_stills": stills,
    "montage_moving": moving,
    "montage_dark": dark,
    "montage_framed": framed,
    "montage_inserts": inserts,
    "montage_flashes": flashes,
    "montage_strobes": strobes,
    "montage_dissolves": dissolves,
    "montage_action": action,
}


def _shots(studio: Studio, moving_share: float = MOVING_SHARE) -> list[Strip]:
    rng = studio.rng
    even = studio.length(SHOT) if rng.random() < 0.5 else None
    strips: list[Strip] = []
    stage: Stage | None = None
    for _ in range(studio.length(SHOTS)):
        frames = even or studio.length(SHOT)
        if rng.random() < moving_share * CAMERA_SHARE:
            strips.append(_pan(studio, frames, rng.uniform(*PAN_SPEED)))
            stage = None
            continue
        moves = bool(rng.random() < moving_share)
        if stage is not None and rng.random() < NEARER_SHARE:
            stage = nearer(rng, studio.art, studio.clip_set, stage, moves)
        else:
            stage = studio.stage(moves)
        strips.append(_drawn(studio, stage, frames, moves))
    return strips


def _shot(studio: Studio, frames: int) -> Strip:
    moves = bool(studio.rng.random() < MOVING_SHARE)
    return _drawn(studio, studio.stage(moves), frames, moves)


def _drawn(studio: Studio, stage: Stage, frames: int, moves: bool) -> Strip:
    if not moves:
        return studio.still(stage, frames)
    return studio.shot(stage, evenly(int(studio.rng.choice([1, 2, 2, 3])), frames))


def _leaps(studio: Studio, frames: int) -> Strip:
    """Return a figure that fills the picture and moves far."""
    rng = studio.rng
    stage = studio.stage()
    near = Placement(
        (0.0, 0.0),
        LinearValue(0.0),
        LinearValue(0.0),
        log_scale=LinearValue(math.log(rng.uniform(*CLOSE))),
    )
    close = [replace(cel, drawn=Chain([cel.drawn, near])) for cel in stage.cels[1:]]
    stage = replace(stage, cels=[stage.cels[0], *close])
    pace = TypicalPace(rng, stage, faster=rng.uniform(*ACTION))
    return draw_shot(stage, pace, evenly(int(rng.choice([1, 2])), frames))


def _pan(studio: Studio, frames: int, speed: float) -> Strip:
    """Draw a held figure before a background that the camera pans by ``speed`` [px a frame]."""
    rng = studio.rng
    speed *= Stage([], studio.height, studio.width).scale
    angle = rng.choice([0.0, 0.0, 0.5, 1.0, 1.0]) * math.pi
    way = (np.arange(frames) - (frames - 1) / 2) * speed
    x, y = way * math.cos(angle), way * math.sin(angle)
    camera = Camera(
        x=PerFrame(0.0, values=tuple(x.tolist())), y=PerFrame(0.0, values=tuple(y.tolist()))
    )
    travel = (float(np.ptp(x)), float(np.ptp(y)))
    track = CameraTrack("pan", camera, (False, *[True] * (frames - 1)), travel)
    depth = float(rng.choice([0.0, 1.0])) if abs(way[0]) < studio.width / 4 else 0.0
    stage = sample_stage(
        rng, studio.art, studio.clip_set, studio.height, studio.width,
        moves=False, travel=travel, depth=depth,
    )  # fmt: skip
    return draw_shot(stage, None, [frames], track)


def _part(strip: Strip, begin: int, end: int) -> Strip:
    """Return the frames of a shot from ``begin`` to before ``end``."""
    return Strip(
        frames=strip.frames[begin:end],
        exposures=strip.exposures[begin:end],
        camera=[None, *strip.camera[begin + 1 : end]],
        cadences=[UNCLEAR],
    )


def _cut_together(strips: Sequence[Strip]) -> Strip:
    """Join shots by hard cuts; raises ``UnusableError`` if one of them can hardly be seen."""
    for before, after in pairwise(strips):
        if cv2.absdiff(before.frames[-1], after.frames[0]).mean() < LEAST_CUT:
            raise UnusableError("a cut can hardly be seen")
    # People would not agree on the cadence of a shot of a few frames.
    return replace(joined(strips), cadences=[UNCLEAR] * sum(len(s.cuts) + 1 for s in strips))


def _flashing(studio: Studio, shot: Strip, spans: Sequence[tuple[int, int]]) -> Strip:
    """Let a light flash in spans (first frame, length) of a shot, in the same way each time."""
    rng = studio.rng
    kind = rng.choice(["white", "fading", "black", "colour", "negative"])
    if kind == "white":
        return flashed(shot, [(first, [1.0] * length) for first, length in spans])
    if kind == "fading":
        levels = [1.0, 0.7, 0.45, 0.25]
        return flashed(shot, [(first, levels[:length]) for first, length in spans])
    if kind == "negative":
        return lit(shot, spans, lambda frame: 255 - frame)
    colour = rng.integers(0, 256, 3) if kind == "colour" else np.zeros(3)
    plain = np.broadcast_to(colour.astype(np.uint8), shot.frames[0].shape)
    return lit(shot, spans, lambda frame: plain)


def _strobe_light(studio: Studio) -> list[Strip]:
    """Return a shot in which a light goes on and off."""
    frames = studio.length(STROBE) + 4
    on, off = studio.length((1, 3)), studio.length((1, 3))
    spans = [(first, on) for first in range(2, frames - on - 1, on + off)]
    return [_flashing(studio, _shot(studio, frames), spans)]


def _alternation(studio: Studio) -> list[Strip]:
    """Return shots of two pictures that alternate: each change is a cut."""
    hold = studio.length(ALTERNATION)
    pictures = [studio.still(studio.stage(moves=False), hold) for _ in range(2)]
    return [pictures[turn % 2] for turn in range(studio.length(STROBE) // hold + 2)]


def _with_frame(studio: Studio, strip: Strip) -> Strip:
    """Show a strip inside a surround that never changes."""
    rng, (height, width) = studio.rng, strip.frames[0].shape[:2]
    kind = rng.choice(["bars", "ornaments", "frame", "screen"])
    surround = np.zeros_like(strip.frames[0])
    if kind != "bars":
        surround = studio.stage(moves=False).draw(0.5)
    area = rng.uniform(*PICTURE_AREA)
    share = math.sqrt(area)
    rows, columns = round(height * share), round(width * share)
    if kind in ("bars", "ornaments"):
        rows, columns = (height, round(width * area)) if rng.random() < 0.4 else (
            round(height * area), width
        )  # fmt: skip
    top, left = (height - rows) // 2, (width - columns) // 2
    if kind == "screen":
        top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    frames = []
    for frame in strip.frames:
        shown = surround.copy()
        inner = frame if kind != "screen" else cv2.resize(frame, (columns, rows), None, 0, 0, 3)
        if kind != "screen":
            y, x = (height - rows) // 2, (width - columns) // 2
            inner = frame[y : y + rows, x : x + columns]
        shown[top : top + rows, left : left + columns] = inner
        frames.append(shown)
    framed = replace(strip, frames=frames)
    _check_inside(framed, area)
    return framed


def _check_inside(strip: Strip, area: float) -> None:
    """Raise ``UnusableError`` if the surround hides a cut, or the only thing that moves."""
    for cut in strip.cuts:
        change = cv2.absdiff(strip.frames[cut - 1], strip.frames[cut]).mean()
        if change < LEAST_CUT * area:
            raise UnusableError("the frame hides a cut")
    new = strip.new_drawings()
    for frame in range(1, len(new)):
        if new[frame] and np.array_equal(strip.frames[frame - 1], strip.frames[frame]):
            raise UnusableError("the frame hides a drawing")
