"""A tab whose sequence of pictures is shown at another rate since it was loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.builders.uploads import sent
from tests.serve.conftest import wait_for
from tests.serve.served import PATIENCE

LONG = 1000 * PATIENCE  # ms


@pytest.fixture
def opened(browser, listening, drawn) -> Iterator[Callable[[], Tab]]:
    """A function that opens a sequence of eight pictures on twos in one more tab."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(LONG)
    expect.set_options(timeout=LONG)
    address = listening.settings.address
    answer = context.request.put(
        f"{address}/api/sequences", data=sent(drawn), headers={"Origin": address}
    )
    number = answer.json()["number"]
    library = listening.library
    wait_for(lambda: library.clip("local", number).state == "ready", PATIENCE)
    errors: list[str] = []

    def new() -> Tab:
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(f"{address}/clips/{number}")
        tab.wait_for_selector("#f6 .edge", state="attached")
        return tab

    yield new
    context.close()
    assert errors == []


def show_at(tab: Tab, rate: str) -> None:
    """Set how many pictures are shown a second, and wait until the page shows them so."""
    with tab.expect_navigation():
        tab.fill("#input-rate", rate)
        tab.press("#input-rate", "Tab")
    expect(tab.locator("#input-rate")).to_have_value(rate)
    tab.wait_for_selector(".edge", state="attached")


def set_ramp(tab: Tab, text: str) -> None:
    tab.check('[name="pace"][value="ramp"]')
    tab.fill("#ramp", text)


def test_a_ramp_keeps_its_frames_at_another_rate(opened) -> None:
    tab = opened()
    set_ramp(tab, "0:1, 0.125:1/4, 0.25:2")
    show_at(tab, "12")
    expect(tab.locator("#ramp")).to_have_value("0:1, 0.25:0.25, 0.5:2")
    tab.reload()
    tab.wait_for_selector("#f6 .edge", state="attached")
    expect(tab.locator("#ramp")).to_have_value("0:1, 0.25:0.25, 0.5:2")


def test_a_ramp_that_was_drawn_at_the_old_rate_is_not_ordered_but_converted(
    opened, listening
) -> None:
    old, other = opened(), opened()
    show_at(other, "12")
    set_ramp(old, "0:1, 0.125:1/4")
    old.select_option("#model", "blend")
    old.click('#order button[type="submit"]')
    expect(old.locator("#order-error")).to_contain_text("no longer shown at 24 pictures a second")
    assert listening.store.jobs() == []
    old.reload()
    expect(old.locator("#ramp")).to_have_value("0:1, 0.25:0.25")
    old.click('#order button[type="submit"]')
    expect(old.locator(".job")).to_have_count(1)
    (job,) = listening.store.jobs()
    assert (job.settings["ramp"], job.settings["input_rate"]) == ("0:1, 1/4:1/4", "12")


def test_a_correction_in_a_tab_with_the_old_rate_changes_nothing_and_shows_the_new_one(
    opened,
) -> None:
    old, other = opened(), opened()
    show_at(other, "12")
    old.keyboard.press("End")
    with old.expect_navigation():
        old.keyboard.press("m")
    expect(old.locator("#input-rate")).to_have_value("12")
    expect(old.locator("#f6")).to_have_count(1)
    old.wait_for_selector("#f6 .edge", state="attached")
    old.keyboard.press("End")
    old.keyboard.press("m")
    expect(old.locator("#f6")).to_have_count(0)


def test_a_rate_that_cannot_be_is_told_and_the_old_one_stays(opened, listening) -> None:
    tab = opened()
    tab.fill("#input-rate", "1/1000")
    tab.press("#input-rate", "Tab")
    expect(tab.locator("#order-error")).not_to_be_empty()
    expect(tab.locator("#input-rate")).to_have_value("24")
    assert all(clip.state == "ready" for clip in listening.library.clips("local"))
