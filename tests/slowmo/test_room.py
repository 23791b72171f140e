"""Room on the disk is estimated before anything is drawn, and too little is said in numbers."""

import shutil
from collections import namedtuple
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import builds, integers, lists, sampled_from

from nakawari import cli
from nakawari.errors import UserError
from nakawari.pace import Pace
from nakawari.slowmo import room as room_module
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.slowmo.job_checks import room_of
from nakawari.slowmo.kept.segments import KeptFrames, compared_folder, kept_bytes
from nakawari.slowmo.room import GROWTH, SOUND_BYTES, Beside, Room, check_room, peak, room_for
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.codecs import CODECS
from nakawari.video.part import Part
from nakawari.video.pictures.color import ColorTags
from nakawari.video.pictures.form import PictureForm
from nakawari.video.reader import ClipInfo
from nakawari.wording import size
from tests.builders.pictures import noise
from tests.builders.refusals import refused

SAMPLE = Path(__file__).parents[2] / "samples" / "dance.mp4"
Usage = namedtuple("Usage", "total used free")

INFO = ClipInfo(
    path=Path("a.mkv"),
    width=1920,
    height=1080,
    rate=Fraction(24),
    duration=Fraction(100),
    start=Fraction(0),
    tags=ColorTags(),
    sample_aspect_ratio=Fraction(1),
    has_audio=True,
    bit_rate=8_000_000,
)


def clock(factor: Fraction) -> OutputClock:
    return OutputClock(rate=INFO.rate, pace=Pace.constant(factor))


def room(info: ClipInfo = INFO, name: str = "h264", factor: int = 4, sound: bool = False) -> Room:
    found = room_for(info, CODECS[name], clock(Fraction(factor)), sound)
    assert found is not None
    return found


