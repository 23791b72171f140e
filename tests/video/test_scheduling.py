"""Codecs leave the scheduling of the process as it was."""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nakawari.video.codecs import CODECS
from nakawari.video.pictures.color import ColorTags
from nakawari.video.pictures.picture import Picture
from nakawari.video.scheduling import same_scheduling
from nakawari.video.writer import VideoWriter

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getscheduler"), reason="this system has no such settings"
)


def policies() -> set[int]:
    """Return the policies of all threads of this process."""
    return {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")}


def test_threads_old_and_new_are_scheduled_as_the_calling_one_was() -> None:
    before = policies()
    assert os.SCHED_BATCH not in before
    may_end = threading.Event()
    new = threading.Thread(target=may_end.wait)
    with same_scheduling():
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        new.start()  # a thread begins as the one that starts it
        assert os.SCHED_BATCH in policies()
    try:
        assert policies() == before
    finally:
        may_end.set()
        new.join()


def test_av1_leaves_other_programs_their_time(tmp_path: Path) -> None:
    # As root, SVT-AV1 gives itself the highest real-time priority.
    luma, chroma = np.zeros((64, 64), np.uint8), np.zeros((32, 32), np.uint8)
    before = policies()
    with VideoWriter(
        tmp_path / "out.mkv",
        codec=CODECS["av1"],
        width=64,
        height=64,
        rate=Fraction(24),
        tags=ColorTags(),
    ) as writer:
        writer.write(Picture(luma, chroma, chroma))
        assert policies() == before
    assert policies() == before
