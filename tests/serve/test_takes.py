"""Takes are compared, shown side by side, and the chosen one is kept in the sheet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import State
from nakawari.serve.jobs.choosing import choices
from nakawari.serve.service import Service
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import run_job
from nakawari.slowmo.takes import LIST
from nakawari.xsheet.sheet.reading import sheet_from_json
from tests.serve.served import PATIENCE

LONG = 1000 * PATIENCE  # ms
UNSURE = {2: 0.25, 7: 9 / 16}  # drawings, and where in the width the middle of their box is


class Drawer:
    """Cross-fades; what follows two of the drawings is a matter of chance. Counts in-betweens."""

    def __init__(self) -> None:
        self.drawn: list[int] = []  # their seeds

    def __call__(self, frame_0, frame_1, frame_time, *, seed: int = 0):
        self.drawn += [seed] * len(frame_time)
        drawn = blend(frame_0, frame_1, frame_time)
        red = (frame_0[0, 0] > 0.4).float().sum(dim=0)  # (W,), of the box
        columns = (np.arange(len(red)) + 0.5) / len(red)
        middle = float((red.numpy() * columns).sum() / red.sum())
        if any(abs(middle - place) < 0.02 for place in UNSURE.values()):
            size = frame_0.shape[-1] // 8
            drawn[..., :size, :size] = -1 + 0.4 * seed
        return drawn


def draw(service: Service, number: int) -> Drawer:
    """Do a job as the page's worker does, and return who drew it."""
    drawer = Drawer()
    assert service.store.take().number == number
    settings = SlowSettings.from_json(service.store.job(number).settings)
    run_job(
        settings.job(),
        lambda: drawer,
        "cpu",
        drawn_by=lambda: "drawer",
        reseed=lambda one, seed: partial(one, seed=seed),
    )
    service.store.finish(number, State.DONE)
    return drawer