def has(monkeypatch, free: int, total: int = 10**12) -> None:
    """Let every disk have so much room [bytes]."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(total, total - free, free))


def test_every_codec_has_its_sizes() -> None:
    assert {codec.encoder for codec in CODECS.values()} == set(GROWTH)
    assert {codec.sound for codec in CODECS.values()} - {None} == set(SOUND_BYTES)


def test_pictures_that_hold_more_take_more_room() -> None:
    deep = replace(INFO, form=PictureForm("420", 10, False))
    clear = replace(INFO, form=PictureForm("rgb", 8, True))
    assert room(deep, "png").output == 3 * room(INFO, "png").output
    assert room(deep).kept > 1.5 * room(INFO).kept
    assert room(clear).kept > room(deep).kept


@given(sampled_from(sorted(CODECS)), integers(1, 10**9), integers(1, 10**9), integers(1, 50))
def test_more_bits_or_frames_in_never_take_less_room(name, one, other, factor) -> None:
    less, more = sorted((one, other))
    small = room(replace(INFO, bit_rate=less), name, factor)
    large = room(replace(INFO, bit_rate=more), name, factor)
    assert small.output <= large.output
    assert small.kept <= large.kept
    longer = room(replace(INFO, bit_rate=less), name, 2 * factor)
    assert longer.output == pytest.approx(2 * small.output, abs=2)
    assert longer.kept == pytest.approx(2 * small.kept, abs=2)


@pytest.mark.parametrize("name", ["ffv1", "prores", "dnxhr"])
def test_pictures_that_are_coded_by_themselves_take_what_their_pixels_do(name) -> None:
    whole = room(name=name).output
    assert room(replace(INFO, bit_rate=1), name).output == whole
    assert room(replace(INFO, width=960), name).output == pytest.approx(whole / 2, abs=1)


def test_sound_is_counted_where_there_is_some() -> None:
    assert room(sound=True).output - room().output == 400 * SOUND_BYTES["aac"]


def test_a_clip_that_does_not_say_how_long_or_how_large_it_is() -> None:
    unknown = replace(INFO, duration=None)
    assert room_for(unknown, CODECS["h264"], clock(Fraction(4)), False) is None
    assert room(replace(INFO, bit_rate=None)) == room(replace(INFO, bit_rate=1))


def test_takes_are_counted_and_what_they_are_compared_by() -> None:
    def takes(number: int, drawn: int | None = None) -> Room:
        beside = Beside(takes=number, drawn=drawn)
        found = room_for(INFO, CODECS["prores"], clock(Fraction(4)), False, beside)
        assert found is not None
        return found

    none, two, four = takes(1), takes(2), takes(4)
    assert none == room(name="prores")
    assert none.beside == 0
    assert 0 < two.beside < four.beside == pytest.approx(2 * two.beside, abs=2)
    assert none.kept < two.kept < four.kept
    assert none.output == two.output == four.output
    # A fifth of H.264's frames, four times; the output itself is of ProRes.
    assert four.beside == pytest.approx(0.8 * room(name="h264").output, abs=2)
    # Where in-betweens are not drawn twice they stay, as far as they may.
    drawn = takes(4, drawn=10**12)
    assert drawn.kept == none.kept
    assert drawn.beside == pytest.approx(four.beside + four.kept, rel=1e-6)
    assert takes(1, drawn=1000).beside == 1000


ROOMS = lists(
    builds(Room, integers(0, 99), integers(0, 99), integers(0, 99), integers(0, 99)), max_size=6
)


@given(ROOMS)
def test_the_peak_of_several_jobs_is_that_of_doing_them(rooms: list[Room]) -> None:
    used, most = 0, 0
    for one in rooms:
        for change in (one.output, one.beside, one.kept, -one.kept, -one.freed):
            used += change
            most = max(most, used)
    assert peak(rooms) == most


def test_too_little_room_is_said_in_numbers(tmp_path, monkeypatch) -> None:
    has(monkeypatch, free=4_500_000_000)
    check_room([Room(4_000_000_000, 500_000_000)], tmp_path, "out.mp4")
    with pytest.raises(UserError, match=r"about 4\.6 GB .* has 4\.5 GB; free some"):
        check_room([Room(4_000_000_000, 600_000_000)], tmp_path, "out.mp4")


def test_a_drive_that_does_not_tell_its_size_is_believed(tmp_path, monkeypatch) -> None:
    has(monkeypatch, free=0, total=0)
    check_room([Room(10**12, 0)], tmp_path, "out.mp4")
    check_room([Room(10**18, 0)], tmp_path / "nowhere", "out.mp4")


def test_a_job_without_room_fails_before_anything_is_loaded(
    make_clip, tmp_path, monkeypatch
) -> None:
    def load() -> None:
        raise AssertionError("nothing must be loaded")

    job = SlowJob(source=make_clip(), output=tmp_path / "out.mp4")
    has(monkeypatch, free=1)
    with pytest.raises(UserError, match=r"about \d+ kB of disk are needed for .*out\.mp4,"):
        run_job(job, load, "cpu")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_frames_that_are_kept_and_an_output_that_is_replaced_count(
    make_clip, tmp_path, monkeypatch
) -> None:
    clip, output = make_clip(), tmp_path / "out.mp4"
    job = SlowJob(source=clip, output=output, resume=True)
    before = room_of(job)
    with pytest.raises(KeyError), KeptFrames(output, {}, resume=True) as kept:
        _keep_a_frame(kept)
    after = room_of(job)
    assert before.kept - after.kept == min(before.kept, kept_bytes(output)) > 0
    output.write_bytes(b"x" * 1000)
    assert room_of(job).freed == 1000
    compared_folder(output).mkdir()
    (compared_folder(output) / "a.mkv").write_bytes(b"x" * 100)
    assert kept_bytes(output) == before.kept - after.kept + 100
    folder = tmp_path / "out.takes"
    folder.mkdir()
    (folder / "frames_0-2.seed_0.mp4").write_bytes(b"x" * 10)
    assert room_of(job).freed == 1000
    assert room_of(replace(job, takes=2)).freed == 1010


def test_a_job_with_takes_has_room_without_and_none_with_them(
    make_clip, tmp_path, monkeypatch
) -> None:
    job = SlowJob(source=make_clip(), output=tmp_path / "out.mp4")
    plain, compared = room_of(job), room_of(replace(job, takes=8))
    assert peak([plain]) < peak([compared])
    has(monkeypatch, free=peak([compared]) - 1)
    with pytest.raises(UserError, match=r"for .*out\.mp4 and what is made beside it, the frames"):
        run_job(replace(job, takes=8), lambda: blend, "cpu", reseed=lambda artist, seed: artist)
    run_job(job, lambda: blend, "cpu")


def _keep_a_frame(kept: KeptFrames) -> None:
    kept.add(noise(0))
    raise KeyError


def test_several_clips_of_which_each_has_room_fail_together(
    make_clip, tmp_path, capsys, monkeypatch
) -> None:
    clips = [make_clip(name) for name in ("a.mp4", "b.mp4", "c.mp4")]
    nothing = dict.fromkeys(room_module.KEPT, room_module.Growth(None, 0.0, 0.0))
    monkeypatch.setattr(room_module, "KEPT", nothing)
    one = room_of(SlowJob(source=clips[0], output=tmp_path / "a.slow4x.mp4"))
    has(monkeypatch, free=2 * one.output + one.output // 2)
    words = ("slow", *clips, "-o", tmp_path / "out", "--model", "blend")
    assert "of disk are needed for 3 clips" in refused(capsys, *words)
    assert cli.main([str(word) for word in (*words[:3], *words[4:])]) == 0


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 kB"), (1499, "1 kB"), (2_500_000, "2.5 MB"), (512_000_000, "512 MB"),
     (4_500_000_000, "4.5 GB"), (1.2e12, "1.2 TB")],
)  # fmt: skip
def test_a_number_of_bytes_is_said_as_people_do(number, words) -> None:
    assert size(number) == words


def test_the_estimate_is_near_what_the_sample_takes(tmp_path, monkeypatch) -> None:
    """Below it, as it is to be, but not below a third."""
    kept = []
    leave = KeptFrames.__exit__

    def measure(frames: KeptFrames, *how: object) -> None:
        frames._finish_segment()
        kept.append(kept_bytes(tmp_path / "out.mp4"))
        leave(frames, *how)

    monkeypatch.setattr(KeptFrames, "__exit__", measure)
    job = SlowJob(source=SAMPLE, output=tmp_path / "out.mp4", part=Part(Fraction(0), Fraction(1)))
    estimate = room_of(job)
    run_job(job, lambda: blend, "cpu")
    took = Room(job.output.stat().st_size, kept[0])
    assert took.output / 3 < estimate.output < 1.2 * took.output
    assert took.kept / 3 < estimate.kept < 1.2 * took.kept
