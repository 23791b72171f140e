"""The clips of the page, on disk: a folder for each clip, in a folder of its owner.

FOLDER/clips/OWNER/NUMBER/
                    clip.json       its name, and how far it is
                    source/NAME     the file that was uploaded, or the folder of its pictures
                    found.json      what the detector found
                    corrections.json
                    proxy.mp4       the copy that a browser shows
                    sheets/         the sheets, as they were when a job began
                    results/        the outputs that were made from it
                    drawn/          in-betweens that are not drawn twice
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from nakawari.serve.clips.safe_names import file_name, is_number
from nakawari.whole import write_whole

CLIPS = "clips"
GONE = ".gone-"
"""How the names of folders begin whose clips were removed, while their files are being deleted."""


class ClipState(StrEnum):
    """How far a clip is."""

    ARRIVING = "arriving"  # it is being uploaded
    LOOKING = "looking"  # its drawings are being found
    READY = "ready"
    FAILED = "failed"  # it is not a clip, or cannot be read


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip as it is on disk."""

    number: str  # 16 hexadecimal digits
    owner: str
    folder: Path
    name: str  # as its owner calls it, made safe as a file name
    added: float  # s since 1970
    state: ClipState = ClipState.ARRIVING
    reason: str | None = None  # why it, or another rate of its pictures, failed, in one line
    notes: tuple[str, ...] = ()  # remarks on what was changed on reading, one line each
    width: int = 0  # px, as shown
    height: int = 0
    frames: int = 0
    has_audio: bool = False
    pictures_a_second: str | None = None  # of a sequence, as a fraction; None: it is a video file

    @property
    def source(self) -> Path:
        """The file that was uploaded, or the folder of its pictures."""
        return self.folder / "source" / self.name

    @property
    def input_rate(self) -> Fraction | None:
        """Frames a second of a sequence of pictures; ``None`` for a file, which states its own."""
        return None if self.pictures_a_second is None else Fraction(self.pictures_a_second)

    @property
    def stem(self) -> str:
        """The beginning of the names of all outputs that are made from the clip."""
        return self.name if self.pictures_a_second else Path(self.name).stem

    @property
    def size(self) -> int:
        """The size of the upload [bytes]."""
        if self.pictures_a_second is None:
            return self.source.stat().st_size
        return sum(picture.stat().st_size for picture in os.scandir(self.source))

    @property
    def found(self) -> Path:
        """The file of what the detector found."""
        return self.folder / "found.json"

    @property
    def corrections(self) -> Path:
        """The file of the user's corrections."""
        return self.folder / "corrections.json"

    @property
    def proxy(self) -> Path:
        """The copy of the clip that a browser shows."""
        return self.folder / "proxy.mp4"

    @property
    def sheets(self) -> Path:
        """The folder of the sheets that jobs follow."""
        return self.folder / "sheets"

    @property
    def results(self) -> Path:
        """The folder of the outputs that were made from the clip."""
        return self.folder / "results"

    @property
    def drawn(self) -> Path:
        """The folder of in-betweens that are not drawn twice."""
        return self.folder / "drawn"


class Library:
    """The clips of all owners; each owner finds only their own.

    Args:
        folder: the page's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / CLIPS

    def add(self, owner: str, name: str, rate: Fraction | None = None) -> Clip:
        """Make the folder of a new clip, and return the clip; its file is still to be uploaded.

        Args:
            owner: the user to whom it belongs.
            name: the clip's name, as the owner calls it.
            rate: frames a second of a sequence of pictures, whose own folder is made too. ``None``
                for a video file.
        """
        number = secrets.token_hex(8)
        clip = Clip(
            number=number,
            owner=owner,
            folder=self._folder / owner / number,
            name=file_name(name),
            added=time.time(),
            pictures_a_second=None if rate is None else str(rate),
        )
        source = clip.source.parent if rate is None else clip.source
        try:
            for folder in (source, clip.sheets, clip.results):
                folder.mkdir(parents=True)
            return self.save(clip)
        except BaseException:  # such as a full disk
            self.remove(clip)
            raise

    def save(self, clip: Clip, **changes: object) -> Clip:
        """Save a clip with some fields changed, and return the changed clip."""
        clip = replace(clip, **changes)  # type: ignore[arg-type]
        content = asdict(clip)
        for known_by_its_place in ("number", "owner", "folder"):
            del content[known_by_its_place]
        write_whole(clip.folder / "clip.json", json.dumps(content).encode(), to_disk=True)
        return clip

    def clip(self, owner: str, number: str) -> Clip:
        """Return an owner's clip; ``LookupError`` if there is none with this number."""
        clip = self._read(owner, number) if is_number(number) else None
        if clip is None:
            raise LookupError(f"there is no clip {number!r}")
        return clip

    def clips(self, owner: str) -> list[Clip]:
        """Return an owner's clips, the latest first."""
        found = [self._read(owner, number) for number in self._numbers(owner)]
        return sorted(filter(None, found), key=lambda clip: clip.added, reverse=True)

    def all_clips(self) -> list[Clip]:
        """Return the clips of all owners, the oldest first."""
        owners = sorted(folder.name for folder in self._folder.iterdir()) if self.exists else []
        clips = [clip for owner in owners for clip in self.clips(owner)]
        return sorted(clips, key=lambda clip: clip.added)

    @property
    def exists(self) -> bool:
        """Whether there has ever been a clip."""
        return self._folder.is_dir()

    def owner_of(self, path: Path) -> tuple[str, str] | None:
        """Return owner and number of the clip in whose folder a file is; ``None`` if in none."""
        try:
            owner, number, *_ = path.relative_to(self._folder).parts
        except ValueError:
            return None
        return owner, number

    def remove(self, clip: Clip) -> None:
        """Remove a clip and everything that was made from it.

        It is gone at once, and never there in part, even if this is cut off: see ``clear_up``.
        """
        gone = clip.folder.with_name(f"{GONE}{clip.number}")
        with suppress(FileNotFoundError):  # somebody else removes it
            os.rename(clip.folder, gone)
            shutil.rmtree(gone, ignore_errors=True)

    def clear_up(self) -> None:
        """Delete what is left of clips whose removal was cut off."""
        for gone in self._folder.glob(f"*/{GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)

    def _numbers(self, owner: str) -> Iterator[str]:
        folder = self._folder / owner
        if folder.is_dir():
            yield from (entry.name for entry in folder.iterdir() if is_number(entry.name))

    def _read(self, owner: str, number: str) -> Clip | None:
        folder = self._folder / owner / number
        try:
            content = json.loads((folder / "clip.json").read_text())
            content["state"] = ClipState(content["state"])
            content["notes"] = tuple(content["notes"])
            return Clip(number=number, owner=owner, folder=folder, **content)
        except (OSError, ValueError, TypeError, KeyError):  # it is being removed, or is damaged
            return None
