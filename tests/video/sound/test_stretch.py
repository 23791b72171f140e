"""Stretched sound is where its pace says, at its own pitch, and untouched at full speed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from nakawari.pace import Pace, RampPoint
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.sound import stretch
from nakawari.video.sound.stretch import HOP, stretched

RATE = 16000
RAMP = Pace(
    (
        RampPoint(Fraction(1), Fraction(1)),
        RampPoint(Fraction(2), Fraction(1, 4)),
        RampPoint(Fraction(3), Fraction(1, 4)),
        RampPoint(Fraction(4), Fraction(2)),
        RampPoint(Fraction(5), Fraction(1)),
    )
)


def in_blocks(samples: np.ndarray, size: int = 1000) -> Iterator[np.ndarray]:
    for begin in range(0, samples.shape[1], size):
        yield samples[:, begin : begin + size]


def stretch_all(samples: np.ndarray, pace: Pace, seconds: float) -> np.ndarray:
    """Return the first ``seconds`` of the output, (channels, number)."""
    blocks = stretched(in_blocks(samples.astype(np.float32)), RATE, pace.input_time)
    return np.concatenate(list(islice(blocks, round(seconds / float(HOP)))), axis=1)


def shown(pace: Pace, input_time: float) -> float:
    """Return when a moment of the input is shown [s]."""
    clock = OutputClock(rate=Fraction(RATE), pace=pace)
    return clock.first_index(Fraction(input_time)) / RATE


def clicks(times: list[float], seconds: float) -> np.ndarray:
    wave = np.zeros((1, round(seconds * RATE)))
    click = np.hanning(64) * np.sin(np.arange(64))
    for time in times:
        begin = round(time * RATE) - 32
        wave[0, begin : begin + 64] = click
    return wave


@pytest.mark.parametrize(
    ("pace", "furthest"),
    [(RAMP, 0.01), (Pace.constant(Fraction(8)), 0.02)]
    + [(Pace.constant(Fraction(factor)), 0.01) for factor in ("1", "1.1", "2", "4", "0.5")],
    ids=str,
)
def test_every_click_is_heard_within_milliseconds_of_its_place(pace, furthest) -> None:
    times = [0.25 + 0.5 * number for number in range(11)]
    wave = stretch_all(clicks(times, 6), pace, shown(pace, 6))[0]
    loudness = wave.astype(np.float64) ** 2
    seconds = np.arange(len(wave)) / RATE
    for time in times:
        near = slice(*(round(shown(pace, time + side) * RATE) for side in (-0.2, 0.2)))
        middle = (seconds[near] * loudness[near]).sum() / loudness[near].sum()
        assert middle == pytest.approx(shown(pace, time), abs=furthest)


def test_at_full_speed_the_samples_pass_through_unchanged() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, (2, 6 * RATE)).astype(np.float32)
    made = stretch_all(noise, RAMP, 12)
    before = RATE - round(HOP * RATE)
    np.testing.assert_array_equal(made[:, :before], noise[:, :before])
    end = OutputClock(rate=Fraction(RATE), pace=RAMP).first_index(Fraction(5)) + RATE // 10
    begin = round(RAMP.input_time(Fraction(end, RATE)) * RATE)
    after = made[:, end : end + RATE // 2]
    offset = min(
        range(-1, 2), key=lambda by: np.abs(after - noise[:, begin + by :][:, :8000]).max()
    )
    np.testing.assert_array_equal(after, noise[:, begin + offset :][:, : RATE // 2])


@pytest.mark.parametrize("tone", [70.0, 440.0, 3000.0])
def test_the_pitch_is_kept_all_along_a_ramp(tone) -> None:
    wave = 0.5 * np.sin(2 * np.pi * tone * np.arange(6 * RATE) / RATE)[None]
    made = stretch_all(wave, RAMP, shown(RAMP, 6))[0]
    for begin in range(RATE // 2, len(made) - RATE, RATE // 2):
        part = made[begin : begin + RATE // 2] * np.hanning(RATE // 2)
        assert np.abs(np.fft.rfft(part)).argmax() * 2 == pytest.approx(tone, abs=2)
        assert part.std() == pytest.approx(0.5 / np.sqrt(2) * np.sqrt(3 / 8), rel=0.1)


def test_channels_stay_together() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 3 * RATE)
    left, right = stretch_all(np.stack([noise, -noise]), Pace.constant(Fraction(3)), 4)
    np.testing.assert_array_equal(left, -right)


def test_silence_follows_and_what_was_heard_is_forgotten(monkeypatch) -> None:
    most = 0

    class Watched(stretch._Source):
        def read(self, begin: int, end: int) -> np.ndarray:
            nonlocal most
            samples = super().read(begin, end)
            most = max(most, sum(block.shape[1] for block in self._held))
            return samples

    monkeypatch.setattr(stretch, "_Source", Watched)
    loud = np.ones((1, 20 * RATE))
    made = stretch_all(loud, Pace.constant(Fraction(1, 100)), 1)
    assert made[0, : RATE // 10].min() == pytest.approx(1)
    assert np.abs(made[0, RATE // 4 :]).max() == 0
    assert most < RATE // 4
