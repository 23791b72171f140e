"""A small dataset of shards for tests, without any video."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nakawari.data.streams.shards import (
    EPISODE_FILE,
    EPISODES_FOLDER,
    FORMAT,
    INDEX_FILE,
    SETTINGS_FILE,
)
from nakawari.dataset.shards import ShardWriter

HEIGHT, WIDTH = 48, 64


def frame_of(level: int) -> np.ndarray:
    """Return a plain grey frame with a darker left half, (48, 64, 3) uint8."""
    frame = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
    frame[:, : WIDTH // 2] //= 2
    return frame


def write_dataset(
    root: Path, train: tuple[int, ...] = (5, 3, 4), validation: tuple[int, ...] = (2,)
) -> Path:
    """Write shards of so many samples; target number k, counted through, has the level 2k + 60."""
    (root / EPISODES_FOLDER).mkdir(parents=True)
    (root / SETTINGS_FILE).write_text("{}")
    splits: dict[str, list[dict[str, object]]] = {"train": [], "validation": []}
    number = 0
    for split, counts in (("train", train), ("validation", validation)):
        for count in counts:
            key = f"{split}-{len(splits[split])}"
            folder = root / EPISODES_FOLDER / key
            folder.mkdir()
            with ShardWriter(folder, key, samples=1000, quality=95) as writer:
                for _ in range(count):
                    level = 2 * number + 60
                    frames = [frame_of(level - 20), frame_of(level), frame_of(level + 20)]
                    writer.add(frames, {"frame_time": 0.25, "number": number})
                    number += 1
            (folder / EPISODE_FILE).write_text("{}")
            for shard in writer.shards:
                file = f"{EPISODES_FOLDER}/{key}/{shard.file}"
                splits[split].append({**vars(shard), "file": file})
    (root / INDEX_FILE).write_text(json.dumps({"format": FORMAT, "splits": splits}))
    return root
