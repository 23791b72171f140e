"""A dataset from many videos: a build goes on where it stopped, then writes index and report."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nakawari.data.streams.shards import (
    EPISODE_FILE,
    EPISODES_FOLDER,
    FORMAT,
    INDEX_FILE,
    SETTINGS_FILE,
    Shard,
)
from nakawari.dataset.episode import episode_folder
from nakawari.dataset.record import EpisodeRecord
from nakawari.dataset.report import html_report
from nakawari.dataset.result import BuildResult
from nakawari.dataset.runners import Outcome, Runner
from nakawari.dataset.settings import BuildSettings
from nakawari.dataset.split import canonical, named_titles, validation_titles
from nakawari.dataset.videos import Episode
from nakawari.errors import UserError
from nakawari.whole import write_whole

REPORT_FILE = "report.html"


@dataclass(frozen=True, kw_only=True)
class SplitChoice:
    """Which titles validate: those named, or about a share of all."""

    share: float = 0.05
    named: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ValueError(f"validation share must be in [0, 1), got {self.share}")


def build_dataset(
    episodes: Sequence[Episode],
    settings: BuildSettings,
    split: SplitChoice,
    output: Path,
    run: Runner,
    on_episode: Callable[[int, int], None] = lambda done, expected: None,
) -> BuildResult:
    """Build what is not built yet, then write ``index.json`` and ``report.html``.

    Episodes that an earlier build left in ``output`` belong to the dataset, too. A build may be
    stopped at any moment; the same call then goes on, and does not touch finished episodes again.
    Raises ``UserError`` if ``output`` cannot be written to, another build is writing there, or the
    record of a finished episode is damaged.

    Args:
        episodes: the videos.
        settings: of this dataset; ``UserError`` if it was begun with others.
        split: which titles validate.
        output: the dataset's folder.
        run: builds episodes, on this machine or on others.
        on_episode: is called after each episode with the numbers done and expected.
    """
    try:
        (output / EPISODES_FOLDER).mkdir(parents=True, exist_ok=True)
        with _alone(output):
            _begin(output, settings)
            begun = {folder for one in episodes if (folder := episode_folder(output, one)).is_dir()}
            for folder in sorted({*_finished(output), *begun}):
                EpisodeRecord.read(folder)  # a damaged one is told of before the work
            for partial in (output / EPISODES_FOLDER).glob(".*.partial"):
                shutil.rmtree(partial, ignore_errors=True)  # of a build that was killed
            left = [one for one in episodes if not _is_done(output, one)]
            reused = len(episodes) - len(left)
            on_episode(reused, len(episodes))
            failed = []
            for done, outcome in enumerate(run(left, settings, output) if left else (), 1):
                on_episode(reused + done, len(episodes))
                if outcome.error is not None:
                    failed.append(outcome)
            return _finish(output, settings, split, episodes, failed, reused)
    except OSError as error:
        raise UserError(
            f"cannot write to {output} ({error.strerror or error}); make room and run the same "
            "command again, or choose another --output"
        ) from error


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Keep a second build out of the folder; the system releases the lock when the process ends."""
    with (output / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"another build is writing to {output}; wait for it") from error
        yield


def _begin(output: Path, settings: BuildSettings) -> None:
    path = output / SETTINGS_FILE
    wanted = settings.to_json()
    if not path.exists():
        _save(path, json.dumps({"format": FORMAT, "settings": wanted}, indent=1))
        return
    try:
        existing = json.loads(path.read_text(encoding="utf-8"))
        differences = [
            f"{name} {existing['settings'].get(name)}, not {value}"
            for name, value in wanted.items()
            if existing["settings"].get(name) != value
        ]
        if existing["format"] != FORMAT:
            differences.append(f"format {existing['format']!r}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path} is damaged; choose another --output") from error
    if differences:
        raise UserError(
            f"{output} was begun with {'; '.join(differences)}; "
            "give the same settings, or another --output"
        )


def _is_done(output: Path, episode: Episode) -> bool:
    return (episode_folder(output, episode) / EPISODE_FILE).is_file()


def _finished(output: Path) -> list[Path]:
    """Return the folders of all episodes that are done, this build's and earlier ones'."""
    records = output.glob(f"{EPISODES_FOLDER}/[!.]*/{EPISODE_FILE}")
    return sorted(record.parent for record in records if record.is_file())


def _finish(
    output: Path,
    settings: BuildSettings,
    split: SplitChoice,
    episodes: Sequence[Episode],
    failed: list[Outcome],
    reused: int,
) -> BuildResult:
    folders = _finished(output)
    # An episode may have been given another title since it was built: this call's titles win.
    titles = {episode_folder(output, one): one.title for one in episodes}
    records = [EpisodeRecord.read(folder) for folder in folders]
    records = [
        replace(record, title=titles.get(folder, record.title))
        for record, folder in zip(records, folders, strict=True)
    ]
    names = [record.title for record in records]
    if split.named:
        validating = named_titles(names, split.named)
    else:
        validating = validation_titles(names, split.share)
    result = BuildResult(records=records, validating=validating, failed=failed, reused=reused)
    _save(output / REPORT_FILE, html_report(result, settings, output.resolve().name))
    shards: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
    for record, folder in zip(records, folders, strict=True):
        part = "validation" if canonical(record.title) in validating else "train"
        shards[part] += [vars(_placed(shard, folder, output)) for shard in record.shards]
    index = {"format": FORMAT, "validation_titles": sorted(validating), "splits": shards}
    _save(output / INDEX_FILE, json.dumps(index, indent=1))
    return result


def _placed(shard: Shard, folder: Path, output: Path) -> Shard:
    return replace(shard, file=(folder / shard.file).relative_to(output).as_posix())


def _save(path: Path, text: str) -> None:
    write_whole(path, text.encode())
