"""Any program as a method: what it is given, what it gives, and what it says when it fails."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from eval.methods import commands
from eval.methods.commands import command_method
from eval.methods.method import Draw, MethodSettings, Sample
from nakawari.errors import UserError
from nakawari.slowmo.baselines import blend

SETTINGS = MethodSettings(model=Path("none"), steps=None, seed=0, device=torch.device("cpu"))
BLEND = """
import sys, numpy as np
from PIL import Image
first, second, time, output = sys.argv[1:]
pictures = [np.asarray(Image.open(path)).astype(float) for path in (first, second)]
mixed = pictures[0] * (1 - float(time)) + pictures[1] * float(time)
Image.fromarray(mixed.round().astype(np.uint8)).save(output)
"""
FIELDS = "{frame_0} {frame_1} {frame_time} {output}"


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Write a program into a folder with a space in its name; return how it is called."""

    def write(text: str) -> str:
        path = tmp_path / "a folder" / "program.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))}"

    return write


def _sample() -> Sample:
    frames = torch.rand(2, 1, 3, 12, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1
    eight_bit = (frames * 127.5 + 127.5).round() / 127.5 - 1
    return Sample("a", eight_bit[0], eight_bit[1], None, torch.tensor([0.25]))


def _draw(template: str) -> Draw:
    return command_method(template).build(SETTINGS)


def test_a_program_gets_both_frames_and_the_time_and_its_picture_is_the_frame(
    script: Callable[[str], str],
) -> None:
    sample = _sample()
    drawn = _draw(f"{script(BLEND)} {FIELDS}")(sample)
    expected = blend(sample.frame_0, sample.frame_1, sample.frame_time)
    assert (drawn - expected).abs().max() < 1.01 / 255


def test_a_command_is_a_row_of_the_table_that_fails_by_itself(
    run: Callable[..., dict[str, Any]], script: Callable[[str], str]
) -> None:
    refusal = 'if sys.argv[3] == "0.5": sys.exit("no paint")\n'
    broken = BLEND.replace("first, second, time", refusal + "first, second, time")
    results = run("--command", f"mine={script(broken)} {FIELDS}", methods="blend")
    for row in results["samples"]:
        scores = row["scores"]
        if row["frame_time"] == 0.5:
            assert scores["mine"]["error"].endswith("ended with status 1: no paint")
        else:
            assert scores["mine"]["psnr"] == pytest.approx(scores["blend"]["psnr"], abs=0.02)
    assert results["summary"]["mine"]["failed"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; print('first'); sys.exit('out of <paint>')", "status 1: out of <paint>"),
        ("import sys; sys.exit(3)", "status 3: said nothing"),
        ("", "wrote no {output}"),
        ("import sys; open(sys.argv[4], 'w').write('no')", "is no picture"),
        ("import time; time.sleep(60)", "took more than 1 s"),
    ],
)
def test_a_program_that_draws_nothing_fails(
    script: Callable[[str], str], text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_SECONDS", 1 if "sleep" in text else 60)
    with pytest.raises(UserError, match=message):
        _draw(f"{script(text)} {FIELDS}")(_sample())


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("true {frame_0} {frame_1}", "must name {output}"),
        ("true {frame_0} {output} {frame_time}", "must name {frame_1}"),
        (f"true {FIELDS} {{scale}}", "knows no {scale}; use {frame_0}"),
        (f"true '{FIELDS}", "cannot be read .No closing quotation."),
        (f"true {FIELDS} {{", "cannot be read"),
        (f"no-such-program-anywhere {FIELDS}", "there is no program 'no-such-program-anywhere'"),
    ],
)
def test_a_command_that_cannot_work_fails_before_the_run(template: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        command_method(template)
