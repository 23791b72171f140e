"""One run of the benchmark: every method on every triplet, scored, summarised, written down."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from eval import provenance
from eval.gallery import Gallery
from eval.methods import Draw, Method, MethodSettings, Sample, choose_methods
from eval.pictures import pixels_from_frame, read_frame, write_png
from eval.report import html_report
from eval.scoring import Scorer
from eval.summary import group_rows, summarise
from eval.table import markdown_table, read_markers, update_readme
from eval.triplets import FRAMES, Triplet, read_triplets
from nakawari.errors import UserError

FORMAT = 1  # of results.json


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """What one run does; the command line fills it."""

    triplets: Path
    methods: tuple[str, ...]
    predictions: dict[str, Path]
    output: Path
    model: Path
    steps: int | None
    seed: int
    device: str  # "auto", "cpu" or "cuda"
    save_predictions: bool = False
    update_readme: Path | None = None
    overwrite: bool = False


def run_benchmark(config: BenchmarkConfig) -> str:
    """Run all of it, write ``results.json`` and ``report.html``, and return the Markdown table.

    Whatever the user can put right (``UserError``) is found before the first frame is drawn. A
    method that raises on a sample, or a frame that turns out to be damaged, marks its cells and
    the run goes on.
    """
    methods = choose_methods(list(config.methods), config.predictions)
    device = _choose_device(config.device)
    _claim_output(config)
    if config.update_readme is not None:
        read_markers(config.update_readme)
    triplets = read_triplets(config.triplets)
    draws = _build(methods, config, device)

    gallery = Gallery(list(methods))
    scorer = Scorer(device)
    rows = []
    for triplet in tqdm(triplets, desc="benchmark", unit="triplet"):
        row, pictures = _run_triplet(triplet, methods, draws, scorer, device)
        rows.append(row)
        gallery.consider(row, pictures)
        if config.save_predictions:
            for method in methods.keys() & pictures.keys():
                name = f"{triplet.id}.png"
                write_png(pictures[method], config.output / "predictions" / method / name)

    results = _results(config, methods, rows, device)
    _write(config.output / "report.html", html_report(results, gallery))
    _write(config.output / "results.json", json.dumps(_json_ready(results), indent=1) + "\n")
    table = markdown_table(results)
    if config.update_readme is not None:
        update_readme(config.update_readme, table)
    return table


def _choose_device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is available; use --device cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _claim_output(config: BenchmarkConfig) -> None:
    """Refuse to write over the figures of another run, and to find out late that we cannot."""
    if (config.output / "results.json").exists() and not config.overwrite:
        raise UserError(
            f"{config.output} already holds results.json; choose another --output "
            "or give --overwrite"
        )
    try:
        config.output.mkdir(parents=True, exist_ok=True)
        (config.output / ".writable").touch()
        (config.output / ".writable").unlink()
    except OSError as error:
        raise UserError(f"cannot write to {config.output}: {error.strerror}") from error


def _build(
    methods: dict[str, Method], config: BenchmarkConfig, device: torch.device
) -> dict[str, Draw]:
    """Load what the methods need; a method that cannot start at all is the user's to know now."""
    settings = MethodSettings(
        model=config.model, steps=config.steps, seed=config.seed, device=device
    )
    draws = {}
    for name, method in methods.items():
        if method.uses_model and not config.model.is_dir():
            raise UserError(f"{name} needs weights, and {config.model} is no folder; give --model")
        try:
            draws[name] = method.build(settings)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"method {name} cannot start: {_one_line(error)}") from error
    return draws


def _run_triplet(
    triplet: Triplet,
    methods: dict[str, Method],
    draws: dict[str, Draw],
    scorer: Scorer,
    device: torch.device,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the row of one triplet and its pictures, (H, W, 3) uint8, by frame and method."""
    row: dict[str, Any] = {
        "id": triplet.id, "frame_time": triplet.frame_time, "tags": list(triplet.tags),
    }  # fmt: skip
    try:
        frames = {name: read_frame(getattr(triplet, name)).to(device) for name in FRAMES}
    except UserError as error:
        row["scores"] = {name: {"error": str(error)} for name in methods}
        return row, {}
    order = ("frame_0", "target", "frame_1")
    pictures = {name: pixels_from_frame(frames[name]) for name in order}
    row["scores"] = {}
    for name, method in methods.items():
        sample = Sample(
            id=triplet.id,
            frame_0=frames["frame_0"],
            frame_1=frames["frame_1"],
            target=frames["target"] if method.sees_target else None,
            frame_time=torch.tensor([triplet.frame_time], device=device),
        )
        try:
            pictures[name] = _draw(draws[name], sample)
            row["scores"][name] = scorer(pictures[name], pictures["target"])
        except Exception as error:
            row["scores"][name] = {"error": _one_line(error)}
    return row, pictures


@torch.inference_mode()
def _draw(draw: Draw, sample: Sample) -> np.ndarray:
    """Draw one frame as (H, W, 3) uint8; ``ValueError`` if what comes is no such frame."""
    frame: Tensor = draw(sample)
    if frame.shape != sample.frame_0.shape:
        raise ValueError(f"drew shape {tuple(frame.shape)}, expected {tuple(sample.frame_0.shape)}")
    if not frame.isfinite().all():
        raise ValueError("drew NaN or infinite values")
    return pixels_from_frame(frame)


def _results(
    config: BenchmarkConfig, methods: dict[str, Method], rows: list[dict[str, Any]], device: Any
) -> dict[str, Any]:
    uses_model = any(method.uses_model for method in methods.values())
    return {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": provenance.commit(),
        "weights": provenance.weights(config.model if uses_model else None),
        "config": asdict(config),
        "model": config.model if uses_model else None,
        "seed": config.seed,
        "triplets_sha256": provenance.sha256(config.triplets),
        "hardware": provenance.hardware(device),
        "packages": provenance.packages(),
        "methods": {name: method.description for name, method in methods.items()},
        "summary": _summary(rows, methods, config.seed),
        "groups": {
            name: _summary(members, methods, config.seed)
            for name, members in group_rows(rows).items()
        },
        "samples": rows,
    }


def _summary(
    rows: list[dict[str, Any]], methods: dict[str, Method], seed: int
) -> dict[str, dict[str, Any]]:
    summary = summarise(rows, methods, seed)
    for name, method in methods.items():
        summary[name]["sees_target"] = method.sees_target
    return summary


def _json_ready(value: Any) -> Any:
    """Write paths and infinity as strings: JSON knows neither (PSNR of equal frames is "inf")."""
    if isinstance(value, dict):
        return {key: _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(item) for item in value]
    if isinstance(value, Path) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value


def _write(path: Path, text: str) -> None:
    """Write under another name first, so that a killed run leaves no half file."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _one_line(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    lines: Iterable[str] = str(error).splitlines()
    return f"{type(error).__name__}: {next(iter(lines), '')}"
