"""Small clips made on the spot, shared by the tests of every part that reads video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# A busy machine must not fail a property.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

RATE = Fraction(24000, 1001)
SAMPLE_RATE = 16000


def painting(position: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A box on a plain ground, (H, W, 4) uint8 RGBA; ``position`` moves it."""
    picture = np.full((height, width, 4), (90, 110, 70, 255), np.uint8)
    left = 4 * position % (width - 16)
    picture[height // 4 : height // 2, left : left + 16, :3] = (230, 60, 40)
    return picture


def write_clip(
    path: Path,
    paintings: list[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: Fraction = RATE,
    times: list[Fraction] | None = None,
    time_base: Fraction | None = None,
    tone: float | None = None,
    tone_offset: float = 0.0,
    wave: np.ndarray | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    **context: int,
) -> Path:
    """Write RGBA paintings as a clip; ``tone`` is the frequency [Hz] of its sound, if any.

    ``wave`` is its sound instead, ``SAMPLE_RATE`` samples a second. ``times`` [s] are the frames'
    own; without them the rate is constant. What is left over in ``context`` is set on the codec
    context, such as ``colorspace`` or ``color_range``.
    """
    time_base = time_base or 1 / rate
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = paintings[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = time_base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        if rotation:
            stream.set_display_rotation(rotation)
        sound = None
        if tone is not None or wave is not None:
            sound = container.add_stream("aac", rate=SAMPLE_RATE)
            sound.layout = "mono"
        for number, pixels in enumerate(paintings):
            frame = av.VideoFrame.from_ndarray(pixels, "rgba").reformat(
                format=pixel_format,
                dst_colorspace=context.get("colorspace"),
                dst_color_range=context.get("color_range"),
            )
            time = times[number] if times else number / rate
            frame.pts, frame.time_base = round(time / time_base), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            if wave is None:
                samples = np.arange(round(float(len(paintings) / rate) * SAMPLE_RATE))
                wave = 0.5 * np.sin(2 * np.pi * tone * samples / SAMPLE_RATE)
            wave = wave.astype(np.float32)
            for begin in range(0, len(wave), 1024):
                chunk = av.AudioFrame.from_ndarray(wave[None, begin : begin + 1024], "fltp", "mono")
                chunk.sample_rate = SAMPLE_RATE
                chunk.pts = begin + round(tone_offset * SAMPLE_RATE)
                chunk.time_base = Fraction(1, SAMPLE_RATE)
                container.mux(sound.encode(chunk))
            container.mux(sound.encode(None))
    return path


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """Return ``make(name, frames=12, hold=2, **how)``: a small clip in the test's own folder.

    ``paintings`` may be given; otherwise ``frames`` frames show a moving box, each painting held
    for ``hold`` frames.
    """

    def make(
        name: str = "clip.mp4",
        frames: int = 12,
        hold: int = 2,
        paintings: list[np.ndarray] | None = None,
        **how: object,
    ) -> Path:
        if paintings is None:
            paintings = [painting(number // hold) for number in range(frames)]
        return write_clip(tmp_path / name, paintings, **how)  # type: ignore[arg-type]

    return make
