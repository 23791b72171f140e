"""OpenCV uses as many threads as it is told, and as many as before once that is over."""

from __future__ import annotations

import cv2

from nakawari.opencv import opencv_threads, use_one_opencv_thread


def test_the_number_of_threads_holds_for_the_context_alone() -> None:
    before = cv2.getNumThreads()
    with opencv_threads(3):
        assert cv2.getNumThreads() == 3
    assert cv2.getNumThreads() == before


def test_a_worker_keeps_to_the_thread_that_calls() -> None:
    with opencv_threads(3):
        use_one_opencv_thread()
        assert cv2.getNumThreads() == 1
