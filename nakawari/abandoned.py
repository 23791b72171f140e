"""Threads whose work nobody waits for any more, such as one that draws when Ctrl-C comes."""

from __future__ import annotations

import threading

_threads: list[threading.Thread] = []


def abandon(threads: list[threading.Thread]) -> None:
    """Note threads that nobody waits for, and that will end by themselves after a while."""
    _threads.extend(thread for thread in threads if thread.is_alive())


def anything_abandoned() -> bool:
    """Return whether any of the noted threads is still running."""
    return any(thread.is_alive() for thread in _threads)
