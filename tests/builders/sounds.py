"""Sounds that tests write, and what is heard in them."""

from pathlib import Path

import av
import numpy as np


def pitch(wave: np.ndarray, sample_rate: int) -> float:
    """Return the frequency that sounds loudest [Hz]."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(spectrum.argmax() * sample_rate / len(wave))


def write_tones(path: Path, tracks: list[dict], seconds: float = 1.0) -> Path:
    """Write a file with a picture and a tone for each track.

    A track has a ``tone`` [Hz], and perhaps a ``layout``, a ``language``, whether it is the
    ``default`` one, and the name of its ``codec``.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        streams = []
        for track in tracks:
            stream = container.add_stream(track.get("codec", "aac"), rate=48000)
            stream.layout = track.get("layout", "stereo")
            stream.metadata["language"] = track.get("language", "und")
            stream.disposition = 1 if track.get("default") else 0
            streams.append(stream)
        for number in range(round(24 * seconds)):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        times = np.arange(round(48000 * seconds)) / 48000
        for track, stream in zip(tracks, streams, strict=True):
            wave = (0.4 * np.sin(2 * np.pi * track["tone"] * times)).astype(np.float32)
            for begin in range(0, len(wave), 1024):
                part = np.tile(wave[begin : begin + 1024], (stream.layout.nb_channels, 1))
                chunk = av.AudioFrame.from_ndarray(part, "fltp", stream.layout.name)
                chunk.sample_rate, chunk.pts = 48000, begin
                container.mux(stream.encode(chunk))
            container.mux(stream.encode(None))
    return path
