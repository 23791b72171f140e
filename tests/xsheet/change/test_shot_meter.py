"""A camera that was confirmed is believed in before and after its ground could tell it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import pytest

from nakawari.xsheet.camera.ground import Evidence
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.change.change_meter import Measure
from nakawari.xsheet.change.frame_pair import FramePair
from nakawari.xsheet.change.shot_meter import ShotMeter
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import shot_at


class Meter(Protocol):
    def __call__(
        self,
        path: Sequence[tuple[float, float]],
        tells: Callable[[int], bool],
        going: int | None = None,
    ) -> list[Measure]: ...


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Meter:
    """Return what measures a held figure under a camera that goes along a path [px].

    The ground tells the camera only in the frames in which it is said to. In the others, it tells
    nothing, or that ``going`` of twenty blocks go and the others stand.
    """

    def measure(
        path: Sequence[tuple[float, float]],
        tells: Callable[[int], bool],
        going: int | None = None,
    ) -> list[Measure]:
        plates = [plate(shot_at(x, y)) for x, y in path]
        numbers = {picture.smooth.luma.tobytes(): n for n, picture in enumerate(plates)}

        def evidence(before: np.ndarray, now: np.ndarray, *of_motion: object) -> Evidence:
            squares, sides = np.full(20, 9.0, np.float32), np.arange(20) % 2
            if tells(numbers[now.tobytes()]):
                return Evidence(squares, squares, 1.0, sides)  # all goes as foretold
            if going is None:
                return Evidence(0 * squares, 0 * squares, 1.0, sides)
            goes = np.arange(20) < going
            squares[~goes] = 1.0  # shades too faint for coarse coding
            return Evidence(squares, squares * goes, 1.0, sides)

        monkeypatch.setattr("nakawari.xsheet.camera.motion.evidence", evidence)
        meter = ShotMeter()
        for before, now in pairwise([None, *plates]):
            meter.add(FramePair(before, now))
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
    found = taken_out(measured(SHAKE[:13], lambda frame: frame >= 14 - DEFAULT.camera.confirmed))
    assert not any(found[:5])


def test_a_confirmed_pan_goes_on_where_its_ground_is_hidden(measured: Meter) -> None:
    assert all(taken_out(measured(PAN, lambda frame: frame <= DEFAULT.camera.confirmed)))


def test_a_motion_that_no_ground_ever_told_is_a_figures(measured: Meter) -> None:
    assert not any(taken_out(measured(PAN, lambda frame: False)))


def test_a_shake_that_explains_all_is_taken_out_though_figures_hide_most_of_its_ground(
    measured: Meter,
) -> None:
    found = taken_out(measured(SHAKE, lambda frame: False, going=8))
    assert all(found[1:])


def test_a_motion_with_which_hardly_any_of_the_ground_goes_is_a_figures(measured: Meter) -> None:
    assert not any(taken_out(measured(SHAKE, lambda frame: False, going=2)))


def test_a_camera_is_not_looked_back_for_where_only_grain_changed() -> None:
    generator = np.random.default_rng(0)
    meter, before = ShotMeter(), None
    for x in [0.0] * 6 + [6.0, 12.0, 18.0]:
        picture = shot_at(x)
        grain = generator.normal(0, 9, picture.luma.shape)
        luma = np.clip(picture.luma + grain, 0, 255).astype(np.uint8)
        now = plate(replace(picture, luma=luma))
        meter.add(FramePair(before, now))
        before = now
    assert [measure.motion is not None for measure in meter.measures] == [False] * 6 + [True] * 3


def test_what_is_kept_of_a_frame_takes_no_kilobytes(measured) -> None:
    measures = measured([(3.0 * frame, 0.0) for frame in range(12)], lambda frame: True)
    motions = [measure.motion for measure in measures if measure.motion is not None]
    assert motions
    assert all(motion.evidence is None for motion in motions)
