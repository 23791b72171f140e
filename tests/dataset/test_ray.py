"""On a Ray cluster the same dataset comes out; what goes wrong there is one line."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nakawari.cli import main
from tests.builders.datasets import build, everything, film


@pytest.fixture
def clip(tmp_path: Path, make_clip: Callable[..., Path]) -> Path:
    return make_clip("show.mp4", paintings=film(), rate=Fraction(24))


def test_a_local_cluster_builds_the_same_dataset(clip: Path, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    build(clip, "--output", tmp_path / "here")
    arguments = [str(clip), "--output", str(tmp_path / "there"), "--ray", "local"]
    assert main(["dataset", "build", *arguments]) == 0
    assert not ray.is_initialized()
    here, there = (everything(tmp_path / name) for name in ("here", "there"))
    assert {name: entry[1] for name, entry in here.items()} == {
        name: entry[1] for name, entry in there.items()
    }


def test_an_output_that_the_machines_do_not_share_fails(
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Elsewhere:
        """Runs nothing here, and says that all went well."""

        def remote(self, *arguments: Any) -> int:
            return 1

    ray = SimpleNamespace(
        init=lambda **options: None,
        shutdown=lambda: None,
        remote=lambda **options: lambda function: Elsewhere(),
        wait=lambda tasks, num_returns: (tasks[:num_returns], tasks[num_returns:]),
        get=lambda task: None,
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    arguments = [str(clip), "--output", str(tmp_path / "set"), "--ray", "auto"]
    assert main(["dataset", "build", *arguments]) == 2
    assert "give an --output that all machines share" in capsys.readouterr().err


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_cluster_that_does_not_answer_fails(
    clip: Path, tmp_path: Path, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    arguments = [str(clip), "--output", str(tmp_path / "set"), "--ray", f"127.0.0.1:{free_port}"]
    assert main(["dataset", "build", *arguments]) == 2
    assert f"no cluster answers at 127.0.0.1:{free_port}" in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    arguments = [str(clip), "--output", str(tmp_path / "set"), "--ray", "auto"]
    assert main(["dataset", "build", *arguments]) == 2
    assert "pip install 'nakawari[ray]'" in capsys.readouterr().err
