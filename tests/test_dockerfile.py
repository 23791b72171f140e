"""The Dockerfile, read and not run: everything that it names is there, and suffices for a wheel."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


class Instruction(NamedTuple):
    """An instruction, on one line."""

    name: str
    text: str


def instructions() -> list[Instruction]:
    """Return the Dockerfile's instructions in order."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = text.replace("\\\n", " ").splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in joined if line.strip()]


def texts(name: str) -> list[str]:
    """Return what follows each instruction of a name."""
    return [found.text for found in instructions() if found.name == name]


def copied() -> list[tuple[list[Path], str]]:
    """Return the sources of each COPY, within the repository, and where they go."""
    words = [text.split() for text in texts("COPY")]
    return [([ROOT / source for source in sources], target) for *sources, target in words]


def installations() -> list[list[str]]:
    """Return the arguments of each ``pip install``."""
    found = []
    for text in texts("RUN"):
        for command in re.split(r"&&|;|\bthen\b|\bfi\b", text):
            words = shlex.split(command)
            if words[:2] == ["pip", "install"]:
                found.append(words[2:])
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the image has in its own."""
    folder = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for sources, target in copied():
        for path in sources:
            if path.is_dir():
                shutil.copytree(path, folder / target, ignore=ignored)
            else:
                shutil.copy(path, folder / target)
    return folder


def test_the_wheel_can_be_built_from_what_is_copied(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    weights = (ROOT / "checkpoints" / "nakawari").rglob("*.safetensors")
    inside = {f"nakawari/checkpoint/{file.parent.name}/{file.name}" for file in weights}
    assert inside
    assert inside <= names
    assert {name.split("/")[0] for name in names if not name.startswith("nakawari-")} == {
        "nakawari",
        "autoencoder",
        "diffusion",
    }


def test_it_installs_what_is_copied_and_the_packages_that_that_needs(source: Path) -> None:
    needed = {Requirement(text).name for text in PROJECT["dependencies"]}
    installed = []
    for words in installations():
        rest = iter(words)
        for word in rest:
            if word == "--constraint":
                assert (source / next(rest)).is_file()
            elif word == "--index-url":
                assert next(rest) == "$TORCH_INDEX"
            elif not word.startswith("-"):
                installed.append(word)
    assert installed == ["torch", "."]
    assert "torch" in needed


def test_its_python_is_one_that_the_package_takes() -> None:
    (base,) = texts("FROM")
    version = re.fullmatch(r"python:(3\.\d+)-slim", base)
    assert version is not None
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{version[1]}.0")


def test_it_runs_the_command() -> None:
    (entry,) = texts("ENTRYPOINT")
    (command,) = json.loads(entry)
    assert command in PROJECT["scripts"]


def test_the_build_arguments_that_the_docs_name_are_there() -> None:
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    comment = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    named = set(re.findall(r"--build-arg (\w+)", page + comment))
    assert named == {text.partition("=")[0] for text in texts("ARG")}
    for name in named:
        assert any(f"${name}" in text for text in texts("RUN"))
