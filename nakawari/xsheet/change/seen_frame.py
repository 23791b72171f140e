"""What is kept of a frame while cuts are looked for."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from nakawari.xsheet.camera.bars import picture_area
from nakawari.xsheet.change.change import Plate, thumbnail
from nakawari.xsheet.change.content import Content
from nakawari.xsheet.settings import DEFAULT, DetectorSettings

Area = tuple[slice, slice]  # rows, columns of the thumbnail
WHOLE: Area = (slice(None), slice(None))


class SeenFrame:
    """A frame as the search for cuts sees it; each view is made once, when first asked for."""

    def __init__(self, plate: Plate, settings: DetectorSettings = DEFAULT) -> None:
        self.settings = settings
        self._smooth = plate.smooth
        self._brightness = plate.small
        # Results for the frame before, which is the only frame that they are asked for.
        self._step: np.ndarray | None = None
        self._change: float | None = None
        self.is_other: bool | None = None

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width of the thumbnail."""
        return self._brightness.shape

    @property
    def luma(self) -> np.ndarray:
        """Smoothed, (H, W) uint8."""
        return self._smooth.luma

    @cached_property
    def content(self) -> Content:
        """The whole picture, made ready to be looked for in another."""
        return Content(self._smooth.luma, self.settings.content)

    @cached_property
    def thumbnails(self) -> np.ndarray:
        """Luma and both colour differences, (3, h, w) float32 code values."""
        size = self._brightness.shape[::-1]
        colour = (self._smooth.blue_difference, self._smooth.red_difference)
        reduced = [
            cv2.resize(thumbnail(plane), size, interpolation=cv2.INTER_NEAREST) for plane in colour
        ]
        return np.stack([self._brightness, *reduced])

    def luma_change(self, other: SeenFrame) -> float:
        """Return the mean difference of the thumbnails' luma [code values]."""
        return cv2.norm(self._brightness, other._brightness, cv2.NORM_L1) / self._brightness.size

    def step_from(self, previous: SeenFrame) -> np.ndarray:
        """Return how much each pixel of the thumbnails changed from the frame before, (h, w)."""
        if self._step is None:
            self._step = np.abs(self.thumbnails - previous.thumbnails).max(axis=0)
        return self._step

    def change_from(self, previous: SeenFrame) -> float:
        """Return the mean change from the frame before [code values]; colour weighs more."""
        if self._change is None:
            changes = np.abs(self.thumbnails - previous.thumbnails).mean(axis=(1, 2))
            weights = np.array([self.settings.colors.luma_weight, 1.0, 1.0], np.float32)
            self._change = float(changes @ weights)
        return self._change

    def within(self, area: Area) -> Content:
        """Return what the frame shows in an area of the thumbnail."""
        if area == WHOLE:
            return self.content
        part = np.ascontiguousarray(self.luma[self.within_luma(area)])
        return Content(part, self.settings.content)

    def within_luma(self, area: Area) -> Area:
        """Return the area of the picture that an area of the thumbnail shows."""
        if area == WHOLE:
            return area
        rows, columns = (
            slice(side.start * full // small, side.stop * full // small)
            for side, full, small in zip(area, self.luma.shape, self.size, strict=True)
        )
        return rows, columns

    def spread(self, area: Area) -> float:
        """Return how much an area of the thumbnail shows: its standard deviation [code values]."""
        return float(self.thumbnails[:, *area].std(axis=(1, 2)).max())


def without_bars(one: SeenFrame, other: SeenFrame) -> Area:
    """Return the area of the thumbnail outside the black bars that two pictures have in common."""
    area = picture_area(one.luma, other.luma, one.settings.bars)
    if all(side == slice(0, length) for side, length in zip(area, one.luma.shape, strict=True)):
        return WHOLE
    rows, columns = (
        slice(-(-side.start * small // full), side.stop * small // full)
        for side, full, small in zip(area, one.luma.shape, one.size, strict=True)
    )
    return rows, columns


def color_distance(one: SeenFrame, other: SeenFrame, area: Area) -> float:
    """Return the share of an area's pixels with other colours, compared in full light, 0 to 1."""
    settings = one.settings.colors
    planes = [seen.thumbnails[:, *area] for seen in (one, other)]
    low = min(float(luma.min()) for luma, _, _ in planes)
    high = max(float(luma.max()) for luma, _, _ in planes)
    light = min(max(high - low, settings.least_span) / settings.full_span, 1.0)
    middles = np.array([low, 128.0, 128.0])[:, None, None]
    first, second = (_histogram((some - middles) / light, settings.bins) for some in planes)
    return float(np.abs(first - second).sum()) / 6


def _histogram(planes: np.ndarray, count: int) -> np.ndarray:
    """Return the shares of the values in bins, (3, count): luma from 0 up, colours around 0."""
    counts = []
    for plane, low in zip(planes, (0.0, -128.0, -128.0), strict=True):
        bins = np.clip((plane - low) * (count / 256), 0, count - 1).astype(np.intp)
        counts.append(np.bincount(bins.ravel(), minlength=count) / plane.size)
    return np.stack(counts)
