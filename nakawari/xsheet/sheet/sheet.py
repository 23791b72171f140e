"""The exposure sheet as data, and as the JSON file that people edit and scripts read."""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from nakawari.xsheet.sheet.clock import Clock, Pulldown

Cadence = int | Literal["mixed"] | None
CAMERA_KINDS = ("pan", "zoom", "roll", "shake")


@dataclass(frozen=True, kw_only=True)
class SheetDrawing:
    """One drawing of the moving subject and the frames that show it.

    The camera may move while a drawing is held: it is still one drawing.
    """

    start: int  # frame
    hold: int  # frames
    confidence: float = 1.0  # 0 to 1, that it is new at ``start`` and held until the next drawing

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.hold


@dataclass(frozen=True, kw_only=True)
class CameraMove:
    """A run of frames over which the camera moves."""

    start: int  # frame
    end: int  # frame, its last
    kind: str  # one of CAMERA_KINDS


@dataclass(frozen=True, kw_only=True)
class Shot:
    """The frames between two cuts.

    ``cadence`` is the number of frames for which most drawings are held (1 is "on ones"),
    "mixed" if there is no such number, ``None`` if nothing moves. ``animation_fps`` is how many
    drawings a second are shown while it moves, ``None`` if nothing does.
    """

    start: int  # frame
    end: int  # frame, its last
    cadence: Cadence
    animation_fps: float | None
    confidence: float = 1.0  # 0 to 1


@dataclass(frozen=True, kw_only=True)
class Take:
    """The seed that a person chose for the in-betweens of two pictures."""

    start: int  # frame of the first picture
    next: int  # frame of the second picture
    seed: int  # of the noise, 0 or more


@dataclass(frozen=True, kw_only=True)
class ExposureSheet:
    """What is known about a clip's drawings. Frames are numbered from 0 in the order of display.

    ``drawings`` and ``shots`` each cover all frames without gap or overlap; every shot begins
    with a drawing. ``cuts`` are the first frames of all shots but the first. ``takes`` are in
    order, and do not overlap.
    """

    clip: str  # file name
    fps: Fraction  # nominal frames a second of the video
    frames: int
    drawings: tuple[SheetDrawing, ...]
    shots: tuple[Shot, ...]
    camera: tuple[CameraMove, ...] = ()
    pulldown: Pulldown | None = None
    times: tuple[Fraction, ...] | None = None  # s, where the frame rate varies; see ``Clock``
    takes: tuple[Take, ...] = ()  # those chosen; all other in-betweens use the usual seed

    @property
    def clock(self) -> Clock:
        """When the frames are shown."""
        return Clock(fps=self.fps, pulldown=self.pulldown, times=self.times)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The first frame of each shot after the first."""
        return tuple(shot.start for shot in self.shots[1:])

    @property
    def chosen_seeds(self) -> dict[tuple[int, int], int]:
        """The seed of each take that was chosen, by the frames of its interval's two drawings."""
        return {(take.start, take.next): take.seed for take in self.takes}

    def drawings_of(self, shot: Shot) -> list[SheetDrawing]:
        """Return the drawings that begin in a shot."""
        first, after = (
            bisect_left(self.drawings, frame, key=lambda drawing: drawing.start)
            for frame in (shot.start, shot.end + 1)
        )
        return list(self.drawings[first:after])

    def to_json(self) -> str:
        """Return the sheet as JSON text, with each drawing on a line of its own."""
        head: dict[str, Any] = {
            "clip": self.clip,
            "fps": str(self.fps),
            "frames": self.frames,
            "cuts": list(self.cuts),
        }
        if self.pulldown is not None:
            head["pulldown"] = vars(self.pulldown)
        if self.times is not None:
            head["times"] = [float(time) for time in self.times]
        lists: dict[str, tuple[Any, ...]] = {
            "drawings": self.drawings,
            "camera": self.camera,
            "shots": self.shots,
        }
        if self.takes:
            lists["takes"] = self.takes
        lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        for key, items in lists.items():
            rows = ",\n".join(f"  {json.dumps(vars(item))}" for item in items)
            lines.append(f" {json.dumps(key)}: [\n{rows}\n ]" if items else f' "{key}": []')
        return "{\n" + ",\n".join(lines) + "\n}\n"
