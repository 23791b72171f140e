"""The command as a whole, on three tiny triplets."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from diffusion.precision import has_native_bfloat16
from eval import benchmark
from eval.methods.method import Method, Sample
from eval.methods.registry import METHODS, choose_methods
from nakawari.errors import UserError
from nakawari.metrics import load_lpips
from tests.eval.conftest import write_picture

Run = Callable[..., dict[str, Any]]
ROOT = Path(__file__).parents[2]


def _method(draw: Callable[[Sample], Tensor], **options: Any) -> Method:
    return Method("of the test", lambda settings: draw, **options)


def _pixels(path: Path) -> np.ndarray:
    return np.array(Image.open(path).convert("RGB"))


def test_metrics_are_those_of_skimage_and_lpips_on_the_saved_pictures(
    run: Run, triplets: Path, tmp_path: Path
) -> None:
    rows = run("--save-predictions")["samples"]
    lpips = load_lpips()
    for row, index in zip(rows, range(3), strict=True):
        ours = _pixels(tmp_path / "output" / "predictions" / "blend" / f"{row['id']}.png")
        theirs = _pixels(triplets.parent / f"{index}_t.png")
        score = row["scores"]["blend"]
        assert score["psnr"] == pytest.approx(peak_signal_noise_ratio(theirs, ours), abs=1e-4)
        similarity = structural_similarity(
            theirs, ours, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
            channel_axis=-1,
        )  # fmt: skip
        assert score["ssim"] == pytest.approx(similarity, abs=1e-6)
        frames = [torch.tensor(p).permute(2, 0, 1)[None] / 127.5 - 1 for p in (ours, theirs)]
        assert score["lpips"] == pytest.approx(lpips(*frames).item(), abs=1e-6)


def test_blend_mixes_by_frame_time_and_rounds_to_8_bits(
    run: Run, triplets: Path, tmp_path: Path
) -> None:
    run("--save-predictions")
    frame_0, frame_1 = (_pixels(triplets.parent / name) for name in ("0_0.png", "0_1.webp"))
    expected = 0.75 * frame_0 + 0.25 * frame_1
    drawn = _pixels(tmp_path / "output" / "predictions" / "blend" / "sample_0.png")
    assert np.abs(drawn - expected).max() <= 0.51


def test_the_results_say_what_was_measured_with_what(run: Run) -> None:
    results = run("--seed", "3")
    assert results["seed"] == 3
    assert results["methods"].keys() == {"blend", "nearest"}
    assert len(results["weights"]["checkpoints/lpips/alexnet_features.safetensors"]) == 64
    assert torch.__version__.startswith(results["packages"]["torch"])
    assert results["hardware"]["device"] == "cpu"
    assert results["hardware"]["bfloat16"] is has_native_bfloat16()
    assert [row["id"] for row in results["samples"]] == ["sample_0", "sample_1", "sample_2"]
    assert results["groups"].keys() == {
        "frame_time 0.25", "frame_time 0.5", "frame_time 0.75", "all", "pan", "still"
    } | {tag for row in results["samples"] for tag in row["tags"]}  # fmt: skip
    assert results["groups"]["pan"]["blend"]["lpips"]["samples"] == 2


def test_predictions_made_elsewhere_are_a_row_and_a_missing_one_fails_its_cell_only(
    run: Run, triplets: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for index in (0, 1):
        picture = Image.open(triplets.parent / f"{index}_t.png")
        picture.save(elsewhere / f"sample_{index}.png")
    results = run("--predictions", f"peer={elsewhere}")
    scores = [row["scores"]["peer"] for row in results["samples"]]
    assert scores[0].items() >= {"lpips": 0.0, "psnr": "inf", "ssim": 1.0, "chamfer": 0}.items()
    assert "sample_2.png: No such file" in scores[2]["error"]
    summary = results["summary"]["peer"]
    assert summary["failed"] == 1
    assert summary["psnr"]["samples"] == 0  # identical pictures have no finite PSNR
    assert summary["ssim"]["samples"] == 2


def test_a_method_that_raises_marks_its_cell_and_the_run_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def draw(sample: Sample) -> Tensor:
        if sample.id == "sample_1":
            raise RuntimeError("<out of paint>\nsecond line")
        return sample.frame_1

    monkeypatch.setitem(METHODS, "fragile", _method(draw))
    results = run(methods="fragile,blend")
    assert results["samples"][1]["scores"]["fragile"] == {"error": "RuntimeError: <out of paint>"}
    assert results["summary"]["fragile"]["failed"] == 1
    assert results["summary"]["blend"]["failed"] == 0
    report = (tmp_path / "output" / "report.html").read_text()
    assert "failed: RuntimeError: &lt;out of paint&gt;" in report


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda sample: sample.frame_0[..., 1:], "drew shape"),
        (lambda sample: sample.frame_0 * float("nan"), "drew NaN"),
    ],
)
def test_what_is_no_frame_fails_its_cell(
    run: Run, monkeypatch: pytest.MonkeyPatch, draw: Callable[[Sample], Tensor], message: str
) -> None:
    monkeypatch.setitem(METHODS, "broken", _method(draw))
    assert message in run(methods="broken")["samples"][0]["scores"]["broken"]["error"]


def test_a_frame_damaged_past_its_header_is_named_and_the_run_goes_on(
    run: Run, triplets: Path
) -> None:
    path = triplets.parent / "1_0.png"
    path.write_bytes(path.read_bytes()[:2000])
    results = run()
    assert "1_0.png" in results["samples"][1]["scores"]["blend"]["error"]
    assert results["summary"]["blend"]["lpips"]["samples"] == 2


def test_only_a_method_that_says_so_sees_the_target(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    def spy(name: str) -> Callable[[Sample], Tensor]:
        def draw(sample: Sample) -> Tensor:
            seen[name] = sample.target is not None
            return sample.frame_0

        return draw

    monkeypatch.setitem(METHODS, "fair", _method(spy("fair")))
    monkeypatch.setitem(METHODS, "ceiling", _method(spy("ceiling"), sees_target=True))
    run(methods="fair,ceiling")
    assert seen == {"fair": False, "ceiling": True}


def test_the_report_needs_no_file_beside_it(run: Run, tmp_path: Path) -> None:
    run()
    report = (tmp_path / "output" / "report.html").read_text()
    assert report.count('src="data:image/webp;base64,') == 3 * 5  # three frames, two methods
    assert "http:" not in report
    assert "https:" not in report


def test_the_readme_gets_the_table_between_its_markers(run: Run, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmark:begin -->\nold\n<!-- benchmark:end -->\nafter\n")
    run("--update-readme", str(readme))
    once = readme.read_text()
    assert once.startswith("before\n<!-- benchmark:begin -->\n| Method | LPIPS ↓ |")
    assert once.endswith("<!-- benchmark:end -->\nafter\n")
    assert "old" not in once
    run("--update-readme", str(readme), "--overwrite")
    assert readme.read_text() == once


def test_the_table_and_the_report_say_how_each_method_stands_to_the_peer(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = run("--peer", "nearest")
    stand = results["summary"]["blend"]["lpips"]["against_peer"]
    distances = [
        [row["scores"][name]["lpips"] for row in results["samples"]]
        for name in ("blend", "nearest")
    ]
    worse = [ours > 1.1 * theirs for ours, theirs in zip(*distances, strict=True)]
    assert stand["worse"]["value"] == pytest.approx(np.mean(worse))
    ratio = np.mean(distances[0]) / np.mean(distances[1])
    assert stand["mean_ratio"]["value"] == pytest.approx(ratio)
    spread = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert spread[0].endswith("| > 10 % worse than nearest | > 10 % better than nearest |")
    assert spread[2].startswith("| blend | ")
    assert f"| {ratio:.2f} [" in spread[2]
    assert spread[3].endswith(" | – | – | – | – | – |")  # the peer beside itself
    assert results["groups"]["pan"]["blend"]["lpips"]["against_peer"]["samples"] == 2
    report = (tmp_path / "output" / "report.html").read_text()
    assert "<th>&gt; 10 % worse than nearest</th>" in report


@pytest.fixture
def error(triplets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command on the three triplets, which must end with status 2; return its one line."""

    def run_and_fail(*arguments: str) -> str:
        fixed = ["--triplets", str(triplets), "--output", str(tmp_path / "output")]
        assert benchmark.main([*fixed, *arguments]) == 2
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        return line

    return run_and_fail


