"""What a picture shows is found again wherever it went and however it is lit; nothing else is."""

import numpy as np
import pytest

from nakawari.xsheet.change.change import plate
from nakawari.xsheet.change.content import Content, correlation, resemblance, slopes_of
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import shot_at


def content(luma: np.ndarray) -> Content:
    return Content(luma)


def luma(**shot: object) -> np.ndarray:
    return plate(shot_at(**shot)).smooth.luma  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "later",
    [
        luma(x=9.0, y=3.0),
        luma(x=60.0, figure=None),  # a pan too fast to be followed
        luma(zoom=1.1),
        luma(figure=(185.0, 80.0)),
        (luma() * 0.25 + 150).astype(np.uint8),
        255 - luma(),
        255 - luma(x=6.0),
    ],
    ids=["pan", "whip pan", "zoom", "figure", "faded", "negative", "negative that moves"],
)
def test_what_moves_or_is_lit_otherwise_is_found(later: np.ndarray) -> None:
    earlier = luma(figure=None) if later is None else luma()
    assert resemblance(content(earlier), content(later)) > DEFAULT.cuts.max_resemblance


@pytest.mark.parametrize("light", [1.0, 0.1])
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_another_scene_is_not_found(seed: int, light: float) -> None:
    other = (luma(seed=seed, figure=(220.0, 70.0)) * light).astype(np.uint8)
    assert resemblance(content(luma(seed=1)), content(other)) < DEFAULT.cuts.max_resemblance


def test_a_figure_that_stays_does_not_hide_that_all_around_it_is_other() -> None:
    one, other = luma(seed=1, figure=(150.0, 90.0)), luma(seed=2, figure=(150.0, 90.0))
    assert abs(correlation(slopes_of(one), slopes_of(other))) < DEFAULT.cuts.min_resemblance


def test_no_more_is_looked_for_where_enough_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "nakawari.xsheet.change.content._flowed",
        lambda *planes: pytest.fail("looked on for motion"),
    )
    assert resemblance(content(luma()), content(luma()), enough=0.9) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(2, 1024), (16, 16), (1, 1), (17, 40)])
def test_pictures_too_small_to_be_looked_through_are_compared_in_place(
    shape: tuple[int, int],
) -> None:
    generator = np.random.default_rng(0)
    picture = generator.integers(0, 255, shape, np.uint8)
    assert resemblance(content(picture), content(picture)) == pytest.approx(
        1.0 if max(shape) > 1 else 0.0, abs=0.01
    )
    assert resemblance(content(picture), content(np.full(shape, 90, np.uint8))) == 0.0
