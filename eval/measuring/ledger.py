"""The scores that a run has measured so far: on disk line by line, in memory as plain numbers.

One line of the file is one cell: one method (or ``FACTS``, which stands for facts on the triplet
itself) on one triplet::

    {"key": "9f2c…", "row": "nakawari", "id": "walk_007", "figures": {"lpips": 0.0312, …}}
    {"key": "51ab…", "row": "fragile", "id": "walk_007", "error": "RuntimeError: out of paint"}

A run that goes on after it was killed begins by reading the file, and draws only what is missing.
The key identifies everything with which a cell was measured: a cell that was last measured with
another key is measured again.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from eval.measuring.scoring import METRICS
from eval.sets.triplet_list import FACTS
from nakawari.errors import UserError

FACT_COLUMNS = ("motion", "changed")
"""Median motion [px at a height of 288 px] by DIS; share of the frame that changes, 0 to 1."""
_MISSING, _MEASURED, _FAILED = range(3)


class _Row(NamedTuple):
    """All cells of a method. A score takes eight bytes, so 10,000 triplets take a megabyte."""

    key: str
    columns: tuple[str, ...]
    scores: np.ndarray  # (triplets, columns) float64, NaN where there is no score
    states: np.ndarray  # (triplets,) uint8


class Ledger:
    """The cells of a run, to be used in a ``with`` block.

    However the block or the process ends, all cells that were recorded are on disk.
    """

    def __init__(self, path: Path, ids: Sequence[str], keys: Mapping[str, str]) -> None:
        """Open the file, and take over the cells whose key is still valid.

        Args:
            path: the file; it is made if it does not exist.
            ids: the ids of the triplets, in order.
            keys: the keys of the rows: of every method, and of ``FACTS``.
        """
        self._index = {name: index for index, name in enumerate(ids)}
        self._ids = ids
        self._rows = {name: self._empty_row(name, key) for name, key in keys.items()}
        self._errors: dict[tuple[str, int], str] = {}
        try:
            self._take_over(path)
            self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise UserError(f"cannot keep a ledger in {path}: {error.strerror}") from error

    def _empty_row(self, name: str, key: str) -> _Row:
        columns = FACT_COLUMNS if name == FACTS else tuple(METRICS)
        scores = np.full((len(self._ids), len(columns)), math.nan)
        return _Row(key, columns, scores, np.zeros(len(self._ids), np.uint8))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _take_over(self, path: Path) -> None:
        if not path.exists():
            return
        whole = 0  # bytes up to the end of the last whole line
        with open(path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break  # the run was killed while it wrote this line
                whole += len(line)
                self._take(line)
        os.truncate(path, whole)

    def _take(self, line: bytes) -> None:
        try:
            cell: dict[str, Any] = json.loads(line)
            row, index = self._rows.get(cell["row"]), self._index.get(cell["id"])
            if row is None or index is None:
                return
            if cell["key"] != row.key:  # measured with another key since, so its pictures are gone
                row.states[index], row.scores[index] = _MISSING, math.nan
                return
            # A cell that failed is tried again: memory, or a program, may have been missing.
            if "error" not in cell:
                self._set(cell["row"], index, from_json(cell["figures"]))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return  # the line is damaged, or not ours: the cell is drawn again

    def _set(self, name: str, index: int, scores: Mapping[str, float]) -> None:
        row = self._rows[name]
        row.scores[index] = [scores.get(column, math.nan) for column in row.columns]
        row.states[index] = _MEASURED
        self._errors.pop((name, index), None)

    def record(self, name: str, index: int, scores: Mapping[str, float]) -> None:
        """Record the scores of a cell."""
        self._set(name, index, scores)
        self._write(name, index, {"figures": to_json(scores)})

    def record_failure(self, name: str, index: int, error: str) -> None:
        """Record why a cell has no scores."""
        self._rows[name].states[index] = _FAILED
        self._errors[name, index] = error
        self._write(name, index, {"error": error})

    def _write(self, name: str, index: int, content: dict[str, Any]) -> None:
        head = {"key": self._rows[name].key, "row": name, "id": self._ids[index]}
        self._file.write(json.dumps(head | content) + "\n")
        self._file.flush()

    def is_missing(self, name: str, index: int) -> bool:
        """Return whether a cell has no scores, and has not failed in this run either."""
        return bool(self._rows[name].states[index] == _MISSING)

    def cell(self, name: str, index: int) -> dict[str, Any]:
        """Return a cell's scores by name, without missing ones, or ``{"error": why}``."""
        if (name, index) in self._errors:
            return {"error": self._errors[name, index]}
        row = self._rows[name]
        values = zip(row.columns, row.scores[index].tolist(), strict=True)
        return {column: value for column, value in values if not math.isnan(value)}

    def scores(self, name: str) -> np.ndarray:
        """Return all scores of a row, (triplets, columns) float64, NaN where there is no score."""
        return self._rows[name].scores

    def failed(self, name: str) -> np.ndarray:
        """Return which cells of a row failed, (triplets,) bool."""
        return self._rows[name].states == _FAILED

    def failures(self) -> Iterator[tuple[str, str, str]]:
        """Yield (id, method, why) of the cells that failed, in the order of the triplets."""
        for (name, index), error in sorted(self._errors.items(), key=lambda item: item[0][1]):
            yield self._ids[index], name, error


def to_json(value: Any) -> Any:
    """Return a value as JSON allows it: paths and infinity as strings, a missing score as null."""
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return str(value) if isinstance(value, Path) else value


def from_json(scores: Mapping[str, Any]) -> dict[str, float]:
    """Read scores that ``to_json`` wrote."""
    return {name: math.nan if score is None else float(score) for name, score in scores.items()}
