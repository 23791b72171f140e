"""The numbers by which the detector measures and decides, with their units and their reasons.

There is a class for each part of the detector. The files ``camera.py``, ``change.py``,
``cuts.py``, ``holds.py`` and ``sheet.py`` group them by what they decide. ``DetectorSettings``
holds them all, and ``eval/drawings.py --set part.name=value`` tries another value on clips whose
truth is known. Where a setting is several numbers, they are parted by commas.

Only the numbers that the code is built around stay beside the code. They are the sizes of the
blocks and grids that it sums over, how far a blur or an interpolation reaches, how often and how
finely a search is repeated, at which quarter of an order a usual value is taken, and the rates
and patterns of pulldown.

A sheet that is read or edited is not detected anew. What is told of its shots goes by the numbers
of ``DEFAULT``, and by ``MAX_DISAGREEMENT`` in ``sheet/shots.py``.

Pictures are some 500 px wide when they are measured, and all lengths [px] are of such pictures.
A code value is a step of an 8-bit plane. A share is between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from nakawari.errors import UserError
from nakawari.xsheet.settings.camera import (
    BarSettings,
    ContourSettings,
    GroundSettings,
    MotionSettings,
    MoveSettings,
)
from nakawari.xsheet.settings.change import (
    CameraSettings,
    ChangeSettings,
    DifferenceSettings,
    PictureSettings,
    TrialSettings,
    UncoveredSettings,
)
from nakawari.xsheet.settings.cuts import (
    ColorSettings,
    ContentSettings,
    CutSettings,
    SurroundSettings,
)
from nakawari.xsheet.settings.holds import HoldSettings, LevelSettings
from nakawari.xsheet.settings.sheet import CadenceSettings, PulldownSettings


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """All settings of the detector, by its parts.

    Attributes:
        cuts: what a cut is.
        surrounds: what an unchanging surround is.
        changes: what counts as a frame's change.
        camera: how a camera is followed through a shot.
        levels: how large changes are, of repeats and of new drawings.
        holds: what decides between a repeat and a new drawing.
        bars: what a black bar is.
        contours: how contours tell the camera's motion.
        ground: when the ground follows a motion.
        motion: how the camera's motion between two frames is estimated.
        moves: which frames make a camera move.
        differences: how much two frames differ.
        content: how the content of one picture is looked for in another.
        colors: how the colours of two pictures are compared.
        trials: when a motion is the camera's because it explains all that changes.
        uncovered: in which frames a background that was hidden is looked for.
        pictures: how large the pictures are when they are measured.
        cadence: what the cadence of a shot is.
        pulldown: when the frames of a video repeat those of a film.
    """

    cuts: CutSettings = field(default_factory=CutSettings)
    surrounds: SurroundSettings = field(default_factory=SurroundSettings)
    changes: ChangeSettings = field(default_factory=ChangeSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    levels: LevelSettings = field(default_factory=LevelSettings)
    holds: HoldSettings = field(default_factory=HoldSettings)
    bars: BarSettings = field(default_factory=BarSettings)
    contours: ContourSettings = field(default_factory=ContourSettings)
    ground: GroundSettings = field(default_factory=GroundSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    moves: MoveSettings = field(default_factory=MoveSettings)
    differences: DifferenceSettings = field(default_factory=DifferenceSettings)
    content: ContentSettings = field(default_factory=ContentSettings)
    colors: ColorSettings = field(default_factory=ColorSettings)
    trials: TrialSettings = field(default_factory=TrialSettings)
    uncovered: UncoveredSettings = field(default_factory=UncoveredSettings)
    pictures: PictureSettings = field(default_factory=PictureSettings)
    cadence: CadenceSettings = field(default_factory=CadenceSettings)
    pulldown: PulldownSettings = field(default_factory=PulldownSettings)


def with_changes(settings: DetectorSettings, changes: Iterable[str]) -> DetectorSettings:
    """Return settings with some values replaced, each given as ``part.name=value``.

    Raises ``UserError`` for an unknown setting, or for a value that a setting cannot have.
    """
    for change in changes:
        place, _, text = change.partition("=")
        part, _, name = place.partition(".")
        own = getattr(settings, _known(part, settings, f"--set {change}"))
        before = getattr(own, _known(name, own, f"--set {change}"))
        try:
            changed = replace(own, **{name: _value(text, before)})
        except ValueError as error:
            raise UserError(f"--set {change}: {error}") from None
        settings = replace(settings, **{part: changed})
    return settings


def _known(name: str, owner: Any, told: str) -> str:
    names = [field.name for field in fields(owner)]
    if name not in names:
        raise UserError(f"{told}: there is no {name!r}; known: {', '.join(names)}")
    return name


def _value(text: str, before: float | tuple[float, ...]) -> float | tuple[float, ...]:
    """Read a value of the setting's type: a number, or several that commas part."""
    if isinstance(before, tuple):
        return tuple(_number(part, type(before[0])) for part in text.split(","))
    return _number(text, type(before))


def _number(text: str, kind: type[float]) -> float:
    """Read a whole number, if ``kind`` is ``int``, or a finite number."""
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"the value must be {wanted}, got {text!r}")
    return value


DEFAULT = DetectorSettings()
