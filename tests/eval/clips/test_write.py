"""Clips of known truth: that the truth is true, before coding and in the files."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from eval.clips.camera import CameraTrack, PerFrame, sample_track
from eval.clips.halves import SETS, ArtHalf, ClipSet, half_of, load_half
from eval.clips.shots import TypicalPace, draw_shot
from eval.clips.stage import AtTime, Stage, sample_stage, visible_change
from eval.clips.strips import (
    Strip,
)
from eval.clips.write import CODINGS, draw_strip, with_grain, write_clips
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.warps import Chain, Placement
from nakawari.data.scenes.camera import Camera
from nakawari.errors import UserError

SIZE = (144, 256)  # H, W: half of what figures are measured at


@pytest.fixture(scope="module")
def tuning() -> tuple[ClipSet, ArtHalf]:
    return SETS["tuning"], load_half(SETS["tuning"])


@pytest.mark.parametrize("family", ["mixed", "small", "still", "telecine", "cuts"])
def test_without_a_camera_frames_are_held_exactly_where_the_truth_says_so(
    family: str, tuning: tuple[ClipSet, ArtHalf]
) -> None:
    strip = draw_strip(*tuning, family, 0, *SIZE)
    new = strip.new_drawings()
    for frame in range(1, len(new)):
        before, after = strip.frames[frame - 1], strip.frames[frame]
        assert new[frame] or np.array_equal(before, after)
        assert not new[frame] or visible_change(before, after)


def test_in_a_mouth_flap_only_some_8_to_16_px_change(tuning: tuple[ClipSet, ArtHalf]) -> None:
    strip = draw_strip(*tuning, "mouth", 0, 288, 512)
    new = strip.new_drawings()
    for frame in range(1, len(new)):
        changed = cv2.absdiff(strip.frames[frame - 1], strip.frames[frame]).max(axis=2) > 16
        width, height = cv2.boundingRect(changed.astype(np.uint8))[2:]
        assert (max(width, height) <= 16) if new[frame] else not changed.any()
    assert sum(new) > 5


def test_small_motion_is_of_0_7_to_1_5_px(tuning: tuple[ClipSet, ArtHalf]) -> None:
    motions = np.array(draw_strip(*tuning, "small", 1, 288, 512).motions)
    assert len(motions) > 5
    assert motions.min() >= 0.7
    assert motions.max() <= 1.5


def on_plain_ground(stage: Stage, depth: float) -> Stage:
    ground = replace(stage.cels[0], pixels=np.full_like(stage.cels[0].pixels, 128))
    return replace(stage, cels=[ground, *(replace(cel, depth=depth) for cel in stage.cels[1:])])


def two_pixel_pan(frames: int) -> CameraTrack:
    x = tuple(2.0 * frame for frame in range(frames))
    return CameraTrack(
        "pan", Camera(x=PerFrame(0.0, values=x)), (False, *[True] * (frames - 1)), (x[-1], 0.0)
    )


@pytest.mark.parametrize("depth", [0.0, 1.0])
def test_under_a_pan_a_held_figure_is_the_same_drawing_fixed_or_carried_along(
    depth: float, tuning: tuple[ClipSet, ArtHalf]
) -> None:
    rng = np.random.default_rng(5)
    clip_set, art = tuning
    stage = on_plain_ground(sample_stage(rng, art, clip_set, *SIZE), depth)
    strip = draw_shot(stage, TypicalPace(rng, stage), [3, 3, 3], two_pixel_pan(9))
    assert strip.camera == [None, *["pan"] * 8]
    shift = round(2 * depth)
    for frame, new in enumerate(strip.new_drawings()[1:], 1):
        expected = strip.frames[frame - 1][:, shift:]
        came = strip.frames[frame][:, : SIZE[1] - shift]
        assert np.array_equal(expected, came) is not new


def test_a_camera_that_stands_changes_nothing(tuning: tuple[ClipSet, ArtHalf]) -> None:
    clip_set, art = tuning
    stage = sample_stage(np.random.default_rng(5), art, clip_set, *SIZE)
    standing = CameraTrack("pan", Camera(x=PerFrame(0.0, values=(0.0,) * 6)), (False,) * 6, (0, 0))
    strips = [
        draw_shot(stage, TypicalPace(np.random.default_rng(4), stage), [2, 2, 2], track)
        for track in (None, standing)
    ]
    assert np.array_equal(strips[0].frames, strips[1].frames)
    assert strips[1].camera == [None] * 6


def test_a_warp_at_a_time_is_that_of_its_time_whatever_the_frame() -> None:
    warp = Placement((0.0, 0.0), LinearValue(0.0, 8.0), LinearValue(0.0))
    held = Chain([AtTime(warp, 0.5)])
    points = (np.array([1.0]), np.array([2.0]))
    assert held.forward(points, 30.0)[0][0] == warp.forward(points, 0.5)[0][0] == 5.0
    assert held.inverse(held.forward(points, 30.0), 7.0)[0][0] == 1.0


@pytest.mark.parametrize("kind", ["pan", "zoom", "shake"])
@pytest.mark.parametrize("name", sorted(SETS))
def test_a_camera_moves_where_it_says_so_and_within_its_speed(name: str, kind: str) -> None:
    for seed in range(20):
        track = sample_track(np.random.default_rng(seed), SETS[name], kind, 40, 512, 1.0)
        place = np.array(
            [[path(f) for f in range(40)] for path in (track.camera.x, track.camera.y)]
        )
        zoom = np.array([track.camera.zoom(f) for f in range(40)])
        step = np.hypot(*np.diff(place)) + np.abs(np.diff(zoom)) * 256
        assert track.moves == (False, *(step > 0))
        assert sum(track.moves) >= 12  # a move is a run of frames, eased or not
        assert step.max() <= {"pan": 8.0, "zoom": 4.0, "shake": 12.0}[kind] + 1e-9


def test_an_unknown_camera_move_fails() -> None:
    with pytest.raises(ValueError, match="kind must be pan, zoom or shake, got 'roll'"):
        sample_track(np.random.default_rng(0), SETS["final"], "roll", 40, 512, 1.0)


def test_the_sets_share_neither_seeds_nor_art() -> None:
    tuning, final = (load_half(SETS[name]) for name in ("tuning", "final"))
    whole = ArtHalf([], 0).names("cels") + ArtHalf([], 1).names("cels")
    assert SETS["tuning"].seed != SETS["final"].seed
    for kind in ("cels", "faces"):
        ours, theirs = set(tuning.names(kind)), set(final.names(kind))
        assert ours
        assert theirs
        assert not ours & theirs
    assert len(set(whole)) == tuning.count("cels") + final.count("cels")


def test_expressions_of_one_face_are_in_the_same_half() -> None:
    assert half_of("face_007") == half_of("face_007_expr1") == half_of("face_007_expr2")


def test_art_that_is_missing_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no folder of art at .*check --art"):
        load_half(SETS["final"], [tmp_path / "missing"])


@pytest.mark.parametrize("family", ["fours", "shake", "fade"])
def test_a_clip_is_a_function_of_set_family_and_number(family: str) -> None:
    clip_set = SETS["final"]
    art = load_half(clip_set)
    first, again = (draw_strip(clip_set, art, family, 2, *SIZE) for _ in range(2))
    assert np.array_equal(first.frames, again.frames)
    assert first.new_drawings() == again.new_drawings()
    assert 24 <= len(first.frames) <= 75
    assert len(first.cadences) == len(first.cuts) + 1


def test_clips_are_written_once_with_their_truth(
    tmp_path: Path, tuning: tuple[ClipSet, ArtHalf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.clips.write.CODINGS", (CODINGS[0], CODINGS[-1]))

    def write(**stamp: object) -> list[Path]:
        return list(
            write_clips(
                tmp_path, *tuning, families=["telecine"], per_family=1, height=144, width=256,
                stamp=stamp,
            )
        )  # fmt: skip

    paths = write()
    assert [path.name for path in paths] == [
        "telecine_000_crf18.json", "telecine_000_crf32_grain.json"
    ]  # fmt: skip
    for path in paths:
        truth = json.loads(path.read_text())
        with av.open(str(path.with_suffix(".mp4"))) as container:
            stream = container.streams.video[0]
            assert stream.average_rate == Fraction(truth["fps"]) == Fraction(30000, 1001)
            shown = sum(1 for _ in container.decode(stream))
        assert shown == truth["frames"] == len(truth["per_frame"])
        assert truth["pulldown"]["cycle"] == 5
        new = [row["frame"] for row in truth["per_frame"] if row["new_drawing"]]
        assert new == [drawing["start"] for drawing in truth["drawings"]]
    contents = [path.with_suffix(".mp4").read_bytes() for path in paths]
    before = [path.stat().st_mtime_ns for path in paths]
    assert [path.stat().st_mtime_ns for path in write()] == before
    assert [path.stat().st_mtime_ns for path in write(art=1)] != before
    assert [path.with_suffix(".mp4").read_bytes() for path in paths] == contents


def test_grain_is_new_on_every_frame_and_of_the_strength_asked_for(
    tuning: tuple[ClipSet, ArtHalf],
) -> None:
    frames = [np.full((90, 160, 3), 128, np.uint8)] * 3
    strip = Strip(frames=frames, exposures=[0] * 3, camera=[None] * 3, cadences=[None])
    noisy = list(with_grain(np.random.default_rng(1), tuning[0], strip))
    assert not np.array_equal(noisy[0], noisy[1])
    low, high = tuning[0].grain_sigma
    for frame in noisy:
        assert low * 0.95 <= frame[:, :, 0].std() <= high * 1.05
        assert np.array_equal(frame[:, :, 0], frame[:, :, 2])  # of luma alone
