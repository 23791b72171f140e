"""Drawings to animate: cels, faces and painted backgrounds, read from folders and kept in memory.

A folder of art has sub-folders ``cels``, ``faces`` and ``backgrounds`` (any may be missing) of
PNG, WebP or JPEG files. A cel without an alpha channel is an opaque rectangle.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from nakawari.data.intact import is_cut_short
from nakawari.errors import UserError

BUILT_IN = Path(__file__).parent / "art"
KINDS = ("cels", "faces", "backgrounds")
_ENDINGS = {".png", ".webp", ".jpg", ".jpeg"}
_BEGINNINGS = (b"\x89PNG", b"RIFF", b"\xff\xd8")  # of files of these kinds


class Art:
    """All art of one or several folders (none: the built-in art), by the names of its files.

    Files are held as bytes and decoded when they are asked for, so that a worker process needs some
    40 MB for all of it. Raises ``FileNotFoundError`` for a folder that is missing or has no art,
    ``UserError`` for a file that is empty, of another kind than its name says, or cut short. Other
    damage shows only when the file is decoded.
    """

    def __init__(self, folders: Sequence[str | Path] = ()) -> None:
        roots = [Path(folder) for folder in folders] or [BUILT_IN]
        self._files: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
        self._paths: dict[str, list[Path]] = {kind: [] for kind in KINDS}
        for root in roots:
            if not root.is_dir():
                raise FileNotFoundError(f"no folder of art at {root}; check art_dirs")
            self._read(root)
        self._decoded = lru_cache(maxsize=400)(self._decode)

    def _read(self, root: Path) -> None:
        found = 0
        for kind in KINDS:
            for path in sorted((root / kind).glob("*")):
                if path.suffix.lower() in _ENDINGS and path.is_file():
                    content = path.read_bytes()
                    if not content.startswith(_BEGINNINGS) or is_cut_short(content):
                        raise _no_picture(path)
                    self._files[kind].append(content)
                    self._paths[kind].append(path)
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
        none of this kind, ``UserError`` if the file is no picture.
        """
        if not self._files[kind]:
            raise LookupError(f"the art has no {kind}; check count() first")
        return self._decoded(kind, int(rng.integers(len(self._files[kind]))))

    def _decode(self, kind: str, index: int) -> np.ndarray:
        data = np.frombuffer(self._files[kind][index], np.uint8)
        try:
            pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        except cv2.error:  # such as one that is larger than OpenCV decodes
            pixels = None
        if pixels is None:
            raise _no_picture(self._paths[kind][index])
        if pixels.dtype == np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        if pixels.shape[2] == 3:
            return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGBA)
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)


def _no_picture(path: Path) -> UserError:
    return UserError(f"{path} is not a whole PNG, WebP or JPEG picture; repair or remove it")


@lru_cache(maxsize=4)
def load_art(folders: tuple[str, ...] = ()) -> Art:
    """Return the art of the folders (none: the built-in art), read once per process."""
    return Art(folders)
