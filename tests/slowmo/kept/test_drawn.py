"""In-betweens that were drawn before are the same again, and nobody draws them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.slowmo.kept.drawn import DrawnBefore
from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import Picture, of_planes
from nakawari.whole import PartialFile
from nakawari.xsheet.sheet.editing import corrected, moved
from nakawari.xsheet.sheet.files import load_sheet


def picture(value: int) -> Picture:
    luma = np.random.default_rng(value).integers(0, 255, (16, 24), dtype=np.uint8)
    return Picture(luma, luma[::2, ::2].copy(), luma[1::2, ::2].copy())


def with_alpha(opaque: Picture, alpha: int) -> Picture:
    planes = [*opaque, np.full_like(opaque.luma, alpha)]
    return of_planes(planes, PictureForm("420", 8, True))


class Counting:
    """Draws by a cross-fade, and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *frames):
        self.calls += 1
        return blend(*frames)


def codes(path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def test_a_corrected_hold_draws_two_intervals_again_and_no_more(make_clip, tmp_path) -> None:
    clip, drawn = make_clip(frames=12), tmp_path / "drawn"

    def slow(name: str, folder=drawn, **how) -> Counting:
        artist = Counting()
        job = SlowJob(source=clip, output=tmp_path / name, drawn=folder, **how)
        run_job(job, lambda: artist, "cpu", drawn_by=lambda: "counting")
        return artist

    first = slow("first.mkv", codec="ffv1")
    assert first.calls == 5  # intervals between six drawings
    assert slow("again.mkv", codec="ffv1").calls == 0
    assert all(map(np.array_equal, codes(tmp_path / "first.mkv"), codes(tmp_path / "again.mkv")))
    sheet = load_sheet(tmp_path / "first.xsheet.json")
    edited = tmp_path / "edited.json"
    edited.write_text(corrected(sheet, moved(sheet, 4, 5)).to_json())
    # The interval before the edge has eleven in-betweens now, which are drawn in two calls, and the
    # one after it three. The other three intervals are as they were.
    assert slow("edited.mkv", codec="ffv1", xsheet=edited).calls == 3
    slow("anew.mkv", folder=None, codec="ffv1", xsheet=edited)
    assert all(map(np.array_equal, codes(tmp_path / "edited.mkv"), codes(tmp_path / "anew.mkv")))


@pytest.mark.parametrize(
    "other",
    [
        {"drawn_by": "another"},
        {"how": "1/3"},
        {"neighbours": (picture(1), picture(3))},
        {"neighbours": (picture(1), with_alpha(picture(2), 9))},
    ],
)
def test_whatever_it_is_made_of_tells_it_from_others(tmp_path, other) -> None:
    usual = {"drawn_by": "model", "how": "1/2", "neighbours": (picture(1), picture(2))}

    def ask(drawn_by, how, neighbours):
        return DrawnBefore(tmp_path, drawn_by).drawn_or(lambda: next(made), neighbours, how)

    made = iter([[picture(7)], [picture(8)]])
    assert np.array_equal(ask(**usual)[0].luma, picture(7).luma)
    assert np.array_equal(ask(**usual)[0].luma, picture(7).luma)
    assert np.array_equal(ask(**{**usual, **other})[0].luma, picture(8).luma)


def test_pictures_that_differ_in_their_opacity_alone_are_told_from_each_other(tmp_path) -> None:
    before = DrawnBefore(tmp_path, "model")
    for alpha, value in ((9, 7), (10, 8)):
        found = before.drawn_or(
            lambda value=value: [picture(value)], (with_alpha(picture(1), alpha),), ""
        )
        assert np.array_equal(found[0].luma, picture(value).luma)


@pytest.mark.parametrize("form", [PictureForm("rgb", 16, True), PictureForm("422", 10, False)])
def test_the_same_codes_in_another_form_are_drawn_anew_and_kept_in_theirs(tmp_path, form) -> None:
    shape = (16, 24 // form.shared[0])
    codes = np.random.default_rng(1).integers(0, 2**form.bits, (16, 24), dtype=np.uint16)
    chroma = np.ascontiguousarray(codes[: shape[0], : shape[1]])
    planes = [codes, chroma, chroma, *([codes] if form.alpha else [])]
    made = of_planes(planes, form)
    before = DrawnBefore(tmp_path, "model")
    before.drawn_or(lambda: [picture(7)], (picture(1),), "")
    before.drawn_or(lambda: [made], (made,), "")
    (found,) = before.drawn_or(lambda: pytest.fail("it was drawn before"), (made,), "")
    assert found.form == form
    assert all(map(np.array_equal, found.planes, planes))


def test_what_is_damaged_is_drawn_again(tmp_path) -> None:
    before = DrawnBefore(tmp_path, "model")
    before.drawn_or(lambda: [picture(7)], (picture(1), picture(2)), "")
    (file,) = tmp_path.glob("*.mkv")
    file.write_bytes(b"\x1aE\xdf\xa3 and no more")
    found = before.drawn_or(lambda: [picture(8)], (picture(1), picture(2)), "")
    assert np.array_equal(found[0].luma, picture(8).luma)


def test_a_full_folder_loses_what_was_asked_for_longest_ago(tmp_path) -> None:
    one = DrawnBefore(tmp_path, "model")
    one.drawn_or(lambda: [picture(0)], (picture(0),), "")
    size = sum(file.stat().st_size for file in tmp_path.glob("*.mkv"))
    small = DrawnBefore(tmp_path, "model", most_bytes=round(4.5 * size))
    for number in range(1, 9):
        small.drawn_or(lambda: [picture(0)], (picture(number),), "")
        small.drawn_or(lambda: pytest.fail("it was drawn a moment ago"), (picture(number),), "")
    assert sum(file.stat().st_size for file in tmp_path.glob("*.mkv")) <= 4.5 * size
    assert small.drawn_or(lambda: [picture(5)], (picture(0),), "")[0].luma.tolist() == (
        picture(5).luma.tolist()
    )


def test_a_folder_that_cannot_be_written_to_only_costs_time(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    before = DrawnBefore(tmp_path / "file" / "drawn", "model")
    for value in (7, 8):
        found = before.drawn_or(lambda value=value: [picture(value)], (picture(1),), "")
        assert np.array_equal(found[0].luma, picture(value).luma)


def test_a_job_keeps_its_folder_through_the_queue(tmp_path) -> None:
    from nakawari.queue.settings import SlowSettings

    settings = SlowSettings(source=tmp_path / "a", output=tmp_path / "b", factor=Fraction(2))
    assert "drawn" not in settings.to_json()
    settings = replace(settings, drawn=tmp_path / "drawn")
    assert SlowSettings.from_json(settings.to_json()) == settings
    assert settings.job().drawn == tmp_path / "drawn"


def test_what_another_thread_is_keeping_at_this_moment_is_drawn_all_the_same(tmp_path) -> None:
    drawn = DrawnBefore(tmp_path, "model")
    neighbours, how = [picture(1), picture(2)], "at 1/2"

    made = [picture(3)]
    name = f"{drawn._name(neighbours, how)}.mkv"
    other = PartialFile(tmp_path / name)  # as a thread has it while it writes
    assert drawn.drawn_or(lambda: made, neighbours, how) is made
    other.discard()
    assert not (tmp_path / name).exists()
