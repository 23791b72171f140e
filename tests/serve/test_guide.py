"""The five minutes of docs/guide.md, step by step, and the pictures that it shows.

``NAKAWARI_TAKE_PICTURES=1`` draws with the shipped weights and writes the pictures anew. Otherwise
a tiny model draws, and the pictures that are there must have the size that they would have.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from diffusers import FlowMatchEulerDiscreteScheduler
from PIL import Image
from playwright.sync_api import Page, expect

from diffusion import FrameInterpolationPipeline
from tests import tiny
from tests.serve.conftest import wait_for
from tests.serve.served import PATIENCE, ROOT, Served, free_port, with_weights

GUIDE = ROOT / "docs" / "guide.md"
IMAGES = ROOT / "docs" / "images"
SAMPLE = ROOT / "samples" / "dance.mp4"
LONG = 1000 * PATIENCE  # ms
TAKES_PICTURES = os.environ.get("NAKAWARI_TAKE_PICTURES") == "1"
WIDTH = 1120  # px
MOST_BYTES = 60_000
MARGIN = 8  # px, above what a picture begins with
QUALITIES = (80, 75, 70, 65, 60, 55, 50, 45, 40)

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true}));
  }
}"""
expect.set_options(timeout=LONG)

SETTLED = """async () => {
  const isLoading = (one) => {
    const box = one.getBoundingClientRect();
    const isSeen = one.checkVisibility() && box.bottom > 0 && box.top < innerHeight &&
      box.right > 0 && box.left < innerWidth;
    return isSeen && (one.complete === false || one.seeking || one.readyState < 2);
  };
  while ([...document.querySelectorAll("img[src], video[src]")].some(isLoading)) {
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}"""
"""Waits until all that is to be seen is there: pictures, and the frames that videos were set to."""


@pytest.fixture
def tab(browser) -> Iterator[Page]:
    tab = browser.new_page(
        viewport={"width": WIDTH, "height": 800}, reduced_motion="reduce", color_scheme="light"
    )
    tab.set_default_timeout(LONG)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    tab.close()
    assert errors == []


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """Return what makes a tiny model draw, or the shipped one where pictures are taken."""
    if TAKES_PICTURES:
        return {}
    pipeline = FrameInterpolationPipeline(
        tiny.tiny_autoencoder(), tiny.tiny_unet(), FlowMatchEulerDiscreteScheduler()
    )
    pipeline.save_pretrained(tmp_path / "weights")
    return with_weights(tmp_path / "weights", tmp_path / "site")


def pictures_of(text: str) -> list[str]:
    """Return the pictures that a page shows, by name."""
    return re.findall(r"!\[[^\]]+\]\(images/([^)]+)\)", text)


class Camera:
    """Takes the pictures of a guide, or looks whether they are there."""

    def __init__(self, tab: Page) -> None:
        self._tab = tab
        self.taken: list[str] = []

    def look(self, height: int, from_: str = "body") -> None:
        """Let the window be so high [px], and begin with an element."""
        self._tab.set_viewport_size({"width": WIDTH, "height": height})
        self._tab.locator(from_).first.evaluate(
            f"one => scrollTo(0, one.getBoundingClientRect().top + scrollY - {MARGIN})"
        )

    def take(self, name: str) -> None:
        """Take what is to be seen in the window."""
        self.taken.append(name)
        self._tab.evaluate(SETTLED)
        picture = Image.open(io.BytesIO(self._tab.screenshot())).convert("RGB")
        file = IMAGES / name
        if TAKES_PICTURES:
            save(picture, file)
        assert file.stat().st_size <= MOST_BYTES
        with Image.open(file) as there:
            assert there.size == picture.size


def save(picture: Image.Image, file: Path) -> None:
    """Write a picture as WebP, as good as the bytes suffice for."""
    for quality in QUALITIES:
        content = io.BytesIO()
        picture.save(content, "WEBP", quality=quality, method=6)
        if content.tell() <= MOST_BYTES:
            break
    file.write_bytes(content.getvalue())


