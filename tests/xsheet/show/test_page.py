"""The page opened from disk in headless Chromium shows what it must, and loads nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from nakawari.xsheet.show.report import html_report
from nakawari.xsheet.show.thumbnails import make_thumbnails
from tests.browser import Visit, open_browser
from tests.builders.detections import detection_of, two_shots

# One for each of the sheet's nine drawings, far from each other and from the page's own colours.
COLOURS = [(220, 30, 40), (30, 170, 60), (240, 200, 20), (20, 40, 200), (230, 120, 20),
           (120, 20, 140), (20, 190, 200), (250, 130, 190), (110, 70, 20)]  # fmt: skip
UNSURE = 8  # frame
WINDOW = {"width": 1200, "height": 700}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page_file(make_clip, tmp_path) -> Path:
    """Return the page of a clip whose drawings are plain colours."""
    sheet = two_shots(unsure=(UNSURE,))
    paintings = []
    for drawing, colour in zip(sheet.drawings, COLOURS, strict=True):
        paintings += [np.full((48, 64, 4), (*colour, 255), np.uint8)] * drawing.hold
    clip = make_clip(paintings=paintings, options={"crf": "5"}, colorspace=1, color_range=1)
    path = tmp_path / "sheet.html"
    path.write_text(html_report(detection_of(sheet), make_thumbnails(clip, sheet)), "utf-8")
    return path


@pytest.fixture
def scheme() -> str:
    return "light"


@pytest.fixture
def visit(browser, page_file, scheme) -> Iterator[Visit]:
    page = browser.new_page(viewport=WINDOW, color_scheme=scheme, reduced_motion="reduce")
    yield Visit(page, page_file)
    page.close()


def test_the_page_loads_only_itself_and_complains_of_nothing(visit, page_file) -> None:
    visit.page.locator(".drawing").first.hover()
    visit.page.locator("#zoom").fill("20")
    visit.page.wait_for_timeout(100)
    assert visit.requests == [page_file.as_uri()]
    assert visit.errors == []


def test_every_drawing_has_a_thumbnail_over_its_hold(visit) -> None:
    pictures = visit.page.locator(".drawing img")
    assert pictures.count() == 9
    assert all(picture.evaluate("img => img.naturalWidth") == 160 for picture in pictures.all())
    widths = visit.widths(".drawing")
    frame = widths[0] / 2
    assert widths == pytest.approx([2 * frame] * 6 + [3 * frame] * 3)


def test_thumbnails_have_the_drawings_colours(visit) -> None:
    pictures = visit.page.locator(".drawing img").all()
    for picture, colour in zip(pictures[:4], COLOURS, strict=False):
        pixels = visit.shoot(picture)
        centre = pixels[pixels.shape[0] // 2, pixels.shape[1] // 2].astype(int)
        assert np.abs(centre - colour).max() <= 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_window_is_not_blank_and_follows_light_and_dark(visit, scheme) -> None:
    pixels = visit.shoot()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100
    assert np.median(pixels) > 200 if scheme == "light" else np.median(pixels) < 60


def test_camera_moves_lie_under_the_frames_they_cover(visit) -> None:
    bar = visit.page.locator(".move").bounding_box()
    first = visit.page.locator("#f6").bounding_box()
    last = visit.page.locator("#f10").bounding_box()
    assert bar["x"] == pytest.approx(first["x"], abs=1)
    assert bar["x"] + bar["width"] == pytest.approx(last["x"] + last["width"], abs=1)
    assert bar["y"] > first["y"] + first["height"] - 1


def test_the_histograms_bars_sum_to_the_drawings_and_are_as_high_as_their_counts(visit) -> None:
    bars = visit.page.locator(".bar").all()
    counts = {bar.get_attribute("data-hold"): int(bar.get_attribute("data-count")) for bar in bars}
    assert sum(counts.values()) == 9
    assert (counts["2"], counts["3"]) == (6, 3)
    twos, threes = (
        visit.page.locator(f'.bar[data-hold="{hold}"] i').bounding_box()["height"]
        for hold in (2, 3)
    )
    assert twos == pytest.approx(2 * threes, abs=1)


def test_the_threshold_parts_new_drawings_from_held_frames(visit) -> None:
    curve = visit.page.locator(".curve").first
    frame = curve.bounding_box()
    limit = curve.locator(".threshold").bounding_box()
    held = curve.locator(".held").bounding_box()
    new = curve.locator(".new").bounding_box()
    assert limit["width"] == pytest.approx(frame["width"], rel=0.02)
    assert frame["y"] < new["y"] < limit["y"] < held["y"] < frame["y"] + frame["height"]
    assert visit.page.locator(".axis .limit").first.inner_text() == "2"


def test_a_click_on_the_timeline_goes_to_the_shot(visit) -> None:
    visit.page.set_viewport_size({"width": 1200, "height": 400})
    shot = visit.page.locator("#shot-2")
    assert shot.bounding_box()["y"] > 400
    visit.page.locator(".shots a").nth(1).click()
    visit.page.wait_for_function("scrollY > 0")
    assert 0 <= shot.bounding_box()["y"] < 200
    first, second = visit.widths(".shots a")
    assert first / second == pytest.approx(12 / 9, rel=0.01)


def test_a_drawing_in_doubt_is_marked_and_a_click_goes_to_it(visit) -> None:
    visit.page.set_viewport_size({"width": 500, "height": 500})
    marked = visit.page.locator(".drawing.unsure")
    assert [cell.get_attribute("data-start") for cell in marked.all()] == [str(UNSURE)]
    assert marked.bounding_box()["x"] > 500
    visit.page.locator(".checks a").click()
    visit.page.wait_for_function("scrollY > 0")
    box = marked.bounding_box()
    assert 0 <= box["x"] <= 500 - box["width"]
    assert 0 <= box["y"] <= 500 - box["height"]


def test_the_frame_under_the_pointer_is_told(visit) -> None:
    cell = visit.page.locator("#f8")
    width = cell.bounding_box()["width"]
    cell.hover(position={"x": 0.75 * width, "y": 30})
    told = visit.page.locator("#hover").inner_text()
    assert "frame 9 · 0:00.375" in told
    assert "held: frame 2 of 2" in told
    assert "confidence 50 %, to check" in told
    assert "difference 0.2, threshold 2" in told
    assert "camera: pan" in told
    visit.page.locator("h1").hover()
    assert not visit.page.locator("#hover").is_visible()


def test_frames_grow_with_the_slider(visit) -> None:
    visit.page.locator("#zoom").fill("30")
    assert visit.widths(".drawing")[0] == pytest.approx(60)
    assert visit.widths(".curve")[0] == pytest.approx(12 * 30)
