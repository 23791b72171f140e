"""The checks of every request: to whom it goes, from where it comes, and whose it is.

A page on the web can make the browser send requests to this machine. But it cannot choose their
Host and Origin headers. Host has the name that was used, even one that was made to point here (DNS
rebinding), and Origin has the name of that page.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nakawari.serve.gate.passes import Passes, cookie_name
from nakawari.serve.settings import LOCAL_USER, ServeSettings, is_loopback

SAFE_METHODS = ("GET", "HEAD")
OPEN_PATHS = ("/enter", "/static/")  # for users who have no cookie yet
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """Lets in requests that come from the page itself and from an allowed user.

    Args:
        app: answers the requests that are let in; it finds the user in ``request.state.user``.
        settings: the page's settings.
        passes: recognises the cookies.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings, passes: Passes) -> None:
        self._app = app
        self._settings = settings
        self._passes = passes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the page uses no web socket
            return
        send = _with_headers(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not is_own_host(headers.getlist("host"), self._settings):
            return _refused(421, "this address is not this page's; use the one that it was started")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{headers['host']}":
            return _refused(403, "this request comes from another page; use Nakawari's own")
        site = headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") and not _is_visit(scope, headers):
            return _refused(403, "this request comes from another page; use Nakawari's own")
        if scope["method"] not in SAFE_METHODS and origin is None:
            return _refused(403, "a request that changes something must name its Origin")
        user = self._user(headers)
        if user is None and not scope["path"].startswith(OPEN_PATHS):
            return _refused(401, "come in by the link that 'nakawari serve' printed")
        scope.setdefault("state", {})["user"] = user
        return None

    def _user(self, headers: Headers) -> str | None:
        if not self._settings.needs_token:
            return LOCAL_USER
        # Not by http.cookies, which reads nothing if any cookie is odd: browsers send those of the
        # machine's other servers as well, whatever their ports.
        cookies = cookie_parser(headers.get("cookie", ""))
        user = self._passes.user(cookies.get(cookie_name(self._settings.port)))
        return user if user in self._settings.users else None


def is_own_host(hosts: Collection[str], settings: ServeSettings) -> bool:
    """Return whether the ``Host`` of a request is one by which the page may be reached.

    The machine's names for itself, such as localhost, always are. If the page can be reached from
    other machines, so are three others: the address that the page was given, the machine's name,
    and any IP address in numbers. No web site can have such a number as its name.
    """
    if len(hosts) != 1:
        return False
    (host,) = hosts
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return False
    if name is None or parts.netloc != host or "@" in host or (port or 80) != settings.port:
        return False
    if is_loopback(name):
        return True
    if not settings.needs_token:
        return False
    own = socket.gethostname().lower()
    return name in {settings.host.lower(), own, f"{own}.local"} or _is_number(name)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Return whether a user follows a link to a page here, which is harmless.

    The page shows them only what is their own.
    """
    return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"


def _refused(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent = {name.lower() for name, _ in message["headers"]}
            extra = [
                (name.lower().encode(), value.encode())
                for name, value in HEADERS.items()
                if name.lower().encode() not in sent
            ]
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending
