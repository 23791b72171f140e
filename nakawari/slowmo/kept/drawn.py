"""In-betweens that were drawn before are not drawn again: they are found by a hash of their inputs.

When a user corrects one hold of an exposure sheet and slows the clip again, only two of many
intervals change. The others have the same two pictures, the same times between them and the same
model. So their in-betweens are the same, bit for bit, whatever the sheet, the speed or the part of
the clip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import av

from nakawari import __version__
from nakawari.errors import UserError
from nakawari.video.pictures.lossless import LosslessPacker, unpacked
from nakawari.video.pictures.picture import Picture
from nakawari.whole import write_whole

MOST_BYTES = 4_000_000_000
"""Largest size of a folder [bytes]; beyond it, the least recently used in-betweens are removed."""
ENDING = ".mkv"
FEWER = 0.8  # share of that size that is left then, so that it is not done for every interval


class DrawnBefore:
    """A folder of in-betweens, which is made if it does not exist.

    If the folder cannot be read or written to, everything is drawn again: that costs time, and is
    no error. Methods may be called from several threads.

    Args:
        folder: may be shared by several models and several clips.
        drawn_by: a text that identifies the model, its weights and its settings.
        most_bytes: largest size of the folder, approximately.
    """

    def __init__(self, folder: Path, drawn_by: str, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._drawn_by = drawn_by
        self._most_bytes = most_bytes
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        self._bytes = sum(size for _, size, _ in self._files())

    def drawn_or(
        self,
        draw: Callable[[], list[Picture]],
        neighbours: Iterable[Picture],
        how: str,
        number: int = 1,
    ) -> list[Picture]:
        """Return in-betweens that were drawn before from the same inputs, else draw and keep them.

        Args:
            draw: draws the in-betweens.
            neighbours: the two pictures between which they lie.
            how: a text with everything else on which their look depends.
            number: how many in-betweens there are.
        """
        path = self._folder / f"{self._name(neighbours, how)}{ENDING}"
        with suppress(OSError, av.error.FFmpegError):
            pictures = list(unpacked(path))
            if len(pictures) == number:
                os.utime(path)
                return pictures
        pictures = draw()
        # Another thread may be writing the same: drawings that come back have the same in-betweens.
        with suppress(OSError, UserError):
            self._keep(path, pictures)
        return pictures

    def _name(self, neighbours: Iterable[Picture], how: str) -> str:
        told = sha256(f"{__version__}\n{self._drawn_by}\n{how}\n".encode())
        for picture in neighbours:
            size = f"{picture.width}x{picture.height}"
            told.update(f"{size} {picture.form.pixel_format}\n".encode())
            for plane in picture.planes:
                told.update(plane.tobytes())
        return told.hexdigest()[:32]

    def _keep(self, path: Path, pictures: list[Picture]) -> None:
        packer = LosslessPacker()
        for picture in pictures:
            packer.add(picture)
        content = packer.finish()
        if self._bytes + len(content) > self._most_bytes:
            self._make_room()
        write_whole(path, content, to_disk=True)
        self._bytes += len(content)

    def _make_room(self) -> None:
        files = sorted(self._files())
        self._bytes = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._bytes <= FEWER * self._most_bytes:
                return
            with suppress(OSError):
                path.unlink()
            self._bytes -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return for each file when it was last used [s since 1970], its size [bytes], its path."""
        found = []
        with suppress(OSError):
            for entry in os.scandir(self._folder):
                if entry.name.endswith(ENDING):
                    with suppress(OSError):
                        known = entry.stat()
                        found.append((known.st_mtime, known.st_size, Path(entry.path)))
        return found
