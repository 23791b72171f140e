"""The page fits a phone and a wall, is dark or light, and works by mouse, finger or keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect
from playwright.sync_api import Page as Tab

from nakawari.queue.settings import SlowSettings
from tests.conftest import painting
from tests.serve.served import PATIENCE

LONG = 1000 * PATIENCE  # ms
WINDOW = {"width": 1280, "height": 900}
UNNAMED = """() => [...document.querySelectorAll("button, input, select, a, [tabindex], progress")]
    .filter(one => one.checkVisibility() && one.tabIndex >= 0)
    .filter(one => !(one.ariaLabel || one.textContent.trim() || one.title
        || [...(one.labels ?? [])].some(label => label.textContent.trim())))
    .map(one => one.outerHTML.slice(0, 120))"""


expect.set_options(timeout=LONG)


@pytest.fixture
def look() -> dict[str, Any]:
    return {}


@pytest.fixture
def context(browser, look) -> Iterator[BrowserContext]:
    context = browser.new_context(**{"viewport": WINDOW, "reduced_motion": "reduce", **look})
    context.set_default_timeout(LONG)
    yield context
    context.close()


@pytest.fixture
def home(context, listening) -> Tab:
    tab = context.new_page()
    tab.goto(listening.settings.address)
    tab.wait_for_selector('.card[data-state="ready"] a[href]')
    return tab


@pytest.fixture
def tab(context, listening) -> Tab:
    """The page of a clip of 24 frames on twos."""
    tab = context.new_page()
    (clip,) = listening.library.clips("local")
    tab.goto(f"{listening.settings.address}/clips/{clip.number}")
    tab.wait_for_selector("#f22 .edge", state="attached")
    return tab


TOUCH = """([kind, clientX, clientY]) => {
  if (kind === "down") {
    window.touched = document.elementFromPoint(clientX, clientY);
    touched.setPointerCapture = () => {};  // the browser knows no finger by this number
  }
  const about = {pointerType: "touch", pointerId: 9, isPrimary: true, bubbles: true};
  touched.dispatchEvent(new PointerEvent(`pointer${kind}`, {...about, clientX, clientY}));
}"""
"""The events that a finger makes. Chromium's own way may wait for ever without a screen."""


def starts(page) -> list[int]:
    (clip,) = page.library.clips("local")
    return [drawing.start for drawing in page.sheets.sheet(clip).detection.sheet.drawings]


def overflow(tab: Tab) -> float:
    return tab.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(
    "look",
    [{"viewport": {"width": 360, "height": 740}}, {"viewport": {"width": 3840, "height": 2160}}],
    ids=["phone", "4K"],
)
def test_nothing_is_wider_than_the_window_and_everything_has_a_name(home, tab) -> None:
    for page in (home, tab):
        assert overflow(page) <= 0
        assert page.evaluate(UNNAMED) == []
    tab.locator('[name="pace"][value="ramp"]').check()
    assert overflow(tab) <= 0
    assert tab.evaluate(UNNAMED) == []
    width = tab.viewport_size["width"]
    button = tab.locator('#order button[type="submit"]').bounding_box()
    assert button["x"] >= 0
    assert button["x"] + button["width"] <= width


@pytest.mark.parametrize("look", [{"viewport": {"width": 360, "height": 740}}])
def test_on_a_phone_the_timeline_comes_right_after_the_viewer(tab) -> None:
    parts = ["#stage", ".transport", ".sheet-head", "#shots", "#order", ".queue", "footer"]
    boxes = [tab.locator(part).bounding_box() for part in parts]
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_light_and_dark(browser, listening, scheme) -> None:
    tab = browser.new_page(color_scheme=scheme)
    tab.goto(listening.settings.address)
    colours = tab.evaluate("(({color, backgroundColor}) => [color, backgroundColor])"
                           "(getComputedStyle(document.querySelector('.drop')))")  # fmt: skip
    ink, paper = (np.mean([int(part) for part in colour[4:-1].split(",")]) for colour in colours)
    assert paper > ink + 120 if scheme == "light" else paper < ink - 120
    tab.close()


@pytest.mark.parametrize("look", [{"has_touch": True, "is_mobile": True,
                                   "viewport": {"width": 360, "height": 740}}])  # fmt: skip
def test_an_edge_is_dragged_with_a_finger(tab, listening) -> None:
    cell = tab.locator("#f2")
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    y = box["y"] + 30
    assert tab.locator("#f2 .edge").evaluate("edge => getComputedStyle(edge).touchAction") == "none"
    for kind, share in (("down", 0.0), ("move", 0.2), ("move", 0.4), ("move", 0.5), ("up", 0.5)):
        tab.evaluate(TOUCH, [kind, box["x"] + 3 + share * box["width"], y])
    tab.wait_for_selector("#f3")
    assert starts(listening)[:4] == [0, 3, 4, 6]
    tab.locator("#f8").click(position={"x": 30, "y": 30})
    expect(tab.locator("#where")).to_contain_text("frame 8")


