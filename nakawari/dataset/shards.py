"""Writing shards; ``nakawari.data.streams.shards`` describes their format and reads them."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nakawari.data.streams.shards import FRAMES, Shard


class ShardWriter:
    """Writes samples of one episode into shards in a folder.

    Args:
        folder: takes the shards.
        key: of the episode; sample 7 is called KEY-000007.
        samples: in each full shard.
        quality: of the JPEGs, 1 to 100.
    """

    def __init__(self, folder: Path, key: str, samples: int, quality: int) -> None:
        self._folder = folder
        self._key = key
        self._samples = samples
        self._quality = quality
        self._count = 0
        self._tar: tarfile.TarFile | None = None
        self._offsets: list[int] = []
        self.shards: list[Shard] = []

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()

    def add(self, frames: Sequence[np.ndarray], facts: dict[str, Any]) -> None:
        """Write a sample: frame_0, target and frame_1, (H, W, 3) uint8 RGB, and facts as JSON."""
        if self._tar is None:
            path = self._folder / f"{len(self.shards):04d}.tar"
            self._tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
            self._offsets = []
        self._offsets.append(self._tar.offset)
        pictures = [self._encode(frame) for frame in frames]
        facts = {**facts, "crc32": [zlib.crc32(picture) for picture in pictures]}
        for name, picture in zip(FRAMES, pictures, strict=True):
            self._member(f"{name}.jpg", picture)
        self._member("json", json.dumps(facts).encode())
        self._count += 1
        if len(self._offsets) == self._samples:
            self._finish()

    def _encode(self, frame: np.ndarray) -> bytes:
        options = [
            *(cv2.IMWRITE_JPEG_QUALITY, self._quality),
            *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
        ]
        _, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
        return data.tobytes()

    def _member(self, ending: str, content: bytes) -> None:
        assert self._tar is not None
        member = tarfile.TarInfo(f"{self._key}-{self._count:06d}.{ending}")
        member.size = len(content)
        self._tar.addfile(member, io.BytesIO(content))  # mtime 0: the same bytes every time

    def _finish(self) -> None:
        if self._tar is None:
            return
        path = Path(str(self._tar.name))
        self._offsets.append(self._tar.offset)
        self._tar.close()
        np.save(path.with_suffix(".npy"), np.array(self._offsets, np.int64))
        for file in (path, path.with_suffix(".npy")):
            _to_disk(file)
        size = path.stat().st_size
        self.shards.append(Shard(file=path.name, samples=len(self._offsets) - 1, bytes=size))
        self._tar = None


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
