"""The samples where we lose most, kept while the run goes by."""

import base64
import heapq
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

SIZE = 8
MAX_WIDTH = 768  # px; larger pictures are scaled down for the report, after scoring


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One sample of the gallery."""

    row: dict[str, Any]
    lost: float  # LPIPS of the subject minus that of the best rival (or 0 without rivals)
    rival: str | None
    pictures: dict[str, str]  # caption to data URI


class Gallery:
    """Keeps the ``SIZE`` samples with the largest loss, so memory does not grow with the run.

    The subject is ``nakawari``, or the first method without it; its rivals are the methods that
    are neither the subject nor ablations of ours.
    """

    def __init__(self, methods: list[str]) -> None:
        self.subject = "nakawari" if "nakawari" in methods else methods[0]
        self._rivals = [m for m in methods if m != self.subject and not m.startswith("nakawari")]
        self._heap: list[tuple[float, int, Loss]] = []
        self._seen = 0

    def consider(self, row: dict[str, Any], pictures: dict[str, np.ndarray]) -> None:
        """Keep the sample if it is among the worst so far; ``pictures`` are (H, W, 3) uint8."""
        self._seen += 1
        distances = {m: s["lpips"] for m, s in row["scores"].items() if "error" not in s}
        if self.subject not in distances:
            return
        rivals = [method for method in self._rivals if method in distances]
        rival = min(rivals, key=lambda method: distances[method]) if rivals else None
        lost = distances[self.subject] - (distances[rival] if rival else 0)
        if len(self._heap) == SIZE and lost <= self._heap[0][0]:
            return
        uris = {caption: _data_uri(pixels) for caption, pixels in pictures.items()}
        entry = (lost, -self._seen, Loss(row=row, lost=lost, rival=rival, pictures=uris))
        (heapq.heappush if len(self._heap) < SIZE else heapq.heapreplace)(self._heap, entry)

    def losses(self) -> list[Loss]:
        """Return the samples kept, the greatest loss first."""
        return [loss for _, _, loss in sorted(self._heap, reverse=True, key=lambda e: e[:2])]


def _data_uri(pixels: np.ndarray) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_WIDTH, MAX_WIDTH * 4))
    buffer = io.BytesIO()
    # WebP keeps the edges of thin lines clean where JPEG of the same size rings.
    image.save(buffer, format="WEBP", quality=90)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
