"""The settings with which ``nakawari serve`` starts."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

from nakawari.errors import UserError
from nakawari.serve.processes.appetite import usual_limit

USER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
LOCAL_USER = "local"


@dataclass(frozen=True, kw_only=True)
class LookLimits:
    """How much memory and time the process that reads an uploaded file may take."""

    memory: int = 6 * 2**30  # bytes of address space
    seconds: int = 3600  # of processor time; twice as many of wall-clock time


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Where the page is, where its clips are, and who may use it.

    Raises ``UserError`` for a user's name that is not safe as the name of a folder.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    folder: Path
    users: tuple[str, ...] = ("editor",)  # names of those who are let in where a token is needed
    most_bytes: int = 64 * 2**30  # of an upload
    limits: LookLimits = LookLimits()
    drawing_memory: int = field(default_factory=usual_limit)  # bytes, for each process that draws

    def __post_init__(self) -> None:
        for user in self.users:
            if not USER.fullmatch(user):
                raise UserError(
                    f"--user {user!r} is no name that can be used; give small letters, digits and "
                    "hyphens, 32 at most"
                )

    @property
    def needs_token(self) -> bool:
        """Whether the page can be reached from other machines."""
        return not is_loopback(self.host)

    @property
    def address(self) -> str:
        """The page's address for a browser on this machine."""
        host = self.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached only from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
