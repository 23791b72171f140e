"""The sheets of the clips with the user's corrections; undo and redo; all of it kept on disk."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple

from nakawari.errors import UserError
from nakawari.parsing import MAX_SEED
from nakawari.serve.clips.found import read_found
from nakawari.serve.clips.library import Clip
from nakawari.whole import write_whole
from nakawari.xsheet.detect import Detection
from nakawari.xsheet.sheet.editing import (
    Correction,
    chosen,
    corrected,
    cut_toggled,
    merged,
    moved,
    split,
    together,
)
from nakawari.xsheet.sheet.sheet import ExposureSheet, Take

IN_MEMORY = 8  # clips whose detection is kept in memory

CHANGES: dict[str, Callable[[ExposureSheet, int], Correction]] = {
    "merge": merged,
    "split": split,
    "cut": cut_toggled,
}


class History(NamedTuple):
    """All corrections of a clip in order, and how many of the first of them are in effect."""

    corrections: tuple[Correction, ...] = ()
    made: int = 0

    @property
    def can_undo(self) -> bool:
        """Whether there is a correction to undo."""
        return self.made > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone correction that can be made again."""
        return self.made < len(self.corrections)

    def to_json(self) -> str:
        """Return the history as JSON text, as it is kept on disk."""
        corrections = [_as_json(each) for each in self.corrections]
        return json.dumps({"made": self.made, "corrections": corrections})


class Corrected(NamedTuple):
    """A clip's sheet as it is now."""

    detection: Detection  # with the corrected sheet
    history: History

    @property
    def version(self) -> str:
        """A text by which a browser's tab knows whether its sheet is still the one it shows."""
        shown = f"{self.detection.sheet.fps} {self.history.to_json()}"
        return sha256(shown.encode()).hexdigest()[:16]


class SheetDesk:
    """Keeps the sheets. Its methods may be called from several threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, int], Detection] = OrderedDict()
        self._lock = Lock()

    def sheet(self, clip: Clip) -> Corrected:
        """Return a clip's sheet."""
        with self._lock:
            return self._corrected(clip, _read(clip))

    def correct(self, clip: Clip, wish: Mapping[str, Any]) -> Corrected:
        """Make a correction; corrections that were undone before cannot be made again then.

        Raises ``UserError`` if it cannot be made.

        Args:
            clip: the clip whose sheet is corrected.
            wish: a JSON object. "kind" is "move", "merge", "split", "cut" or "take", and "frame" is
                where. "move" also has "to". "take" has "next", the frame to which the in-betweens
                lead, and "seed", which may be missing.
        """
        with self._lock:
            history = _read(clip)
            sheet = self._corrected(clip, history).detection.sheet
            correction = _correction(sheet, wish)
            made = (*history.corrections[: history.made], correction)
            return self._noted(clip, History(made, len(made)))

    def undo(self, clip: Clip) -> Corrected:
        """Undo the last correction, if there is one."""
        with self._lock:
            history = _read(clip)
            return self._noted(clip, history._replace(made=max(history.made - 1, 0)))

    def redo(self, clip: Clip) -> Corrected:
        """Make the last undone correction again, if there is one."""
        with self._lock:
            history = _read(clip)
            made = min(history.made + 1, len(history.corrections))
            return self._noted(clip, history._replace(made=made))

    def _noted(self, clip: Clip, history: History) -> Corrected:
        now = self._corrected(clip, history)  # raises if the sheet is inconsistent: it is not noted
        write_whole(clip.corrections, history.to_json().encode(), to_disk=True)
        return now

    def _corrected(self, clip: Clip, history: History) -> Corrected:
        found = self._detection(clip)
        correction = together(history.corrections[: history.made])
        return Corrected(replace(found, sheet=corrected(found.sheet, correction)), history)

    def _detection(self, clip: Clip) -> Detection:
        key = clip.number, clip.found.stat().st_mtime_ns  # the clip may be looked at again
        if key not in self._found:
            self._found[key] = read_found(clip.found)
        self._found.move_to_end(key)
        while len(self._found) > IN_MEMORY:
            self._found.popitem(last=False)
        return self._found[key]


def _as_json(correction: Correction) -> dict[str, Any]:
    """Return a correction as JSON; one without a take is as it was before there were takes."""
    noted: dict[str, Any] = {
        "drawings": sorted(correction.drawings),
        "cuts": sorted(correction.cuts),
    }
    if correction.takes:
        takes = sorted(correction.takes, key=lambda take: (take.start, take.next, take.seed))
        noted["takes"] = [vars(take) for take in takes]
    return noted


def _correction(sheet: ExposureSheet, wish: Mapping[str, Any]) -> Correction:
    kind, frame = wish.get("kind"), _frame(wish, "frame", sheet)
    if kind == "move":
        return moved(sheet, frame, _frame(wish, "to", sheet))
    if kind == "take":
        return chosen(sheet, frame, _frame(wish, "next", sheet), _seed(wish))
    if not isinstance(kind, str) or kind not in CHANGES:
        known = ", ".join(["move", "take", *CHANGES])
        raise UserError(f"a sheet has no correction of this kind; give one of {known}")
    return CHANGES[kind](sheet, frame)


def _frame(wish: Mapping[str, Any], name: str, sheet: ExposureSheet) -> int:
    frame = wish.get(name)
    if type(frame) is not int or not 0 <= frame < sheet.frames:
        raise UserError(f'"{name}" must be a frame of the clip, 0 to {sheet.frames - 1}')
    return frame


def _seed(wish: Mapping[str, Any]) -> int | None:
    seed = wish.get("seed")
    if seed is not None and (type(seed) is not int or not 0 <= seed <= MAX_SEED):
        raise UserError(f'"seed" must be a whole number from 0 to {MAX_SEED}, or null for none')
    return seed


def _read(clip: Clip) -> History:
    try:
        content = json.loads(clip.corrections.read_text())
    except FileNotFoundError:
        return History()
    corrections = tuple(
        Correction(
            frozenset(each["drawings"]),
            frozenset(each["cuts"]),
            frozenset(Take(**take) for take in each.get("takes", [])),
        )
        for each in content["corrections"]
    )
    return History(corrections, content["made"])
