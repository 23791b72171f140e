"""Whatever the file: the duration is the law's, and drawings are at their frames' real times."""

import math
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.video.reader import VideoReader
from nakawari.xsheet.sheet.files import load_sheet
from tests.builders.sheets import sheet_of
from tests.conftest import painting

HOLDS = [2, 3, 1, 2, 2, 3, 2]  # 15 frames
STARTS = [0, *accumulate(HOLDS)][:-1]
LEVELS = [40, 70, 220, 190, 120, 160, 90]  # of the drawings, RGB
SHARP = {"crf": "1"}


def gray(level: int, width: int = 64, height: int = 48) -> np.ndarray:
    picture = np.full((height, width, 4), level, np.uint8)
    picture[..., 3] = 255
    return picture


PAINTINGS = [gray(level) for level, hold in zip(LEVELS, HOLDS, strict=True) for _ in range(hold)]


def brightness(path: Path) -> list[float]:
    with VideoReader(path) as reader:
        return [float(frame.picture.luma.mean()) for frame in reader.frames()]


def slowed(clip: Path, factor: Fraction, rate: Fraction | None = None) -> list[float]:
    """Slow a clip of ``PAINTINGS`` by their true sheet; return each frame's brightness."""
    with VideoReader(clip) as reader:
        sheet = sheet_of(HOLDS, fps=reader.info.rate)
    given = clip.with_name("mine.json")
    given.write_text(sheet.to_json())
    output = clip.with_name("out.mp4")
    job = SlowJob(source=clip, output=output, factor=factor, rate=rate, xsheet=given)
    result = run_job(job, lambda: blend, "cpu")
    assert load_sheet(result.sheet_path).frames == len(PAINTINGS)
    return brightness(output)


def expected(clip: Path, factor: Fraction, rate: Fraction) -> list[float]:
    """Return the brightness that the law asks for, from the source's own frames and times."""
    with VideoReader(clip) as reader:
        frames = list(reader.frames())
    times = [float(frames[start].start) for start in STARTS]
    levels = [float(frames[start].picture.luma.mean()) for start in STARTS]
    count = math.ceil(frames[-1].end * factor * rate)
    return list(np.interp([k / float(rate * factor) for k in range(count)], times, levels))


def check(clip: Path, factor: Fraction = Fraction(5, 2), rate: Fraction | None = None) -> None:
    with VideoReader(clip) as reader:
        nominal = reader.info.rate
    shown, wanted = slowed(clip, factor, rate), expected(clip, factor, rate or nominal)
    assert len(shown) == len(wanted)
    np.testing.assert_allclose(shown, wanted, atol=1.5)


@pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001", "60000/1001", "12"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_constant_rates(make_clip, rate, name) -> None:
    check(make_clip(name, paintings=PAINTINGS, rate=Fraction(rate), options=SHARP))


def test_kept_duration_at_48_frames(make_clip) -> None:
    clip = make_clip(paintings=PAINTINGS, options=SHARP)
    check(clip, Fraction(1), Fraction(48))


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
@pytest.mark.parametrize("first", [0, 700])
def test_a_variable_rate_and_a_first_time_stamp_that_is_not_zero(make_clip, first, name) -> None:
    gaps = [33, 77, 33, 167, 33, 33, 50, 117, 33, 33, 90, 33, 33, 400]
    times = [Fraction(first + time, 1000) for time in accumulate(gaps, initial=0)]
    clip = make_clip(
        name, paintings=PAINTINGS, times=times, time_base=Fraction(1, 1000), options=SHARP
    )
    check(clip, Fraction(3), Fraction(30))