def order(client, clip, **wish: Any) -> int:
    answer = client.post(f"/api/clips/{clip['number']}/jobs", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


def correct(client, clip, **wish: Any):
    return client.post(f"/api/clips/{clip['number']}/corrections", json=wish)


def told(client, clip) -> list[dict]:
    return client.get(f"/api/clips/{clip['number']}/takes").json()


def taken(client, clip) -> list[tuple[int, int, int]]:
    sheet = sheet_from_json(client.get(f"/clips/{clip['number']}/sheet.json").text)
    return [(take.start, take.next, take.seed) for take in sheet.takes]


def test_takes_are_chosen_undone_and_only_their_interval_is_drawn_again(
    client, clip, service
) -> None:
    assert told(client, clip) == []
    number = order(client, clip, takes="3", audio="drop")
    assert client.get("/api/jobs").json()[0]["what"].endswith("H.264, 3 takes")
    draw(service, number)
    first, second = told(client, clip)
    assert (first["start"], first["next"], first["chosen"]) == (4, 6, None)
    assert (second["start"], second["next"]) == (14, 16)
    assert [take["seed"] for take in first["takes"]] == [0, 1, 2]
    for take in first["takes"]:
        answer = client.get(take["url"])
        assert answer.headers["content-type"] == "video/mp4"
        assert len(answer.content) > 500

    answer = correct(client, clip, kind="take", frame=4, next=6, seed=2).json()
    assert (answer["can_undo"], answer["sections"]) == (True, [])
    assert taken(client, clip) == [(4, 6, 2)]
    assert [each["chosen"] for each in told(client, clip)] == [2, None]
    client.post(f"/api/clips/{clip['number']}/undo", json={})
    assert taken(client, clip) == []
    client.post(f"/api/clips/{clip['number']}/redo", json={})
    assert taken(client, clip) == [(4, 6, 2)]

    # The take was drawn already, when it was shown to choose from.
    again = order(client, clip, audio="drop")
    assert draw(service, again).drawn == []
    pictures = []
    for done in (number, again):
        output = SlowSettings.from_json(service.store.job(done).settings).output
        with av.open(str(output)) as container:
            pictures.append([frame.to_ndarray() for frame in container.decode(video=0)])
    changed = [
        place
        for place, (a, b) in enumerate(zip(*pictures, strict=True))
        if abs(a[2, 2:6].astype(int) - b[2, 2:6]).mean() > 20
    ]
    assert changed == list(range(17, 24))

    # Another seed than was compared is drawn, for seven in-betweens and no more.
    correct(client, clip, kind="take", frame=4, next=6, seed=9)
    assert draw(service, order(client, clip, audio="drop")).drawn == [9] * 7


def test_takes_of_a_part_are_counted_from_the_start_of_the_clip(client, clip, service) -> None:
    draw(service, order(client, clip, takes="2", audio="drop", first=10, last=20))
    (interval,) = told(client, clip)
    assert (interval["start"], interval["next"]) == (14, 16)
    assert client.get(interval["takes"][1]["url"]).status_code == 200


def test_takes_of_a_part_of_a_sequence_stay_in_their_place_at_another_rate(
    client, clip, service
) -> None:
    number = order(client, clip, takes="2", audio="drop", first=10, last=20)
    draw(service, number)
    job = service.store.job(number)
    at_24 = replace(job, settings={**job.settings, "input_rate": "24000/1001"})
    sheet = sheet_from_json(client.get(f"/clips/{clip['number']}/sheet.json").text)
    for fps in (sheet.fps, Fraction(12)):
        (found,) = choices([at_24], replace(sheet, fps=fps))
        assert (found["start"], found["next"]) == (14, 16)


def test_results_that_differ_in_their_format_do_not_mix_their_takes_up(
    client, clip, service
) -> None:
    part = order(client, clip, takes="2", audio="drop", first=2, last=20)
    draw(service, part)
    whole = order(client, clip, takes="2", audio="drop", codec="ffv1")  # has the same folder
    draw(service, whole)
    assert [each["start"] for each in told(client, clip)] == [4, 14]
    assert client.get(f"/jobs/{part}/takes/frames_4-6.seed_1.mp4").status_code == 404


def test_a_take_chosen_for_the_clip_counts_in_its_part(client, clip, service) -> None:
    correct(client, clip, kind="take", frame=14, next=16, seed=3)
    number = order(client, clip, audio="drop", first=10, last=20)
    settings = SlowSettings.from_json(service.store.job(number).settings)
    (take,) = sheet_from_json(settings.xsheet.read_text()).takes
    assert (take.start, take.next, take.seed) == (4, 6, 3)


def test_takes_of_pictures_that_were_corrected_since_are_not_shown(client, clip, service) -> None:
    draw(service, order(client, clip, takes="2", audio="drop", codec="ffv1"))
    correct(client, clip, kind="take", frame=4, next=6, seed=1)
    correct(client, clip, kind="move", frame=6, to=7)
    assert [each["start"] for each in told(client, clip)] == [14]
    assert taken(client, clip) == []
    client.post(f"/api/clips/{clip['number']}/undo", json={})
    assert [(each["start"], each["chosen"]) for each in told(client, clip)] == [(4, 1), (14, None)]


def test_choices_survive_a_restart_and_a_clip_without_any_is_noted_as_before(
    client, clip, service, settings
) -> None:
    correct(client, clip, kind="merge", frame=10)
    (of_disk,) = service.library.all_clips()
    assert json.loads(of_disk.corrections.read_text())["corrections"] == [
        {"drawings": [10], "cuts": []}
    ]
    correct(client, clip, kind="take", frame=4, next=6, seed=2**60)
    another = Service(settings, ()).sheets.sheet(of_disk)
    assert [take.seed for take in another.detection.sheet.takes] == [2**60]


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        ({"frame": 4, "next": 4, "seed": 1}, "not from 4 to 4"),
        ({"frame": 4, "seed": 1}, '"next" must be a frame of the clip'),
        ({"frame": 4, "next": 6, "seed": -1}, '"seed" must be a whole number'),
        ({"frame": 4, "next": 6, "seed": True}, '"seed" must be a whole number'),
        ({"frame": 4, "next": 6, "seed": 2**63}, '"seed" must be a whole number'),
    ],
)
def test_a_choice_that_cannot_be_is_refused_in_a_line(client, clip, wish, match) -> None:
    answer = correct(client, clip, kind="take", **wish)
    assert answer.status_code == 422
    assert match in answer.json()["error"]
    assert taken(client, clip) == []


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        ({"takes": "9"}, "takes: '9' is no number of takes"),
        ({"takes": 4}, '"takes" must be a text'),
        ({"takes": "4", "model": "dis"}, "draws the same with every seed; choose Nakawari"),
    ],
)
def test_takes_that_cannot_be_compared_are_refused_in_a_line(client, clip, wish, match) -> None:
    answer = client.post(f"/api/clips/{clip['number']}/jobs", json=wish)
    assert answer.status_code == 422
    assert match in answer.json()["error"]


