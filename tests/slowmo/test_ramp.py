"""A clip on a ramp: sound and picture stay together, and frames at full speed are the input's."""

from fractions import Fraction

import av
import numpy as np
import pytest

from nakawari.pace import Pace, RampPoint
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.video.reader import VideoReader
from tests.conftest import SAMPLE_RATE

RATE = Fraction(24)
FRAMES = 48
LEVELS = 20 + 4 * np.arange(FRAMES)
RAMP = Pace(
    (
        RampPoint(Fraction(1, 2), Fraction(1)),
        RampPoint(Fraction(1), Fraction(1, 4)),
        RampPoint(Fraction(3, 2), Fraction(1)),
    )
)


def brightening(make_clip, **how: object):
    """Return a clip that gets brighter by the same in every frame, so that it tells the time."""
    paintings = [np.full((48, 64, 4), (level, level, level, 255), np.uint8) for level in LEVELS]
    return make_clip("a.mkv", paintings=paintings, rate=RATE, codec="ffv1", **how)


def levels_of(path) -> np.ndarray:
    with VideoReader(path) as reader:
        return np.array([frame.picture.luma.mean() for frame in reader.frames()])


def test_a_click_is_heard_when_its_picture_is_shown(make_clip, tmp_path) -> None:
    clicks = [0.25 + 0.125 * number for number in range(12)]
    wave = np.zeros(2 * SAMPLE_RATE)
    for time in clicks:
        middle = round(time * SAMPLE_RATE)
        wave[middle - 32 : middle + 32] = np.hanning(64) * np.sin(np.arange(64))
    clip = brightening(make_clip, wave=wave)
    output = tmp_path / "out.mkv"
    job = SlowJob(source=clip, output=output, ramp=RAMP, codec="ffv1", holds="keep")
    run_job(job, lambda: blend, "cpu")
    with av.open(str(output)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    loudness = sound.astype(np.float64) ** 2
    source, made = levels_of(clip), levels_of(output)
    seconds = np.arange(len(loudness)) / SAMPLE_RATE
    for time in clicks:
        level = np.interp(time * float(RATE), np.arange(FRAMES), source)
        seen = np.interp(level, made, np.arange(len(made))) / float(RATE)
        near = np.abs(seconds - seen) < 0.06
        heard = (seconds[near] * loudness[near]).sum() / loudness[near].sum()
        assert heard == pytest.approx(seen, abs=0.02)  # half a frame


def test_frames_at_full_speed_are_the_inputs_own_on_both_sides_of_a_ramp(
    make_clip, tmp_path
) -> None:
    # The ramp takes 0.8 s twice: at 24 frames a second the frames after it are 0.6 s, or 14.4
    # frames, late. So they lie between the input's own; at 120 they coincide, every fifth.
    clip, output = brightening(make_clip), tmp_path / "out.mkv"
    rate = Fraction(120)
    job = SlowJob(source=clip, output=output, ramp=RAMP, rate=rate, codec="ffv1", holds="keep")
    result = run_job(job, lambda: blend, "cpu")
    assert result.duration == Fraction(1, 2) + 2 * Fraction(8, 10) + Fraction(1, 2)
    source, made = levels_of(clip), levels_of(output)
    np.testing.assert_array_equal(made[:60:5], source[:12])
    np.testing.assert_array_equal(made[252::5], source[36:])
    assert np.all(np.diff(made) >= 0)