def test_results_that_are_there_already_fails(
    run: Run, error: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    capsys.readouterr()
    line = error("--methods", "blend")
    assert "already holds results.json" in line
    assert "--overwrite, or --resume" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "magic"], "unknown method 'magic'; choose from nakawari"),
        (["--methods", ""], "nothing to compare"),
        (["--predictions", "peer"], "--predictions must be NAME=DIR, got 'peer'"),
        (["--predictions", "peer=/absent"], "no folder of predictions at /absent"),
        (["--predictions", "blend=/"], "cannot be called 'blend'"),
        (["--predictions", "triplet=/"], "cannot be called 'triplet'"),
        (["--predictions", "../a=/"], "cannot be called '../a'"),
        (["--predictions", "a=/", "--predictions", "a=/"], "a=... is given twice"),
        (["--methods", "blend", "--peer", "rife"], "got 'rife'; choose from blend, or add it with"),
        (["--methods", "nakawari", "--model", "/absent"], "/absent is no folder; give --model"),
        (["--methods", "blend", "--triplets", "/absent.jsonl"], "cannot read /absent.jsonl"),
        (["--methods", "blend", "--update-readme", "/absent.md"], "cannot read /absent.md"),
        (["--methods", "blend", "--output", "/dev/null/a"], "cannot write to /dev/null/a"),
    ],
)
def test_what_the_user_can_put_right_fails_with_one_line(
    error: Callable[..., str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert message in error(*arguments)
    assert not (tmp_path / "output" / "results.json").exists()


def test_a_readme_without_markers_fails(error: Callable[..., str], tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmark:end --> <!-- benchmark:begin -->")
    line = error("--methods", "blend", "--update-readme", str(readme))
    assert "once, in this order" in line


def test_a_method_that_cannot_start_fails_before_the_run(
    error: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(settings: object) -> Any:
        raise KeyError("weights")

    monkeypatch.setitem(METHODS, "broken", Method("of the test", build))
    line = error("--methods", "broken")
    assert "method broken cannot start: KeyError" in line


def test_cuda_without_a_device_fails(
    error: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    line = error("--methods", "blend", "--device", "cuda")
    assert "no CUDA device is available" in line


def test_steps_below_one_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        benchmark.main(["--output", "x", "--steps", "0"])
    assert "must be at least 1, got 0" in capsys.readouterr().err


def test_an_unknown_method_name_fails() -> None:
    with pytest.raises(UserError, match="unknown method 'magic'"):
        choose_methods(["magic"], {})


def test_it_runs_as_a_script_from_the_root(triplets: Path, tmp_path: Path) -> None:
    write_picture(triplets.parent / "2_t.png", seed=1, size=(41, 48))
    done = subprocess.run(
        [sys.executable, "eval/benchmark.py", "--triplets", str(triplets), "--methods", "blend",
         "--output", str(tmp_path / "output")],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("benchmark: ")
    assert done.stderr.count("\n") == 1
    assert "sizes differ" in done.stderr
    assert done.stdout == ""


def test_without_an_output_folder_the_last_own_run_is_replaced(
    triplets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert benchmark.main(["--triplets", str(triplets), "--methods", "nearest"]) == 0
    assert (tmp_path / "runs" / "benchmark" / "results.json").is_file()
