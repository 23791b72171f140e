"""Who may come in: a one-time link, and the cookie that it sets.

The cookie names a user and the time until which it is valid, signed with a key that is stored in
the page's folder. So it stays valid after a restart, and only those who can read the folder can
make one.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

DAYS = 30
KEY_NAME = ".nakawari-serve-key"
KEY_BYTES = 32


def cookie_name(port: int) -> str:
    """Return the name of the cookie: of two pages on one machine, each has its own."""
    return f"nakawari-{port}"


class Passes:
    """Makes links and cookies, and recognises those that it made.

    Args:
        folder: the page's folder; the key is made there if there is none.
        now: returns the time [s since 1970].
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._key = _key(folder / KEY_NAME)
        self._now = now
        self._tokens: dict[str, str] = {}

    def new_token(self, user: str) -> str:
        """Return a token that lets a user in once."""
        token = secrets.token_urlsafe(32)
        self._tokens[_digest(token)] = user
        return token

    def is_valid(self, token: str) -> bool:
        """Return whether a token would let a user in."""
        return _digest(token) in self._tokens

    def use(self, token: str) -> str | None:
        """Use up a token, and return the user whom it lets in; ``None`` if it is not valid."""
        return self._tokens.pop(_digest(token), None)

    def cookie(self, user: str) -> str:
        """Return a user's cookie."""
        content = f"{user}.{int(self._now()) + DAYS * 86400}"
        return f"{content}.{self._signature(content)}"

    def user(self, cookie: str | None) -> str | None:
        """Return the user of a cookie; ``None`` if it was not made here, or has expired."""
        content, _, signature = (cookie or "").rpartition(".")
        # As bytes, because hmac refuses to compare strings that are not ASCII.
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return None
        user, _, until = content.rpartition(".")
        return user if int(until) > self._now() else None

    def _signature(self, content: str) -> str:
        return hmac.new(self._key, content.encode("utf-8", "replace"), sha256).hexdigest()


def _digest(token: str) -> str:
    """Return the digest by which a token is looked up: timing then reveals nothing of the token."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def _key(path: Path) -> bytes:
    try:
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        path.unlink()
    except FileNotFoundError:
        pass
    key = secrets.token_bytes(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key
