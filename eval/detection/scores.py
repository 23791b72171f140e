"""Counting what an exposure sheet gets right, compared with a clip's truth.

For each frame, except the first frames of (true) shots:

- a frame is *held* if it shows the same drawing as the frame before;
- *precision* is the share of the frames called held that are held;
- *recall* is the share of the held frames that are called held;
- a *dropped* drawing is a new one on a frame called held.

New drawings that do not change the picture visibly (``visible_change`` false) are not counted.

A cut is right if it is at exactly the true frame. A flash counts as taken for a cut if there is a
cut at one of its frames or at the frame after it. The cadence of a shot is right if it is that of
the sheet's shot that contains the true shot's middle frame. Shots on whose cadence people would
disagree are not counted.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from eval.clips.strips import UNCLEAR, TrueCadence, clear_cadence, holds_of
from eval.sets.json_text import parsed
from nakawari.errors import UserError
from nakawari.parsing import rate
from nakawari.xsheet.sheet.sheet import ExposureSheet

AIRED = "aired"  # the family of clips that the generator did not draw


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The truth of a clip. Tuples have a value for each frame, ``cadences`` for each shot."""

    clip: Path
    fps: Fraction
    cuts: tuple[int, ...]
    new_drawing: tuple[bool, ...]
    visible: tuple[bool, ...]  # False: a new drawing that looks like the one before
    cadences: tuple[TrueCadence, ...]
    family: str
    crf: int | None = None
    grain: bool = False
    flashes: tuple[tuple[int, int], ...] = ()  # first and last frame of each
    cycle: int | None = None  # of the pulldown; None: there is none

    @property
    def name(self) -> str:
        """The clip's name without its ending."""
        return self.clip.stem


def read_truth(path: Path, clip: Path | None = None) -> Truth:
    """Read the JSON of a generated clip, or of a clip as aired.

    Both have ``fps``, ``cuts`` and ``per_frame`` with ``new_drawing`` and ``visible_change``. The
    other content of a generated clip's JSON is optional. Without ``clip``, the clip is beside the
    JSON: ``NAME_aired_yuv420.mp4`` or ``NAME.mp4``. Raises ``UserError`` if the JSON or that clip
    is missing, or the JSON is not the truth of a clip.
    """
    try:
        if path.exists() and not path.is_file():  # reading a FIFO would wait for its writer
            raise UserError(f"{path} is not a file; give the JSON of a clip")
        truth = parsed(path.read_text(encoding="utf-8"))
        new = [bool(row["new_drawing"]) for row in truth["per_frame"]]
        visible = [bool(row.get("visible_change", True)) for row in truth["per_frame"]]
        cuts = tuple(truth["cuts"])
        known: dict[str, Any] = {
            "fps": rate(str(truth["fps"])),
            "cuts": cuts,
            "new_drawing": tuple(new),
            "visible": tuple(visible),
            "cadences": _cadences(truth, new, cuts),
            "family": str(truth.get("family", AIRED)),
            "crf": None if truth.get("crf") is None else int(truth["crf"]),
            "grain": bool(truth.get("grain", False)),
            "flashes": tuple((int(first), int(last)) for first, last in truth.get("flashes", [])),
            "cycle": (truth.get("pulldown") or {}).get("cycle"),
        }
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; check the name") from error
    except (
        *(ValueError, LookupError, TypeError, AttributeError),
        *(ArithmeticError, ArgumentTypeError),
    ) as error:
        raise UserError(f"{path} is no truth of a clip ({error!r}); give another file") from error
    if clip is None:
        names = (f"{path.stem}_aired_yuv420.mp4", f"{path.stem}.mp4")
        clip = next((path.with_name(n) for n in names if path.with_name(n).exists()), None)
        if clip is None:
            raise UserError(f"there is no {names[1]} beside {path}; put the clip there")
    return Truth(clip=clip, **known)


def _cadences(
    truth: dict[str, Any], new: list[bool], cuts: tuple[int, ...]
) -> tuple[TrueCadence, ...]:
    if "cadence_is_clear" in truth:
        return tuple(
            shot["cadence"] if clear else UNCLEAR
            for shot, clear in zip(truth["shots"], truth["cadence_is_clear"], strict=True)
        )
    bounds = [0, *cuts, len(new)]
    shots = (new[start:end] for start, end in pairwise(bounds))
    return tuple(clear_cadence(holds_of(shot)) for shot in shots)


