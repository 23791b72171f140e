"""Drawing and scoring: every method on every triplet, one series at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from eval.measuring.ledger import Ledger
from eval.measuring.scoring import Scorer
from eval.measuring.worst import WorstSample, worst_samples
from eval.methods.method import Draw, Method, Sample
from eval.sets.pictures import frame_from_pixels, pixels_from_frame, read_pixels, write_png
from eval.sets.tiers import motion_size
from eval.sets.triplet_list import FACTS, TripletEntry
from nakawari.errors import UserError
from nakawari.flow import dis_flow
from nakawari.metrics import changed_area, flicker


def series_of(triplets: Sequence[TripletEntry]) -> list[list[int]]:
    """Group the triplets with the same two frames, sorted by ``frame_time``; return indices."""
    series: dict[tuple[Path, Path], list[int]] = {}
    for index, triplet in enumerate(triplets):
        series.setdefault((triplet.frame_0, triplet.frame_1), []).append(index)
    for members in series.values():
        members.sort(key=lambda index: triplets[index].frame_time)
    return list(series.values())


@dataclass(frozen=True, kw_only=True)
class _Series:
    """The pictures of one series, each (H, W, 3) uint8."""

    frame_0: np.ndarray
    frame_1: np.ndarray
    targets: dict[int, np.ndarray]  # by index of the triplet; only those that could be read
    still: Tensor  # (1, 1, H, W) bool, the area that is the same in all these pictures


class Pictures(NamedTuple):
    """Where drawn pictures are kept, as ``METHOD/ID.png``."""

    folder: Path
    keep: int | None  # number of samples, those on which we lose most; None: all


class Measurement:
    """Fills a ledger. Memory holds the pictures of one series and one method at a time."""

    def __init__(
        self,
        triplets: Sequence[TripletEntry],
        methods: Mapping[str, Method],
        draws: Mapping[str, Draw],
        ledger: Ledger,
        device: torch.device,
        pictures: Pictures,
    ) -> None:
        self._triplets = triplets
        self._methods = methods
        self._draws = draws
        self._ledger = ledger
        self._device = device
        self._pictures = pictures
        self._scorer = Scorer(device)
        kept = {path.stem for path in pictures.folder.glob("*/*.png")}
        self._kept = {index for index, t in enumerate(triplets) if t.id in kept}

    def run(self) -> None:
        """Measure the missing cells of the ledger, with a progress bar on stderr."""
        series = series_of(self._triplets)
        there = [s for s in series if not self._missing(s)]
        progress = tqdm(
            desc="benchmark",
            unit="triplet",
            total=len(self._triplets),
            initial=sum(map(len, there)),
        )
        with progress:
            for members in series:
                if missing := self._missing(members):
                    self._measure(members, missing)
                    self._drop_pictures(members)
                    progress.update(len(members))

    def _missing(self, members: list[int]) -> list[str]:
        """Return the names of the rows that lack a cell, or a picture that is to be kept."""
        return [
            name
            for name in (FACTS, *self._methods)
            if any(self._ledger.is_missing(name, index) for index in members)
            or (name != FACTS and self._lacks_picture(name, members))
        ]

    def _lacks_picture(self, name: str, members: list[int]) -> bool:
        if self._pictures.keep is not None:
            return False
        failed = self._ledger.failed(name)
        return not all(failed[i] or self._picture_path(name, i).exists() for i in members)

    def _picture_path(self, name: str, index: int) -> Path:
        return self._pictures.folder / name / f"{self._triplets[index].id}.png"

    def worst(self, size: int) -> list[WorstSample]:
        """Return the samples measured so far on which we lose most."""
        return worst_samples({name: self._ledger.scores(name) for name in self._methods}, size)

    def _drop_pictures(self, new: list[int]) -> None:
        """Remove the pictures of samples that are no longer among the worst."""
        if self._pictures.keep is None:
            return
        self._kept.update(new)
        wanted = {worst.sample for worst in self.worst(self._pictures.keep)}
        for index in self._kept - wanted:
            for name in self._methods:
                self._picture_path(name, index).unlink(missing_ok=True)
        self._kept &= wanted

    def _measure(self, members: list[int], missing: list[str]) -> None:
        series = self._read(members, missing)
        if series is None:
            return
        for name in missing:
            if name == FACTS:
                self._find_facts(series)
            else:
                self._measure_method(name, series)

    def _read(self, members: list[int], missing: list[str]) -> _Series | None:
        """Read a series' pictures; if one cannot be read, its cells are marked as failed.

        None if ``frame_0`` or ``frame_1`` cannot be read.
        """
        triplet = self._triplets[members[0]]
        try:
            frame_0, frame_1 = read_pixels(triplet.frame_0), read_pixels(triplet.frame_1)
        except UserError as error:
            self._fail(missing, members, error)
            return None
        targets = {}
        for index in members:
            try:
                targets[index] = read_pixels(self._triplets[index].target)
            except UserError as error:
                self._fail(missing, [index], error)
        frames = [
            frame_from_pixels(p).to(self._device) for p in (frame_0, frame_1, *targets.values())
        ]
        return _Series(
            frame_0=frame_0, frame_1=frame_1, targets=targets, still=~changed_area(frames)
        )

    def _fail(self, names: list[str], members: list[int], error: Exception) -> None:
        for name in names:
            for index in members:
                self._ledger.record_failure(name, index, one_line(error))

    def _find_facts(self, series: _Series) -> None:
        frame_0, frame_1 = map(frame_from_pixels, (series.frame_0, series.frame_1))
        flow = dis_flow(frame_0, frame_1)[0].permute(1, 2, 0).numpy()
        motion = motion_size(flow, len(flow))
        for index, target in series.targets.items():
            area = changed_area([frame_0, frame_1, frame_from_pixels(target)])
            changed = area.float().mean().item()
            self._ledger.record(FACTS, index, {"motion": motion, "changed": changed})

    def _measure_method(self, name: str, series: _Series) -> None:
        drawn: dict[int, np.ndarray] = {}
        scores: dict[int, dict[str, float]] = {}
        for index, target in series.targets.items():
            triplet = self._triplets[index]
            try:
                picture = self._draw(name, index, series.frame_0, series.frame_1, target)
                reference = self._scorer.reference(
                    series.frame_0, target, series.frame_1, triplet.region
                )
                scores[index] = self._scorer(picture, reference)
                drawn[index] = picture
            except Exception as error:
                self._fail([name], [index], error)
        flickers = _flickers([series.frame_0, *drawn.values(), series.frame_1], series.still)
        # A gap in the series would count as flicker.
        complete = len(drawn) == len(series.targets)
        for index, step in zip(drawn, flickers, strict=True):
            write_png(drawn[index], self._picture_path(name, index))
            own = scores[index] | {"flicker": step if complete else float("nan")}
            self._ledger.record(name, index, own)

    @torch.inference_mode()
    def _draw(
        self,
        name: str,
        index: int,
        frame_0: np.ndarray,
        frame_1: np.ndarray,
        target: np.ndarray,
    ) -> np.ndarray:
        """Draw a picture, (H, W, 3) uint8.

        Raises ``ValueError`` if the method returns another shape, or values that are not finite.
        """
        triplet = self._triplets[index]
        frames = [frame_from_pixels(p).to(self._device) for p in (frame_0, frame_1, target)]
        sample = Sample(
            id=triplet.id,
            frame_0=frames[0],
            frame_1=frames[1],
            target=frames[2] if self._methods[name].sees_target else None,
            frame_time=torch.tensor([triplet.frame_time], device=self._device),
        )
        frame = self._draws[name](sample)
        if frame.shape != sample.frame_0.shape:
            raise ValueError(
                f"drew shape {tuple(frame.shape)}, expected {tuple(sample.frame_0.shape)}"
            )
        if not frame.isfinite().all():
            raise ValueError("drew NaN or infinite values")
        return pixels_from_frame(frame)

    def pictures(self, index: int) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (name, picture) of a triplet's own frames, and of all methods that can draw it.

        Pictures that were kept are read; others are drawn again.
        """
        triplet = self._triplets[index]
        own = {
            name: read_pixels(getattr(triplet, name)) for name in ("frame_0", "target", "frame_1")
        }
        yield from own.items()
        for name in self._methods:
            if self._ledger.failed(name)[index]:
                continue
            try:
                kept = self._picture_path(name, index)
                if kept.exists():
                    yield name, read_pixels(kept)
                else:
                    yield (
                        name,
                        self._draw(name, index, own["frame_0"], own["frame_1"], own["target"]),
                    )
            except Exception:
                continue  # its scores are in the table; only its picture is missing


def _flickers(pictures: list[np.ndarray], still: Tensor) -> list[float]:
    """Return the flicker of each picture, except the first and the last, against its neighbours."""
    frames = [frame_from_pixels(picture).to(still.device) for picture in pictures]
    steps = [flicker(frame, following, still).item() for frame, following in pairwise(frames)]
    return [(before + after) / 2 for before, after in pairwise(steps)]


def one_line(error: Exception) -> str:
    """Return an error in one line, for a cell of the table."""
    if isinstance(error, UserError):
        return str(error)
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
