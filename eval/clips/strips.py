"""Strips of frames with their ground truth, and the operations of an editor.

Cut, dissolve, fade, flash, pulldown: every operation keeps the ground truth correct.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import cv2
import numpy as np

from eval.clips.stage import UnusableError
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import Cadence

# The least mean change [code values] of the picture from one frame of a fade to the next.
LEAST_BRIGHTNESS_STEP = 0.7
UNCLEAR: Final = "unclear"
TrueCadence = Cadence | Literal["unclear"]


@dataclass(frozen=True)
class Strip:
    """Frames as they are before they are encoded, (H, W, 3) uint8 RGB each, and their truth.

    ``exposures`` identifies what each frame shows of the moving subject: a frame is held if its
    exposure is that of the frame before. ``camera`` is the kind of move that brought the camera to
    each frame, None if it stands still. ``cuts`` are the first frames of all shots but the first.
    ``flashes`` are the first and the last frame of each flash. ``cadences`` are those of the shots,
    ``UNCLEAR`` where people would not agree on one.
    """

    frames: Sequence[np.ndarray]
    exposures: Sequence[Hashable]
    camera: Sequence[str | None]
    cadences: Sequence[TrueCadence]
    cuts: tuple[int, ...] = ()
    flashes: tuple[tuple[int, int], ...] = ()
    pulldown: Pulldown | None = None
    motions: Sequence[float] = field(default_factory=list)  # px, of each step between drawings

    def new_drawings(self) -> list[bool]:
        """Return for each frame whether it shows another drawing than the frame before."""
        return [
            frame == 0 or frame in self.cuts or exposure != self.exposures[frame - 1]
            for frame, exposure in enumerate(self.exposures)
        ]


def clear_cadence(holds: Sequence[int]) -> TrueCadence:
    """Return the cadence of a shot, from the holds of its drawings; ``UNCLEAR`` in doubt.

    It is a number if at least 60 % of the drawings have that hold, and "mixed" if no hold is that
    of more than 45 %. The last drawing does not count, because the end of the shot cuts it short.
    A number needs at least three drawings that count, "mixed" at least five. It is None if one
    drawing is held throughout.
    """
    if len(holds) == 1:
        return None
    whole = list(holds[:-1])
    commonest = max(set(whole), key=whole.count)
    share = whole.count(commonest) / len(whole)
    if share >= 0.6:
        return commonest if len(whole) > 2 else UNCLEAR
    return "mixed" if share <= 0.45 and len(whole) > 4 else UNCLEAR


def holds_of(new_drawings: Sequence[bool]) -> list[int]:
    """Return the holds of the drawings that begin where ``new_drawings`` is true."""
    starts = [frame for frame, new in enumerate(new_drawings) if new]
    return [
        end - start for start, end in zip(starts, [*starts[1:], len(new_drawings)], strict=True)
    ]


def joined(strips: Sequence[Strip]) -> Strip:
    """Return the strips one after the other, with hard cuts between them."""
    result = strips[0]
    for strip in strips[1:]:
        at = len(result.frames)
        result = Strip(
            frames=[*result.frames, *strip.frames],
            exposures=[*result.exposures, *((at, exposure) for exposure in strip.exposures)],
            camera=[*result.camera, *strip.camera],
            cadences=[*result.cadences, *strip.cadences],
            cuts=(*result.cuts, at, *(at + cut for cut in strip.cuts)),
            flashes=result.flashes + tuple((at + a, at + b) for a, b in strip.flashes),
            motions=[*result.motions, *strip.motions],
        )
    return result


def dissolved(before: Strip, after: Strip, length: int) -> Strip:
    """Dissolve the last ``length`` frames of one strip into the first ones of the other."""
    blended = [
        cv2.addWeighted(last, 1 - weight, first, weight, 0.0)
        for last, first, weight in zip(
            before.frames[-length:],
            after.frames[:length],
            (np.arange(length) + 1) / (length + 1),
            strict=True,
        )
    ]
    first = len(before.frames) - length
    around = [before.frames[first - 1], *blended, after.frames[length]]
    _check_steps(around)
    return Strip(
        frames=[*before.frames[:first], *blended, *after.frames[length:]],
        exposures=[
            *(("before", exposure) for exposure in before.exposures[:first]),
            *(("dissolve", step) for step in range(length)),
            *(("after", exposure) for exposure in after.exposures[length:]),
        ],
        camera=[*before.camera, *after.camera[length:]],
        cadences=[UNCLEAR],
        motions=[*before.motions, *after.motions],
    )


def veiled(strip: Strip, strengths: Sequence[float], grey: int) -> Strip:
    """Blend each frame with a veil of one grey, 0 (black) to 255 (white).

    ``strengths`` has the weight of the veil in [0, 1] for each frame.
    """
    veil = np.full_like(strip.frames[0], grey)
    frames = [
        cv2.addWeighted(frame, 1 - strength, veil, strength, 0.0) if strength else frame
        for frame, strength in zip(strip.frames, strengths, strict=True)
    ]
    for frame in range(1, len(frames)):
        if strengths[frame] != strengths[frame - 1]:
            _check_steps(frames[frame - 1 : frame + 1])
    # Under a full veil all drawings look the same.
    exposures: list[Hashable] = [
        ("veil", grey) if strength == 1 else (exposure, strength) if strength else exposure
        for exposure, strength in zip(strip.exposures, strengths, strict=True)
    ]
    return replace(strip, frames=frames, exposures=exposures, cadences=[UNCLEAR])


def flashed(strip: Strip, flashes: Sequence[tuple[int, Sequence[float]]]) -> Strip:
    """Add white flashes, each given by its first frame and the strength for each of its frames."""
    strengths = [0.0] * len(strip.frames)
    for first, levels in flashes:
        strengths[first : first + len(levels)] = levels
    spans = tuple((first, first + len(levels) - 1) for first, levels in flashes)
    return replace(veiled(strip, strengths, 255), flashes=spans)


def lit(
    strip: Strip,
    spans: Sequence[tuple[int, int]],
    light: Callable[[np.ndarray], np.ndarray],
) -> Strip:
    """Show the frames of some spans (first frame, length) in another light, as flashes."""
    frames, exposures = list(strip.frames), list(strip.exposures)
    for first, length in spans:
        for frame in range(first, first + length):
            frames[frame] = light(frames[frame])
            plain = not np.ptp(frames[frame], axis=(0, 1)).any()
            exposures[frame] = ("light", None if plain else exposures[frame])
    flashes = tuple((first, first + length - 1) for first, length in spans)
    return replace(strip, frames=frames, exposures=exposures, cadences=[UNCLEAR], flashes=flashes)


def pulled_down(film: Strip, phase: int) -> Strip:
    """Repeat every fourth film frame (from 24 to 30 frames a second); ``phase`` is 1 to 4."""
    pulldown = Pulldown(cycle=5, phase=phase)
    shown: list[int] = []
    while pulldown.film_frame(len(shown)) < len(film.frames):
        shown.append(pulldown.film_frame(len(shown)))
    return replace(
        film,
        frames=[film.frames[frame] for frame in shown],
        exposures=[film.exposures[frame] for frame in shown],
        camera=[film.camera[frame] for frame in shown],
        pulldown=pulldown,
    )


def _check_steps(frames: Sequence[np.ndarray]) -> None:
    for number in range(1, len(frames)):
        if cv2.absdiff(frames[number - 1], frames[number]).mean() < LEAST_BRIGHTNESS_STEP:
            raise UnusableError("a frame of a fade or dissolve hardly differs from the one before")
