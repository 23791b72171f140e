"""A headless Chromium for tests of pages, and a visit to a page."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Return the browser's path; skip without one, or fail where it must be there."""
    named = os.environ.get("NAKAWARI_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is not None:
        return found
    reason = "no Chromium on PATH: install chromium, or name one in NAKAWARI_CHROMIUM"
    if os.environ.get("NAKAWARI_REQUIRE_CHROMIUM"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser for as long as the block runs."""
    path = find_chromium()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path)
        yield browser
        browser.close()


class Visit:
    """An open page, and what went on while it was open."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._requested)
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(path.as_uri())

    def _requested(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.requests.append(request.url)

    def shoot(self, locator: Locator | None = None) -> np.ndarray:
        """Return a screenshot of the window or of an element, (H, W, 3) uint8."""
        content = (locator or self.page).screenshot()
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    def widths(self, selector: str) -> list[float]:
        """Return the widths [px] of all elements that a selector finds."""
        boxes = [element.bounding_box() for element in self.page.locator(selector).all()]
        return [box["width"] for box in boxes]
