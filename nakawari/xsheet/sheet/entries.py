"""JSON that a person may have edited, read so that every error names the entry and a remedy.

All errors are ``ValueError`` with a message of one line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, NamedTuple

MAX_DIGITS = 40  # of a whole number; a longer one is refused
MAX_SHOWN = 40  # characters of a value in an error


class Entry(NamedTuple):
    """A JSON value and what to call it in an error."""

    value: Any
    name: str

    def check_keys(self, known: Collection[str]) -> None:
        """Raise unless the value is an object whose keys are all ``known``."""
        if not isinstance(self.value, dict):
            raise ValueError(
                f"{self.name} is {short(self.value)}; write it as "
                + "{"
                + ", ".join(f'"{key}": ...' for key in known)
                + "}"
            )
        for key in self.value:
            if key not in known:
                close = get_close_matches(key[:MAX_SHOWN], known, 1)
                remedy = f'write "{close[0]}"' if close else "remove it"
                raise ValueError(f"{self.name} has an unknown key {short(key)}; {remedy}")

    def whole(self, key: str, low: int, high: int) -> int:
        """Return the whole number under ``key``, from ``low`` to ``high``."""
        value = self.value.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            came = f'has "{key}": {short(value)}' if key in self.value else f'has no "{key}"'
            raise ValueError(f"{self.name} {came}; give a whole number from {low} to {high}")
        return value

    def number(self, key: str, default: float, high: float) -> float:
        """Return the number under ``key``, from 0 to ``high``; ``default`` if it is missing."""
        value = self.value.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
            raise ValueError(
                f'{self.name} has "{key}": {short(value)}; give a number from 0 to {high:g}'
            )
        return value

    def text(self, key: str, default: str) -> str:
        """Return the string under ``key``; ``default`` if it is missing."""
        value = self.value.get(key, default)
        if not isinstance(value, str):
            raise ValueError(f'{self.name} has "{key}": {short(value)}; put it in quotation marks')
        return value

    def items(self, key: str) -> list[Entry]:
        """Return the entries of the list under ``key``; an empty list if it is missing."""
        value = self.value.get(key, [])
        if not isinstance(value, list):
            raise ValueError(f'"{key}" is {short(value)}; write a list, [...]')
        names = {"drawings": "drawing", "shots": "shot", "camera": "camera move", "takes": "take"}
        name = names.get(key, key)
        return [Entry(item, f"{name} {number}") for number, item in enumerate(value, 1)]


def short(value: Any) -> str:
    """Return a value as JSON, cut off if it is long."""
    text = json.dumps(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def parsed(text: str) -> Any:
    """Return the value of JSON text; a key that stands twice in an object is an error."""
    if not text.strip():
        raise ValueError("it is empty; give the JSON that 'nakawari xsheet --json' writes")
    try:
        return json.loads(text, parse_int=_whole_number, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"line {error.lineno}, column {error.colno} is no JSON ({error.msg}); look for a "
            "missing or superfluous comma, bracket or quotation mark there and just before"
        ) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply; give an exposure sheet") from error


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"it has a number of {len(digits)} digits; shorten it")
    return int(digits)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        (double, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"{short(double)} stands twice in {short(entry)}; remove one of the two")
    return entry
