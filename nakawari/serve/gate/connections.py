"""The connections of the page: idle ones are ended, so that their number keeps no user out.

uvicorn waits for ever for the first request of a connection, and every connection takes one of the
files that a process may have open. Its ``limit_concurrency`` does not help, because it counts idle
connections as well, and then refuses the requests of everybody.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 64
"""Number beyond which a new connection ends one that is idle.

A browser opens six at most. A process may have 256 files open on macOS, and 1,024 on Linux.
"""
BACKLOG = 32
"""Number of connections that are taken in at once.

Up to four times as many are open before the first of them is counted, so it must be small.
"""
SECONDS_TO_ASK = 10.0
"""Seconds that a connection has for a request, from its begin or from its last answer on."""


class Connection(H11Protocol):
    """A connection that ends if it is idle for too long, or if it is idle and there are too many.

    It is idle while no request is being answered. The head of a request must come as a whole within
    ``SECONDS_TO_ASK``; its body may take as long as it comes.
    """

    _waiting: asyncio.TimerHandle | None = None
    _idle_since = 0.0  # s, on the clock of the loop

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; if there are too many connections, end the one that has been idle longest."""
        super().connection_made(transport)
        self._wait_for_request()
        alive = [  # one that is ended counts until the loop has closed it
            one
            for one in self.connections
            if isinstance(one, Connection) and not one.transport.is_closing()
        ]
        idle = [one for one in alive if one.is_idle and one is not self]
        if len(alive) > MOST_CONNECTIONS and idle:
            min(idle, key=lambda one: one._idle_since).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        # The body of a request that was refused at once: the browser reads the refusal behind it.
        if self.is_idle and self.conn.their_state is h11.SEND_BODY:
            self._wait_for_request()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def _wait_for_request(self) -> None:
        self._idle_since = self.loop.time()
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(SECONDS_TO_ASK, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self.is_idle:
            self.transport.close()
