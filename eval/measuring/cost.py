"""What a frame costs: time, memory, operations, parameters, training."""

import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from eval.measuring.measure import one_line
from eval.methods.commands import command_peak_mib
from eval.methods.method import Draw, Method, MethodSettings, Sample
from eval.methods.registry import ABLATIONS, find_method, load_pipeline
from eval.sets.pictures import frame_from_pixels, read_pixels
from eval.sets.triplet_list import FRAMES, TripletEntry
from nakawari.errors import UserError
from nakawari.memory import own_peak_mib

YARDSTICK = "dis"
"""The method of whose time all times are also given as multiples: every machine can run it."""
TRAINING = "training.json"
"""The file beside the weights that says what it took to train them."""
ROUNDS = 5
LONGEST = 300.0
"""Seconds after which no further round of one size begins; two rounds are always measured."""


class Size(NamedTuple):
    """The size of a frame [px]."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


SIZES = (Size(512, 288), Size(1280, 720), Size(1920, 1080))


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """For which sizes, on which pictures and with which settings costs are measured."""

    sizes: tuple[Size, ...]
    triplet: TripletEntry  # its pictures are resized to each size
    settings: MethodSettings


def measure_costs(
    methods: Mapping[str, Method], draws: Mapping[str, Draw], pricing: Pricing
) -> dict[str, Any]:
    """Return what each method costs at each size; ``{}`` if no size is asked for.

    Pictures drawn elsewhere are left out, and so are ablations that do not change the cost. Times
    are for one frame, from memory to memory; for a program they include its start, and reading and
    writing its files. Methods take turns, so that a machine that slows down does so for all of
    them. ``ms`` is the median over the rounds, ``ratio`` the median of each round's ratio to
    ``dis``.
    """
    if not pricing.sizes:
        return {}
    names = [n for n, m in methods.items() if m.draws_now and (n not in ABLATIONS or "steps" in n)]
    chosen = {name: (methods[name], draws[name]) for name in names}
    if YARDSTICK not in chosen:
        yardstick = find_method(YARDSTICK)
        assert yardstick is not None
        chosen[YARDSTICK] = (yardstick, yardstick.build(pricing.settings))
    rows: dict[str, dict[str, Any]] = {
        name: {**_of_the_model(method, pricing.settings), "sizes": {}}
        for name, (method, _) in chosen.items()
    }
    for size in pricing.sizes:
        for name, measured in _at_size(chosen, pricing, size).items():
            rows[name]["sizes"][str(size)] = measured
    return {"rounds": ROUNDS, "threads": torch.get_num_threads(), "methods": rows}


def _of_the_model(method: Method, settings: MethodSettings) -> dict[str, Any]:
    if not method.uses_model:
        return {"parameters": None, "training": None}
    pipeline = load_pipeline(settings.model, settings.device)
    parts = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    count = sum(p.numel() for part in parts for p in part.parameters())
    return {"parameters": count, "training": training_cost(settings.model / TRAINING)}


def training_cost(file: Path) -> dict[str, Any] | None:
    """Return for how many ``minutes`` and ``on`` what weights were trained; None without a file.

    Raises ``UserError`` if the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return {"minutes": float(known["minutes"]), "on": str(known["on"])}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{file} is damaged; restore it, or remove it") from error


def _at_size(
    chosen: Mapping[str, tuple[Method, Draw]], pricing: Pricing, size: Size
) -> dict[str, dict[str, Any]]:
    sample = _sample(pricing, size)
    results: dict[str, dict[str, Any]] = {}
    for name, (method, draw) in chosen.items():
        try:
            results[name] = _once(name, method, draw, sample, pricing, size)
        except Exception as error:
            results[name] = {"error": one_line(error)}
    running = [name for name in chosen if "error" not in results[name]]
    times = _take_turns({name: chosen[name][1] for name in running}, sample)
    yardstick = times.get(YARDSTICK)
    for name, seconds in times.items():
        ratio = None if yardstick is None else float(np.median(seconds / yardstick))
        results[name] |= {"ms": 1000 * float(np.median(seconds)), "ratio": ratio}
    return results


