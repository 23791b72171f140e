"""A text by which a source file is known again, made from samples of its content."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from nakawari.video.files.sequence import is_sequence, pictures_of

SAMPLES = 64
SAMPLE_BYTES = 65536
READ_WHOLE = SAMPLES * SAMPLE_BYTES
"""Size [bytes] up to which ``source_mark`` reads all of a file."""


def source_mark(source: Path) -> str:
    """Return a text that identifies a file: its size, and a digest of samples from all over it.

    A file of up to four megabytes is read whole; of a larger one only the samples are read. So this
    is quick, but a small change amid a large file goes unnoticed (see ``VideoReader.content``). For
    a sequence of pictures, the digest is of their names, sizes and times of modification.
    """
    if is_sequence(source):
        return _sequence_mark(pictures_of(source))
    size = source.stat().st_size
    told = sha256()
    with source.open("rb") as file:
        for number in range(SAMPLES):
            file.seek(max(0, (size - SAMPLE_BYTES) * number // (SAMPLES - 1)))
            told.update(file.read(SAMPLE_BYTES))
    return f"{size} {told.hexdigest()[:32]}"


def _sequence_mark(pictures: list[Path]) -> str:
    told = sha256()
    for picture in pictures:
        found = picture.stat()
        told.update(f"{picture.name}/{found.st_size}/{found.st_mtime_ns}/".encode(errors="replace"))
    return f"{len(pictures)} {told.hexdigest()[:32]}"
