"""The built-in dataset: an endless stream of drawn cel animation with exact in-betweens."""

import pathlib
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from nakawari.data.art import load_art
from nakawari.data.degrade import Look, sample_look, sample_noise
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.render import render, visibility
from nakawari.data.scenes.scene import Scene, sample_scene
from nakawari.data.triplet import Triplet
from nakawari.opencv import use_one_opencv_thread


@dataclass(frozen=True, kw_only=True)
class CelConfig:
    """What is drawn. Shares are of all samples; motion is in px at a view of 512x288."""

    height: int = 256
    width: int = 256
    seed: int = 0
    art_dirs: tuple[str, ...] = ()  # none: the art that comes with the package
    max_motion: float = 90.0
    middle_share: float = 0.4  # frame_time exactly 0.5; else uniform in [0.1, 0.9]
    fade_share: float = 0.07
    held_share: float = 0.03  # frame_1 shows the same drawing as frame_0
    look_share: float = 0.6  # in other colours, softer, of lower contrast; see ``sample_look``
    noise_share: float = 0.4  # neighbours with compression noise; the target stays clean

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            if getattr(self, name) < 16:
                raise ValueError(f"{name} must be at least 16 px, got {getattr(self, name)}")
        for name in ("middle_share", "fade_share", "held_share", "look_share", "noise_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if self.max_motion < 0:
            raise ValueError(f"max_motion must not be negative, got {self.max_motion}")


class CelDataset(Dataset[Triplet]):
    """Map-style and endless: ``dataset[index]`` depends on the seed and the index alone.

    Any index from 0 to 2**63 - 1 is valid; give a DataLoader an ``IndexSampler``.
    """

    def __init__(self, config: CelConfig | None = None) -> None:
        self.config = config or CelConfig()
        load_art(self.config.art_dirs)  # a missing folder is an error at once, not in a worker

    def __getitem__(self, index: int) -> Triplet:
        use_one_opencv_thread()
        config = self.config
        rng = np.random.default_rng([config.seed, index])
        frame_time = 0.5 if rng.random() < config.middle_share else float(rng.uniform(0.1, 0.9))
        scene = sample_scene(
            rng, load_art(config.art_dirs), config.height, config.width, config.max_motion
        )
        held = rng.random() < config.held_share
        return self._draw(rng, scene, np.float32(frame_time).item(), held)

    def _draw(
        self, rng: np.random.Generator, scene: Scene, frame_time: float, held: bool
    ) -> Triplet:
        size = (self.config.height, self.config.width)
        target_time, last_time = (0.0, 0.0) if held else (frame_time, 1.0)
        first = render(scene.layers, 0.0, *size)
        last = first if held else render(scene.layers, 1.0, *size)
        target = render(scene.layers, target_time, *size, motion_times=(0.0, last_time))
        seen = [
            visibility(target.layer_ids, motion, neighbour.layer_ids)
            for motion, neighbour in zip(target.motions, (first, last), strict=True)
        ]
        fade = _sample_fade(rng) if rng.random() < self.config.fade_share else None
        frames = [
            fade.apply(picture.frame, time) if fade else picture.frame
            for picture, time in ((first, 0.0), (target, target_time), (last, last_time))
        ]
        look = sample_look(rng) if rng.random() < self.config.look_share else Look()
        frames = [look.apply(frame) for frame in frames]
        if rng.random() < self.config.noise_share:
            frames[0] = sample_noise(rng, frames[0])
            frames[2] = sample_noise(rng, frames[2])
        return _to_triplet(frames, frame_time, target.motions, seen)


class FiniteCels(Dataset[Triplet]):
    """The first ``count`` drawn cels, for ``Endless`` to go through again and again."""

    def __init__(self, count: int, config: CelConfig | None = None) -> None:
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        self.root = pathlib.Path("drawn cels")
        self._count = count
        self._cels = CelDataset(config)

    def __len__(self) -> int:
        return self._count

    @property
    def groups(self) -> list[int]:
        """One group of all cels, since none belong closer together than others."""
        return [self._count]

    def name(self, index: int) -> str:
        """Return the number of cel ``index`` modulo their count."""
        return f"drawn cel {index % self._count}"

    def __getitem__(self, index: int) -> Triplet:
        return self._cels[index % self._count]


@dataclass(frozen=True)
class _Fade:
    """A veil of one colour over the whole picture: a fade, or a flash."""

    colour: tuple[int, int, int]
    strength: LinearValue

    def apply(self, frame: np.ndarray, frame_time: float) -> np.ndarray:
        veil = np.full_like(frame, self.colour)
        strength = self.strength(frame_time)
        return cv2.addWeighted(frame, 1.0 - strength, veil, strength, 0.0)


def _sample_fade(rng: np.random.Generator) -> _Fade:
    grey = int(rng.choice([0, 255]))
    start, end = rng.uniform(0.0, 0.7, 2)
    if rng.random() < 0.5:
        start, end = (0.0, end) if rng.random() < 0.5 else (start, 0.0)
    return _Fade((grey, grey, grey), LinearValue(float(start), float(end - start)))


def _to_triplet(
    frames: list[np.ndarray], frame_time: float, motions: list[np.ndarray], seen: list[np.ndarray]
) -> Triplet:
    first, target, last = (_channels_first(frame) for frame in frames)
    return Triplet(
        frame_0=first,
        target=target,
        frame_1=last,
        frame_time=torch.tensor(frame_time, dtype=torch.float32),
        motion_0=_channels_first(motions[0], np.float16),
        motion_1=_channels_first(motions[1], np.float16),
        visible_0=torch.from_numpy(seen[0])[None],
        visible_1=torch.from_numpy(seen[1])[None],
        has_motion=torch.tensor(True),
    )


def _channels_first(array: np.ndarray, dtype: type = np.uint8) -> Tensor:
    return torch.from_numpy(np.stack(cv2.split(array)).astype(dtype, copy=False))
