"""Corrections that come quickly, or from two tabs on one clip, are of the sheet that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.serve.served import PATIENCE

LONG = 1000 * PATIENCE  # ms


@pytest.fixture
def opened(browser, listening) -> Iterator[Callable[[], Tab]]:
    """A function that opens the clip of 24 frames on twos in one more tab."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(LONG)
    expect.set_options(timeout=LONG)
    (clip,) = listening.library.clips("local")
    errors: list[str] = []

    def new() -> Tab:
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(f"{listening.settings.address}/clips/{clip.number}")
        tab.wait_for_selector("#f22 .edge", state="attached")
        return tab

    yield new
    context.close()
    assert errors == []


def starts(tab: Tab) -> list[int]:
    return tab.evaluate("[...document.querySelectorAll('.drawing')].map(one => +one.dataset.start)")


def at(tab: Tab, frame: int) -> None:
    """Put the playhead on a frame."""
    tab.keyboard.press("Home")
    for _ in range(frame):
        tab.keyboard.press("ArrowRight")


def press_twice(tab: Tab, **key: object) -> None:
    """Press a key twice, faster than the page can answer."""
    tab.evaluate(
        "key => [1, 2].forEach(() => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {bubbles: true, ...key})))",
        key,
    )


def test_keys_that_are_pressed_quickly_each_count(opened) -> None:
    tab = opened()
    at(tab, 6)
    press_twice(tab, key="m")
    expect(tab.locator("#f4")).to_have_count(0)
    assert starts(tab) == [0, 2, *range(8, 24, 2)]
    at(tab, 8)
    press_twice(tab, key="ArrowLeft", shiftKey=True)
    expect(tab.locator("#f6")).to_have_count(1)
    assert starts(tab) == [0, 2, 6, *range(10, 24, 2)]


@pytest.mark.parametrize("key", ["m", "Control+z"])
def test_a_tab_that_shows_an_earlier_sheet_changes_nothing_and_catches_up(opened, key) -> None:
    one, two = opened(), opened()
    at(one, 8)
    one.keyboard.press("c")
    expect(one.locator(".shot")).to_have_count(2)
    at(two, 20)
    two.keyboard.press(key)
    expect(two.locator("#say")).to_contain_text("another tab has changed the sheet")
    expect(two.locator(".shot")).to_have_count(2)
    assert starts(two) == starts(one) == list(range(0, 24, 2))
    two.keyboard.press("m")
    expect(two.locator("#f20")).to_have_count(0)
    one.reload()
    one.wait_for_selector("#shots .drawing")
    assert starts(one) == starts(two) == [*range(0, 20, 2), 22]