def test_no_other_file_is_shown_as_a_take(client, clip, service) -> None:
    number = order(client, clip, takes="2", audio="drop")
    draw(service, number)
    for name in (LIST, "frames_0-2.seed_0.mp4", "..%2Fdance.slow4x.mp4", "none"):
        assert client.get(f"/jobs/{number}/takes/{name}").status_code == 404


@pytest.fixture
def look() -> dict[str, Any]:
    return {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def tab(browser, listening, look) -> Iterator[Tab]:
    """The page of a clip, two of whose intervals have takes."""
    context = browser.new_context(**{"reduced_motion": "reduce", **look})
    context.set_default_timeout(LONG)
    expect.set_options(timeout=LONG)
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text))
    (clip,) = listening.library.clips("local")
    tab.goto(f"{listening.settings.address}/clips/{clip.number}")
    tab.wait_for_selector("#f22 .edge", state="attached")
    tab.locator("#takes").select_option("4")
    tab.locator('#order button[type="submit"]').click()
    tab.wait_for_selector('.job[data-state="waiting"]')
    (job,) = listening.store.jobs()
    draw(listening, job.number)
    tab.wait_for_selector(".take-mark", state="attached")
    yield tab
    context.close()
    assert errors == []


def kept(service: Service) -> list[tuple[int, int, int]]:
    (clip,) = service.library.clips("local")
    sheet = service.sheets.sheet(clip).detection.sheet
    return [(take.start, take.next, take.seed) for take in sheet.takes]


def wait_for_kept(tab: Tab, service: Service, *takes: tuple[int, int, int]) -> None:
    expect(tab.locator(".take-mark.kept")).to_have_count(len(takes))
    assert kept(service) == list(takes)


def middles(tab: Tab) -> list[np.ndarray]:
    """Return what the upper left of each take in the panel shows, once all show a picture."""
    tab.wait_for_function(
        """() => { const all = [...document.querySelectorAll("#takes-list video")];
        return all.length && all.every(video => video.readyState >= 2 && !video.seeking); }"""
    )
    return tab.evaluate(
        """() => [...document.querySelectorAll("#takes-list video")].map(video => {
          const canvas = new OffscreenCanvas(64, 48).getContext("2d");
          canvas.drawImage(video, 0, 0, 64, 48);
          return canvas.getImageData(3, 3, 1, 1).data[0]; })"""
    )


