"""Slowed sound keeps its pitch and its place beside the picture."""

from fractions import Fraction
from math import prod

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.errors import UserError
from nakawari.video.audio import MAX_TEMPO, MIN_TEMPO, StretchedAudio, tempo_chain

TONE = 440.0


def stretched(path, factor: Fraction, seconds: float, picture_start: Fraction = Fraction(0)):
    audio = StretchedAudio(path, picture_start, factor)
    parts, count = [], 0
    for frame in audio.frames():
        parts.append(frame.to_ndarray()[0])
        count += frame.samples
        if count >= seconds * audio.sample_rate:
            break
    audio.close()
    return np.concatenate(parts), audio.sample_rate


def pitch(wave: np.ndarray, sample_rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(spectrum.argmax() * sample_rate / len(wave))


@given(st.fractions(Fraction(1, 1000), 1000, max_denominator=1001))
def test_a_chain_of_tempos_multiplies_to_the_tempo_within_limits(tempo) -> None:
    chain = tempo_chain(tempo)
    assert prod(chain, start=Fraction(1)) == tempo
    assert all(MIN_TEMPO <= link <= MAX_TEMPO for link in chain)


@pytest.mark.parametrize("tempo", [Fraction(0), Fraction(-1)])
def test_a_tempo_of_zero_or_less_fails(tempo) -> None:
    with pytest.raises(ValueError, match="above 0"):
        tempo_chain(tempo)


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


def test_sound_before_the_picture_is_cut(make_clip) -> None:
    clip = make_clip(frames=24, tone=TONE)
    wave, sample_rate = stretched(clip, Fraction(1), 1.5, picture_start=Fraction(1, 2))
    quiet = np.flatnonzero(np.abs(wave) > 0.1)[-1] / sample_rate
    assert quiet == pytest.approx(0.5, abs=0.06)


def test_sound_without_a_decoder_fails(make_clip) -> None:
    clip = make_clip("a.mkv", tone=TONE)
    clip.write_bytes(clip.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    with pytest.raises(UserError, match=r"no decoder for it\); use --audio drop"):
        StretchedAudio(clip, Fraction(0), Fraction(4))


def test_sound_that_cannot_be_opened_fails(tmp_path) -> None:
    with pytest.raises(UserError, match=r"cannot read the sound of .*; use --audio drop"):
        StretchedAudio(tmp_path / "gone.mkv", Fraction(0), Fraction(4))


@pytest.mark.parametrize("kind", [av.error.InvalidDataError, av.error.PermissionError])
def test_sound_that_cannot_be_read_on_fails(make_clip, monkeypatch, kind) -> None:
    def broken(self: StretchedAudio) -> None:
        raise kind(1, "broken")

    monkeypatch.setattr(StretchedAudio, "_decode", broken)
    with pytest.raises(UserError, match=r"cannot read the sound of .*; use --audio drop"):
        stretched(make_clip(tone=TONE), Fraction(4), 1.0)
