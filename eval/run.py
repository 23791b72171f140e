"""One run of the benchmark: every method on every triplet is scored, summarised and saved."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eval.measuring import provenance
from eval.measuring.cost import Pricing, Size, measure_costs
from eval.measuring.ledger import FACT_COLUMNS, Ledger, to_json
from eval.measuring.measure import Measurement, Pictures, one_line
from eval.measuring.summary import compare, group_samples, summarise
from eval.measuring.worst import choose_subject
from eval.methods.method import Draw, Method, MethodSettings
from eval.methods.registry import choose_methods
from eval.report.gallery import data_uri
from eval.report.report import Exhibit, html_report
from eval.report.table import markdown_table, read_markers, update_readme
from eval.sets.layouts import LAYOUTS
from eval.sets.tiers import motion_tier
from eval.sets.triplet_list import FACTS, TripletEntry
from nakawari.errors import UserError
from nakawari.whole import write_whole

FORMAT = 2  # version of results.json
LEDGER = "cells.jsonl"


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """The settings of one run, from the command line."""

    triplets: Path  # a list, or the folder of a set in another layout
    methods: tuple[str, ...]
    predictions: dict[str, Path]
    output: Path
    model: Path
    steps: int | None
    seed: int
    device: str  # "auto", "cpu" or "cuda"
    layout: str = "jsonl"  # one of LAYOUTS
    commands: dict[str, str] = field(default_factory=dict)
    speed: tuple[Size, ...] = ()  # sizes at which cost is measured; empty: it is not measured
    gallery: int = 12  # number of samples in it
    save_predictions: bool = False
    update_readme: Path | None = None
    peer: str | None = None  # the method with which all others are compared
    overwrite: bool = False
    resume: bool = False


def run_benchmark(config: BenchmarkConfig) -> str:
    """Run the benchmark, write ``results.json`` and ``report.html``, and return the Markdown table.

    Errors that the user can put right (``UserError``) are found before the first frame is drawn. If
    a method raises on a sample, or a frame turns out to be damaged, these cells are marked, and the
    run goes on. Every cell is on disk as soon as it is measured: if the run is killed and started
    again, it measures only the others.
    """
    methods = choose_methods(list(config.methods), config.predictions, config.commands)
    _check_peer(config.peer, methods)
    device = _choose_device(config.device)
    _claim_output(config)
    if config.update_readme is not None:
        read_markers(config.update_readme)
    triplets = LAYOUTS[config.layout](config.triplets)
    settings = MethodSettings(
        model=config.model, steps=config.steps, seed=config.seed, device=device
    )
    draws = _build(methods, settings)
    keys = _keys(config, methods, triplets, device)
    with Ledger(config.output / LEDGER, [t.id for t in triplets], keys) as ledger:
        pictures = Pictures(
            config.output / ("predictions" if config.save_predictions else "gallery"),
            keep=None if config.save_predictions else config.gallery,
        )
        measurement = Measurement(triplets, methods, draws, ledger, device, pictures)
        measurement.run()
        results = _results(config, methods, triplets, ledger, device)
        pricing = Pricing(sizes=config.speed, triplet=triplets[0], settings=settings)
        results["cost"] = measure_costs(methods, draws, pricing)
        exhibits = [
            Exhibit(
                row=_row(triplets, methods, ledger, worst.sample),
                lost=worst.lost,
                rival=worst.rival,
                pictures={n: data_uri(p) for n, p in measurement.pictures(worst.sample)},
            )
            for worst in measurement.worst(config.gallery)
        ]
        page = html_report(results, exhibits, list(ledger.failures()))
        write_whole(config.output / "report.html", page.encode())
        text = "".join(_json(results, triplets, methods, ledger))
        write_whole(config.output / "results.json", text.encode())
    table = markdown_table(results)
    if config.update_readme is not None:
        update_readme(config.update_readme, table)
    return table


def _check_peer(peer: str | None, methods: Mapping[str, Method]) -> None:
    if peer is not None and peer not in methods:
        raise UserError(
            f"--peer must be a method of this run, got {peer!r}; choose from {', '.join(methods)}, "
            "or add it with --methods, --predictions or --command"
        )


def _choose_device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is available; use --device cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _claim_output(config: BenchmarkConfig) -> None:
    """Prepare the output's folder.

    Raises ``UserError`` if it has the scores of another run, or if it cannot be written to.
    """
    finished = (config.output / "results.json").exists()
    if finished and not (config.overwrite or config.resume):
        raise UserError(
            f"{config.output} already holds results.json; choose another --output, give "
            "--overwrite, or --resume to measure only what is missing there"
        )
    try:
        config.output.mkdir(parents=True, exist_ok=True)
        (config.output / ".writable").touch()
        (config.output / ".writable").unlink()
        if finished and not config.resume:
            (config.output / LEDGER).unlink(missing_ok=True)
            (config.output / "results.json").unlink()
    except OSError as error:
        raise UserError(f"cannot write to {config.output}: {error.strerror}") from error


def _build(methods: Mapping[str, Method], settings: MethodSettings) -> dict[str, Draw]:
    """Build the methods, which loads their weights; ``UserError`` if one of them cannot start."""
    draws = {}
    for name, method in methods.items():
        if method.uses_model and not settings.model.is_dir():
            raise UserError(
                f"{name} needs weights, and {settings.model} is no folder; give --model"
            )
        try:
            draws[name] = method.build(settings)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"method {name} cannot start: {one_line(error)}") from error
    return draws


def _keys(
    config: BenchmarkConfig,
    methods: Mapping[str, Method],
    triplets: Sequence[TripletEntry],
    device: torch.device,
) -> dict[str, str]:
    """Return the key of each row: it identifies everything with which the row is measured.

    Cells with another key are not taken over from an earlier run.
    """
    common = {
        "format": FORMAT,
        "code": provenance.code_state(),
        "packages": provenance.packages(),
        "set": provenance.set_state(triplets),
        "device": device.type,
        "metrics": provenance.weights(None),
    }
    keys = {FACTS: provenance.digest(**common)}
    model = {"weights": provenance.weights(config.model), "steps": config.steps}
    model["seed"] = config.seed
    for name, method in methods.items():
        own = {"method": name, "fingerprint": method.fingerprint}
        keys[name] = provenance.digest(**common, **own, **(model if method.uses_model else {}))
    return keys


def _scores(methods: Mapping[str, Method], ledger: Ledger) -> dict[str, np.ndarray]:
    return {name: ledger.scores(name) for name in methods}


def _row(
    triplets: Sequence[TripletEntry], methods: Mapping[str, Method], ledger: Ledger, index: int
) -> dict[str, Any]:
    """Return everything that is known of one sample."""
    triplet = triplets[index]
    return {
        "id": triplet.id,
        "frame_time": triplet.frame_time,
        "tags": list(_tags(triplet, ledger, index)),
        **dict.fromkeys(FACT_COLUMNS),
        **{k: v for k, v in ledger.cell(FACTS, index).items() if k in FACT_COLUMNS},
        "scores": {name: ledger.cell(name, index) for name in methods},
    }


def _tags(triplet: TripletEntry, ledger: Ledger, index: int) -> tuple[str, ...]:
    """Return a triplet's tags, with the tier of motion by DIS if the set does not give one."""
    if any(tag.startswith("motion:") for tag in triplet.tags):
        return triplet.tags
    tier = motion_tier(ledger.cell(FACTS, index).get("motion", 0.0))
    return (*triplet.tags, tier) if tier else triplet.tags


