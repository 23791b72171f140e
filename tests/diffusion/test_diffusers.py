"""The shipped folder by diffusers' own way in: alone, from anywhere, and with its keywords."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from diffusion import FrameInterpolationPipeline

SHIPPED = Path("checkpoints/nakawari")

LOAD_AND_DRAW = """
import json, sys, torch
from diffusers import DiffusionPipeline
options = json.loads(sys.argv[1])
pipeline = DiffusionPipeline.from_pretrained("model", custom_pipeline="model", **options)
frames = torch.load("frames.pt")
torch.save(pipeline(*frames, frame_time=0.25), "drawn.pt")
"""


def load_and_draw(folder: Path, **options: bool) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", LOAD_AND_DRAW, json.dumps(options)],
        cwd=folder,
        env={
            "PATH": "",
            "PYTHONPATH": str(Path.cwd()),
            "HF_HOME": str(folder / "cache"),
            "HF_HUB_OFFLINE": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_diffusers_loads_a_copy_of_the_folder_and_draws_the_same(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "model")
    generator = torch.Generator().manual_seed(0)
    frame_0, frame_1 = 2 * torch.rand(2, 1, 3, 40, 56, generator=generator) - 1
    torch.save([frame_0, frame_1], tmp_path / "frames.pt")
    ended = load_and_draw(tmp_path, trust_remote_code=True)
    assert ended.returncode == 0, ended.stderr
    pipeline = FrameInterpolationPipeline.from_pretrained(SHIPPED)
    expected = pipeline(frame_0, frame_1, frame_time=0.25)
    drawn = torch.load(tmp_path / "drawn.pt")
    torch.testing.assert_close(drawn, expected, atol=1e-3, rtol=0)  # threads add in other orders


def test_diffusers_asks_before_it_runs_the_folder_s_code(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "model")
    ended = load_and_draw(tmp_path)
    assert ended.returncode != 0
    assert "trust_remote_code" in ended.stderr


def test_keywords_that_diffusers_passes_to_every_pipeline_are_accepted() -> None:
    pipeline = FrameInterpolationPipeline.from_pretrained(
        SHIPPED, torch_dtype=torch.float32, local_files_only=True, token=None, variant=None
    )
    assert pipeline.unet.dtype == torch.float32


def test_a_keyword_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown options: stpes; only a folder is taken"):
        FrameInterpolationPipeline.from_pretrained(SHIPPED, stpes=2)


def test_half_precision_weights_are_refused_with_the_way_that_works(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=r"torch_dtype must be torch.float32.*torch.autocast"):
        FrameInterpolationPipeline.from_pretrained(SHIPPED, torch_dtype=torch.float16)
    with pytest.raises(ValueError, match=r"weights must be float32, got torch.bfloat16.*autocast"):
        pipeline.to(torch.bfloat16)(frames[0], frames[2])


def test_the_model_card_has_what_a_hub_reads() -> None:
    _, front, text = (SHIPPED / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(front)
    assert card["license"] == "apache-2.0"
    assert card["library_name"] == "diffusers"
    assert card["pipeline_tag"] == "image-to-image"
    assert card["tags"]
    assert card["metrics"]
    assert text.lstrip().startswith("# Model card")
