"""Which videos a dataset is built from, and of which title each is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from nakawari.errors import UserError

VIDEO_ENDINGS = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".ogm", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
)
_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}")
# The episode's number, before which a file's name has the title:
# S01E02, 2x05, episode 3, ep03, #3, - 03, 03.
_EPISODE = re.compile(
    r"(?<!\w)(?:s\d{1,2}\s*e\d{1,4}|\d{1,2}x\d{2,3}|(?:episode|ep|e)\s*\d{1,4}|#\s*\d{1,4}"
    r"|-\s*\d{1,4}(?:v\d)?(?=\s|$)|\d{1,4}(?:v\d)?$)",
    re.IGNORECASE,
)
_ENDS = 1 << 16  # bytes at a file's beginning and at its end that identify it


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One video.

    ``key`` names it, by its file's name and a digest of its content. The ``digest`` alone
    identifies it, whatever the file is called and wherever it lies.
    """

    path: Path
    title: str
    key: str

    @property
    def digest(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("-")[2]


def find_episodes(inputs: Sequence[Path], titles: Mapping[str, str]) -> list[Episode]:
    """Return the named video files and those in folders, by path; of copies, only the first.

    ``titles`` maps patterns (``*/bebop/*``) of whole paths to titles; the first that fits wins over
    the rule of ``title_of``. Raises ``UserError`` for a path that does not exist, or if there are
    no videos.
    """
    episodes: dict[str, Episode] = {}
    for path, root in sorted(_videos(inputs).items()):
        whole = path.resolve().as_posix()
        given = (title for pattern, title in titles.items() if fnmatch(whole, pattern))
        title = next(given, None) or title_of(path, root)
        episode = Episode(path=path, title=title, key=_key(path))
        episodes.setdefault(episode.digest, episode)
    if not episodes:
        raise UserError(
            f"no videos in {', '.join(map(str, inputs))}; name video files, or folders of files "
            f"ending in {', '.join(VIDEO_ENDINGS)}"
        )
    return list(episodes.values())


def title_of(path: Path, root: Path | None = None) -> str:
    """Return the title that a video belongs to.

    In a sub-folder of ``root`` it is that sub-folder's name. Otherwise it is the file's name up to
    the number of the episode, without brackets and what is in them: ``[Group] My_Show - 03 (720p)``
    is of "My Show". A file whose name is only a number has its folder's name as its title.
    """
    if root is not None and len(path.relative_to(root).parts) > 1:
        return path.relative_to(root).parts[0]
    words = re.sub(r"[._\s]+", " ", _BRACKETS.sub(" ", path.stem)).strip()
    episode = _EPISODE.search(words)
    title = words[: episode.start()].strip(" -") if episode else words
    return title or path.resolve().parent.name or path.stem


def read_titles(path: Path) -> dict[str, str]:
    """Read a JSON object of patterns and titles; ``UserError`` if it is anything else."""
    try:
        titles = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"--titles: cannot read {path} ({error}); give a JSON file") from error
    if not isinstance(titles, dict) or not all(
        isinstance(title, str) and title for title in titles.values()
    ):
        raise UserError(
            f'--titles: {path} must be an object of patterns and titles, {{"*/bebop/*": "Bebop"}}'
        )
    return titles


def _videos(inputs: Sequence[Path]) -> dict[Path, Path | None]:
    """Return each video, with the folder in which it was found or None if it was named itself."""
    found: dict[Path, Path | None] = {}
    for given in inputs:
        if given.is_dir():
            for path in given.rglob("*"):
                if _is_video(path):
                    found.setdefault(path, given)
        elif given.is_file():
            found[given] = None
        else:
            raise UserError(f"{given} does not exist; name video files or folders of them")
    return found


def _is_video(path: Path) -> bool:
    # Some systems leave hidden files such as ._01.mp4 beside a video.
    is_named_so = path.suffix.lower() in VIDEO_ENDINGS and not path.name.startswith(".")
    return is_named_so and path.is_file()


def _key(path: Path) -> str:
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_ENDS))
        file.seek(max(size - _ENDS, 0))
        digest.update(file.read(_ENDS))
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40].strip("-")
    return f"{name or 'video'}-{digest.hexdigest()[:12]}"
