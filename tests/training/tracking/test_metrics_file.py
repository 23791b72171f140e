"""Metrics stay on disk over every interruption."""

import resource
from pathlib import Path

import pytest

from nakawari.training.tracking.metrics_file import MetricsFile


def logged(folder: Path, steps: range, **more: float) -> MetricsFile:
    metrics = MetricsFile(folder)
    for step in steps:
        metrics.log_metrics({"loss": step / 2, **more}, step)
    return metrics


def read(metrics: MetricsFile) -> list[tuple[str, str, str]]:
    return [(row["step"], row["loss"], row.get("more", "")) for row in metrics.rows()]


def test_a_second_training_goes_on_with_the_file(tmp_path: Path) -> None:
    logged(tmp_path, range(1, 3))
    metrics = logged(tmp_path, range(3, 5))
    assert read(metrics) == [(str(s), str(s / 2), "") for s in range(1, 5)]


def test_a_new_figure_gets_a_column_and_earlier_rows_stay(tmp_path: Path) -> None:
    metrics = logged(tmp_path, range(1, 2))
    metrics.log_metrics({"more": 7.0}, 2)
    metrics.log_metrics({"loss": 1.5}, 3)
    assert read(metrics) == [("1", "0.5", ""), ("2", "", "7.0"), ("3", "1.5", "")]


def test_what_will_be_made_again_is_forgotten(tmp_path: Path) -> None:
    metrics = logged(tmp_path, range(1, 6))
    metrics.forget_after(3)
    metrics.log_metrics({"loss": 9.0}, 4)
    assert [row[:2] for row in read(metrics)][2:] == [("3", "1.5"), ("4", "9.0")]
    metrics.forget_after(0)
    assert read(metrics) == []


def test_a_row_that_a_kill_cut_short_is_dropped(tmp_path: Path) -> None:
    metrics = logged(tmp_path, range(1, 3))
    with metrics.file.open("a") as file:
        file.write("12")  # of 123
    metrics = logged(tmp_path, range(3, 4))
    assert [row[0] for row in read(metrics)] == ["1", "2", "3"]


def test_a_full_disk_is_told_once_and_costs_rows_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = logged(tmp_path, range(1, 3))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (metrics.file.stat().st_size, before[1]))
        for step in (3, 4):
            metrics.log_metrics({"loss": 1.0}, step)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert capsys.readouterr().err.count("metrics are not written to") == 1
    assert [row[0] for row in read(metrics)] == ["1", "2"]
