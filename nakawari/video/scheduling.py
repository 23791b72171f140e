"""Keeping the scheduling of threads as it was, whatever a codec's library makes of it.

SVT-AV1 gives the thread that opens it, and its own threads, the highest real-time priority where it
may, such as for root in a container. Whatever else runs on the machine would then have to wait.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_THREADS = "/proc/self/task"
"""On Linux, the folder that names the threads of this process by their numbers."""


@contextmanager
def same_scheduling() -> Iterator[None]:
    """Give every thread the scheduling that it had before the block, once that ends.

    Threads that begin in the block get the scheduling of the calling thread. Does nothing where
    the system has no such settings.
    """
    before = _scheduling()
    try:
        yield
    finally:
        usual = before.get(threading.get_native_id())
        for thread, is_now in _scheduling().items():
            wanted = before.get(thread, usual)
            if wanted is not None and wanted != is_now:
                policy, priority = wanted
                with suppress(OSError):  # it has ended, or may not be changed
                    os.sched_setscheduler(thread, policy, os.sched_param(priority))


def _scheduling() -> dict[int, tuple[int, int]]:
    """Return policy and priority of every thread of this process, by its number."""
    found: dict[int, tuple[int, int]] = {}
    if hasattr(os, "sched_getscheduler") and os.path.isdir(_THREADS):
        for thread in map(int, os.listdir(_THREADS)):
            with suppress(OSError):  # it has just ended
                priority = os.sched_getparam(thread).sched_priority
                found[thread] = os.sched_getscheduler(thread), priority
    return found
