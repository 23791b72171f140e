"""No name of a file, a title, a setting, a sample or a method is ever markup in a report.

Each report is made by its command, once with plain names and once with hostile ones. Both must have
the same elements with the same attributes, and a browser must run nothing of the names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from PIL import Image

from eval import benchmark
from nakawari.cli import main
from tests.browser import open_browser
from tests.builders.datasets import build, film
from tests.eval.conftest import entry, write_list, write_picture

MakeClip = Callable[..., Path]
FAKE_TRAINING = Path(__file__).parent / "sweep" / "fake_training.py"


class Names(NamedTuple):
    """A text, what a file can be called, and that without the bytes that are no UTF-8."""

    text: str
    file: str
    unicode_file: str


PLAIN = Names("text", "file", "unicode")
_IMAGE = "<img src=x onerror=window.hit=1>\"'`&amp;"  # a file's name cannot have a slash
HOSTILE = Names(f"</script></style></title>{_IMAGE}", f"{_IMAGE}\udcff", _IMAGE)


class _Elements(HTMLParser):
    """The elements of a page in order, each with the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", ()))


def _dataset(folder: Path, names: Names, make_clip: MakeClip) -> Path:
    shows = folder / names.file
    shows.mkdir()
    clip = make_clip("clip.mp4", paintings=film(), rate=Fraction(24))
    clip.rename(shows / f"{names.file}.mp4")
    (shows / f"{names.file} 2.mp4").write_bytes(b"nothing of a video")
    titles = folder / "titles.json"
    titles.write_text(json.dumps({"*": names.text}))
    output = folder / f"{names.file} set"
    assert build(shows, "--output", output, "--titles", titles) == 2  # one video is damaged
    return output / "report.html"


def _sweep(folder: Path, names: Names, _: MakeClip) -> Path:
    plan = {
        "program": str(FAKE_TRAINING),
        "method": "grid",
        "metric": {"name": "validation/lpips"},
        "parameters": {"x": {"values": [1, 2]}, names.text: {"values": [names.text, "other"]}},
        "command": ["python", "${program}", "--trainer.run=$WANDB_RUN_ID", "${args}"],
    }
    path = folder / f"{names.file}.yaml"
    path.write_text(yaml.safe_dump(plan))
    assert main(["sweep", str(path), "--trials", "4", "--output", str(folder / "out")]) == 0
    return folder / "out" / "report.html"


def _sheet(folder: Path, names: Names, make_clip: MakeClip) -> Path:
    clip = make_clip("clip.mp4", paintings=film(), rate=Fraction(24))
    clip = clip.rename(folder / f"{names.file}.mp4")
    assert main(["xsheet", str(clip), "--html", str(folder / "page.html")]) == 0
    return folder / "page.html"


def _benchmark(folder: Path, names: Names, _: MakeClip) -> Path:
    lines = []
    for index in range(2):
        name = f"{names.unicode_file} {index}"
        line = entry(index, id=name, tags=[names.text, f"difficulty:{names.text}"])
        for number, frame in enumerate(("frame_0", "frame_1", "target")):
            write_picture(folder / line[frame], seed=10 * index + number)
        for method in ("one", "two"):
            (folder / method).mkdir(exist_ok=True)
            with Image.open(folder / line["target"]) as picture:
                picture.save(folder / method / f"{name}.png")
        lines.append(line)
    (folder / "two" / f"{names.unicode_file} 1.png").unlink()  # a failure
    listed = write_list(folder / f"{names.unicode_file}.jsonl", lines)
    command = ["--triplets", str(listed), "--methods", "", "--device", "cpu"]
    for method in ("one", "two"):
        command += ["--predictions", f"{method}={folder / method}"]
    assert benchmark.main([*command, "--output", str(folder / "out")]) == 0
    return folder / "out" / "report.html"


@pytest.mark.parametrize("make", [_dataset, _sweep, _sheet, _benchmark])
def test_hostile_names_add_no_element_and_run_nothing(
    make: Callable[[Path, Names, MakeClip], Path], tmp_path: Path, make_clip: MakeClip
) -> None:
    pages = []
    for kind, names in (("plain", PLAIN), ("hostile", HOSTILE)):
        (tmp_path / kind).mkdir()
        pages.append(make(tmp_path / kind, names, make_clip))
    plain, hostile = (page.read_text("utf-8") for page in pages)
    assert "onerror" in hostile  # the names are there
    assert _Elements(hostile).found == _Elements(plain).found
    with open_browser() as browser:
        page = browser.new_page()
        page.goto(pages[1].as_uri())
        page.wait_for_timeout(300)
        assert page.evaluate("window.hit") is None
        assert page.locator("[onerror]").count() == 0