@dataclass
class Tally:
    """Counts that can be added up over clips; ``errors`` says where each error is."""

    held: int = 0
    called_held: int = 0
    rightly_held: int = 0
    drawings: int = 0
    dropped: int = 0
    cuts: int = 0
    called_cuts: int = 0
    right_cuts: int = 0
    flashes: int = 0
    flashes_cut: int = 0
    cadences: int = 0
    right_cadences: int = 0
    telecined: int = 0
    telecine_found: int = 0
    telecine_invented: int = 0
    clips: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        """The share of the frames called held that are held; None if none was called held."""
        return share_of(self.rightly_held, self.called_held)

    @property
    def recall(self) -> float | None:
        """The share of the held frames that are called held; None if there is none."""
        return share_of(self.rightly_held, self.held)

    @property
    def cut_precision(self) -> float | None:
        """The share of the called cuts that are right; None if none was called."""
        return share_of(self.right_cuts, self.called_cuts)

    @property
    def cut_recall(self) -> float | None:
        """The share of the true cuts that are called; None if there is none."""
        return share_of(self.right_cuts, self.cuts)

    @property
    def cut_f1(self) -> float | None:
        """The harmonic mean of precision and recall of cuts.

        None if there is neither a true nor a called cut.
        """
        return share_of(2 * self.right_cuts, self.cuts + self.called_cuts)


def share_of(part: int, whole: int) -> float | None:
    """Return which share of a number of things a part of them is; None if there are none."""
    return part / whole if whole else None


def total(tallies: Iterable[Tally]) -> Tally:
    """Add up tallies."""
    result = Tally()
    for tally in tallies:
        for item in fields(Tally):
            setattr(result, item.name, getattr(result, item.name) + getattr(tally, item.name))
    return result


def score(sheet: ExposureSheet, truth: Truth) -> Tally:
    """Compare a sheet with the truth of its clip.

    Raises ``UserError`` if their numbers of frames differ.
    """
    if sheet.frames != len(truth.new_drawing):
        raise UserError(
            f"{truth.clip} has {sheet.frames} frames and its truth {len(truth.new_drawing)}; "
            "write both anew"
        )
    tally = Tally(clips=1)
    _score_frames(sheet, truth, tally)
    _score_cuts(sheet, truth, tally)
    _score_cadences(sheet, truth, tally)
    found = sheet.pulldown is not None
    tally.telecined = int(truth.cycle is not None)
    tally.telecine_found = int(sheet.pulldown is not None and sheet.pulldown.cycle == truth.cycle)
    tally.telecine_invented = int(found and truth.cycle is None)
    if tally.telecine_invented:
        tally.errors.append(f"{truth.name}: telecine where there is none")
    if tally.telecined and not tally.telecine_found:
        tally.errors.append(f"{truth.name}: telecine not recognised")
    return tally


def _score_frames(sheet: ExposureSheet, truth: Truth, tally: Tally) -> None:
    called_new = {drawing.start for drawing in sheet.drawings}
    for frame, new in enumerate(truth.new_drawing):
        if frame == 0 or frame in truth.cuts or (new and not truth.visible[frame]):
            continue
        called_held = frame not in called_new
        tally.called_held += called_held
        tally.held += not new
        tally.rightly_held += called_held and not new
        tally.drawings += new
        tally.dropped += called_held and new
        if called_held and new:
            tally.errors.append(f"{truth.name}: frame {frame}: drawing dropped")
        elif not called_held and not new:
            tally.errors.append(f"{truth.name}: frame {frame}: held, called new")


def _score_cuts(sheet: ExposureSheet, truth: Truth, tally: Tally) -> None:
    called, true = set(sheet.cuts), set(truth.cuts)
    tally.cuts, tally.called_cuts, tally.right_cuts = len(true), len(called), len(called & true)
    tally.flashes = len(truth.flashes)
    tally.flashes_cut = sum(
        any(first <= cut <= last + 1 for cut in called) for first, last in truth.flashes
    )
    tally.errors += [f"{truth.name}: frame {cut}: cut missed" for cut in sorted(true - called)]
    tally.errors += [f"{truth.name}: frame {cut}: no cut" for cut in sorted(called - true)]


def _score_cadences(sheet: ExposureSheet, truth: Truth, tally: Tally) -> None:
    bounds = [0, *truth.cuts, len(truth.new_drawing)]
    for number, cadence in enumerate(truth.cadences):
        if cadence == UNCLEAR:
            continue
        middle = (bounds[number] + bounds[number + 1] - 1) // 2
        called = next(shot for shot in sheet.shots if shot.start <= middle <= shot.end).cadence
        tally.cadences += 1
        tally.right_cadences += called == cadence
        if called != cadence:
            tally.errors.append(
                f"{truth.name}: shot at frame {bounds[number]}: cadence {cadence}, called {called}"
            )