@pytest.mark.parametrize(("name", "stated"), [("v.mkv", 24), ("v.mp4", 24), ("v.mp4", 6)])
def test_a_clip_whose_repeats_were_left_out_is_slowed_as_with_them(make_clip, name, stated) -> None:
    holds = [2, 2, 2, 2, 40, 2, 2, 2, 1]
    levels = [40, 70, 220, 190, 120, 160, 90, 200, 60]
    starts = [0, *accumulate(holds)][:-1]
    drawings = [gray(level) for level in levels]
    repeated = [frame for frame, hold in zip(drawings, holds, strict=True) for _ in range(hold)]
    constant = make_clip("c.mkv", paintings=repeated, rate=Fraction(24), options=SHARP)
    varying = make_clip(
        name,
        paintings=drawings,
        times=[Fraction(round(1000 * start / 24), 1000) for start in starts],
        time_base=Fraction(1, 1000),
        rate=Fraction(stated),
        options=SHARP,
    )
    lines: list[str] = []
    shown = []
    for clip in (constant, varying):
        job = SlowJob(
            source=clip, output=clip.with_suffix(".out.mp4"), factor=Fraction(3), rate=Fraction(24)
        )
        sheet = run_job(job, lambda: blend, "cpu", tell=lines.append).sheet
        assert sheet.shots[0].animation_fps == pytest.approx(12, rel=0.002)
        shown.append(brightness(job.output))
    length = len(shown[0]) - 3  # how long the last frame is shown is not stored everywhere
    np.testing.assert_allclose(shown[1][:length], shown[0][:length], atol=2.5)
    assert lines == ["the frame rate varies: holds and lengths go by the frames' own times"]


def test_with_holds_kept_a_frame_that_is_a_pause_moves_too(make_clip) -> None:
    times = [Fraction(ms, 1000) for ms in (0, 83, 167, 2167, 2250)]
    paintings = [gray(level) for level in (40, 200, 60, 220, 90)]
    how = {"times": times, "time_base": Fraction(1, 1000), "options": SHARP}
    clip = make_clip("v.mkv", paintings=paintings, **how)
    job = SlowJob(
        source=clip,
        output=clip.with_suffix(".out.mp4"),
        factor=Fraction(1),
        rate=Fraction(24),
        holds="keep",
    )
    run_job(job, lambda: blend, "cpu")
    shown = brightness(job.output)[4:52]  # 0.167 to 2.167 s
    assert np.diff(shown).min() > 1
    assert shown == sorted(shown)


def test_b_frames(make_clip) -> None:
    check(make_clip(paintings=PAINTINGS, options=SHARP | {"bf": "3", "b-adapt": "0"}))


@pytest.mark.parametrize(
    "how",
    [
        {"options": {"x264-params": "tff=1"}},
        {"name": "a.mkv", "codec": "mpeg4", "field_order": 2},  # only the container says so
    ],
)
def test_interlaced_frames_are_said_and_not_woven(make_clip, tmp_path, how) -> None:
    clip = make_clip(frames=15, **how)
    lines: list[str] = []
    job = SlowJob(source=clip, output=tmp_path / "out.mp4", factor=Fraction(2))
    run_job(job, lambda: blend, "cpu", tell=lines.append)
    assert lines == ["the clip is interlaced; deinterlace it first for clean in-betweens"]
    assert len(brightness(job.output)) == 30


@pytest.mark.parametrize(
    "how",
    [
        {"rotation": 90},
        {"rotation": 180},
        {"name": "a.mkv", "codec": "ffv1", "pixel_format": "yuv420p10le"},
        {"name": "a.mkv", "codec": "ffv1", "pixel_format": "yuv444p"},
        {"name": "a.mkv", "codec": "ffv1", "pixel_format": "bgra"},
        {"name": "a.ts"},
        {"name": "a.avi", "codec": "mpeg4", "options": {"qscale": "1"}},
    ],
)
def test_what_is_converted_on_the_way_in_keeps_its_times(make_clip, how) -> None:
    check(make_clip(**{"paintings": PAINTINGS, "options": SHARP, **how}))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"rotation": 90},
        {"options": {"bf": "3"}},
        {"rate": Fraction(60000, 1001)},
        {"name": "a.mkv", "codec": "ffv1", "pixel_format": "yuv420p10le"},
        {"name": "a.mkv", "codec": "ffv1", "pixel_format": "bgra"},
    ],
)
def test_the_detectors_own_sheet_obeys_the_law_too(make_clip, tmp_path, how) -> None:
    clip = make_clip(paintings=[painting(number // 2) for number in range(20)], **how)
    with VideoReader(clip) as reader:
        end = list(reader.frames())[-1].end
        rate = reader.info.rate
    job = SlowJob(source=clip, output=tmp_path / "out.mp4", factor=Fraction(7, 3))
    result = run_job(job, lambda: blend, "cpu")
    assert len(brightness(job.output)) == math.ceil(end * rate * job.factor)
    assert result.sheet.frames == 20
    assert [drawing.start for drawing in result.sheet.drawings] == list(range(0, 20, 2))
