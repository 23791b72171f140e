"""A job's settings are the same after they were JSON, and anything else is refused."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, builds, fractions, integers, lists, none, sampled_from

from nakawari.pace import Pace, RampPoint
from nakawari.queue.settings import SlowSettings
from nakawari.video.part import Part

PATHS = sampled_from([Path("/in/a.mkv"), Path("/in/あ b\udcff.mkv"), Path("/")])
NUMBERS = fractions(Fraction(1, 1000), 1000)
RAMPS = lists(
    builds(RampPoint, NUMBERS, NUMBERS),
    min_size=2,
    max_size=4,
    unique_by=(lambda point: point.time, lambda point: point.speed),
).map(lambda points: Pace(tuple(sorted(points))))


@given(
    builds(
        SlowSettings,
        source=PATHS,
        output=PATHS,
        factor=NUMBERS,
        ramp=none() | RAMPS,
        rate=none() | NUMBERS,
        begin=NUMBERS,
        end=none() | NUMBERS,
        codec=none() | sampled_from(["h264", "vp9"]),
        longest_hold=none() | integers(1),
        xsheet=none() | PATHS,
        model=none() | sampled_from(["blend", "/models/mine"]),
        seed=integers(0, 2**63 - 1),
        takes=integers(1, 8),
        overwrite=booleans(),
        strict=booleans(),
    )
)
def test_settings_come_back_from_json_as_they_were(settings: SlowSettings) -> None:
    assert SlowSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_the_job_is_the_settings_and_goes_on(tmp_path) -> None:
    settings = SlowSettings(source=tmp_path, output=tmp_path / "b.mp4", begin=Fraction(1), seed=3)
    job = settings.job()
    assert (job.source, job.output, job.part) == (tmp_path, settings.output, Part(Fraction(1)))
    assert job.resume
    assert (job.seed, job.takes) == (3, 1)


def test_a_queue_without_takes_is_as_earlier_versions_have_it() -> None:
    settings = SlowSettings(source=Path("/a"), output=Path("/b.mp4"))
    assert "takes" not in settings.to_json()
    assert SlowSettings.from_json({"source": "/a", "output": "/b.mp4", "takes": 4}).takes == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"speed": 4}, "unknown settings: speed"),
        ({"factor": 4}, "factor must be of type str, got 4"),
        ({"factor": "4/0"}, "factor is no number"),
        ({"factor": "four"}, "four"),
        ({"ramp": "fast"}, "pace must be TIME:SPEED, .*, got 'fast'"),
        ({"ramp": "0:0"}, "got '0:0'"),
        ({"seed": True}, "seed must be of type int, got True"),
        ({"strict": 1}, "strict must be of type bool, got 1"),
        ({"audio": 3}, "audio must be of type str"),
    ],
)
def test_other_content_fails(changes, words) -> None:
    content = {"source": "a", "output": "b"} | changes
    with pytest.raises(ValueError, match=words):
        SlowSettings.from_json(content)


def test_content_without_an_output_fails() -> None:
    with pytest.raises(ValueError, match="no source or no output"):
        SlowSettings.from_json({"source": "a"})
