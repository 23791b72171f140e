"""A process that ends itself before it takes the memory that the machine needs."""

from __future__ import annotations

import os
import time
from threading import Thread

from nakawari.memory import machine_mib, own_peak_mib

TOO_MUCH = 5
"""Exit status of a process that took more memory than it may."""
SHARE = 0.75
"""Share of the memory of the machine, or its container, that a process that draws may take.

The page and the system need some, and drawing itself plans with a quarter (``slowmo/workers.py``).
"""
PAUSE = 0.1  # s, between two checks; filling a gigabyte of new memory takes longer


def usual_limit() -> int:
    """Return how much memory [bytes] a process that draws may take on this machine."""
    return int(SHARE * machine_mib() * 2**20)


def end_beyond(limit: int) -> None:
    """End this process at once, with ``TOO_MUCH``, when it has taken more than ``limit`` bytes.

    Its resident memory counts. The system's own limit (RLIMIT_AS) would count the address space,
    of which torch and CUDA reserve far more than they ever use.
    """
    Thread(target=_watch, args=(limit / 2**20,), daemon=True).start()


def _watch(limit_mib: float) -> None:
    while own_peak_mib() <= limit_mib:
        time.sleep(PAUSE)
    os._exit(TOO_MUCH)
