"""Templates are filled in whole, and nothing that is filled in can change the page."""

from __future__ import annotations

import re

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from nakawari.page import POLICY, _environment, fill


def filled(source: str, **values: object) -> str:
    return _environment().from_string(source).render(values)


def test_what_is_filled_in_is_escaped_unless_it_is_markup() -> None:
    source = '<p title="{{ words }}">{{ words }}</p>{{ whole }}'
    page = filled(source, words='<b>"&', whole=Markup("<i>x</i>"))
    assert page == '<p title="&lt;b&gt;&#34;&amp;">&lt;b&gt;&#34;&amp;</p><i>x</i>'


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        filled("<p>{{ name }}</p>")


def test_elements_on_lines_of_their_own_stand_side_by_side_and_words_apart() -> None:
    source = """
    <p>one
      two <b>three</b>
      four</p>
    {% for n in numbers %}
    <i>{{ n }}</i>
    <i class="x"
      id="i{{ n }}"></i>
    {% endfor %}
    """
    assert filled(source, numbers=[1]) == (
        '<p>one two <b>three</b> four</p><i>1</i><i class="x" id="i1"></i>'
    )


def test_a_page_may_load_nothing_and_needs_nothing_beside_it() -> None:
    page = fill("nakawari/page.html")
    assert isinstance(page, Markup)
    assert POLICY in page
    assert not re.search(r"src=|href=|url\(", page)
