"""Jobs are done side by side, and what they make comes in their order."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import cv2
import pytest
import torch

from nakawari.abandoned import anything_abandoned
from nakawari.slowmo.workers import BYTES_A_PIXEL, GRACE, MEMORY_SHARE, in_order, workers_for


def test_slow_jobs_do_not_change_the_order() -> None:
    def job(number: int) -> int:
        time.sleep(0.02 * (3 - number % 4))
        return number

    assert list(in_order((partial(job, n) for n in range(12)), 4)) == list(range(12))


def test_as_many_jobs_as_workers_are_done_at_once() -> None:
    together = threading.Barrier(3)
    waits = [partial(together.wait, 60) for _ in range(6)]
    assert sorted(in_order(waits, 3)) == [0, 0, 1, 1, 2, 2]


def test_jobs_wait_until_what_was_made_is_taken() -> None:
    begun: list[int] = []

    def jobs() -> Iterator[Callable[[], int]]:
        for number in range(100):
            begun.append(number)
            yield partial(int, number)

    made = in_order(jobs(), 2)
    assert next(made) == 0
    assert len(begun) == 5
    made.close()
    assert len(begun) == 5


def test_an_error_comes_in_its_turn_and_ends_the_work() -> None:
    def fail() -> int:
        raise ValueError("no second")

    made = in_order([partial(int, 1), fail, partial(int, 3)], 2)
    assert next(made) == 1
    with pytest.raises(ValueError, match="no second"):
        next(made)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("draw")]


def test_nobody_waits_for_jobs_under_way_that_take_long() -> None:
    begun, released = threading.Semaphore(0), threading.Event()

    def job() -> None:
        begun.release()
        released.wait(60)

    made = in_order([partial(int, 1), job, job, job, job], 2)
    assert next(made) == 1
    for _ in range(2):
        assert begun.acquire(timeout=60)
    began = time.monotonic()
    made.close()
    took = time.monotonic() - began
    assert anything_abandoned()
    released.set()
    assert GRACE <= took < 10
    until = time.monotonic() + 60
    while anything_abandoned() and time.monotonic() < until:
        time.sleep(0.01)
    assert not anything_abandoned()  # the jobs that had not begun were not begun either


def test_the_cores_are_shared_out_and_given_back() -> None:
    torch_before, cv2_before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(4)
    try:
        used = list(in_order([lambda: (torch.get_num_threads(), cv2.getNumThreads())] * 4, 2))
        assert used == [(2, 2)] * 4
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (4, cv2_before)
    finally:
        torch.set_num_threads(torch_before)


@pytest.mark.parametrize(
    ("cores", "gib", "size", "workers"),
    [
        (2, 24, (512, 288), 2),
        (16, 4, (512, 288), 3),
        (16, 16, (1920, 1080), 2),
        (1, 64, (64, 64), 1),
    ],
)
def test_cores_and_memory_bound_the_workers(monkeypatch, cores, gib, size, workers) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr("nakawari.slowmo.workers.machine_mib", lambda: gib * 1024.0)
    assert workers_for("cpu", *size) == workers
    assert workers * BYTES_A_PIXEL * min(size[0] * size[1], 10**6) <= gib * 2**30 / MEMORY_SHARE
    assert workers_for("cuda", *size) == 1
