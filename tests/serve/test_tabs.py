"""What two tabs, quick keys, odd numbers and keyboards alone do to the page of a clip."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, expect

from nakawari.parsing import ramp
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


def test_a_playhead_that_is_moved_while_a_change_is_shown_stays_there(opened) -> None:
    tab = opened()
    held: list[Route] = []
    tab.route("**/api/clips/*/takes", lambda route: held.append(route))
    at(tab, 6)
    tab.keyboard.press("m")
    expect(tab.locator("#f6")).to_have_count(0)
    expect(tab.locator("#say")).to_contain_text("corrected")
    at(tab, 12)
    for route in held:
        route.continue_()
    tab.unroute_all(behavior="wait")
    tab.keyboard.press("m")
    expect(tab.locator("#f12")).to_have_count(0)
    assert starts(tab) == [0, 2, 4, 8, 10, *range(14, 24, 2)]


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


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("0:1, 1:35.5:1/4", [[0, 1], [95.5, 0.25]]),
        ("1:00:00:2", [[3600, 2]]),
        (" 0 : 0.5 ", [[0, 0.5]]),
        ("0:1, 0:2", None),
        ("1:1, 0:2", None),
        ("0:-1", None),
        ("0:0", None),
        (":1", None),
        ("1:", None),
        ("0:1,", None),
        ("0:1/0", None),
    ],
)
def test_the_page_reads_a_ramp_as_the_server_does(opened, text, points) -> None:
    read = opened().evaluate(
        "async text => (await import('/static/ramp.js')).parseRamp(text)"
        "?.map(({time, speed}) => [time, speed]) ?? null",
        text,
    )
    assert read == points
    if points is None:
        with pytest.raises((ArgumentTypeError, ValueError)):
            ramp(text)
    else:
        assert [[float(time), float(speed)] for time, speed in ramp(text).points] == points


def test_a_preview_is_as_slow_as_the_fraction_that_was_typed(opened) -> None:
    tab = opened()
    tab.fill("#factor", "5/2")
    with tab.expect_request("**/preview") as asked:
        tab.click("#preview")
    assert asked.value.post_data_json["factor"] == 2.5


def test_a_point_of_a_ramp_is_added_away_from_others_removed_by_keys_and_kept(opened) -> None:
    tab = opened()
    tab.check('[name="pace"][value="ramp"]')
    box = tab.locator("#curve").bounding_box()
    place = (box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    for _ in range(2):
        tab.mouse.dblclick(*place)
    expect(tab.locator("#curve .dot")).to_have_count(4)
    tab.locator("#curve .dot").nth(1).focus()
    tab.keyboard.press("Delete")
    expect(tab.locator("#curve .dot")).to_have_count(3)
    expect(tab.locator("#curve .dot").nth(1)).to_be_focused()
    tab.keyboard.press("ArrowUp")
    typed = tab.input_value("#ramp")
    tab.reload()
    tab.wait_for_selector("#f22 .edge", state="attached")
    expect(tab.locator("#ramp")).to_have_value(typed)


def test_the_focus_stays_where_it_is_while_the_queue_grows(opened) -> None:
    tab = opened()
    tab.select_option("#model", "blend")
    tab.click('#order button[type="submit"]')
    button = tab.locator('.job[data-number="1"] button')
    button.focus()
    tab.evaluate("document.getElementById('order').requestSubmit()")
    expect(tab.locator(".job")).to_have_count(2)
    expect(button).to_be_focused()


def test_where_the_playhead_is_is_told_of_steps_and_not_of_what_plays(opened) -> None:
    tab = opened()
    where = tab.locator("#where")
    tab.evaluate("document.getElementById('source').loop = true")
    tab.click("#play")
    expect(where).to_have_attribute("aria-live", "off")
    tab.click("#play")
    expect(where).to_have_attribute("aria-live", "polite")
