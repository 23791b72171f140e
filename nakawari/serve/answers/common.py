"""How answers are made: pages, JSON, files, and errors in one line."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)

from nakawari.errors import UserError
from nakawari.page import fill
from nakawari.serve.clips.zipping import zipped
from nakawari.serve.jobs.requesting import parsed_wish

MOST_WISH_BYTES = 65_536
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
NEVER_KEPT = {"Cache-Control": "no-store"}
TEMPLATES = "nakawari/serve/templates"


class _WholeNumber(Convertor[int]):
    """A whole number in an address, ``{name:number}``; there is nothing at a longer one.

    Starlette's own ``int`` takes any number of digits, and Python refuses to parse over 4,300.
    """

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return it as a part of an address."""
        return str(value)


register_url_convertor("number", _WholeNumber())

Wish = dict[str, Any]
Answer = Callable[[Request], Awaitable[Response]]


def html(name: str, **content: Any) -> HTMLResponse:
    """Answer with a page made from a template."""
    return HTMLResponse(fill(f"{TEMPLATES}/{name}", **content), headers=NEVER_KEPT)


def plain_json(content: Any, status: int = 200) -> JSONResponse:
    """Answer with JSON."""
    return JSONResponse(content, status, headers=NEVER_KEPT)


def file_answer(path: Path, filename: str | None = None, kind: str | None = None) -> Response:
    """Answer with a file, or the part of it that is asked for; 404 if it is not there.

    Args:
        path: the file.
        filename: the name under which it is to be saved; ``None``: it is to be shown.
        kind: its media type; ``None``: the one that fits its name.
    """
    if not path.is_file():
        raise HTTPException(404, f"{path.name} is not there, or not yet")
    return FileResponse(path, filename=filename, media_type=kind, headers=NEVER_KEPT)


def folder_answer(folder: Path) -> Response:
    """Answer with the files of a folder, packed into a ZIP file while it is sent."""
    name = quote(f"{folder.name}.zip")
    saved = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
    return StreamingResponse(
        zipped(folder), media_type="application/zip", headers=saved | NEVER_KEPT
    )


def picture_answer(path: Path) -> Response:
    """Answer with a JPEG that may be replaced at any moment, or with 204 if there is none."""
    with suppress(OSError):
        return Response(path.read_bytes(), media_type="image/jpeg", headers=NEVER_KEPT)
    return Response(status_code=204)


async def read_wish(request: Request) -> Wish:
    """Return the JSON object that a request carries; 413 if it is over ``MOST_WISH_BYTES``."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_WISH_BYTES:
            raise HTTPException(413, "the request is too long")
    return parsed_wish(body)


def threaded(answer: Callable[[Request], Response]) -> Answer:
    """Make an answer in a thread, because it reads or writes files."""

    async def answering(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return answering


def wishing(answer: Callable[[Request, Wish], Response]) -> Answer:
    """Make an answer in a thread, from the JSON object that the request carries."""

    async def answering(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await read_wish(request))

    return answering


def told_error(request: Request, error: Exception) -> Response:
    """Answer with an error: the status says whose fault it is, one line says what to do."""
    if isinstance(error, UserError):
        status, text = 422, str(error)
    elif isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
    elif isinstance(error, LookupError | FileNotFoundError):  # or it was just removed
        status, text = 404, "there is nothing at this address; go back to the list of clips"
    elif isinstance(error, OSError):
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise error
        status, text = 507, "there is too little room on the disk; free some, and try again"
    else:
        status, text = 400, "the request ended too early; try again"
    if request.url.path.startswith("/api/"):
        return plain_json({"error": text}, status)
    return PlainTextResponse(f"{text}\n", status, headers=NEVER_KEPT)


TOLD_ERRORS = (UserError, HTTPException, LookupError, OSError, ClientDisconnect)
