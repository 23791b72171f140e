"""What the detector goes by can be read in one place, and tried with other values."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

import nakawari.xsheet
from nakawari.errors import UserError
from nakawari.xsheet.detect import detect
from nakawari.xsheet.settings import (
    DEFAULT,
    CutSettings,
    DetectorSettings,
    HoldSettings,
    SurroundSettings,
    with_changes,
)

SAMPLE = Path(__file__).parents[2] / "samples" / "dance.mp4"
PARTS = [field.name for field in fields(DEFAULT)]


def test_a_change_gives_one_setting_another_value_and_leaves_the_rest() -> None:
    changed = with_changes(DEFAULT, ["cuts.window=8", "surrounds.min_share=0.2"])
    assert changed.cuts == CutSettings(window=8)
    assert changed.surrounds == SurroundSettings(min_share=0.2)
    assert DEFAULT.cuts == CutSettings()
    assert with_changes(DEFAULT, []) is DEFAULT


def test_a_setting_of_several_numbers_is_given_by_commas() -> None:
    changed = with_changes(DEFAULT, ["holds.cadences=2,3", "holds.mixed=0.5,0.25"])
    assert changed.holds == HoldSettings(cadences=(2, 3), mixed=(0.5, 0.25))


def test_the_last_of_several_changes_of_one_setting_counts() -> None:
    assert with_changes(DEFAULT, ["cuts.window=8", "cuts.window=4"]).cuts.window == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("pans.window=8", "there is no 'pans'; known: cuts, surrounds, changes"),
        ("cuts.windows=8", "there is no 'windows'; known: window, min_change"),
        ("window=8", "there is no 'window'; known: cuts, surrounds, changes"),
        ("cuts.window=8.5", "the value must be a whole number, got '8.5'"),
        ("cuts.window=", "the value must be a whole number, got ''"),
        ("cuts.window=0", "window must be 1 or more, got 0"),
        ("cuts.min_change=much", "the value must be a number, got 'much'"),
        ("cuts.min_change=nan", "the value must be a number, got 'nan'"),
        ("bars.edge=0", "edge must be 1 or more, got 0"),
        ("contours.coarse_limit=0", "coarse_limit must be above 0, got 0.0"),
        ("ground.goes=0.2", "stands <= goes <= too_far must hold, got stands 0.3, goes 0.2"),
        ("motion.min_tracks=0", "min_tracks must be 1 or more, got 0"),
        ("moves.min_speed=0.01", "min_easing_speed <= min_speed must hold"),
        ("changes.noise_rank=1", "noise_rank must be in [0, 1), got 1.0"),
        ("levels.floor=0", "floor must be above 0, got 0.0"),
        ("holds.switch=1", "switch must be in (0, 1), got 1.0"),
        ("holds.cadences=2,x", "the value must be a whole number, got 'x'"),
        ("holds.cadences=2,", "the value must be a whole number, got ''"),
        ("holds.cadences=0,2", "cadences must be from 1 to 9, got (0, 2)"),
        ("holds.max_age=5", "cadences must be from 1 to 5, got (1, 2, 3, 4, 6)"),
        ("holds.mixed=1,0", "mixed must be 1 to 9 numbers above 0, got (1.0, 0.0)"),
        ("holds.min_growth_evidence=5", "min_growth_evidence <= max_growth_evidence must hold"),
        ("pictures.width=0", "width must be 1 or more, got 0"),
        ("cadence.max_moving_time=0", "max_moving_time must be above 0, got 0.0"),
        ("pulldown.min_drawings=0", "min_drawings must be 1 or more, got 0"),
        (
            "cuts.min_resemblance=0.6",
            "no_resemblance <= min_resemblance <= max_resemblance must hold, got "
            "no_resemblance 0.3, min_resemblance 0.6, max_resemblance 0.52",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_told(change: str, reason: str) -> None:
    with pytest.raises(UserError) as told:
        with_changes(DEFAULT, [change])
    assert str(told.value).startswith(f"--set {change}: {reason}")


@pytest.mark.parametrize("part", PARTS)
def test_every_setting_is_explained(part: str) -> None:
    kind = type(getattr(DEFAULT, part))
    for setting in fields(kind):
        assert f"\n        {setting.name}: " in (kind.__doc__ or ""), setting.name


@pytest.mark.parametrize("part", [part for part in PARTS if part != "levels"])
def test_every_setting_is_read_by_the_detector(part: str) -> None:
    read = {
        node.attr
        for path in Path(nakawari.xsheet.__file__).parent.rglob("*.py")
        if path.parent.name != "settings"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert {setting.name for setting in fields(getattr(DEFAULT, part))} <= read


def test_only_the_settings_that_are_given_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    before, own = detect(SAMPLE), DetectorSettings()
    for part in PARTS:
        defaults = getattr(DEFAULT, part)
        for setting in fields(defaults):
            monkeypatch.setitem(vars(defaults), setting.name, "not to be read")
    assert detect(SAMPLE, settings=own) == before
