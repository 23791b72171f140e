"""From a dropped clip to a downloaded file, in headless Chromium, with what happens in between."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from tests.serve.served import PATIENCE, Served, free_port

LONG = 1000 * PATIENCE  # ms
FRAMES = 24
SIZE = (180, 320)  # H, W


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "page"


@pytest.fixture
def clip(make_clip) -> Path:
    """A box that moves on twos over a ground with some texture."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ground = np.stack([90 + 40 * np.sin(x / 9), 110 + 40 * np.cos(y / 7), 60 + x / 3], axis=2)
    paintings = []
    for number in range(FRAMES):
        pixels = np.full((*SIZE, 4), 255, np.uint8)
        pixels[..., :3] = ground
        left = 20 + 8 * (number // 2)
        pixels[60:120, left : left + 60, :3] = (230, 60, 40)
        paintings.append(pixels)
    return make_clip("dance.mp4", paintings=paintings, tone=220.0)


@pytest.fixture
def tab(browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(LONG)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    yield page
    page.close()
    assert errors == []


def upload(tab: Page, served: Served, clip: Path) -> None:
    """Drop a clip on the page, and open it once its drawings are found."""
    tab.goto(served.address)
    tab.set_input_files("#files", clip)
    tab.locator('.card[data-state="ready"] a').click()
    tab.wait_for_selector("#shots .drawing .edge")


def drag(tab: Page, frame: int, frames: int) -> None:
    """Drag the edge at which the drawing of a frame begins by some frames."""
    cell = tab.locator(f"#f{frame}")
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    width = box["width"] / int(cell.get_attribute("data-hold"))
    y = box["y"] + 30
    tab.mouse.move(box["x"], y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + frames * width / 2, y)
    tab.mouse.move(box["x"] + frames * width, y)
    tab.mouse.up()


def order(tab: Page, **how: str) -> None:
    """Fill in the form and send it."""
    for name, value in how.items():
        field = tab.locator(f"#{name}")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    tab.locator('#order button[type="submit"]').click()


def download(tab: Page, target: Path) -> Path:
    """Take the latest result away."""
    with tab.expect_download() as taken:
        tab.locator('.job[data-state="done"] a').first.click()
    taken.value.save_as(target)
    return target


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def same(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return len(some) == len(others) and all(map(np.array_equal, some, others))


def slowed(clip: Path, output: Path, sheet: Path | None = None, **how) -> list[np.ndarray]:
    """Return the frames that the command line makes of a clip by the same sheet."""
    run_job(SlowJob(source=clip, output=output, xsheet=sheet, **how), lambda: blend, "cpu")
    return decoded(output)


def test_a_hold_is_dragged_and_the_render_shows_it(tab, clip, folder, port, tmp_path) -> None:
    with Served(folder, port) as served:
        upload(tab, served, clip)
        assert tab.locator("#shots .drawing").count() == FRAMES // 2
        drag(tab, 4, 1)
        tab.wait_for_selector("#f5")
        assert tab.locator("#f4").count() == 0
        assert tab.locator("#f2").get_attribute("data-hold") == "3"

        # By keys: undo, make it again, a cut at frame 8 and away with it.
        tab.keyboard.press("Control+z")
        tab.wait_for_selector("#f4")
        tab.keyboard.press("Control+Shift+z")
        tab.wait_for_selector("#f5")
        tab.locator("#f8").click(position={"x": 20, "y": 30})
        tab.keyboard.press("c")
        tab.wait_for_selector("#shot-2")
        tab.keyboard.press("c")
        tab.wait_for_selector("#shot-2", state="detached")

        order(tab, factor="3", codec="ffv1", model="blend")
        seen = set()
        while "done" not in seen:
            seen.add(tab.locator(".job").first.get_attribute("data-state"))
            assert not seen & {"failed", "cancelled"}, tab.locator(".job").inner_text()
            tab.wait_for_timeout(50)
        tab.reload()
        result = decoded(download(tab, tmp_path / "result.mkv"))

        # The playhead goes frame by frame, in the result and in the clip.
        tab.locator(".job button").first.click()
        expect(tab.locator("#result")).to_have_js_property("readyState", 4, timeout=LONG)
        assert tab.locator("#stage").get_attribute("data-mode") == "wipe"
        tab.keyboard.press("Home")
        for _ in range(4):
            tab.keyboard.press("ArrowRight")
        assert "frame 1 · result 4 of 72" in tab.locator("#where").inner_text()
        times = tab.evaluate(
            "['source', 'result'].map(id => document.getElementById(id).currentTime)"
        )
        assert times == pytest.approx([1.5 / (24000 / 1001), 4.5 / (24000 / 1001)], abs=1e-3)
        tab.goto("about:blank")  # before nobody answers any more

    assert served.process.returncode == 130  # stopped by Ctrl-C, and in order
    assert "what waits stays queued" in served.said
    (sheet,) = folder.glob("clips/local/*/sheets/*.json")
    starts = [drawing["start"] for drawing in json.loads(sheet.read_text())["drawings"]]
    assert starts == [0, 2, 5, 6, *range(8, FRAMES, 2)]
    assert len(result) == 3 * FRAMES
    assert same(result, slowed(clip, tmp_path / "wanted.mkv", sheet, factor=3, codec="ffv1"))
    # Where the drawing begins now, its frame is shown as it is; where it began before, it is not.
    originals = decoded(clip)
    assert np.array_equal(result[15], originals[5])
    assert not np.array_equal(result[12], originals[4])


def test_a_render_survives_a_reload_and_the_death_of_the_page(
    tab, clip, folder, port, tmp_path
) -> None:
    many = {"factor": "20", "codec": "ffv1", "model": "blend"}
    with Served(folder, port) as served:
        upload(tab, served, clip)
        order(tab, **many)
        words = tab.locator(".job .words").first
        expect(words).to_have_text(re.compile(r"drawing, frame [1-9]\d"), timeout=LONG)
        tab.wait_for_selector(".job .newest:not([hidden])")
        tab.reload()
        tab.wait_for_selector('.job[data-state="running"]')
        tab.goto("about:blank")
        served.kill()
    with Served(folder, port) as served:
        tab.goto(served.address)
        tab.wait_for_selector('.job[data-state="done"]')
        result = decoded(download(tab, tmp_path / "result.mkv"))
        tab.goto("about:blank")
    (sheet,) = folder.glob("clips/local/*/sheets/*.json")
    assert same(result, slowed(clip, tmp_path / "wanted.mkv", sheet, factor=20, codec="ffv1"))
