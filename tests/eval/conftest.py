"""A set of three tiny triplets on disk, and a runner for the command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from eval import benchmark

SIZE = (40, 48)  # H, W: above LPIPS's smallest


def write_picture(path: Path, seed: int, size: tuple[int, int] = SIZE) -> None:
    pixels = np.random.default_rng(seed).integers(256, size=(*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, lossless=True)


def entry(index: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"sample_{index}",
        "frame_0": f"{index}_0.png",
        "frame_1": f"{index}_1.webp",
        "target": f"{index}_t.png",
        "frame_time": (0.25, 0.5, 0.75)[index],
        "tags": ["all", "pan" if index else "still"],
    } | changes


def write_list(path: Path, entries: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in entries) + "\n")
    return path


@pytest.fixture
def triplets(tmp_path: Path) -> Path:
    """``triplets.jsonl`` with three samples of PNG and WebP frames."""
    folder = tmp_path / "set"
    folder.mkdir()
    for index in range(3):
        line = entry(index)
        for number, name in enumerate(("frame_0", "frame_1", "target")):
            write_picture(folder / line[name], seed=10 * index + number)
    return write_list(folder / "triplets.jsonl", [entry(index) for index in range(3)])


@pytest.fixture
def run(triplets: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the command on the three triplets and return its results.json."""

    def run_benchmark(*arguments: str, methods: str = "blend,nearest") -> dict[str, Any]:
        output = tmp_path / "output"
        fixed = ["--triplets", str(triplets), "--output", str(output), "--methods", methods]
        assert benchmark.main([*fixed, "--device", "cpu", *arguments]) == 0
        results: dict[str, Any] = json.loads((output / "results.json").read_text())
        return results

    return run_benchmark
