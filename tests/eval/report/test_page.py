"""The report opened from disk in headless Chromium: the wipe shows what it says, pixel by pixel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from eval import benchmark
from tests.browser import Visit, open_browser
from tests.eval.conftest import entry, write_list

SIZE = (180, 320)  # H, W
# The three frames of each sample, and what two methods drew: plain colours, far from each other.
RED, GREEN, BLUE = (220, 30, 40), (30, 170, 60), (20, 40, 200)
YELLOW, VIOLET, CYAN = (240, 200, 20), (120, 20, 140), (20, 190, 200)
DRAWN = {"mine": [YELLOW, CYAN], "other": [VIOLET, RED]}  # of both samples


def _write(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.full((*SIZE, 3), colour, np.uint8)).save(path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the benchmark on two samples of plain colour, with a method that fails on one."""
    folder = tmp_path_factory.mktemp("report")
    lines = []
    for index in range(2):
        line = entry(index, frame_1=f"{index}_1.png", id=f"<sample {index}>", frame_time=0.5)
        line["tags"] = [("difficulty:easy", "difficulty:hard")[index]]
        for name, colour in (("frame_0", RED), ("target", GREEN), ("frame_1", BLUE)):
            _write(folder / line[name], colour)
        for method, colours in DRAWN.items():
            _write(folder / method / f"<sample {index}>.png", colours[index])
        lines.append(line)
    (folder / "partial").mkdir()
    _write(folder / "partial" / "<sample 0>.png", BLUE)
    command = ["--triplets", str(write_list(folder / "list.jsonl", lines)), "--methods", ""]
    for method in (*DRAWN, "partial"):
        command += ["--predictions", f"{method}={folder / method}"]
    assert benchmark.main([*command, "--output", str(folder / "out"), "--device", "cpu"]) == 0
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def scheme() -> str:
    return "light"


@pytest.fixture
def visit(browser: Browser, report: Path, scheme: str) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme=scheme)
    yield Visit(page, report)
    page.close()


def _order(report: Path) -> list[int]:
    """Which sample the gallery shows first, as its headings say."""
    text = report.read_text("utf-8")
    found = [text.index(f"<h3>&lt;sample {index}&gt;</h3>") for index in range(2)]
    return [0, 1] if found[0] < found[1] else [1, 0]


def _choose(visit: Visit, left: str, right: str) -> None:
    visit.page.locator('[data-part="left"]').select_option(left)
    visit.page.locator('[data-part="right"]').select_option(right)


def _assert_wiped(visit: Visit, left: tuple, right: tuple, share: float) -> None:
    """The stage is ``left`` up to ``share`` of its width and ``right`` from there on."""
    # Below the labels; without the last rows: a stage that begins between two rows of the window
    # ends between two as well, and there the screenshot shows the page.
    pixels = visit.shoot(visit.page.locator(".stage")).astype(int)[-64:-4]
    width = pixels.shape[1]
    line = round(share * width)
    for colour, part in ((left, pixels[:, : max(0, line - 4)]), (right, pixels[:, line + 4 :])):
        if part.size:
            assert np.abs(part - colour).max() <= 10


def test_the_page_loads_only_itself_and_complains_of_nothing(visit: Visit, report: Path) -> None:
    visit.page.locator('[data-part="slider"]').fill("30")
    visit.page.locator('[data-part="later"]').click()
    visit.page.wait_for_timeout(100)
    assert visit.requests == [report.as_uri()]
    assert visit.errors == []


@pytest.mark.parametrize("share", [0, 25, 50, 80, 100])
def test_the_slider_wipes_between_the_two_methods_that_the_reader_chose(
    visit: Visit, report: Path, share: int
) -> None:
    first = _order(report)[0]
    _choose(visit, "mine", "other")
    visit.page.locator('[data-part="slider"]').fill(str(share))
    _assert_wiped(visit, DRAWN["mine"][first], DRAWN["other"][first], share / 100)


def test_the_line_follows_the_pointer(visit: Visit, report: Path) -> None:
    first = _order(report)[0]
    _choose(visit, "target", "other")
    stage = visit.page.locator(".stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    visit.page.mouse.move(box["x"] + 0.5 * box["width"], y)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 0.7 * box["width"], y, steps=4)
    visit.page.mouse.up()
    visit.page.mouse.move(box["x"] + 0.1 * box["width"], y)  # let go: the line stays
    _assert_wiped(visit, GREEN, DRAWN["other"][first], 0.7)


def test_it_goes_frame_by_frame_and_round(visit: Visit, report: Path) -> None:
    _choose(visit, "mine", "other")
    later = visit.page.locator('[data-part="later"]')
    for shown in [*_order(report), _order(report)[0]]:
        _assert_wiped(visit, DRAWN["mine"][shown], DRAWN["other"][shown], 0.5)
        assert (
            f"<sample {shown}>"
            in visit.page.locator('[data-part="sample"] option:checked').inner_text()
        )
        later.click()
    visit.page.locator('[data-part="earlier"]').click()
    _assert_wiped(visit, *(DRAWN[m][_order(report)[0]] for m in ("mine", "other")), 0.5)


def test_swapping_puts_the_left_picture_right(visit: Visit, report: Path) -> None:
    first = _order(report)[0]
    _choose(visit, "mine", "other")
    visit.page.locator('[data-part="swap"]').click()
    _assert_wiped(visit, DRAWN["other"][first], DRAWN["mine"][first], 0.5)


def test_the_scores_of_both_pictures_are_told(visit: Visit, report: Path) -> None:
    rows = json.loads((report.parent / "results.json").read_text())["samples"]
    _choose(visit, "mine", "target")
    note = visit.page.locator('[data-part="note"]').inner_text()
    assert f"mine: LPIPS {rows[_order(report)[0]]['scores']['mine']['lpips']:.4f}" in note
    assert "frame_time 0.5" in note


def test_a_method_that_failed_has_no_picture_and_a_marked_cell(visit: Visit, report: Path) -> None:
    place = _order(report).index(1)
    visit.page.locator('[data-part="sample"]').select_option(index=place)
    _choose(visit, "partial", "target")
    assert visit.page.locator(".name-left").inner_text() == "partial: no picture"
    assert not visit.page.locator(".stage img.left").is_visible()
    assert "partial/<sample 1>.png: No such file" in visit.page.locator("body").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_window_is_not_blank_and_follows_light_and_dark(visit: Visit, scheme: str) -> None:
    pixels = visit.shoot()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100
    assert np.median(pixels) > 200 if scheme == "light" else np.median(pixels) < 60


def test_means_are_drawn_over_the_tiers_at_their_height(visit: Visit, report: Path) -> None:
    groups = json.loads((report.parent / "results.json").read_text())["groups"]
    plot = visit.page.locator(".plot", has_text="LPIPS ↓ by difficulty")
    points = plot.locator("g", has=visit.page.locator("circle"))
    told = {point.locator("title").text_content(): point for point in points.all()}
    heights = {}
    for tier in ("difficulty:easy", "difficulty:hard"):
        mean = groups[tier]["mine"]["lpips"]["mean"]
        circle = told[f"mine, {tier}: {mean:.4f}"].locator("circle")
        heights[mean] = float(circle.get_attribute("cy"))
    ordered = [heights[mean] for mean in sorted(heights)]
    assert ordered == sorted(ordered, reverse=True)  # further up is more
    assert len(set(ordered)) == 2