def _sample(pricing: Pricing, size: Size) -> Sample:
    triplet, device = pricing.triplet, pricing.settings.device
    frames = [
        frame_from_pixels(
            cv2.resize(
                read_pixels(getattr(triplet, name)), tuple(size), interpolation=cv2.INTER_AREA
            )
        ).to(device)
        for name in FRAMES
    ]
    time_between = torch.tensor([triplet.frame_time], device=device)
    return Sample("cost", frames[0], frames[1], frames[2], time_between)


def _once(
    name: str, method: Method, draw: Draw, sample: Sample, pricing: Pricing, size: Size
) -> dict[str, Any]:
    """Draw one frame, which also warms up; return its peak memory [MiB] and operations."""
    device = pricing.settings.device
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    operations = None
    with torch.no_grad():
        if method.uses_model:
            # Not in inference mode, in which the counter sees no operations.
            with FlopCounterMode(display=False) as counter:
                draw(sample)
            operations = counter.get_total_flops()
        else:
            draw(sample)
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 2**20
    else:
        peak = _peak_apart(name, method, pricing, size)
    return {"peak_mib": peak, "operations": operations}


def _peak_apart(name: str, method: Method, pricing: Pricing, size: Size) -> float:
    """Return the peak memory [MiB] of a process that draws one frame and does nothing else."""
    if find_method(name) is None:
        return command_peak_mib(method.fingerprint, _sample(pricing, size))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (name, pricing, size))


def _peak(name: str, pricing: Pricing, size: Size) -> float:
    method = find_method(name)
    assert method is not None
    draw = method.build(pricing.settings)
    with torch.inference_mode():
        draw(_sample(pricing, size))
    return own_peak_mib()


@torch.inference_mode()
def _take_turns(draws: Mapping[str, Draw], sample: Sample) -> dict[str, np.ndarray]:
    """Return the time [s] of each method in each round, (rounds,)."""
    rounds: dict[str, list[float]] = {name: [] for name in draws}
    begin = time.perf_counter()
    for number in range(ROUNDS):
        if number >= 2 and time.perf_counter() - begin > LONGEST:
            break
        for name, draw in draws.items():
            _settle(sample)
            start = time.perf_counter()
            draw(sample)
            _settle(sample)
            rounds[name].append(time.perf_counter() - start)
    return {name: np.array(seconds) for name, seconds in rounds.items()}


def _settle(sample: Sample) -> None:
    if sample.frame_0.is_cuda:
        torch.cuda.synchronize(sample.frame_0.device)


def cost_table(cost: Mapping[str, Any]) -> tuple[list[str], list[Sequence[str]]]:
    """Return the costs as the headings and rows of a table."""
    heads = ["Method", "Size", "ms a frame", f"× {YARDSTICK}", "Peak memory", "Operations"]
    heads += ["Parameters", "Training"]
    rows: list[Sequence[str]] = []
    for name, about in cost["methods"].items():
        training = about["training"]
        fixed = [
            f"{about['parameters'] / 1e6:.1f} M" if about["parameters"] else "–",
            f"{training['minutes']:.0f} min ({training['on']})" if training else "–",
        ]
        for size, measured in about["sizes"].items():
            if "error" in measured:
                rows.append([name, size, f"failed: {measured['error']}", "–", "–", "–", *fixed])
                continue
            ratio = "–" if measured["ratio"] is None else f"{measured['ratio']:.2f}"
            operations = measured["operations"]
            rows.append(
                [
                    name,
                    size,
                    f"{measured['ms']:.1f}",
                    ratio,
                    f"{measured['peak_mib']:,.0f} MiB",
                    f"{operations / 1e9:,.1f} GFLOP" if operations else "–",
                    *fixed,
                ]
            )
    return heads, rows
