"""The built wheel slows a clip by itself: with its weights, without the packages of training."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nakawari.shipped import IN_REPOSITORY
from nakawari.xsheet.export.formats import FORMATS

SOURCES = ("nakawari", "autoencoder", "diffusion", "eval", "checkpoints/nakawari")
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
RUN = """
import sys
sys.path[:0] = {paths!r}
from nakawari.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
sys.exit(status or bool({forbidden!r} & set(sys.modules)))
"""
MOST_SECONDS = 0.3  # of the processor, in which ``nakawari xsheet --help`` is to answer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, and unpack it."""
    root = Path(__file__).parents[1]
    copy, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in SOURCES:
        shutil.copytree(root / name, copy / name, ignore=ignored)
    for name in FILES:
        shutil.copy(root / name, copy / name)
    said = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(built), str(copy)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    (file,) = built.glob("*.whl")
    unpacked = built / "unpacked"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(unpacked)
    return unpacked


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return what an environment has on its path after ``pip install`` of the wheel alone.

    What it requires is linked from here, so that nothing is fetched.
    """
    site = tmp_path_factory.mktemp("site")
    (metadata,) = wheel.glob("*.dist-info")
    wanted, known = list(Distribution.at(metadata).requires or []), set[str]()
    while wanted:
        requirement = Requirement(wanted.pop())
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        if name in known:
            continue
        known.add(name)
        package = distribution(name)
        wanted += package.requires or []
        for top in {file.parts[0] for file in package.files or [] if file.parts[0] != ".."}:
            link = site / top
            if not link.exists() and top != "__pycache__":
                link.symlink_to(Path(str(package.locate_file(top))).resolve())
    return [wheel, site]


def run(
    installed: list[Path], folder: Path, *words: str, forbidden: frozenset[str] = frozenset()
) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder; no other package is to be had.

    Its exit status is 1 if it has imported a module that is ``forbidden``.
    """
    code = RUN.format(paths=[str(path) for path in installed], forbidden=set(forbidden))
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_has_the_weights_and_no_benchmark(wheel: Path) -> None:
    packages = {path.name for path in wheel.iterdir() if not path.name.endswith(".dist-info")}
    assert packages == {"nakawari", "autoencoder", "diffusion"}
    shipped = {p.relative_to(IN_REPOSITORY): p for p in IN_REPOSITORY.rglob("*") if p.is_file()}
    assert shipped
    for name, file in shipped.items():
        assert (wheel / "nakawari" / "checkpoint" / name).read_bytes() == file.read_bytes()


def test_it_slows_a_clip_in_a_folder_that_is_not_the_repository(
    installed: list[Path], tmp_path: Path, make_clip
) -> None:
    clip = make_clip(frames=6)
    said = run(installed, tmp_path, "slow", str(clip), "--slow", "2", "--output", "out.mp4")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "out.mp4").stat().st_size > 0
    assert "drawn" in said.stdout
    assert "accelerate" not in said.stderr


def test_it_exports_a_sheet_in_every_format_without_importing_torch(
    installed: list[Path], tmp_path: Path, make_clip
) -> None:
    clip, torch = str(make_clip(frames=6)), frozenset({"torch", "diffusers"})
    files = {tmp_path / f"sheet{ending}": form for ending, form in FORMATS.items()}
    words = [word for file in files for word in ("--export", str(file))]
    said = run(installed, tmp_path, "xsheet", clip, *words, forbidden=torch)
    assert said.returncode == 0, said.stdout + said.stderr
    for file, form in files.items():
        assert form.is_ours(file.read_text(encoding="utf-8")), file.name


def test_its_help_comes_at_once(installed: list[Path], tmp_path: Path) -> None:
    taken = []
    for _ in range(3):  # the first run writes the compiled modules
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = run(installed, tmp_path, "xsheet", "--help", forbidden=frozenset({"numpy", "torch"}))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert said.returncode == 0, said.stderr
        assert "INPUT" in said.stdout
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < MOST_SECONDS


def test_it_writes_the_page_of_a_sheet_with_its_style_and_script(
    installed: list[Path], tmp_path: Path, make_clip
) -> None:
    said = run(installed, tmp_path, "xsheet", str(make_clip(frames=6)), "--html", "page.html")
    assert said.returncode == 0, said.stderr
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for name in ("report.css", "timeline.js"):
        (file,) = IN_REPOSITORY.parents[1].glob(f"nakawari/xsheet/**/{name}")
        assert file.read_text(encoding="utf-8").strip() in page


def test_it_has_the_pages_that_are_served(wheel: Path) -> None:
    root = IN_REPOSITORY.parents[1]
    for folder in ("nakawari/serve/static", "nakawari/serve/templates"):
        names = sorted(file.name for file in (root / folder).iterdir())
        assert names
        assert sorted(file.name for file in (wheel / folder).iterdir()) == names


def test_its_doctor_finds_nothing_wrong_but_names_the_extras(
    installed: list[Path], wheel: Path, tmp_path: Path
) -> None:
    said = run(installed, tmp_path, "doctor")
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"weights: {wheel / 'nakawari' / 'checkpoint'} draws" in said.stdout
    assert "WRONG" not in said.stdout
    assert "for train: without lightning" in said.stdout