def test_a_sheet_is_corrected_by_keys_alone(tab, listening) -> None:
    where, body = tab.locator("#where"), tab.locator("body")
    for key, frame in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 23),
                       ("Home", 0), ("Control+ArrowRight", 2), ("Control+ArrowRight", 4),
                       ("Control+ArrowLeft", 2)]:  # fmt: skip
        body.press(key)
        expect(where).to_contain_text(f"frame {frame}")
    body.press("Shift+ArrowRight")
    tab.wait_for_selector("#f3")
    expect(where).to_contain_text("frame 3")
    expect(tab.locator("#say")).to_have_text("corrected; the drawing at frame 3 is held for 1")
    body.press("Shift+ArrowLeft")
    tab.wait_for_selector("#f2")
    body.press("m")
    tab.wait_for_selector("#f2", state="detached")
    body.press("s")
    tab.wait_for_selector("#f2")
    body.press("c")
    tab.wait_for_selector("#shot-2")
    expect(tab.locator("#cut")).to_have_attribute("aria-pressed", "true")
    body.press("Control+z")
    tab.wait_for_selector("#shot-2", state="detached")
    tab.locator("#undo").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#f2", state="detached")
    body.press("m")
    body.press("Home")
    body.press("m")
    expect(tab.locator("#say")).to_contain_text("the first drawing begins at frame 0")
    assert starts(listening) == [0, *range(4, 24, 2)]


def test_a_drag_that_is_broken_off_changes_nothing(tab, listening) -> None:
    tab.locator("#f4").scroll_into_view_if_needed()
    box = tab.locator("#f4").bounding_box()
    tab.mouse.move(box["x"], box["y"] + 30)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    expect(tab.locator(".edge.held")).to_have_attribute("data-to", "5")
    tab.mouse.move(box["x"], box["y"] + 30)
    tab.mouse.up()
    assert starts(listening) == list(range(0, 24, 2))
    assert tab.locator("#f4").bounding_box() == box


def test_the_ramp_is_a_curve_to_drag_and_to_move_by_keys(tab, listening) -> None:
    tab.locator('[name="pace"][value="ramp"]').check()
    text, dots = tab.locator("#ramp"), tab.locator("#curve .dot")
    assert text.input_value() == "0:1, 0.5:0.25, 1.001:1"
    dots.nth(1).focus()
    tab.keyboard.press("ArrowUp")
    assert text.input_value() == "0:1, 0.5:0.275, 1.001:1"
    box = tab.locator("#curve").bounding_box()
    dot = dots.nth(1).bounding_box()
    tab.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    tab.mouse.down()
    # Speeds go from 1/32 at the foot to 4 at the head, each seventh of the height doubles them.
    tab.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] * 4 / 7)
    tab.mouse.up()
    time, speed = map(float, text.input_value().split(", ")[1].split(":"))
    assert time == pytest.approx(0.25, abs=0.01)
    assert speed == pytest.approx(1 / 4, rel=0.03)
    dots.nth(2).focus()
    tab.keyboard.press("Delete")
    assert dots.count() == 2
    text.fill("0:1, 0.5:0.5")
    tab.locator('#order button[type="submit"]').click()
    tab.wait_for_selector(".job")
    (job,) = listening.store.jobs()
    assert str(SlowSettings.from_json(job.settings).ramp) == "0:1, 1/2:1/2"


def test_what_cannot_be_is_said_at_the_form(tab) -> None:
    tab.locator("#factor").fill("fast")
    tab.locator('#order button[type="submit"]').click()
    expect(tab.locator("#order-error")).to_contain_text("'fast' is not a number")
    assert tab.locator(".job").count() == 0


def test_settings_and_playhead_survive_a_reload_and_the_queue_as_well(tab) -> None:
    tab.locator("#f6").click(position={"x": 30, "y": 30})
    tab.locator("body").press("i")
    tab.locator("#factor").fill("2.5")
    tab.locator("#model").select_option("blend")
    tab.locator('#order button[type="submit"]').click()
    tab.wait_for_selector(".job")
    tab.reload()
    tab.wait_for_selector(".job")
    expect(tab.locator("#where")).to_contain_text("frame 6")
    assert tab.locator("#first").input_value() == "6"
    assert tab.locator("#factor").input_value() == "2.5"
    tab.locator(".job button").click()
    expect(tab.locator(".job .words")).to_have_text("cancelled")


def test_pictures_chosen_together_are_one_clip_with_a_rate_to_change(
    home, listening, tmp_path
) -> None:
    for number in range(6):
        Image.fromarray(painting(number // 2)[..., :3]).save(tmp_path / f"cut_{number}.png")
    (tmp_path / "other_1.png").write_bytes(b"alone, and no picture")
    home.set_input_files("#files", sorted(tmp_path.glob("*.png")))
    card = home.locator('.card[data-state="ready"]', has_text="cut")
    expect(card).to_contain_text("6 frames")
    expect(home.locator('.card[data-state="failed"]')).to_contain_text("other_1.png")
    card.locator("a").click()
    rate = home.locator("#input-rate")
    expect(rate).to_have_value("24")
    rate.fill("none")
    rate.press("Enter")
    expect(home.locator("#order-error")).to_contain_text("'none' is not a number")
    expect(rate).to_have_value("24")
    rate.fill("12")
    rate.press("Enter")
    expect(home.locator(".clip-head")).to_contain_text("12 frames/s")
    assert listening.store.jobs() == []
