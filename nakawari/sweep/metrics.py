"""A training's validation metrics, as it writes them into its run's folder."""

from __future__ import annotations

import csv
import math
from pathlib import Path

METRICS_FILES = "figures*/**/metrics*.csv"  # in a run's folder; the newest of them is read


def validation_metrics(run: Path, metric: str) -> list[float]:
    """Return a metric's values in the order of the validations; empty if there are none yet.

    Args:
        run: the training's folder.
        metric: the name under which it is logged, such as ``validation/lpips``.
    """
    files = sorted(run.glob(METRICS_FILES), key=lambda path: path.stat().st_mtime)
    if not files:
        return []
    with files[-1].open(newline="", encoding="utf-8") as file:
        found = [row.get(metric) for row in csv.DictReader(file)]
    values = []
    for text in found:
        try:
            values.append(float(text or "nan"))
        except ValueError:  # half a line, which is being written
            continue
    return [value for value in values if not math.isnan(value)]
