"""Everything that is measured on the frames of one shot, in order."""

from __future__ import annotations

from nakawari.xsheet.change.change_meter import ChangeMeter, Measure
from nakawari.xsheet.change.frame_pair import FramePair
from nakawari.xsheet.change.remainders import ShotFrame
from nakawari.xsheet.change.tracker import CameraTracker
from nakawari.xsheet.settings import DEFAULT, DetectorSettings


class ShotMeter:
    """Measures the frames of one shot, in order. It keeps a few, whatever the shot's length."""

    def __init__(self, settings: DetectorSettings = DEFAULT) -> None:
        self.measures: list[Measure] = []
        self._changes = ChangeMeter(settings)
        self._camera = CameraTracker(self.measures, settings)

    def add(self, pair: FramePair) -> None:
        """Measure the next frame."""
        self.measures.append(self._changes.measure(pair))
        if len(self.measures) == 1:
            return
        if pair.is_faint:
            self._camera.stand()
        else:
            self._camera.follow(ShotFrame(len(self.measures) - 1, pair))
        self._changes.note(self.measures[-1])
