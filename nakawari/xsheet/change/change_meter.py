"""What is measured on every frame of a shot, as the frames stream by."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from nakawari.xsheet.camera.motion import CameraMotion
from nakawari.xsheet.change.change import Plate, light_change, luma_change
from nakawari.xsheet.change.frame_pair import FramePair
from nakawari.xsheet.settings import DetectorSettings


class Measure(NamedTuple):
    """One frame against those before it in its shot; changes are in code values."""

    still: float  # change from the frame before, as if nothing had moved
    since_kept: float  # likewise from the frame that last differed clearly
    twice: float  # likewise from the frame before the last
    light: float  # change of brightness since the frame before, or since the one that differed
    moved: float | None  # change from the frame before, the camera's motion taken out
    motion: CameraMotion | None  # of the camera, where much of the picture changes


FIRST = Measure(0.0, 0.0, 0.0, 0.0, None, None)


class ChangeMeter:
    """Measures how the frames of one shot change, in order, as if no camera moved."""

    def __init__(self, settings: DetectorSettings) -> None:
        self._settings = settings
        self._kept: Plate | None = None  # the frame that last differed clearly
        self._twice_before: Plate | None = None
        self._noise: deque[float] = deque(maxlen=settings.changes.noise_memory)

    def measure(self, pair: FramePair) -> Measure:
        """Return how the next frame changed, while the camera's motion is not yet known."""
        before, now, still = pair.before, pair.now, pair.still
        if self._kept is None:
            self._kept = now
            return FIRST
        kept = self._kept
        light = light_change(before, now)
        since_kept = still
        if kept is not before:
            since_kept = luma_change(kept, now, self._settings.differences)
            light = max(light, light_change(kept, now))
        twice = still
        if self._twice_before is not None:
            twice = luma_change(self._twice_before, now, self._settings.differences)
        if max(still, since_kept) > self._clear_change():
            self._kept = now
        self._twice_before = before
        return Measure(still, since_kept, twice, light, None, None)

    def note(self, measure: Measure) -> None:
        """Remember how much the last frame changed, now that the camera has been followed."""
        self._noise.append(measure.still if measure.moved is None else measure.moved)

    def _clear_change(self) -> float:
        """Return a change that repeats in this shot seldom exceed; it is low rather than high."""
        settings, noise = self._settings.changes, 0.0
        if self._noise:
            noise = sorted(self._noise)[int(settings.noise_rank * len(self._noise))]
        return min(settings.clear_ratio * noise + settings.clear_margin, settings.max_noise)
