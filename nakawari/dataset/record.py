"""The record of a finished episode: what was found in its video, and the shards made of it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from nakawari.data.streams.shards import EPISODE_FILE, Shard
from nakawari.dataset.pictures import Picked
from nakawari.errors import UserError

MOTION_BIN = 4  # px, width of a bin in the report's histogram of movement
TIME_BIN = 0.05  # width of a bin in its histogram of frame_time

_LARGEST_MOTION = 100_000  # px, far above any picture's diagonal


@dataclass(frozen=True, kw_only=True)
class EpisodeRecord:
    """The result of an episode; the paths of ``shards`` are relative to its folder."""

    key: str
    title: str
    file: str
    seconds: float
    frames: int
    drawings: int
    cadences: dict[str, int]  # number of shots by cadence
    candidates: int
    rejected: dict[str, int]  # number of candidates left out, by reason
    motion: dict[str, int]  # number of triplets kept, by motion [px] in bins of MOTION_BIN
    frame_times: dict[str, int]  # number of triplets kept, by frame_time in bins of TIME_BIN
    shards: list[Shard]
    kept: list[Picked] = field(default_factory=list)
    left_out: list[Picked] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """How many triplets were kept."""
        return sum(shard.samples for shard in self.shards)

    @property
    def shots(self) -> int:
        """How many shots there are."""
        return sum(self.cadences.values())

    @classmethod
    def read(cls, folder: Path) -> EpisodeRecord:
        """Read the record in an episode's folder; ``UserError`` if it is missing or damaged."""
        file = folder / EPISODE_FILE
        try:
            content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            record = cls(
                **{
                    **content,
                    "shards": [Shard(**shard) for shard in content["shards"]],
                    "kept": [Picked(**picked) for picked in content["kept"]],
                    "left_out": [Picked(**picked) for picked in content["left_out"]],
                }
            )
            record._check()
        except PermissionError as error:
            raise UserError(
                f"cannot read {file} ({error.strerror}); give this user the right to read it"
            ) from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UserError(
                f"{file} is missing or damaged; delete its folder and run the same command again, "
                "which builds this episode anew"
            ) from error
        return record

    def _check(self) -> None:
        """Raise ``ValueError`` for values of the wrong type or out of range."""
        pictures = self.kept + self.left_out
        texts = [self.key, self.title, self.file]
        texts += [text for picked in pictures for text in (picked.jpeg, picked.words)]
        texts += [picked.reason for picked in pictures if picked.reason is not None]
        counts = [self.frames, self.drawings, self.candidates]
        for by_name in (self.cadences, self.rejected, self.motion, self.frame_times):
            counts += by_name.values()
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("what must be text is something else")
        if not all(type(number) is int and number >= 0 for number in counts):
            raise ValueError("what must be a count is something else")
        if isinstance(self.seconds, bool) or not 0 <= self.seconds < math.inf:
            raise ValueError("seconds must be a number of at least 0")
        if not all(0 <= float(name) < _LARGEST_MOTION for name in self.motion):
            raise ValueError("a motion is out of range")
        if not all(0 <= float(name) <= 1 for name in self.frame_times):
            raise ValueError("a frame_time is out of range")
        if any(PurePath(shard.file).name != shard.file for shard in self.shards):
            raise ValueError("a shard is not in the folder of its episode")
