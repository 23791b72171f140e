"""The number of threads that OpenCV uses, which is a setting of the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


def use_one_opencv_thread() -> None:
    """Let OpenCV work in the calling thread only, from now on and in the whole process.

    It is for workers that have one core each. Repeated calls cost nothing.
    """
    cv2.setNumThreads(0)


@contextmanager
def opencv_threads(count: int) -> Iterator[None]:
    """Let each call of OpenCV use ``count`` threads within the block; 1 is the calling thread."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
