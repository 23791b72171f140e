"""What is heard in a sound."""

import numpy as np


def pitch(wave: np.ndarray, sample_rate: int) -> float:
    """Return the frequency that sounds loudest [Hz]."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(spectrum.argmax() * sample_rate / len(wave))
