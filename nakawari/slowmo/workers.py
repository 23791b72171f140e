"""Drawing several intervals at once.

A network's work on one frame splits badly between cores: beside its convolutions there are hundreds
of small steps. Two intervals side by side, a core each, take four fifths of the time of one after
the other on two cores (512x288). What comes out is the same, in the same order.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from nakawari.opencv import opencv_threads

Made = TypeVar("Made")

MEMORY_SHARE = 4
"""Intervals may together take one part in so many of the machine's memory."""
BYTES_A_PIXEL = 2000
"""That drawing an interval takes, measured at 512x288."""
MOST_PIXELS = 1_000_000
"""Larger frames are looked at reduced, and take no more than that."""


def workers_for(device: str, width: int, height: int) -> int:
    """Return how many intervals of a clip [px] to draw at once: one on a graphics card."""
    if device != "cpu":
        return 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    fitting = memory // MEMORY_SHARE // (BYTES_A_PIXEL * min(width * height, MOST_PIXELS))
    return max(1, min(len(os.sched_getaffinity(0)), fitting))


def in_order(jobs: Iterable[Callable[[], Made]], workers: int) -> Generator[Made, None, None]:
    """Do jobs in ``workers`` threads, and yield what they return in the order of the jobs.

    No more than ``2 * workers`` jobs are begun or finished ahead, so memory stays flat. What a job
    raises is raised when it is its turn. Closed early, the generator ends with the jobs under way.
    """
    threads = max(1, torch.get_num_threads() // workers)
    with opencv_threads(threads), ThreadPoolExecutor(workers, "draw", _use, (threads,)) as pool:
        begun: deque[Future[Made]] = deque()
        try:
            for job in jobs:
                begun.append(pool.submit(job))
                if len(begun) > 2 * workers:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def _use(threads: int) -> None:
    torch.set_num_threads(threads)  # of the thread that says so
