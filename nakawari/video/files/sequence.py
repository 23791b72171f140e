"""Sequences of pictures: a folder, or a name with a number in it, read as one clip.

FFmpeg reads a sequence only if its numbers follow one another from near zero, and it misreads a
``%`` in a folder's name. It is therefore given a folder of links, one for each frame, whatever the
pictures are called. Where a picture is missing, its link leads to the one before.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer

from nakawari.errors import UserError
from nakawari.video.files.names import NamePattern
from nakawari.video.files.opening import check_header, max_pixels
from nakawari.video.times.track_times import MAX_JUMP
from nakawari.whole import temporary_folder
from nakawari.wording import count

PICTURE_ENDINGS = (".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".bmp", ".tga")
USUAL_RATE = Fraction(24)
"""Frames a second of a sequence where the user says nothing: that of film, and so of anime."""
NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
EXAMPLE = "frame_%04d.png"
MOST_SHOWN = 12
"""Number of frames for which the pictures of a sequence with gaps may be shown on average.

Pictures that are numbered by the frames where they begin, on twos, threes or more, are a sequence.
"""


class _Found(NamedTuple):
    """The pictures of a sequence, by their numbers in order."""

    names: NamePattern
    pictures: dict[int, Path]


def is_sequence(source: Path) -> bool:
    """Return whether a path names a sequence of pictures, and not a file."""
    return source.is_dir() or (not source.exists() and NamePattern.of(source.name) is not None)


def sequence_folder(source: Path) -> Path:
    """Return the folder in which a sequence's pictures are."""
    return source if source.is_dir() else source.parent


def clip_name(source: Path) -> Path:
    """Return the path after which a clip made from a source is named.

    That is the file without its suffix, or the folder in which a sequence's pictures are.
    """
    if is_sequence(source):
        return Path(os.path.abspath(sequence_folder(source)))
    return source.with_suffix("")


def pictures_of(source: Path) -> list[Path]:
    """Return the pictures of a sequence in the order of their numbers.

    Raises ``UserError`` as ``opened_sequence`` does.
    """
    return list(_found(source).pictures.values())


@contextmanager
def opened_sequence(
    source: Path, rate: Fraction, tell: Callable[[str], None], strict: bool
) -> Iterator[InputContainer]:
    """Open a sequence of pictures as a clip of ``rate`` frames a second.

    Where a number is missing, the picture before it is shown on. Raises ``UserError`` if there are
    no pictures, pictures of several sequences, or too many missing between two or in all. With
    ``strict`` it is raised if any picture is missing.
    """
    found = _found(source)
    missing = _missing(source, found, rate)
    if missing and strict:
        raise UserError(
            f"{source} lacks {count(missing, 'picture')} amid its numbers; leave out --strict to "
            "have the ones before shown on"
        )
    if missing:
        tell(f"the sequence lacks {count(missing, 'number')}; the picture before is shown on")
    first = next(iter(found.pictures.values()))
    check_header(first)
    ending = first.suffix.lower()
    with temporary_folder() as folder:
        for number, picture in enumerate(_filled(found.pictures)):
            os.symlink(picture.absolute(), f"{folder}/{number:09d}{ending}")
        try:
            container = av.open(
                f"file:{str(folder).replace('%', '%%')}/%09d{ending}",
                format="image2",
                options={"framerate": str(rate), "max_pixels": str(max_pixels())},
                container_options={"protocol_whitelist": "file", "pattern_type": "sequence"},
            )
        except av.error.FFmpegError as error:
            raise UserError(
                f"{source} has pictures that cannot be read ({error.strerror}); give PNG, TIFF, "
                "EXR, WebP or JPEG"
            ) from error
        with container:
            yield container


def _found(source: Path) -> _Found:
    folder = sequence_folder(source)
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError as error:
        raise UserError(
            f"the folder of {source} cannot be read ({os.strerror(error.errno or 0)}); check its "
            "name"
        ) from error
    if source.is_dir():
        return _only_one(source, names)
    pattern = NamePattern.of(source.name)
    assert pattern is not None, "asked only for what is a sequence"
    if Path(source.name).suffix.lower() not in PICTURE_ENDINGS:
        raise UserError(
            f"{source} does not end as pictures do that can be read "
            f"({', '.join(PICTURE_ENDINGS)}); convert them first"
        )
    numbered = {pattern.number(name): folder / name for name in names}
    pictures = {number: path for number, path in numbered.items() if number is not None}
    if not pictures:
        raise UserError(f"no file is called {source}; check the name, and the number's digits")
    return _Found(pattern, dict(sorted(pictures.items())))


def _only_one(folder: Path, names: list[str]) -> _Found:
    """Return the only sequence among names; ``UserError`` if there is none, or more than one."""
    sequences: dict[NamePattern, dict[int, Path]] = defaultdict(dict)
    for name in names:
        found = NUMBERED.fullmatch(Path(name).stem)
        if found is not None and Path(name).suffix.lower() in PICTURE_ENDINGS and name[0] != ".":
            pattern = NamePattern(found[1], 1, found[3] + Path(name).suffix)
            number = int(found[2][-18:])
            if number in sequences[pattern]:
                raise UserError(
                    f"{folder} has two pictures of number {number}, {name} and "
                    f"{sequences[pattern][number].name}; name one sequence, such as "
                    f"{folder / EXAMPLE}"
                )
            sequences[pattern][number] = folder / name
    if not sequences:
        raise UserError(
            f"{folder} is not a file, but a folder without numbered pictures; name a video file, "
            f"or pictures such as {folder / EXAMPLE}"
        )
    if len(sequences) > 1:
        some = " and ".join(sorted(str(pattern) for pattern in sequences)[:2])
        raise UserError(
            f"{folder} holds {len(sequences)} sequences of pictures, such as {some}; name one of "
            "them"
        )
    ((pattern, pictures),) = sequences.items()
    return _Found(pattern, dict(sorted(pictures.items())))


def _missing(source: Path, found: _Found, rate: Fraction) -> int:
    """Return how many numbers are missing between others.

    Raises ``UserError`` if too many are missing at one place or in all.
    """
    for number, following in pairwise(found.pictures):
        if (following - number) / rate > MAX_JUMP:
            raise UserError(
                f"the numbers of {source} jump from {number} to {following}; give the pictures "
                "numbers that follow on one another"
            )
    first, last, present = min(found.pictures), max(found.pictures), len(found.pictures)
    missing = last - first + 1 - present
    if missing + present > MOST_SHOWN * present:
        raise UserError(
            f"{source} lacks {count(missing, 'picture')} amid its numbers, and has only {present}; "
            "give the pictures numbers that follow on one another"
        )
    return missing


def _filled(pictures: dict[int, Path]) -> Iterator[Path]:
    """Yield a picture for every number; where one is missing, the picture before it."""
    shown = next(iter(pictures.values()))
    for number in range(min(pictures), max(pictures) + 1):
        shown = pictures.get(number, shown)
        yield shown
