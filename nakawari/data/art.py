"""Drawings to animate: cels, faces and painted backgrounds, read from folders and kept in memory.

A folder of art has sub-folders ``cels``, ``faces`` and ``backgrounds`` (any may be missing) of
PNG, WebP or JPEG files. A cel without an alpha channel is an opaque rectangle.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

BUILT_IN = Path(__file__).parent / "art"
KINDS = ("cels", "faces", "backgrounds")
_ENDINGS = {".png", ".webp", ".jpg", ".jpeg"}


class Art:
    """All art of one or several folders (none: the built-in art), by the names of its files.

    Files are held as bytes and decoded when they are asked for, so that a worker process needs some
    40 MB for all of it. Raises ``FileNotFoundError`` for a folder that is missing or has no art.
    """

    def __init__(self, folders: Sequence[str | Path] = ()) -> None:
        roots = [Path(folder) for folder in folders] or [BUILT_IN]
        self._files: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
        self._names: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for root in roots:
            if not root.is_dir():
                raise FileNotFoundError(f"no folder of art at {root}; check art_dirs")
            self._read(root)
        self._decoded = lru_cache(maxsize=400)(self._decode)

    def _read(self, root: Path) -> None:
        found = 0
        for kind in KINDS:
            for path in sorted((root / kind).glob("*")):
                if path.suffix.lower() in _ENDINGS:
                    self._files[kind].append(path.read_bytes())
                    self._names[kind].append(path.stem)
                    found += 1
        if not found:
            raise FileNotFoundError(
                f"no art in {root}; it needs pictures in one of the folders {', '.join(KINDS)}"
            )

    def count(self, kind: str) -> int:
        """Return the number of pictures of a kind."""
        return len(self._files[kind])

    def pick(self, rng: np.random.Generator, kind: str) -> np.ndarray:
        """Return a random picture of a kind, (h, w, 4) uint8 RGBA, not premultiplied.

        The array is shared, so copy it before you change it. Raises ``LookupError`` if the art has
        none of this kind, ``ValueError`` if the file is no picture.
        """
        if not self._files[kind]:
            raise LookupError(f"the art has no {kind}; check count() first")
        return self._decoded(kind, int(rng.integers(len(self._files[kind]))))

    def _decode(self, kind: str, index: int) -> np.ndarray:
        pixels = cv2.imdecode(
            np.frombuffer(self._files[kind][index], np.uint8), cv2.IMREAD_UNCHANGED
        )
        if pixels is None:
            raise ValueError(f"{kind}/{self._names[kind][index]} is not a picture; remove it")
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        if pixels.shape[2] == 3:
            return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGBA)
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)


@lru_cache(maxsize=4)
def load_art(folders: tuple[str, ...] = ()) -> Art:
    """Return the art of the folders (none: the built-in art), read once per process."""
    return Art(folders)
