"""Slowed sound keeps its pitch and its place beside the picture."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.pace import Pace, RampPoint
from nakawari.video.sound.stretched_audio import StretchedAudio
from nakawari.video.sound.track import SoundTrack
from tests.builders.sounds import pitch, write_tones

TONE = 440.0


def stretched(
    path: Path,
    how: Pace | Fraction,
    seconds: float,
    picture_start: Fraction = Fraction(0),
    number: int = 0,
) -> tuple[np.ndarray, int]:
    """Return the first channel of sound at a pace, or stretched by a factor, and its rate [Hz]."""
    pace = how if isinstance(how, Pace) else Pace.constant(how)
    audio = StretchedAudio(path, picture_start, pace, number=number)
    parts, count = [], 0
    for frame in audio.frames():
        parts.append(frame.to_ndarray()[0])
        count += frame.samples
        if count >= seconds * audio.sample_rate:
            break
    audio.close()
    return np.concatenate(parts), audio.sample_rate


@pytest.mark.parametrize("factor", [Fraction(4), Fraction(5, 2), Fraction(1), Fraction(1, 2)])
def test_the_pitch_is_kept_and_the_length_is_multiplied(make_clip, factor) -> None:
    clip = make_clip(frames=24, tone=TONE)
    seconds = float(factor * 24 * Fraction(1001, 24000))
    wave, sample_rate = stretched(clip, factor, seconds + 0.5)
    middle = wave[: int(seconds * sample_rate)]
    assert pitch(middle, sample_rate) == pytest.approx(TONE, rel=0.02)
    assert np.abs(wave[int((seconds + 0.15) * sample_rate) :]).max() < 0.01


def test_sound_that_starts_late_starts_late_by_the_factor(make_clip) -> None:
    clip = make_clip(frames=24, tone=TONE, tone_offset=0.5)
    wave, sample_rate = stretched(clip, Fraction(2), 2.0)
    loud = np.flatnonzero(np.abs(wave) > 0.25)[0] / sample_rate
    assert loud == pytest.approx(1.0, abs=0.06)


def test_sound_that_starts_late_starts_where_a_ramp_shows_it(make_clip) -> None:
    clip = make_clip(frames=24, tone=TONE, tone_offset=0.5)
    points = (RampPoint(Fraction(0), Fraction(1)), RampPoint(Fraction(1, 2), Fraction(1, 4)))
    wave, sample_rate = stretched(clip, Pace(points), 2.0)
    loud = np.flatnonzero(np.abs(wave) > 0.25)[0] / sample_rate
    assert loud == pytest.approx(0.5 / ((1 + 0.25) / 2), abs=0.06)


def test_sound_that_ends_before_the_picture_begins_is_silence(make_clip) -> None:
    clip = make_clip(frames=24, tone=TONE)
    wave, _ = stretched(clip, Fraction(4), 1.0, picture_start=Fraction(2))
    assert np.abs(wave).max() == 0


def test_sound_before_the_picture_is_cut(make_clip) -> None:
    clip = make_clip(frames=24, tone=TONE)
    wave, sample_rate = stretched(clip, Fraction(1), 1.5, picture_start=Fraction(1, 2))
    quiet = np.flatnonzero(np.abs(wave) > 0.1)[-1] / sample_rate
    assert quiet == pytest.approx(0.5, abs=0.06)


def test_sound_without_a_decoder_fails(make_clip) -> None:
    clip = make_clip("a.mkv", tone=TONE)
    clip.write_bytes(clip.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    with pytest.raises(UserError, match=r"no decoder for it\); use --audio drop"):
        StretchedAudio(clip, Fraction(0), Pace.constant(Fraction(4)))


def test_sound_that_cannot_be_opened_fails(tmp_path) -> None:
    with pytest.raises(UserError, match=r"cannot read the sound of .*; use --audio drop"):
        StretchedAudio(tmp_path / "gone.mkv", Fraction(0), Pace.constant(Fraction(4)))


@pytest.mark.parametrize("kind", [av.error.InvalidDataError, av.error.PermissionError])
def test_sound_that_cannot_be_read_on_fails(make_clip, monkeypatch, kind) -> None:
    def broken(self: SoundTrack, zero: Fraction) -> None:
        raise kind(1, "broken")

    monkeypatch.setattr(SoundTrack, "frames", broken)
    with pytest.raises(UserError, match=r"cannot read the sound of .*; use --audio drop"):
        stretched(make_clip(tone=TONE), Fraction(4), 1.0)


def test_the_default_track_comes_first(tmp_path) -> None:
    tracks = [{"tone": 300.0, "language": "eng"}]
    tracks += [{"tone": 900.0, "language": "jpn", "default": True}]
    path = write_tones(tmp_path / "a.mkv", tracks)
    for number, (tone, language) in enumerate([(900, "jpn"), (300, "eng")]):
        wave, sample_rate = stretched(path, Fraction(1), 0.9, number=number)
        assert pitch(wave, sample_rate) == pytest.approx(tone, rel=0.02)
        audio = StretchedAudio(path, Fraction(0), Pace.constant(Fraction(1)), number=number)
        audio.close()
        assert audio.labels["language"] == language


def test_a_track_without_a_decoder_is_passed_over(tmp_path) -> None:
    path = tmp_path / "a.mkv"
    tracks = [{"tone": 300.0, "codec": "flac", "default": True}, {"tone": 900.0}]
    content = write_tones(path, tracks).read_bytes()
    path.write_bytes(content.replace(b"A_FLAC", b"A_XYZW"))
    wave, sample_rate = stretched(path, Fraction(1), 0.9)
    assert pitch(wave, sample_rate) == pytest.approx(900, rel=0.02)


@pytest.mark.parametrize("layouts", [("stereo", "5.1"), ("5.1", "stereo"), ("stereo", "mono")])
def test_sound_whose_layout_changes_is_heard_to_its_end(tmp_path, layouts) -> None:
    parts = [
        write_tones(
            tmp_path / f"{layout}.ts", [{"tone": 440.0, "layout": layout, "codec": "ac3"}]
        ).read_bytes()
        for layout in layouts
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    wave, sample_rate = stretched(path, Fraction(2), 3.8)
    loud = [np.abs(wave[begin : begin + sample_rate // 4]).max() for begin in
            range(sample_rate // 4, len(wave) - sample_rate // 2, sample_rate // 4)]  # fmt: skip
    assert min(loud) > 0.1
    assert pitch(wave[: 2 * sample_rate], sample_rate) == pytest.approx(440, rel=0.02)
    assert pitch(wave[2 * sample_rate :], sample_rate) == pytest.approx(440, rel=0.02)
