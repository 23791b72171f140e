"""A camera that was confirmed is believed in before and after its ground could tell it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nakawari.xsheet.change import plate
from nakawari.xsheet.ground import Evidence
from nakawari.xsheet.measure import CONFIRMED, Measure, ShotMeter
from tests.xsheet.stage import shot_at

Meter = Callable[[Sequence[tuple[float, float]], Callable[[int], bool]], list[Measure]]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Meter:
    """Return what measures a held figure under a camera that goes along a path [px].

    The ground tells the camera only in the frames in which it is said to.
    """

    def measure(path: Sequence[tuple[float, float]], tells: Callable[[int], bool]) -> list[Measure]:
        plates = [plate(shot_at(x, y)) for x, y in path]
        numbers = {picture.smooth.luma.tobytes(): n for n, picture in enumerate(plates)}

        def evidence(before: np.ndarray, now: np.ndarray, *of_motion: object) -> Evidence:
            squares = np.full(10, 0.5 if tells(numbers[now.tobytes()]) else 0.0, np.float32)
            return Evidence(squares, squares, 1.0)  # all goes as foretold, or nothing is told

        monkeypatch.setattr("nakawari.xsheet.motion.evidence", evidence)
        meter = ShotMeter()
        for picture in plates:
            meter.add(picture)
        return meter.measures

    return measure


SHAKE = [tuple(at) for at in np.random.default_rng(3).uniform(-5, 5, (16, 2)).tolist()]
PAN = [(3.0 * frame, 0.0) for frame in range(16)]


def taken_out(measures: list[Measure]) -> list[bool]:
    """Return for every frame but the first whether the camera's motion was taken out."""
    return [
        measure.moved is not None and measure.moved < 0.2 * measure.still
        for measure in measures[1:]
    ]


def test_a_shake_is_taken_out_of_the_frames_before_it_was_confirmed(measured: Meter) -> None:
    found = taken_out(measured(SHAKE, lambda frame: frame >= 11))
    assert all(found[1:])  # what the first step uncovers no frame before it shows


def test_a_shake_seen_too_few_times_is_not_believed_in_far_back(measured: Meter) -> None:
    found = taken_out(measured(SHAKE[:13], lambda frame: frame >= 14 - CONFIRMED))
    assert not any(found[:5])


def test_a_confirmed_pan_goes_on_where_its_ground_is_hidden(measured: Meter) -> None:
    assert all(taken_out(measured(PAN, lambda frame: frame <= CONFIRMED)))


def test_a_motion_that_no_ground_ever_told_is_a_figures(measured: Meter) -> None:
    assert not any(taken_out(measured(PAN, lambda frame: False)))
