"""Lets a process end with the process that started it, however that one ends."""

from __future__ import annotations

import os
import sys
from threading import Thread

ORPHANED = 3  # exit status


def end_with_parent() -> None:
    """End this process at once when its standard input ends.

    That happens when the process that holds the other end of it ends. The work that was going on is
    continued when this process is started again.
    """
    Thread(target=_wait, args=(sys.stdin.fileno(),), daemon=True).start()


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1024):
        pass
    os._exit(ORPHANED)
