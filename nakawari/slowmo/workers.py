"""Drawing several intervals at once.

A network's work on one frame cannot be split well between cores: beside its convolutions it has
hundreds of small steps. On two cores, two intervals side by side, with one core each, take four
fifths of the time that they take one after the other (512x288). The result is the same, in the same
order.
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
"""The memory of the machine, or of its container if that has less, is divided by this: the
intervals drawn at once may together take the result."""
BYTES_A_PIXEL = 2000
"""Memory that drawing an interval takes [bytes a pixel], measured at 512x288."""
GRACE = 0.25
"""Seconds to wait for running jobs that nobody wants any more: an in-between of 512x288 may just
end in that time. One of 1920x1080 takes longer than anyone waits after Ctrl-C."""
MOST_PIXELS = 1_000_000
"""Pixels of a frame that count: larger frames are analysed at a reduced size, and take no more
memory than frames of this size."""


def workers_for(device: str, width: int, height: int) -> int:
    """Return how many intervals to draw at once, for a clip of this size [px].

    On a graphics card it is one. On the CPU it is one for each core, or fewer if memory is scarce.
    """
    if device != "cpu":
        return 1
    memory = machine_mib() * 2**20
    fitting = memory / MEMORY_SHARE / (BYTES_A_PIXEL * min(width * height, MOST_PIXELS))
    return max(1, min(len(os.sched_getaffinity(0)), int(fitting)))


def in_order(jobs: Iterable[Callable[[], Made]], workers: int) -> Generator[Made, None, None]:
    """Do jobs in ``workers`` threads, and yield what they return in the order of the jobs.

    No more than ``2 * workers`` jobs are begun or finished ahead, so memory use stays constant. An
    exception that a job raises is raised when it is that job's turn. Running jobs cannot be
    stopped: if the generator is closed early, it waits ``GRACE`` seconds for them, and then leaves
    them to end by themselves.
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
    """A job, and its future result."""

    job: Callable[[], Made]
    future: Future[Made]


def _work(waiting: SimpleQueue[_Task[Made] | None], threads: int) -> None:
    torch.set_num_threads(threads)  # of the calling thread only
    while (task := waiting.get()) is not None:
        if not task.future.set_running_or_notify_cancel():
            continue
        try:
            made = task.job()
        except BaseException as error:  # of any kind: it is raised where the job is waited for
            task.future.set_exception(error)
        else:
            task.future.set_result(made)
