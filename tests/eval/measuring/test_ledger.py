"""A run that was killed goes on where it stopped; what was measured otherwise is measured anew."""

import json
import math
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from eval import benchmark
from eval.measuring.ledger import Ledger
from eval.measuring.measure import Measurement, Pictures
from eval.methods.method import Method, Sample
from eval.methods.registry import METHODS, choose_methods
from eval.sets.triplet_list import FACTS, TripletEntry
from nakawari.errors import UserError
from tests.builders.pictures import moving_square

Run = Callable[..., dict[str, Any]]
ROOT = Path(__file__).parents[3]
KEYS = {FACTS: "facts", "blend": "key of blend"}


def _ledger(path: Path, **keys: str) -> Ledger:
    return Ledger(path / "cells.jsonl", ["a", "b"], KEYS | keys)


def _counting(monkeypatch: pytest.MonkeyPatch, name: str = "counted") -> list[str]:
    """Add a method that notes the samples it draws."""
    drawn: list[str] = []

    def draw(sample: Sample) -> Tensor:
        drawn.append(sample.id)
        return sample.frame_1

    monkeypatch.setitem(METHODS, name, Method("of the test", lambda settings: draw))
    return drawn


def test_what_was_recorded_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        ledger.record("blend", 1, {"lpips": 0.1, "psnr": math.inf, "ssim_roi": math.nan})
        ledger.record(FACTS, 0, {"motion": 3.5, "changed": 0.25})
    with _ledger(tmp_path) as again:
        assert again.cell("blend", 1) == {"lpips": 0.1, "psnr": math.inf}
        assert again.cell(FACTS, 0) == {"motion": 3.5, "changed": 0.25}
        assert [again.is_missing("blend", index) for index in (0, 1)] == [True, False]


