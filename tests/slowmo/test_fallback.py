"""Drawing goes on with less at once, and on the CPU, where memory is short or the card fails."""

import threading
import time
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from nakawari.errors import UserError
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.fallback import Fallback, Place
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import VideoReader

CARD = "meta"  # a device of torch that is not the CPU, and that every machine has
TIMES = [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
GONE = torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with ...")
GONE_OF_OLD = RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED")
CPU_FULL = RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate "
                        "memory: you tried to allocate 8 bytes. Error code 12")  # fmt: skip


def failing(error: Exception, after: int = 0) -> FrameInterpolator:
    """Return an interpolator that fails after some calls, and until then draws on the CPU."""
    calls = iter(range(after))

    def draw(frame_0: torch.Tensor, frame_1: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        if next(calls, None) is None:
            raise error
        return torch.zeros(len(at), *frame_0.shape[1:])

    return draw


def picture(level: int) -> Picture:
    chroma = np.zeros((1, 1), np.uint8)
    return Picture(np.full((2, 2), level, np.uint8), chroma, chroma)


def needing(memory: int, tell: Callable[[str], None] = print, intervals: int = 4) -> list[int]:
    """Draw in four threads, where each in-between takes 1 of ``memory``; return how many at once.

    What was drawn is checked.
    """
    taken, most, lock = 0, [0], threading.Lock()

    def work(place: Place, times) -> list[Picture]:
        nonlocal taken
        with lock:
            if taken + len(times) > memory:
                raise CPU_FULL
            taken += len(times)
            most.append(taken)
        time.sleep(0.02)
        with lock:
            taken -= len(times)
        return [picture(int(100 * time)) for time in times]

    fallback = Fallback(Place(blend, "cpu", intervals), tell=tell)
    drawn: list[list[int]] = []

    def draw() -> None:
        made = fallback.draw(work, TIMES)
        drawn.append([int(one.luma[0, 0]) for one in made])

    threads = [threading.Thread(target=draw) for _ in range(intervals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert drawn == [[25, 50, 75]] * intervals
    return most


def test_with_enough_memory_as_many_intervals_are_drawn_at_once_as_are_wanted() -> None:
    said: list[str] = []
    assert max(needing(12, said.append)) > 3
    assert said == []


def test_where_memory_is_short_fewer_intervals_are_drawn_at_once() -> None:
    said: list[str] = []
    needing(4, said.append)
    assert said == ["memory is short: from here on one interval is drawn at a time"]


def test_where_memory_is_shorter_still_one_in_between_is_drawn_at_a_time() -> None:
    said: list[str] = []
    needing(2, said.append)
    assert said == ["memory is short: from here on one interval is drawn at a time",
                    "memory is short: from here on one in-between is drawn at a time"]  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [MemoryError(), CPU_FULL, FULL, RuntimeError("could not create a primitive"),
     cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate")],
)  # fmt: skip
def test_too_little_memory_for_one_in_between_fails(error) -> None:
    def work(place: Place, times) -> list[Picture]:
        raise error

    with pytest.raises(UserError, match=r"not enough memory to draw; .* scale the clip down"):
        Fallback(Place(blend, "cpu", 4)).draw(work, TIMES)
    with pytest.raises(UserError, match=r"not enough memory to draw; .* use --device cpu"):
        Fallback(Place(blend, CARD)).draw(work, TIMES)


@pytest.mark.parametrize("device", ["cpu", CARD])
def test_an_error_of_another_kind_fails_at_once(device) -> None:
    calls = []

    def work(place: Place, times) -> list[Picture]:
        calls.append(place)
        raise ValueError("frames of different shapes")

    with pytest.raises(ValueError, match="different shapes"):
        Fallback(Place(blend, device, 2), lambda: blend).draw(work, TIMES)
    assert len(calls) == 1


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("error", [FULL, GONE, GONE_OF_OLD])
def test_a_clip_goes_on_on_the_cpu_when_the_card_fails(make_clip, tmp_path, error, after) -> None:
    clip, said = make_clip(frames=8), []
    job = SlowJob(source=clip, output=tmp_path / "a.mkv", codec="ffv1")
    reference = SlowJob(source=clip, output=tmp_path / "b.mkv", codec="ffv1")
    card = failing(error, after)
    result = run_job(job, lambda: card, CARD, load_on_cpu=lambda: blend, tell=said.append)
    usual = run_job(reference, lambda: blend, "cpu")
    assert result.tally == usual.tally
    assert said[-1].endswith("; from here on the CPU draws, which takes longer")
    assert "graphics card" in said[-1]
    assert "\n" not in said[-1]
    drawn_by_the_card = sum(
        (one != other).any()
        for one, other in zip(lumas(job.output), lumas(reference.output), strict=True)
    )
    assert (drawn_by_the_card > 0) == (after > 0)


def lumas(path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [frame.picture.luma for frame in reader.frames()]


@pytest.mark.parametrize("error", [FULL, GONE])
def test_a_model_that_cannot_be_loaded_onto_the_card_draws_on_the_cpu(
    make_clip, tmp_path, error
) -> None:
    def load() -> FrameInterpolator:
        raise error

    said: list[str] = []
    job = SlowJob(source=make_clip(), output=tmp_path / "out.mp4")
    result = run_job(job, load, CARD, load_on_cpu=lambda: blend, tell=said.append)
    assert result.tally.drawn > 0
    assert said[-1].endswith("; the CPU draws, which takes longer")


def test_a_card_that_fails_without_a_cpu_to_go_on_leaves_nothing(make_clip, tmp_path) -> None:
    job = SlowJob(source=make_clip(), output=tmp_path / "out.mp4")
    with pytest.raises(UserError, match="use --device cpu"):
        run_job(job, lambda: failing(FULL), CARD)
    with pytest.raises(torch.AcceleratorError):
        run_job(job, lambda: failing(GONE), CARD)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_command_asks_for_the_model_again_for_the_cpu(make_clip, monkeypatch, capsys) -> None:
    from nakawari import cli

    asked: list[str] = []

    def load(settings, device: str) -> FrameInterpolator:
        asked.append(device)
        return failing(GONE) if device == CARD else blend

    monkeypatch.setattr("nakawari.cli.slowing.chosen_model.choose_device", lambda name: CARD)
    monkeypatch.setattr("nakawari.cli.slow.load_interpolator", load)
    assert cli.main(["slow", str(make_clip()), "--slow", "2", "--model", "blend"]) == 0
    assert asked == [CARD, "cpu"]
    said = capsys.readouterr().err
    assert "the graphics card fails (CUDA error: unspecified launch failure); from here" in said
