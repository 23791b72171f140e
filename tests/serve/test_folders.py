"""Folders that are dropped on the page, or chosen: their clips come in, and the rest is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, expect

from nakawari.video.files.sequence import pictures_of
from tests.builders.exr import linear, write_exr
from tests.conftest import painting, write_clip
from tests.serve.conftest import wait_for
from tests.serve.served import PATIENCE

LONG = 1000 * PATIENCE  # ms
PICTURES = 120
"""More than a browser tells at a time of what is in a folder."""

expect.set_options(timeout=LONG)


@pytest.fixture
def home(browser, listening) -> Iterator[Tab]:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(LONG)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(listening.settings.address)
    tab.wait_for_selector('.card[data-state="ready"] a[href]')
    yield tab
    tab.close()
    assert errors == []


def drop(tab: Tab, *paths: Path) -> None:
    """Drop files and folders of this machine on the page, as a hand with a mouse does."""
    session = tab.context.new_cdp_session(tab)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})


def write_pictures(folder: Path, name: str = "{:04d}.png", count: int = 4) -> Path:
    """Write numbered pictures on twos to a new folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        pixels = painting((number - 1) // 2 % 8)[:32, :48, :3]
        path = folder / name.format(number)
        if path.suffix.lower() == ".exr":
            write_exr(path, linear(pixels).astype(np.float32))
        else:
            Image.fromarray(pixels).save(path, lossless=True)  # which is for WebP
    return folder


def come_in(listening) -> dict[str, int]:
    """Return how many frames each clip has that came in, once all were looked at."""

    def ready() -> dict[str, int]:
        (_, *others) = reversed(listening.library.clips("local"))
        if any(clip.state not in ("ready", "failed") for clip in others):
            return {}
        return {clip.name: clip.frames for clip in others}

    found = wait_for(ready, PATIENCE)
    assert isinstance(found, dict)
    return found


def test_a_folder_of_pictures_is_one_clip_that_is_called_as_the_folder(
    home, listening, tmp_path
) -> None:
    folder = write_pictures(tmp_path / "cut 012", count=PICTURES)
    (folder / ".DS_Store").write_bytes(b"of the system")
    drop(home, folder)
    expect(home.locator(".card", has_text="cut 012")).to_contain_text(f"{PICTURES} frames")
    assert home.locator("#uploads > *").count() == 0
    clip = next(clip for clip in listening.library.clips("local") if clip.name == "cut 012")
    kept = [picture.read_bytes() for picture in pictures_of(clip.source)]
    assert kept == [picture.read_bytes() for picture in sorted(folder.glob("*.png"))]


@pytest.mark.parametrize("ending", [".webp", ".exr", ".WEBP", ".EXR"])
def test_a_folder_of_pictures_that_browsers_may_not_show_is_shown_all_the_same(
    home, listening, tmp_path, ending
) -> None:
    folder = write_pictures(tmp_path / "cut_7", f"a{{:04d}}{ending}", count=8)
    drop(home, folder)
    card = home.locator(".card", has_text="cut_7")
    expect(card).to_contain_text("8 frames")
    clip = next(clip for clip in listening.library.clips("local") if clip.name == "cut_7")
    kept = [picture.read_bytes() for picture in pictures_of(clip.source)]
    assert kept == [picture.read_bytes() for picture in sorted(folder.iterdir())]
    card.locator("a[href]").first.click()
    home.wait_for_selector("#f6 .edge", state="attached")
    starts = "[...document.querySelectorAll('.drawing')].map(one => +one.dataset.start)"
    assert home.evaluate(starts) == [0, 2, 4, 6]
    wait_for(lambda: home.evaluate("document.getElementById('source').readyState >= 2"), PATIENCE)
    for position in range(4):
        thumb = home.request.get(f"{home.url}/thumbs/{2 * position}.jpg")
        pixels = np.asarray(Image.open(BytesIO(thumb.body())).convert("RGB"), int)
        assert np.abs(pixels - painting(position)[:32, :48, :3]).mean() < 6


def test_each_animated_webp_is_a_clip_and_none_is_a_picture_of_a_sequence(
    home, listening, tmp_path
) -> None:
    folder = write_pictures(tmp_path / "loops", "cel_{:04d}.webp")
    pictures = [Image.fromarray(painting(number // 2)[..., :3]) for number in range(6)]
    for name in ("loop.webp", "walk_1.webp", "walk_2.webp"):
        pictures[0].save(folder / name, save_all=True, append_images=pictures[1:], duration=42)
    drop(home, folder)
    wait_for(lambda: len(listening.library.clips("local")) == 5, PATIENCE)
    found = come_in(listening)
    assert found.pop("loops") == 4
    assert set(found) == {"loop.webp", "walk_1.webp", "walk_2.webp"}
    assert min(found.values()) > 1
    assert home.locator("#uploads > *").count() == 0


def test_a_folder_of_several_clips_gives_all_and_names_the_rest_in_a_line(
    home, listening, tmp_path
) -> None:
    folder = tmp_path / "episode 7"
    for number in range(3):
        write_pictures(folder / "cuts" / f"cut_{number}", "frame.{:04d}.png")
    write_pictures(folder / "two", "a_{:03d}.png")
    write_pictures(folder / "two", "b_{:03d}.png", count=5)
    write_clip(folder / "dance.mp4", [painting(number // 2) for number in range(6)])
    for name in ("notes.txt", "sheet.pdf", "cover.png", "still_1.png"):
        (folder / name).write_bytes(b"no clip")
    drop(home, folder)
    note = home.locator(".upload.left-out")
    expect(note).to_have_count(1)
    expect(note.locator("b")).to_have_text("episode 7")
    expect(note.locator("span")).to_have_text(
        "left out, as no clips: cover.png, notes.txt, sheet.pdf and 1 more"
    )
    wait_for(lambda: len(listening.library.clips("local")) == 7, PATIENCE)
    assert come_in(listening) == {
        **{f"cut_{number}": 4 for number in range(3)}, "a": 4, "b": 5, "dance.mp4": 6,
    }  # fmt: skip
    note.get_by_role("button", name="close the note on episode 7").click()
    assert home.locator("#uploads > *").count() == 0


def test_a_folder_without_a_clip_says_so_and_files_beside_it_come_in(
    home, listening, tmp_path
) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    drop(home, tmp_path / "empty")
    expect(home.locator(".upload.left-out")).to_have_text("emptynothing in it is a clipClose")
    folder = write_pictures(tmp_path / "cut_3")
    clip = write_clip(tmp_path / "dance.mov", [painting(number // 2) for number in range(6)])
    drop(home, clip, folder)
    wait_for(lambda: len(listening.library.clips("local")) == 3, PATIENCE)
    assert come_in(listening) == {"cut_3": 4, "dance.mov": 6}


def test_a_folder_is_chosen_without_a_mouse(home, listening, tmp_path) -> None:
    folder = tmp_path / "show"
    write_pictures(folder / "cut_1")
    write_pictures(folder / "__MACOSX", "._{:04d}.png")
    (folder / "todo.txt").write_text("draw more")
    home.locator("#folder").focus()
    assert home.evaluate("document.activeElement.labels[0].textContent") == "Choose a folder"
    home.set_input_files("#folder", folder)
    expect(home.locator(".upload.left-out span")).to_have_text("left out, as no clips: todo.txt")
    wait_for(lambda: len(listening.library.clips("local")) == 2, PATIENCE)
    assert come_in(listening) == {"cut_1": 4}


def test_what_waits_for_its_turn_can_be_taken_back(home, listening, tmp_path) -> None:
    for number in range(6):
        write_pictures(tmp_path / "many" / f"cut_{number}")
    held: list[Route] = []
    hold = [True]
    home.route(
        "**/api/sequences*",
        lambda route: held.append(route) if hold else route.continue_(),
    )
    drop(home, tmp_path / "many")
    expect(home.locator(".upload")).to_have_count(6)
    wait_for(lambda: home.wait_for_timeout(10) or len(held) == 2)
    for number in (1, 4):
        home.get_by_role("button", name=f"cancel cut_{number}").click()
    hold.clear()
    for route in held:
        route.continue_()
    wait_for(lambda: home.wait_for_timeout(10) or home.locator(".upload").count() == 0, PATIENCE)
    assert come_in(listening) == dict.fromkeys(["cut_0", "cut_2", "cut_3", "cut_5"], 4)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_line_for_a_folder_fits_the_window(home, tmp_path, width) -> None:
    home.set_viewport_size({"width": width, "height": 740})
    folder = tmp_path / ("a_long_name_without_a_gap_" * 4)
    folder.mkdir()
    for number in range(4):
        (folder / f"{'notes_' * 20}{number}.txt").write_text("no clip")
    drop(home, folder)
    expect(home.locator(".upload.left-out")).to_be_visible()
    assert home.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shutil.rmtree(folder)