def test_a_failure_is_a_cell_of_this_run_and_tried_again_in_the_next(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        ledger.record_failure("blend", 0, "out of memory")
        assert not ledger.is_missing("blend", 0)
        assert ledger.cell("blend", 0) == {"error": "out of memory"}
        assert list(ledger.failures()) == [("a", "blend", "out of memory")]
    with _ledger(tmp_path) as again:
        assert again.is_missing("blend", 0)
        assert not again.failed("blend").any()


def test_a_cell_that_was_last_measured_with_another_key_is_missing(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        ledger.record("blend", 0, {"lpips": 0.1})
    with _ledger(tmp_path, blend="other weights") as other:
        assert other.is_missing("blend", 0)
        other.record("blend", 0, {"lpips": 0.2})
    with _ledger(tmp_path) as again:
        assert again.is_missing("blend", 0)
        assert again.cell("blend", 0) == {}


def test_a_line_cut_short_is_dropped_and_the_next_one_stands_by_itself(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        ledger.record("blend", 0, {"lpips": 0.1})
        ledger.record("blend", 1, {"lpips": 0.2})
    path = tmp_path / "cells.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with _ledger(tmp_path) as again:
        assert [again.is_missing("blend", index) for index in (0, 1)] == [False, True]
        again.record("blend", 1, {"lpips": 0.3})
    assert [json.loads(line)["figures"]["lpips"] for line in path.open()] == [0.1, 0.3]


def test_lines_of_something_else_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "cells.jsonl").write_text('nonsense\n[]\n{"row": "blend"}\n')
    with _ledger(tmp_path) as ledger:
        assert ledger.is_missing("blend", 0)


@pytest.mark.parametrize("score", ["[" * 100_000, "1" + "0" * 400, '"\\ud800"', "[]"])
def test_a_line_that_others_wrote_is_measured_again(tmp_path: Path, score: str) -> None:
    head = '{"key": "key of blend", "row": "blend", "id": "a", "figures": {"lpips": '
    (tmp_path / "cells.jsonl").write_text(head + score + "}}\n")
    with _ledger(tmp_path) as ledger:
        assert ledger.is_missing("blend", 0)


def test_a_ledger_that_cannot_be_kept_fails(tmp_path: Path) -> None:
    (tmp_path / "cells.jsonl").mkdir()
    with pytest.raises(UserError, match=r"cannot keep a ledger in .*cells\.jsonl"):
        _ledger(tmp_path)


def test_an_interrupted_run_goes_on_and_draws_only_what_is_missing(
    triplets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    drawn = _counting(monkeypatch)
    stop = {"sample_1"}

    def fragile(sample: Sample) -> Tensor:
        if sample.id in stop:
            raise KeyboardInterrupt
        return sample.frame_0

    monkeypatch.setitem(METHODS, "fragile", Method("of the test", lambda settings: fragile))
    command = ["--triplets", str(triplets), "--output", str(tmp_path / "output")]
    command += ["--methods", "counted,fragile", "--device", "cpu"]
    assert benchmark.main(command) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert drawn == ["sample_0", "sample_1"]
    stop.clear()
    drawn.clear()
    assert benchmark.main(command) == 0
    assert "33%" in capsys.readouterr().err  # the progress begins where it stopped
    assert drawn == ["sample_2"]
    results = json.loads((tmp_path / "output" / "results.json").read_text())
    assert [row["scores"].keys() for row in results["samples"]] == [{"counted", "fragile"}] * 3
    cells = [json.loads(line) for line in (tmp_path / "output" / "cells.jsonl").open()]
    assert sorted(c["id"] for c in cells if c["row"] == "counted") == [
        "sample_0", "sample_1", "sample_2",
    ]  # fmt: skip


def test_a_run_killed_without_warning_goes_on_with_the_scores_of_one_that_was_not(
    triplets: Path, tmp_path: Path
) -> None:
    def start(output: Path) -> list[str]:
        program = 'sh -c "sleep 0.8; cp {frame_0} {output}"; : {frame_1}'
        return [
            sys.executable, "eval/benchmark.py", "--triplets", str(triplets), "--methods", "blend",
            "--device", "cpu", "--output", str(output), "--command", f"copy={program}",
        ]  # fmt: skip

    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen(start(killed), cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (killed / "cells.jsonl").exists() or '"copy"' not in _text(killed / "cells.jsonl"):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = _text(killed / "cells.jsonl")
    assert not (killed / "results.json").exists()
    for output in (killed, whole):
        subprocess.run(start(output), cwd=ROOT, check=True, capture_output=True, timeout=120)
    assert _text(killed / "cells.jsonl").startswith(before)
    samples = [
        json.loads((output / "results.json").read_text())["samples"] for output in (killed, whole)
    ]
    assert samples[0] == samples[1]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_resume_adds_a_method_to_finished_results(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = _counting(monkeypatch)
    run(methods="counted")
    drawn.clear()
    results = run("--resume", methods="counted,blend")
    assert drawn == []
    assert results["summary"].keys() == {"counted", "blend"}


def test_overwrite_measures_all_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = _counting(monkeypatch)
    run("--gallery", "1", methods="counted")
    run("--gallery", "1", "--overwrite", methods="counted")
    assert len(drawn) == 6


def test_a_picture_that_changed_is_measured_anew(
    run: Run, triplets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = _counting(monkeypatch)
    run("--gallery", "1", methods="counted")
    os.utime(triplets.parent / "0_t.png", (1, 1))
    run("--gallery", "1", "--resume", methods="counted")
    assert len(drawn) == 6


def test_predictions_that_changed_are_measured_anew(
    run: Run, triplets: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for index, name in enumerate(("0_t.png", "1_t.png", "2_t.png")):
        Image.open(triplets.parent / name).save(elsewhere / f"sample_{index}.png")
    arguments = ("--predictions", f"peer={elsewhere}", "--resume")
    assert run(*arguments)["samples"][0]["scores"]["peer"]["lpips"] == 0
    Image.open(triplets.parent / "1_t.png").save(elsewhere / "sample_0.png")
    assert run(*arguments)["samples"][0]["scores"]["peer"]["lpips"] > 0


def test_pictures_that_are_to_be_kept_are_drawn_again_where_they_are_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = _counting(monkeypatch)
    run("--save-predictions", methods="counted")
    assert len(drawn) == 3
    (tmp_path / "output" / "predictions" / "counted" / "sample_1.png").unlink()
    run("--save-predictions", "--resume", methods="counted")
    assert drawn[3:] == ["sample_1"]


def test_of_the_pictures_only_those_of_the_gallery_stay_and_what_it_lacks_is_drawn(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = _counting(monkeypatch)
    samples = run("--gallery", "2", methods="counted")["samples"]
    losses = sorted(samples, key=lambda row: -row["scores"]["counted"]["lpips"])
    worst = {f"{row['id']}.png" for row in losses[:2]}
    folder = tmp_path / "output" / "gallery" / "counted"
    assert {path.name for path in folder.iterdir()} == worst
    run("--gallery", "3", "--resume", methods="counted")
    assert drawn[3:] == [losses[2]["id"]]


def test_memory_does_not_grow_with_the_number_of_triplets(tmp_path: Path) -> None:
    for left, name in ((8, "0"), (16, "t"), (24, "1")):
        Image.fromarray(moving_square(left)).save(tmp_path / f"{name}.png")
    paths = {"target": tmp_path / "t.png", "frame_1": tmp_path / "1.png"}
    peaks = []
    for count in (10, 100):
        triplets = []
        for index in range(count):
            frame_0 = tmp_path / f"0_{index}.png"  # of its own: what shares both is one series
            frame_0.unlink(missing_ok=True)
            frame_0.symlink_to(tmp_path / "0.png")
            triplets.append(
                TripletEntry(id=f"n{index}", frame_0=frame_0, **paths, frame_time=0.5, tags=())
            )
        methods = choose_methods(["nearest"])
        draws = {"nearest": lambda sample: sample.frame_0}
        cells = tmp_path / f"{count}.jsonl"
        with Ledger(
            cells, [t.id for t in triplets], dict.fromkeys((FACTS, *methods), "")
        ) as ledger:
            pictures = Pictures(tmp_path / str(count), keep=2)
            measurement = Measurement(
                triplets, methods, draws, ledger, torch.device("cpu"), pictures
            )
            tracemalloc.start()
            measurement.run()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert not np.isnan(ledger.scores("nearest")[:, 0]).any()
    # Less than one picture for each more triplet, which has four: names and scores, no pixels.
    assert (peaks[1] - peaks[0]) / 90 < moving_square(0).nbytes
