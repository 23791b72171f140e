"""Settings of what the sheet says of a shot and of the clip: the cadence, and pulldown."""

from __future__ import annotations

from dataclasses import dataclass

from nakawari.xsheet.settings.checks import check_positive, check_whole


@dataclass(frozen=True, kw_only=True)
class CadenceSettings:
    """What the cadence of a shot is (``sheet/cadence.py``).

    A drawing moves if it is held for no longer than ``longest_moving_hold`` says.

    Attributes:
        max_moving_hold: frames; a drawing that is held for longer rests. Sixes are the slowest
            animation.
        max_moving_time: seconds that allow a longer hold at a rate above 24 frames a second. Six
            frames last a quarter of a second at 24.
        min_drawings: fewest drawings that must move; a single one between rests has no rhythm.
        min_share: least share of the moving drawings that have the commonest hold in a cadence.
        min_time_share: least share of the shot's time that must move; less is an incident.
        min_whole: least share of the moving frames in holds of exactly the cadence, where some
            holds were split by a repeat taken for a drawing.
        min_joined: the same share with the split holds.
    """

    max_moving_hold: int = 6
    max_moving_time: float = 0.25
    min_drawings: int = 2
    min_share: float = 0.6
    min_time_share: float = 0.08
    min_whole: float = 0.6
    min_joined: float = 0.85

    def __post_init__(self) -> None:
        check_whole(self, "max_moving_hold", "min_drawings")
        check_positive(self, "max_moving_time")


@dataclass(frozen=True, kw_only=True)
class PulldownSettings:
    """When the frames of a video repeat those of a film (``sheet/pulldown.py``).

    Attributes:
        max_detuning: largest difference from a rate at which there is pulldown, as a share of that
            rate. Videos of 29.97 and of 59.94 frames a second are within a thousandth of it.
        min_drawings: fewest drawings that must move; fewer may be even by chance.
        min_evenness: least share of the holds, in film frames, that are the commonest of their
            shot.
        min_gain: that share must exceed the same share in video frames by so much.
        max_violations: largest share of the drawings that may begin on a frame that should be a
            repeat.
    """

    max_detuning: float = 1 / 30
    min_drawings: int = 8
    min_evenness: float = 0.9
    min_gain: float = 0.15
    max_violations: float = 0.05

    def __post_init__(self) -> None:
        check_whole(self, "min_drawings")
