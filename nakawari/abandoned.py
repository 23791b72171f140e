"""Threads whose work nobody waits for any more, such as pictures drawn when Ctrl-C came."""

from __future__ import annotations

import threading

_threads: list[threading.Thread] = []


def abandon(threads: list[threading.Thread]) -> None:
    """Note threads that end by themselves, in a while."""
    _threads.extend(thread for thread in threads if thread.is_alive())


def anything_abandoned() -> bool:
    """Return whether a noted thread is still at work."""
    return any(thread.is_alive() for thread in _threads)
