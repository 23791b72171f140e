"""The set that the repository ships."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from eval.benchmark import SHIPPED_TRIPLETS
from eval.render_triplets import (
    PANS,
    draw_hard_triplets,
    draw_layered_triplets,
    draw_triplets,
    main,
    write_set,
)
from eval.sets.hard_scenes import KINDS as HARD_KINDS
from eval.sets.hard_scenes import at, hard_scene
from eval.sets.layered_scenes import LAYERED_KINDS, layered_scene
from eval.sets.pictures import picture_size, read_frame
from eval.sets.tiers import motion_size, motion_tier
from eval.sets.triplet_list import read_triplets
from nakawari.data.moving.render import render
from nakawari.data.scenes.scene import KINDS


def test_a_rendered_set_is_a_list_of_triplets_of_every_kind_that_move(tmp_path: Path) -> None:
    count = write_set(tmp_path, draw_triplets(72, 128, per_kind=1))
    triplets = read_triplets(tmp_path / "triplets.jsonl")
    assert len(triplets) == count == len(KINDS)
    assert {triplet.tags[0] for triplet in triplets} == {f"moves:{kind}" for kind in KINDS}
    for triplet in triplets:
        assert picture_size(triplet.target) == (128, 72)
        assert not read_frame(triplet.frame_0).equal(read_frame(triplet.frame_1))


def test_rendering_again_gives_the_same_set(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_set(tmp_path / name, draw_triplets(48, 64, per_kind=1))
    files = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    assert files == {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()}


def test_another_seed_gives_another_set(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_set(tmp_path / str(seed), draw_triplets(48, 64, per_kind=1, seed=seed))
    files = [(tmp_path / str(seed) / "cel_000_target.webp").read_bytes() for seed in (0, 1)]
    assert files[0] != files[1]


def test_a_seed_below_zero_which_training_might_have_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--seed", "-1000003"])
    assert "--seed must be 0 or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("length", "tier"),
    [(0.0, None), (3.0, "motion:small"), (10.0, "motion:medium"), (40.0, "motion:large")],
)
def test_the_tier_is_that_of_the_pixels_that_move_at_288_px_height(
    length: float, tier: str | None
) -> None:
    displacement = np.zeros((144, 10, 2))
    displacement[:20, :, 0] = length / 2  # half the height, half the length in px
    assert motion_tier(motion_size(displacement, height=144)) == tier


def test_the_shipped_set_is_complete_and_small() -> None:
    if not SHIPPED_TRIPLETS.exists():
        pytest.skip("eval/render_triplets.py has not been run")
    triplets = read_triplets(SHIPPED_TRIPLETS)
    assert {triplet.frame_time for triplet in triplets} == {0.25, 0.5, 0.75}
    assert sum(p.stat().st_size for p in SHIPPED_TRIPLETS.parent.iterdir()) < 4 * 2**20
    assert (SHIPPED_TRIPLETS.parent / "LICENSE").is_file()


def test_hard_scenes_move_as_far_as_they_say() -> None:
    triplets = list(draw_hard_triplets(per_kind=1))
    kinds = {tag for triplet in triplets for tag in triplet.tags}
    assert {f"scene:{kind}" for kind in HARD_KINDS} < kinds
    assert {triplet.frame_time for triplet in triplets} == {0.25, 0.5, 0.75}
    for kind in ("figure", "thin-lines"):
        scene = hard_scene(kind, 60, seed=0)
        first, last = at(scene, 0.0), at(scene, 1.0)
        centres = [np.argwhere(moment.moving).mean(axis=0)[::-1] for moment in (first, last)]
        assert centres[1] - centres[0] == pytest.approx(scene.way, abs=0.5)
        assert np.hypot(*scene.way) == pytest.approx(60)


@pytest.mark.parametrize("pan", PANS)
@pytest.mark.parametrize("kind", LAYERED_KINDS)
def test_the_ground_of_a_layered_scene_pans_as_far_as_it_says(kind: str, pan: int) -> None:
    scene = layered_scene(kind, pan, number=1)
    assert np.abs(scene.way).tolist() == [pan, 0]
    for time in (0.25, 0.5, 0.75):
        drawn = render(scene.layers, time, 288, 512, motion_times=(0.0, 1.0))
        ground = drawn.layer_ids == scene.moving
        assert ground.mean() > 0.25
        for motion, share in zip(drawn.motions, (-time, 1 - time), strict=True):
            assert np.abs(motion[ground] - share * scene.way).max() < 0.01


@pytest.mark.parametrize("number", range(3))
def test_a_held_figure_is_the_same_picture_over_the_ground_that_pans(number: int) -> None:
    scene = layered_scene("held-figure", 16, number)
    moments = [at(scene, time) for time in (0.0, 0.25, 1.0)]
    figure = ~moments[0].moving
    assert figure.mean() > 0.05
    for moment in moments[1:]:
        assert (~moment.moving == figure).all()
        # At its very edge the ground shines through.
        filled = np.pad(figure.astype(np.uint8), 1)
        inside = cv2.erode(filled, np.ones((7, 7), np.uint8))[1:-1, 1:-1] > 0
        assert (moment.frame[inside] == moments[0].frame[inside]).all()


def test_a_moving_figure_goes_evenly_as_far_as_the_ground_and_against_it() -> None:
    scene = layered_scene("moving-figure", 32, number=3)
    last = render(scene.layers, 1.0, 288, 512, motion_times=(0.0,))
    motions = -last.motions[0][last.layer_ids != scene.moving]
    way = motions.mean(axis=0)
    assert np.abs(motions - way).max() < 0.1  # as a whole
    assert np.hypot(*way) == pytest.approx(32, abs=0.1)
    assert way @ scene.way < -0.8 * 32 * 32
    quarter = render(scene.layers, 0.25, 288, 512, motion_times=(0.0,))
    moved = -quarter.motions[0][quarter.layer_ids != scene.moving]
    assert moved.mean(axis=0) == pytest.approx(way / 4, abs=0.1)


@pytest.mark.parametrize("kind", ["hair", "arms"])
@pytest.mark.parametrize("number", range(4))
def test_hair_and_arms_move_before_a_figure_that_rests(kind: str, number: int) -> None:
    scene = layered_scene(kind, 8, number)
    drawn = render(scene.layers, 0.0, 288, 512, motion_times=(1.0,))
    length = np.hypot(*np.moveaxis(drawn.motions[0], -1, 0))[drawn.layer_ids != scene.moving]
    assert (length > 8).sum() >= 150
    assert (length < 0.1).mean() > 0.3


def test_layered_triplets_say_what_they_are_and_follow_the_others(tmp_path: Path) -> None:
    triplets = list(draw_layered_triplets(per_kind=2))
    assert len(triplets) == len(LAYERED_KINDS) * len(PANS) * 2 * 3
    tags = {tag for triplet in triplets for tag in triplet.tags}
    kinds, pans = ({f"scene:{kind}" for kind in LAYERED_KINDS}, {f"pan:{p:02d}" for p in PANS})
    assert tags == {"layered", "ground:poles", "ground:fence"} | kinds | pans
    main(["--hard", "--per-kind", "1", "--output", str(tmp_path)])
    listed = read_triplets(tmp_path / "triplets.jsonl")
    straight = [triplet.tags for triplet in draw_hard_triplets(per_kind=1)]
    assert [list(triplet.tags) for triplet in listed[: len(straight)]] == straight
    assert all("layered" in triplet.tags for triplet in listed[len(straight) :])


def test_other_seeds_give_other_layered_scenes_and_the_same_seed_the_same() -> None:
    first, again, other = (
        next(iter(draw_layered_triplets(per_kind=1, seed=seed))) for seed in (0, 0, 1)
    )
    assert (first.target == again.target).all()
    assert (first.target != other.target).any()


def test_hard_scenes_are_not_written_over_the_shipped_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--hard"])
    assert "name a folder with --output" in capsys.readouterr().err
