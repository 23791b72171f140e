"""A file that is sent by a browser, written to disk as it comes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from nakawari.whole import PartialFile
from nakawari.wording import size

SPARED = 2**28  # bytes, that an upload leaves on the disk


async def store_upload(request: Request, target: Path, most: int) -> None:
    """Write a request's body to a file, which is there whole or not at all.

    It is never in memory as a whole. Raises ``HTTPException`` if it is longer than ``most`` bytes,
    empty, or too large for the disk.
    """
    free = shutil.disk_usage(target.parent).free - SPARED
    _check(_declared(request), most, free)
    partial = PartialFile(target)
    try:
        written = 0
        with partial.path.open("wb") as file:
            async for chunk in request.stream():
                written += len(chunk)
                _check(written, most, free)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if written == 0:
            raise HTTPException(422, "the file is empty; choose a clip")
        partial.finish()
    except OSError as error:
        partial.discard()
        raise HTTPException(507, f"the file cannot be kept ({error.strerror})") from error
    except BaseException:
        partial.discard()
        raise


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _check(length: int, most: int, free: int) -> None:
    if length > most:
        raise HTTPException(413, f"the file is larger than {size(most)}; give a part of the clip")
    if length > free:
        raise HTTPException(507, "there is too little room on the disk; free some, and try again")
