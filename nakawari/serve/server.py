"""Runs the page: the socket, the server, and the lines that it prints at the start."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence

import uvicorn

from nakawari.errors import UserError
from nakawari.serve.app import app_of
from nakawari.serve.gate.connections import BACKLOG, Connection
from nakawari.serve.service import Service
from nakawari.serve.settings import ServeSettings
from nakawari.whole import lock

SECONDS_TO_CLOSE = 1


def serve(settings: ServeSettings, worker: Sequence[str], tell: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C, whose ``KeyboardInterrupt`` is raised again.

    Raises ``UserError`` if another page uses the folder, or if it cannot listen on the address.

    Args:
        settings: the page's settings.
        worker: the command that starts a worker, without its last words, the folder and the memory.
        tell: is given a line that says where the page is.
    """
    listening = _listen(settings)
    descriptor = os.open(settings.folder / ".nakawari-serve", os.O_RDWR | os.O_CREAT, 0o600)
    if lock(descriptor) is False:
        raise UserError(f"another page has the folder {settings.folder}; give another --folder")
    service = Service(settings, worker, tell)
    if settings.needs_token:
        for user in settings.users:
            tell(f"the page for {user}, by a link that lets in once: {service.link(user)}")
    else:
        tell(f"the page is at {settings.address}/; Ctrl-C ends it")
    try:
        uvicorn.Server(config_of(service)).run(sockets=[listening])
    finally:
        os.close(descriptor)


def config_of(service: Service) -> uvicorn.Config:
    """Return how uvicorn serves a page."""
    return uvicorn.Config(
        app_of(service),
        http=Connection,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        backlog=BACKLOG,
        timeout_graceful_shutdown=SECONDS_TO_CLOSE,
    )


def _listen(settings: ServeSettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(BACKLOG)
    except OSError as error:
        raise UserError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "choose another --host or --port"
        ) from error
    return listening
