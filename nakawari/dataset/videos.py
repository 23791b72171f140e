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
# From here on a file's name is that of the episode: S01E02, 2x05, episode 3, ep03, #3, - 03, 03.
_EPISODE = re.compile(
    r"(?<!\w)(?:s\d{1,2}\s*e\d{1,4}|\d{1,2}x\d{2,3}|(?:episode|ep|e)\s*\d{1,4}|#\s*\d{1,4}"
    r"|-\s*\d{1,4}(?:v\d)?(?=\s|$)|\d{1,4}(?:v\d)?$)",
    re.IGNORECASE,
)
_ENDS = 1 << 16  # bytes at a file's beginning and end, by which it is known


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One video.

    ``key`` names it, by its file and a digest of its content. The ``digest`` alone tells it from
    all others, whatever the file is called and wherever it lies.
    """

    path: Path
    title: str
    key: str

    @property
    def digest(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("-")[2]


def find_episodes(inputs: Sequence[Path], titles: Mapping[str, str]) -> list[Episode]:
    """Return the videos among files and in folders, sorted by path; of copies only the first.

    ``titles`` maps patterns (``*/bebop/*``) of whole paths to titles; the first that fits wins over
    the rule of ``title_of``. Raises ``UserError`` for what does not exist, or where there is
    nothing.
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
    what counts the episodes, without what stands in brackets: ``[Group] My_Show - 03 (720p)`` is of
    "My Show". A file that has only a number is named after its folder.
    """
    if root is not None and len(path.relative_to(root).parts) > 1:
        return path.relative_to(root).parts[0]
    words = re.sub(r"[._\s]+", " ", _BRACKETS.sub(" ", path.stem)).strip()
    episode = _EPISODE.search(words)
    title = words[: episode.start()].strip(" -") if episode else words
    return title or path.resolve().parent.name or path.stem


def read_titles(path: Path) -> dict[str, str]:
    """Read a JSON object of patterns and titles; ``UserError`` if it is none."""
    try:
        titles = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"--titles: cannot read {path} ({error}); give a JSON file") from error
    if not isinstance(titles, dict) or not all(
        isinstance(title, str) and title for title in titles.values()
    ):
        raise UserError(
            f'--titles: {path} must be an object of patterns and titles, {{"*/bebop/*": "Bebop"}}'
        )
    return titles


def _videos(inputs: Sequence[Path]) -> dict[Path, Path | None]:
    """Return each video with the folder that was named, if one was."""
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
    # Hidden files such as ._01.mp4 are what some systems leave beside a video.
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