def _results(
    config: BenchmarkConfig,
    methods: Mapping[str, Method],
    triplets: Sequence[TripletEntry],
    ledger: Ledger,
    device: torch.device,
) -> dict[str, Any]:
    """Return the content of results.json without the rows of the samples."""
    model = config.model if any(method.uses_model for method in methods.values()) else None
    scores = _scores(methods, ledger)
    failed = {name: ledger.failed(name) for name in methods}
    tags = [_tags(triplet, ledger, index) for index, triplet in enumerate(triplets)]
    groups = group_samples([triplet.frame_time for triplet in triplets], tags)
    subject = choose_subject(list(methods))

    def summary(indices: np.ndarray | slice) -> dict[str, Any]:
        some = summarise(
            {name: rows[indices] for name, rows in scores.items()},
            {name: rows[indices] for name, rows in failed.items()},
            config.seed,
            config.peer,
        )
        for name, method in methods.items():
            some[name]["sees_target"] = method.sees_target
        return some

    return {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": provenance.commit(),
        "weights": provenance.weights(model),
        "config": asdict(config),
        "model": model,
        "seed": config.seed,
        "triplets": len(triplets),
        "triplets_sha256": provenance.list_digest(config.triplets, triplets),
        "hardware": provenance.hardware(device),
        "packages": provenance.packages(),
        "methods": {name: method.description for name, method in methods.items()},
        "summary": summary(slice(None)),
        "subject": subject,
        "peer": config.peer,
        "differences": compare(scores, subject, config.seed),
        "groups": {name: summary(indices) for name, indices in groups.items()},
    }


def _json(
    results: dict[str, Any],
    triplets: Sequence[TripletEntry],
    methods: Mapping[str, Method],
    ledger: Ledger,
) -> Any:
    """Yield the text of results.json in pieces, one for each sample."""
    head = json.dumps(to_json(results), indent=1)
    yield head.removesuffix("\n}") + ',\n "samples": ['
    for index in range(len(triplets)):
        row = json.dumps(to_json(_row(triplets, methods, ledger, index)))
        yield ("," if index else "") + "\n  " + row
    yield "\n ]\n}\n"
