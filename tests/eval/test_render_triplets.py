"""The set that the repository ships."""

from pathlib import Path

import numpy as np
import pytest

from eval.benchmark import SHIPPED_TRIPLETS
from eval.hard_scenes import KINDS as HARD_KINDS
from eval.hard_scenes import at, hard_scene
from eval.pictures import picture_size, read_frame
from eval.render_triplets import draw_hard_triplets, draw_triplets, main, write_set
from eval.tiers import motion_size, motion_tier
from eval.triplets import read_triplets
from nakawari.data.scene import KINDS


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


def test_hard_scenes_are_not_written_over_the_shipped_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--hard"])
    assert "name a folder with --output" in capsys.readouterr().err