def test_a_mark_opens_its_takes_side_by_side_and_one_is_kept(tab, listening) -> None:
    marks = tab.locator(".take-mark")
    expect(marks).to_have_count(2)
    expect(marks.first).to_have_accessible_name("takes of frames 4 to 6, to check")
    marks.first.click()
    panel = tab.get_by_role("region", name="Takes of frames 4 to 6")
    expect(panel).to_be_visible()
    expect(panel.locator("video")).to_have_count(4)
    levels = middles(tab)  # the seeds' own shades, from black up
    assert levels == sorted(levels)
    assert levels[3] - levels[0] > 80
    tops = {round(box["y"]) for box in (one.bounding_box() for one in panel.locator("video").all())}
    assert len(tops) == 1

    panel.get_by_role("button", name="keep take 3").click()
    wait_for_kept(tab, listening, (4, 6, 2))
    expect(marks.first).to_have_accessible_name("takes of frames 4 to 6, take 3 is kept")
    expect(panel.get_by_role("button", name="keep take 3")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(tab.locator("#say")).to_contain_text("take 3 is kept for frames 4 to 6")
    tab.locator("#undo").click()
    wait_for_kept(tab, listening)
    expect(panel.get_by_role("button", name="keep take 3")).to_have_attribute(
        "aria-pressed", "false"
    )
    tab.locator("#redo").click()
    wait_for_kept(tab, listening, (4, 6, 2))
    panel.get_by_role("button", name="keep take 3").click()  # takes it back
    wait_for_kept(tab, listening)


def test_takes_are_chosen_by_keys_alone(tab, listening) -> None:
    tab.locator("#play").focus()
    tab.keyboard.press("t")
    expect(tab.locator("#takes-title")).to_have_text("Takes of frames 4 to 6")
    expect(tab.locator("#takes-title")).to_be_focused()
    tab.keyboard.press("2")
    wait_for_kept(tab, listening, (4, 6, 1))
    tab.keyboard.press("t")
    expect(tab.locator("#takes-title")).to_have_text("Takes of frames 14 to 16")
    tab.keyboard.press("4")
    wait_for_kept(tab, listening, (4, 6, 1), (14, 16, 3))
    tab.keyboard.press("Control+z")
    wait_for_kept(tab, listening, (4, 6, 1))
    tab.keyboard.press("Escape")
    expect(tab.locator("#takes-panel")).to_be_hidden()
    expect(tab.locator(".take-mark").last).to_be_focused()


def test_takes_play_only_when_they_may_move(tab) -> None:
    tab.locator(".take-mark").first.click()
    middles(tab)
    playing = (
        """() => [...document.querySelectorAll("#takes-list video")].map(one => !one.paused)"""
    )
    assert tab.evaluate(playing) == [False] * 4  # reduced motion is asked for
    tab.get_by_role("button", name="Play", exact=True).click()
    tab.wait_for_function(f"() => ({playing})().every(Boolean)")
    tab.get_by_role("button", name="Pause", exact=True).click()
    assert tab.evaluate(playing) == [False] * 4


def test_another_correction_leaves_the_marks_where_they_belong(tab, listening) -> None:
    tab.locator("#f10").click(position={"x": 20, "y": 30})
    tab.keyboard.press("c")
    tab.wait_for_selector("#shot-2")
    expect(tab.locator("#shot-1 .take-mark")).to_have_count(1)
    expect(tab.locator("#shot-2 .take-mark")).to_have_count(1)
    box = tab.locator("#f14").bounding_box()
    mark = tab.locator("#shot-2 .take-mark").bounding_box()
    assert mark["x"] == pytest.approx(box["x"], abs=2)
    assert mark["width"] == pytest.approx(box["width"], abs=2)


@pytest.mark.parametrize(
    "look", [{"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}]
)
def test_a_finger_on_a_phone_chooses_a_take(tab, listening) -> None:
    tab.locator(".take-mark").first.tap()
    panel = tab.locator("#takes-panel")
    expect(panel).to_be_visible()
    boxes = [video.bounding_box() for video in panel.locator("video").all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
    button = panel.get_by_role("button", name="keep take 2")
    assert button.bounding_box()["height"] >= 38
    button.tap()
    wait_for_kept(tab, listening, (4, 6, 1))
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_only_the_model_with_chance_has_takes(tab) -> None:
    expect(tab.locator("#takes-cost")).to_have_text(
        "takes about a tenth longer for each take; where they differ, all 4 are drawn"
    )
    tab.locator("#model").select_option("dis")
    expect(tab.locator("#takes")).to_be_disabled()
    expect(tab.locator("#takes-cost")).to_be_hidden()
    tab.locator("#model").select_option("")
    expect(tab.locator("#takes")).to_be_enabled()
    tab.locator("#takes").select_option("1")
    expect(tab.locator("#takes-cost")).to_be_hidden()
