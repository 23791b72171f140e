"""A list of triplets: two frames, the true frame between them, and its ``frame_time``.

The file has one JSON object on each line::

    {"id": "walk_007", "frame_0": "walk/0.png", "frame_1": "walk/2.png",
     "target": "walk/1.png", "frame_time": 0.5, "tags": ["pan"]}

with paths relative to the file. ``"roi": [x, y, width, height]`` [px] may add a region that is also
measured by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from eval.sets.json_text import parsed
from eval.sets.pictures import picture_size
from nakawari.errors import UserError

FRAMES = ("frame_0", "frame_1", "target")
_LONGEST_ID = 200  # bytes; file systems take names of 255, and endings are added


FACTS = "triplet"
"""The name, in results, of the facts on a triplet that hold for all methods.

No method may have this name.
"""


class Region(NamedTuple):
    """A rectangle of the frame, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TripletEntry:
    """The files of one sample; its pictures are read when it is its turn."""

    id: str
    frame_0: Path
    frame_1: Path
    target: Path
    frame_time: float  # in (0, 1): 0 is frame_0, 1 is frame_1
    tags: tuple[str, ...]
    region: Region | None = None


def read_triplets(path: Path) -> list[TripletEntry]:
    """Read and check the whole list before anything is computed.

    Raises ``UserError``, with file and line, if it is not such a list, if an id occurs twice, if a
    frame is missing or unreadable, or if the frames of a triplet differ in size.
    """
    lines_by_id: dict[str, int] = {}
    triplets = []
    for number, line in _lines(path):
        triplet = _parse(line, path, number)
        if triplet.id in lines_by_id:
            raise UserError(
                f"{path}:{number}: id {triplet.id!r} is already on line "
                f"{lines_by_id[triplet.id]}; give every triplet an id of its own"
            )
        lines_by_id[triplet.id] = number
        check_frames(triplet, f"{path}:{number}")
        triplets.append(triplet)
    if not triplets:
        raise UserError(f"{path} holds no triplets; it needs one JSON object a line")
    return triplets


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of every line that is not blank."""
    try:
        if path.exists() and not path.is_file():  # opening a FIFO would wait for its writer
            raise UserError(f"{path} is not a file; give a .jsonl file")
        with open(path, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; give a .jsonl file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text; give a .jsonl file") from error


def _parse(line: str, path: Path, number: int) -> TripletEntry:
    try:
        entry: Any = parsed(line)
    except ValueError as error:
        raise UserError(f"{path}:{number}: not JSON ({error}); mend the line") from error
    if not isinstance(entry, dict):
        raise UserError(f"{path}:{number}: must be a JSON object, got {type(entry).__name__}")
    if missing := [key for key in ("id", *FRAMES, "frame_time") if key not in entry]:
        raise UserError(f"{path}:{number}: lacks {', '.join(missing)}; add what is missing")
    if wrong := [key for key in FRAMES if not isinstance(entry[key], str)]:
        raise UserError(f"{path}:{number}: {wrong[0]} must be a path, got {entry[wrong[0]]!r:.80}")
    tags = entry.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise UserError(f"{path}:{number}: tags must be a list of strings, got {tags!r:.80}")
    return TripletEntry(
        id=_identifier(entry["id"], path, number),
        **{key: path.parent / entry[key] for key in FRAMES},
        frame_time=_frame_time(entry["frame_time"], path, number),
        tags=tuple(tags),
        region=_region(entry.get("roi"), path, number),
    )


def _identifier(value: Any, path: Path, number: int) -> str:
    """Return the id, checked: it is part of a path (``predictions/METHOD/ID.png``).

    So it must not lead out of the folder.
    """
    name = str(value)
    is_plain = isinstance(value, str | int) and bool(name) and not name.startswith(".")
    is_short = len(name.encode()) <= _LONGEST_ID
    if not (is_plain and is_short and name.isprintable()) or any(c in name for c in "/\\"):
        raise UserError(
            f"{path}:{number}: id must be a plain file name, got {value!r:.80}; "
            f"use letters, digits, '_' and '-', {_LONGEST_ID} at most"
        )
    return name


def _frame_time(value: Any, path: Path, number: int) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < 1:
        raise UserError(
            f"{path}:{number}: frame_time must lie between 0 (frame_0) and 1 (frame_1), "
            f"both excluded, got {value!r:.80}"
        )
    return float(value)


def _region(value: Any, path: Path, number: int) -> Region | None:
    if value is None:
        return None
    if not (
        isinstance(value, list)
        and len(value) == 4
        and all(type(part) is int and part >= 0 for part in value)
        and min(value[2:]) > 0
    ):
        raise UserError(
            f"{path}:{number}: roi must be [x, y, width, height] in pixels, got {value!r:.80}"
        )
    return Region(*value)


def check_frames(triplet: TripletEntry, where: str) -> None:
    """Check the headers of a triplet's pictures only: for 10,000 triplets this takes seconds.

    Raises ``UserError``, with a text that begins with ``where``, if a frame is missing or
    unreadable, if sizes differ, or if the region is not inside of the frame.
    """
    sizes = {}
    for name in FRAMES:
        try:
            sizes[name] = picture_size(getattr(triplet, name))
        except UserError as error:
            raise UserError(f"{where}: {triplet.id}: {error}") from error
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} {width}x{height}" for name, (width, height) in sizes.items())
        raise UserError(f"{where}: {triplet.id}: sizes differ: {listed}; make them equal")
    width, height = sizes["target"]
    region = triplet.region
    if region and (region.x + region.width > width or region.y + region.height > height):
        raise UserError(
            f"{where}: {triplet.id}: roi {list(region)} reaches out of the {width}x{height} frame"
        )
