"""Titles validate by their names, and a title that was trained on never does later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.dataset.split import named_titles, validation_titles
from nakawari.errors import UserError

TITLES = st.lists(st.text("abcdefgh", min_size=1, max_size=4), min_size=2, max_size=30, unique=True)


@given(TITLES, st.floats(0.01, 0.9))
def test_some_titles_validate_and_some_do_not(titles: list[str], share: float) -> None:
    chosen = validation_titles(titles, share)
    assert chosen
    assert chosen < set(titles)


@given(TITLES, st.text("xyz", min_size=1, max_size=4), st.floats(0.01, 0.4))
def test_a_new_title_never_makes_a_training_title_validate(
    titles: list[str], new: str, share: float
) -> None:
    before = set(titles) - validation_titles(titles, share)
    after = validation_titles([*titles, new], share)
    full = len(validation_titles(titles, share)) == len(titles) - 1
    assert full or not before & after


def test_the_share_is_about_what_was_asked_for() -> None:
    titles = [f"title {number}" for number in range(2000)]
    assert 150 <= len(validation_titles(titles, 0.1)) <= 250


def test_case_and_spaces_make_no_other_title() -> None:
    titles = [f"Show {number}" for number in range(20)]
    shouted = [title.upper().replace(" ", "  ") for title in titles]
    assert validation_titles(titles, 0.3) == validation_titles(shouted, 0.3)


@pytest.mark.parametrize(("titles", "share"), [(["one"], 0.5), (["one", "two"], 0.0)])
def test_nothing_validates_of_one_title_or_no_share(titles: list[str], share: float) -> None:
    assert validation_titles(titles, share) == set()


def test_named_titles_validate() -> None:
    assert named_titles(["A Show", "B"], ["a  show"]) == {"a show"}


def test_a_named_title_that_there_is_not_fails() -> None:
    with pytest.raises(UserError, match="--validation-title: no video is of c; there are A, B"):
        named_titles(["A", "B"], ["C"])
