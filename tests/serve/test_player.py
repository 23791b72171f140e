"""The clip and what was made of it play together, with a wipe that is dragged between them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import State
from nakawari.serve.service import Service
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import run_job
from tests.serve.served import PATIENCE

LONG = 1000 * PATIENCE  # ms
RATE = Fraction(24000, 1001)
WATCH = """() => new Promise(resolve => {
  const [source, result] = ["source", "result"].map(id => document.getElementById(id));
  const seen = [];
  const timer = setInterval(() => {
    seen.push([source.currentTime, result.currentTime]);
    if (result.ended) { clearInterval(timer); resolve(seen); }
  }, 50);
})"""


@pytest.fixture
def tab(browser, listening: Service):
    """The page of a clip of 24 frames that was slowed four times."""
    (clip,) = listening.library.clips("local")
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab.set_default_timeout(LONG)
    tab.goto(f"{listening.settings.address}/clips/{clip.number}")
    tab.locator("#model").select_option("blend")
    tab.locator('#order button[type="submit"]').click()
    expect(tab.locator(".job")).to_have_count(1, timeout=LONG)
    job = listening.store.take()
    run_job(SlowSettings.from_json(job.settings).job(), lambda: blend, "cpu")
    listening.store.finish(job.number, State.DONE)
    tab.reload()
    tab.locator(".job button").first.click()
    expect(tab.locator("#result")).to_have_js_property("readyState", 4, timeout=LONG)
    yield tab
    tab.close()


def test_both_play_at_the_same_moment_to_the_end(tab: Tab) -> None:
    tab.keyboard.press("Home")
    tab.click("#play")
    seen = tab.evaluate(WATCH)
    sources = [int(source * RATE + 1e-3) for source, _ in seen]
    results = [int(result * RATE + 1e-3) for _, result in seen]
    assert len(set(results)) > 10  # it plays
    assert results == sorted(results)
    apart = [abs(source - result // 4) for source, result in zip(sources, results, strict=True)]
    assert max(apart) <= 1  # the clip is set when the result has shown its frame
    expect(tab.locator("#play")).to_have_attribute("aria-label", "play")


def test_the_wipe_is_dragged_and_both_can_stand_side_by_side(tab: Tab) -> None:
    stage = tab.locator("#stage")
    box = stage.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 4, middle)
    tab.mouse.up()
    assert stage.evaluate("stage => stage.style.getPropertyValue('--wipe')") == "25%"
    tab.locator("#layout").select_option("beside")
    left, right = (tab.locator(f"#{name}").bounding_box() for name in ("source", "result"))
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] == right["y"]
