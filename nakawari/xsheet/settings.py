"""What the detector goes by: every figure that decides, with the unit and the reason for it.

How a change, a contour or a motion is measured is not here: those figures are beside the code that
measures. Here is what is made of the measurements, by the part of the detector that makes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from nakawari.errors import UserError


@dataclass(frozen=True, kw_only=True)
class CutSettings:
    """What is a cut (``change/cuts.py``); changes are means over the thumbnail [code values].

    Attributes:
        window: frames looked at on either side; also the longest flash.
        min_change: less cannot be seen.
        min_luma_change: the same of luma alone.
        faint_change: a change that is larger is no grain.
        min_noise_ratio: a faint change must be so many times that of the stillest frame near by.
        still_change: below this a frame is held, grain and all, and tells no motion.
        min_change_ratio: of a sudden change, over the median change of the moving neighbours.
        min_resemblance: of what a picture shows, found in the other; less is a cut. Of 340 cuts of
            montages without a surround, 4 had 0.42 to 0.48 and the others less.
        max_resemblance: more is none, and between the two it must be sudden. Of 1900 other changes
            of drawings and cameras, 10 had 0.46 to 0.56 and the others more.
        no_resemblance: below this it may also have the same colours, if no camera leads there.
        min_changed_share: of the blocks with contours in them.
        min_following: of the contours at the rim, if a camera leads from one picture to the other;
            no two shots had any motion in common.
        other_colors: share of the pixels; a large figure drawn anew under a camera that shakes
            changes half of that.
        empty: standard deviation of a picture without content [code values].
        shadow: the same as a share of that of the picture before or after it.
    """

    window: int = 6
    min_change: float = 0.8
    min_luma_change: float = 0.5
    faint_change: float = 4.0
    min_noise_ratio: float = 1.6
    still_change: float = 1.2
    min_change_ratio: float = 2.5
    min_resemblance: float = 0.42
    max_resemblance: float = 0.52
    no_resemblance: float = 0.3
    min_changed_share: float = 0.75
    min_following: float = 0.4
    other_colors: float = 0.1
    empty: float = 1.0
    shadow: float = 0.05

    def __post_init__(self) -> None:
        _check_whole(self, "window")
        _check_order(self, "no_resemblance", "min_resemblance", "max_resemblance")


@dataclass(frozen=True, kw_only=True)
class SurroundSettings:
    """What is a surround that stands, about a picture that a cut changes (``change/surround.py``).

    A figure drawn anew leaves a corner of its rectangle, or soon goes beyond it: 28 of 29 in
    montages did, and the other kept its colours.

    Attributes:
        min_share: of the whole, that the picture within has.
        min_changed: share of the picture within that changes.
        min_corner_changed: share of its corners, each a quarter high and wide.
        max_outer_changed: share of the surround that may.
        all_changed: share of the surround from which on it ends there itself.
        min_change: what is a change [code values], beside the noise.
        noise_margin: times the median change of the stillest frame near by.
        coded_share: of the mean change: coding spreads so much of it.
    """

    min_share: float = 0.12
    min_changed: float = 0.75
    min_corner_changed: float = 0.55
    max_outer_changed: float = 0.08
    all_changed: float = 0.5
    min_change: float = 1.5
    noise_margin: float = 4.0
    coded_share: float = 0.12


@dataclass(frozen=True, kw_only=True)
class ChangeSettings:
    """What counts as a frame's change (``detect.py``).

    Attributes:
        light_weight: code values of a block's change that weigh as much as one of the whole
            picture's brightness.
        creep_ratio: a change too slow to be seen from frame to frame shows against the last frame
            that differed clearly; but so does, a little, the noise of coding. It counts if it is
            more than so many times the change from the frame before,
        creep_margin: and by so many code values more than that.
    """

    light_weight: float = 12.0
    creep_ratio: float = 2.0
    creep_margin: float = 4.0


@dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """How a camera is followed through a shot (``change/tracker.py``, ``change/remainders.py``).

    Attributes:
        min_speed: px a frame; what is slower stands still.
        explained: share of a change that is left at most, if a motion is at work though it was not
            seen.
        stands: share of the last change under the camera; one that goes on changes a frame by more.
        inertia: how much of its support a motion keeps with each frame that it does not explain.
        look_back: frames for which a motion is tried that was not yet seen in them.
        confirmed: frames in which a camera was seen, from which on it needs no ground.
        look_far_back: frames for which it is then tried.
        clear_support: of a motion by which a drawing may be told that does not go along.
        most_held: code values; what leaves no more may be held.
        kept: share of what the ground told, that is kept with each frame.
        near: px by which a steady move changes in a frame,
        near_share: or the same as a share of its speed.
        depths: frames over which a layer's depth is remembered.
        min_depths: frames that tell a depth at least.
        min_depth_share: of the frames remembered; a layer is seen in all repeats, of twos in half
            of the frames.
        depth_misfit: px a frame, of a layer that goes as its depth says.
        min_depth_speed: px a frame; below it a depth cannot be told.
    """

    min_speed: float = 0.06
    explained: float = 0.4
    stands: float = 0.3
    inertia: float = 0.85
    look_back: int = 6
    confirmed: int = 4
    look_far_back: int = 24
    clear_support: float = 0.85
    most_held: float = 12.0
    kept: float = 0.9
    near: float = 0.5
    near_share: float = 0.2
    depths: int = 15
    min_depths: int = 3
    min_depth_share: float = 0.4
    depth_misfit: float = 0.15
    min_depth_speed: float = 0.5

    def __post_init__(self) -> None:
        _check_whole(self, "look_back", "confirmed", "look_far_back", "depths", "min_depths")
        _check_positive(self, "min_speed", "inertia", "kept", "near")


@dataclass(frozen=True, kw_only=True)
class LevelSettings:
    """How large changes are, between frames of one drawing and of two (``holds/holds.py``).

    A level is a normal distribution of the logarithm of ``change + floor``. What is known of it
    before the shot was seen: its mean, here as ``change + floor`` [code values]; the deviation
    about it; the spread of the mean from shot to shot; the frames that the deviation counts for.

    Attributes:
        floor: code values, so that no change at all has a logarithm.
        same: mean of repeats under a camera that stands.
        same_deviation: likewise.
        same_spread: likewise.
        same_weight: likewise.
        moved: mean of repeats under a camera that moves, whose pictures never fit quite. With more,
            drawings of close figures that were taken for a camera were dropped.
        moved_deviation: likewise.
        moved_spread: likewise.
        moved_weight: likewise.
        new: mean of new drawings.
        new_deviation: likewise.
        new_spread: likewise.
        new_weight: likewise.
        max_same: of the mean of repeats; no coding that can be watched changes a drawing more.
        min_new: of the mean of new drawings; what changes less cannot be seen.
        apart: the least distance of the two means.
        min_deviation: of any level.
        max_deviation: of repeats under a camera that stands. Without a limit, the end of a flash of
            one frame and half of a dissolve were repeats with a wide spread.
    """

    floor: float = 2.5
    same: float = 4.8
    same_deviation: float = 0.25
    same_spread: float = 0.5
    same_weight: float = 3.0
    moved: float = 6.5
    moved_deviation: float = 0.35
    moved_spread: float = 0.4
    moved_weight: float = 8.0
    new: float = 30.0
    new_deviation: float = 1.2
    new_spread: float = 0.7
    new_weight: float = 4.5
    max_same: float = 9.0
    min_new: float = 5.0
    apart: float = 0.4
    min_deviation: float = 0.1
    max_deviation: float = 0.6

    def __post_init__(self) -> None:
        _check_positive(self, *(setting.name for setting in fields(self)))


@dataclass(frozen=True, kw_only=True)
class HoldSettings:
    """What decides between a new drawing and a held one (``holds/holds.py``, ``holds/timing.py``).

    Attributes:
        starts: places between the least and the largest change where the two levels may part.
        rounds: of expectation-maximisation, from each of them.
        other_opinion: by which the means of two opinions differ at least, in sum.
        min_held_probability: a frame is the same drawing only if that is so probable. A drawing
            that is dropped is lost; a repeat that is taken for a drawing costs little.
        max_evidence: of one frame, in units of log odds.
        min_growth: of the logarithm of the change over two frames, that speaks for two movements;
            noise reaches it in one frame of fifty.
        growth_weight: log odds for each unit above that.
        long_hold: share of the drawings that are a pause, whatever the cadence.
        pause_hazard: probability that a pause ends with a given frame.
        off_beat: share of the drawings that are a frame early or late.
        switch: probability that the cadence changes with a drawing.
    """

    starts: int = 10
    rounds: int = 5
    other_opinion: float = 0.25
    min_held_probability: float = 0.72
    max_evidence: float = 8.0
    min_growth: float = 0.25
    growth_weight: float = 13.0
    long_hold: float = 0.12
    pause_hazard: float = 0.05
    off_beat: float = 0.05
    switch: float = 0.03

    def __post_init__(self) -> None:
        _check_whole(self, "starts", "rounds")
        for name in ("min_held_probability", "long_hold", "pause_hazard", "off_beat", "switch"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be in (0, 1), got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """All settings of the detector, by its parts.

    Attributes:
        cuts: what is a cut.
        surrounds: what is a surround that stands.
        changes: what counts as a frame's change.
        camera: how a camera is followed through a shot.
        levels: how large changes are, of repeats and of new drawings.
        holds: what decides between the two.
    """

    cuts: CutSettings = field(default_factory=CutSettings)
    surrounds: SurroundSettings = field(default_factory=SurroundSettings)
    changes: ChangeSettings = field(default_factory=ChangeSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    levels: LevelSettings = field(default_factory=LevelSettings)
    holds: HoldSettings = field(default_factory=HoldSettings)


def with_changes(settings: DetectorSettings, changes: Iterable[str]) -> DetectorSettings:
    """Return settings in which some have another value, each given as ``part.name=value``.

    Raises ``UserError`` for a setting that there is not, or a value that it cannot have.
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


def _value(text: str, before: float) -> float:
    """Read a value of the kind that the setting has: a whole number, or any that is finite."""
    kind = type(before)
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"the value must be {wanted}, got {text!r}")
    return value


def _check_whole(settings: Any, *names: str) -> None:
    """Check that counts are 1 or more."""
    for name in names:
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} must be 1 or more, got {getattr(settings, name)}")


def _check_positive(settings: Any, *names: str) -> None:
    """Check that measures are above zero."""
    for name in names:
        if getattr(settings, name) <= 0:
            raise ValueError(f"{name} must be above 0, got {getattr(settings, name)}")


def _check_order(settings: Any, *names: str) -> None:
    """Check that limits are in order, the least first."""
    values = [getattr(settings, name) for name in names]
    if values != sorted(values):
        told = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        raise ValueError(f"{' <= '.join(names)} must hold, got {told}")


DEFAULT = DetectorSettings()
