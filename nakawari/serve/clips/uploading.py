"""Uploads, a file or the pictures of a sequence, are written to disk as they arrive.

All that may wait for the disk is done in a thread, because everybody else's requests, and the video
that another tab plays, are answered by the thread that receives.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from nakawari.errors import UserError
from nakawari.whole import PartialFile
from nakawari.wording import size

SPARED = 2**28  # bytes that an upload must leave free on the disk
HELD = 2**22  # bytes of an upload that are in memory at most, until they are written together
MOST_DIGITS = 20  # of an announced length that are read: so many are too many bytes in any case
LONGEST_LIST = 2**20  # bytes of the list of a sequence's pictures: room for 20,000 of them


async def store_upload(request: Request, target: Path, most: int) -> None:
    """Write a request's body to a file, which appears whole or not at all.

    The body is never in memory as a whole. Raises ``HTTPException`` if it is longer than ``most``
    bytes, empty, or too large for the disk.
    """
    free = await run_in_threadpool(_free, target.parent)
    _check(_declared(request), most, free)
    partial = await run_in_threadpool(PartialFile, target)
    try:
        if await _write(partial.path, "wb", _limited(request.stream(), most, free)) == 0:
            raise HTTPException(422, "the file is empty; choose a clip")
        await run_in_threadpool(partial.finish)
    except OSError as error:
        await run_in_threadpool(partial.discard)
        raise HTTPException(507, f"the file cannot be kept ({error.strerror})") from error
    except BaseException:
        await run_in_threadpool(partial.discard)
        raise


class SentPicture(NamedTuple):
    """A picture of a sequence, as the browser announces it."""

    name: str
    size: int  # bytes


class SentSequence:
    """The pictures of a sequence, one after another in the body of a request.

    Before them is a line of JSON: a list with the name and the size [bytes] of each picture. So
    either all of them arrive, or none.
    """

    def __init__(self, request: Request) -> None:
        self._stream = request.stream()
        self._held = b""  # bytes that have arrived, and belong to the part that is read next

    async def listed(self, most: int) -> list[SentPicture]:
        """Return the pictures that are announced; this must be called first.

        Raises ``HTTPException`` if there is no such line, or if the pictures together are larger
        than ``most`` bytes.
        """
        while b"\n" not in self._held:
            if len(self._held) > LONGEST_LIST:
                raise HTTPException(413, "these are too many pictures; give a part of them")
            self._held += await self._next()
        line, _, self._held = self._held.partition(b"\n")
        pictures = _pictures_in(line)
        _check(sum(picture.size for picture in pictures), most, most)
        return pictures

    async def store(self, folder: Path, pictures: Sequence[SentPicture], names: list[str]) -> None:
        """Write the pictures that were listed to a folder, under the given names.

        Raises ``HTTPException`` if they are not as announced, or too large for the disk.
        """
        free = await run_in_threadpool(_free, folder)
        total = sum(picture.size for picture in pictures)
        _check(total, total, free)
        try:
            for picture, name in zip(pictures, names, strict=True):
                await _write(folder / name, "xb", self._take(picture.size))
        except OSError as error:
            raise HTTPException(507, f"the pictures cannot be kept ({error.strerror})") from error
        if self._held or await self._more():
            raise HTTPException(422, "there is more than was announced; drop the pictures again")

    async def _take(self, size: int) -> AsyncIterator[bytes]:
        while size > 0:
            chunk = self._held or await self._next()
            yield chunk[:size]
            self._held = chunk[size:]
            size -= len(chunk[:size])

    async def _next(self) -> bytes:
        chunk = await self._more()
        if not chunk:
            raise HTTPException(422, "the pictures did not come whole; drop them again")
        return chunk

    async def _more(self) -> bytes:
        """Return the next bytes of the body; none at its end."""
        async for chunk in self._stream:
            if chunk:
                return chunk
        return b""


def _pictures_in(line: bytes) -> list[SentPicture]:
    with suppress(ValueError, TypeError, RecursionError):
        pictures = [SentPicture(*entry) for entry in json.loads(line)]
        if all(
            isinstance(picture.name, str) and type(picture.size) is int and picture.size > 0
            for picture in pictures
        ):
            return pictures
    raise UserError("a sequence begins with a list of the names and sizes of its pictures")


async def _write(path: Path, mode: str, chunks: AsyncIterator[bytes]) -> int:
    """Write bytes to a file as they arrive, flush them to the disk, and return how many came."""
    file = cast(BinaryIO, await run_in_threadpool(path.open, mode))
    total, held = 0, bytearray()
    try:
        async for chunk in chunks:
            total += len(chunk)
            held += chunk
            if len(held) >= HELD:
                await run_in_threadpool(file.write, bytes(held))
                held.clear()
        await run_in_threadpool(_write_to_disk, file, bytes(held))
    finally:
        file.close()
    return total


def _write_to_disk(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


async def _limited(chunks: AsyncIterator[bytes], most: int, free: int) -> AsyncIterator[bytes]:
    """Yield bytes as they arrive; ``HTTPException`` if they become more than they may."""
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        _check(total, most, free)
        yield chunk


def _free(folder: Path) -> int:
    """Return how many bytes an upload may take on the disk of a folder."""
    return shutil.disk_usage(folder).free - SPARED


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text[:MOST_DIGITS]) if text.isascii() and text.isdigit() else 0


def _check(length: int, most: int, free: int) -> None:
    if length > most:
        raise HTTPException(413, f"the file is larger than {size(most)}; give a part of the clip")
    if length > free:
        raise HTTPException(507, "there is too little room on the disk; free some, and try again")
