"""What the docs point to is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from diffusion import FrameInterpolationPipeline

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def targets(page: Path) -> list[str]:
    """Return what the links of a page and of its pictures lead to, but for the web."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'click \w+ "([^"]+)"', text)
    return [link for link in links if not link.startswith("http")]


def anchors(page: Path) -> set[str]:
    """Return the names by which the headings of a page are linked."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in targets(page):
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_every_box_of_a_picture_is_a_link() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    pictures = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert len(pictures) == 2
    for picture in pictures:
        assert set(re.findall(r"(\w+)\[\d", picture)) == set(re.findall(r"click (\w+)", picture))


def test_the_model_card_says_how_many_parameters_the_shipped_networks_have() -> None:
    folder = ROOT / "checkpoints" / "nakawari"
    pipeline = FrameInterpolationPipeline.from_pretrained(str(folder))
    millions = [
        f"{sum(parameter.numel() for parameter in network.parameters()) / 1e6:.1f} M"
        for network in (pipeline.autoencoder, pipeline.unet)
    ]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"| parameters | {' | '.join(millions)} |" in card


def test_the_extras_that_are_named_anywhere_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folders = (ROOT / "nakawari", ROOT / "diffusion", ROOT / "eval")
    code = [file for folder in folders for file in folder.rglob("*.py")]
    named: set[str] = set()
    for page in [ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").glob("*.md"), *code]:
        text = page.read_text(encoding="utf-8")
        for group in re.findall(r"(?<=['= ])(?:\.|nakawari)\[([a-z,]+)\]", text):
            named.update(group.split(","))
    assert {"train", "eval", "web", "sweep", "ray", "dev"} <= named
    assert named <= set(project["optional-dependencies"])
