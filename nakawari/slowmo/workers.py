"""Drawing several intervals at once.

A network's work on one frame splits badly between cores: beside its convolutions there are hundreds
of small steps. Two intervals side by side, a core each, take four fifths of the time of one after
the other on two cores (512x288). What comes out is the same, in the same order.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Generic, NamedTuple, TypeVar

import torch

from nakawari.abandoned import abandon
from nakawari.memory import machine_mib
from nakawari.opencv import opencv_threads

Made = TypeVar("Made")

MEMORY_SHARE = 4
"""Intervals may together take one part in so many of the memory, a container's if it has less."""
BYTES_A_PIXEL = 2000
"""That drawing an interval takes, measured at 512x288."""
GRACE = 0.25
"""Seconds for which jobs under way are waited for where nobody wants them any more: an in-between
of 512x288 may just end. One of 1920x1080 takes longer than anyone waits after Ctrl-C."""
MOST_PIXELS = 1_000_000
"""Larger frames are looked at reduced, and take no more than that."""


def workers_for(device: str, width: int, height: int) -> int:
    """Return how many intervals of a clip [px] to draw at once: one on a graphics card."""
    if device != "cpu":
        return 1
    memory = machine_mib() * 2**20
    fitting = memory / MEMORY_SHARE / (BYTES_A_PIXEL * min(width * height, MOST_PIXELS))
    return max(1, min(len(os.sched_getaffinity(0)), int(fitting)))


def in_order(jobs: Iterable[Callable[[], Made]], workers: int) -> Generator[Made, None, None]:
    """Do jobs in ``workers`` threads, and yield what they return in the order of the jobs.

    No more than ``2 * workers`` jobs are begun or finished ahead, so memory stays flat. What a job
    raises is raised when it is its turn. Closed early, the generator waits a moment for the jobs
    under way, which cannot be stopped, and then leaves them to end by themselves.
    """
    threads = max(1, torch.get_num_threads() // workers)
    waiting: SimpleQueue[_Task[Made] | None] = SimpleQueue()
    pool = [
        Thread(target=_work, args=(waiting, threads), name=f"draw {number}", daemon=True)
        for number in range(workers)
    ]
    begun: deque[_Task[Made]] = deque()
    with opencv_threads(threads):
        for thread in pool:
            thread.start()
        try:
            for job in jobs:
                begun.append(_Task(job, Future()))
                waiting.put(begun[-1])
                if len(begun) > 2 * workers:
                    yield begun.popleft().future.result()
            while begun:
                yield begun.popleft().future.result()
        finally:
            for task in begun:
                task.future.cancel()
            for _ in pool:
                waiting.put(None)
            until = time.monotonic() + GRACE
            for thread in pool:
                thread.join(max(0.0, until - time.monotonic()))
            abandon(pool)


class _Task(NamedTuple, Generic[Made]):
    """A job, and what will come of it."""

    job: Callable[[], Made]
    future: Future[Made]


def _work(waiting: SimpleQueue[_Task[Made] | None], threads: int) -> None:
    torch.set_num_threads(threads)  # of the thread that says so
    while (task := waiting.get()) is not None:
        if not task.future.set_running_or_notify_cancel():
            continue
        try:
            made = task.job()
        except BaseException as error:  # whatever it is, it belongs to who waits for the job
            task.future.set_exception(error)
        else:
            task.future.set_result(made)