def is_drawn(tab: Page, served: Served) -> bool:
    """Return whether the first preview is there; it must not have failed."""
    preview = tab.request.get(f"{served.address}/api/previews/1").json()
    assert preview["state"] in ("waiting", "running", "done"), preview["reason"]
    return preview["state"] == "done"


def hold(tab: Page, frame: int) -> str | None:
    return tab.locator(f"#f{frame}").get_attribute("data-hold")


def test_the_guide_leads_from_a_clip_to_its_slow_motion(tab, tmp_path, environment) -> None:
    camera = Camera(tab)
    with Served(tmp_path / "page", free_port(), environment=environment) as served:
        # 1. Drop the clip.
        tab.goto(served.address)
        tab.evaluate(DROP, [SAMPLE.name, base64.b64encode(SAMPLE.read_bytes()).decode()])
        tab.wait_for_selector('.card[data-state="ready"] img')
        camera.look(500, "#drop")
        camera.take("guide_drop.webp")
        tab.locator(".card a").click()

        # 2. Look at the drawings.
        tab.wait_for_selector("#f4 .edge")
        assert tab.locator("#shots .drawing").count() == 56
        camera.look(620, ".sheet-head")
        camera.take("guide_drawings.webp")

        # 3. Correct a hold, and take it back.
        assert (hold(tab, 2), hold(tab, 4)) == ("2", "2")
        camera.look(330, "#shots")
        cell = tab.locator("#f4").bounding_box()
        tab.mouse.move(cell["x"], cell["y"] + 30)
        tab.mouse.down()
        tab.mouse.move(cell["x"] + cell["width"] / 2, cell["y"] + 30)
        expect(tab.locator(".edge.held")).to_have_attribute("data-to", "5")
        camera.take("guide_hold.webp")
        tab.mouse.up()
        tab.wait_for_selector("#f5")
        assert (hold(tab, 2), hold(tab, 5)) == ("3", "1")
        tab.get_by_role("button", name="Undo").click()
        tab.wait_for_selector("#f4")

        # 4. Choose a part and a speed, and see a second of it.
        tab.locator("#f72").click(position={"x": 20, "y": 30})
        tab.keyboard.press("i")
        tab.locator("#last").fill("95")
        tab.locator("#factor").fill("3")
        with tab.expect_response("**/preview"):
            tab.get_by_role("button", name="Preview here").click()
        wait_for(lambda: is_drawn(tab, served), PATIENCE)
        tab.wait_for_selector('#stage[data-mode="wipe"]')
        expect(tab.locator("#result")).to_have_js_property("readyState", 4)
        tab.locator("#f78").click(position={"x": 20, "y": 30})
        camera.look(560, ".desk")
        camera.take("guide_preview.webp")

        # 5. Slow it down, compare, and take it away.
        tab.locator("#order").get_by_role("button", name="Slow it down").click()
        job = tab.locator(".job")
        expect(job).to_have_attribute("data-state", re.compile("done|failed|cancelled"))
        assert job.get_attribute("data-state") == "done", job.inner_text()
        tab.get_by_role("button", name="Compare").click()
        tab.locator("#layout").select_option("beside")
        expect(tab.locator("#result")).to_have_js_property("readyState", 4)
        tab.locator("#f84").click(position={"x": 20, "y": 30})
        camera.look(560, ".desk")
        camera.take("guide_result.webp")
        with tab.expect_download() as taken:
            tab.get_by_role("link", name="Download").click()
        assert taken.value.suggested_filename == "dance.slow3x.mp4"
        taken.value.save_as(tmp_path / "result.mp4")
        tab.goto("about:blank")  # before nobody answers any more
    with av.open(str(tmp_path / "result.mp4")) as result:
        assert sum(1 for _ in result.decode(video=0)) == 3 * 24
    assert camera.taken == pictures_of(GUIDE.read_text(encoding="utf-8"))
