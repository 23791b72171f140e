"""The pictures of docs/serve.md are of the page as it is: this takes them, and compares.

NAKAWARI_TAKE_PICTURES=1 puts the new ones in their place.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page as Tab

from tests.browser import open_browser
from tests.serve.served import PATIENCE, Served, free_port

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CLIP = Path(__file__).parents[2] / "samples" / "dance.mp4"
WINDOW = {"width": 1200, "height": 1120}
COARSE = (30, 28)  # px, W, H: letters of another font look alike
MAX_DIFFERENCE = 12  # code values, on average


def taken(tab: Tab) -> Image.Image:
    return Image.open(io.BytesIO(tab.screenshot())).convert("RGB")


def check(picture: Image.Image, name: str) -> None:
    """Compare a picture with the guide's, or put it in its place."""
    path = IMAGES / name
    if os.environ.get("NAKAWARI_TAKE_PICTURES") == "1":
        picture.save(path, quality=80, method=6)
    there = Image.open(path).convert("RGB")
    assert there.size == picture.size
    old, new = (
        np.asarray(image.resize(COARSE, Image.Resampling.BOX)).astype(int)
        for image in (there, picture)
    )
    assert np.abs(old - new).mean() < MAX_DIFFERENCE, f"{name} shows the page as it was; see above"


def test_the_guide_shows_the_page_as_it_is(tmp_path) -> None:
    with Served(tmp_path / "page", free_port()) as served, open_browser() as browser:
        tab = browser.new_page(viewport=WINDOW, color_scheme="light", reduced_motion="reduce")
        tab.set_default_timeout(1000 * PATIENCE)
        tab.goto(served.address)
        tab.set_input_files("#files", CLIP)
        tab.wait_for_selector('.card[data-state="ready"] a[href]')
        tab.locator(".card a").click()
        tab.wait_for_selector("#f2 .edge", state="attached")
        tab.locator("#factor").fill("2")
        tab.locator("#last").fill("23")
        tab.locator("#model").select_option("dis")
        tab.locator('#order button[type="submit"]').click()
        tab.locator('.job[data-state="done"] button').click()
        tab.wait_for_selector('#stage[data-mode="wipe"]')
        for _ in range(7):
            tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(3000)
        check(taken(tab), "serve.webp")
        tab.goto("about:blank")


@pytest.mark.parametrize("name", ["serve.webp"])
def test_the_guide_names_its_pictures(name) -> None:
    text = (IMAGES.parent / "serve.md").read_text()
    assert f"(images/{name})" in text
