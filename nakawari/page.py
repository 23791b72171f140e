"""What the HTML reports share: templates that are filled in, and the frame of a page.

A report is one file that needs nothing beside it, nor a network. Its template stands beside the
code that fills it in, and extends ``page.html``. Whatever is filled in is escaped, unless it is
``Markup`` already.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

# The browser is told to load nothing at all but what is written in the page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def fill(template: str, **values: Any) -> Markup:
    """Return a template with its values filled in.

    Args:
        template: its path from the folder that the packages are in, such as
            ``nakawari/sweep/report.html``.
        values: by the names that the template gives them; one that is missing is an error.
    """
    return Markup(_environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=[_Joined],
    )
    environment.globals |= {"file": _file, "policy": Markup(POLICY)}
    return environment


def _text(path: str) -> str:
    """Return a file of a package by its path."""
    folder, _, name = path.rpartition("/")
    return resources.files(folder.replace("/", ".")).joinpath(name).read_text(encoding="utf-8")


def _file(path: str) -> Markup:
    """Return a style sheet or a script as it is."""
    return Markup(_text(path))


class _Joined(Extension):
    """Lets a template have a line for each element without a space between the elements.

    A line break between two tags vanishes, with the indent after it; any other is a space.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Join the lines of a template."""
        source = re.sub(r"(?<=[>}])[ ]*\n\s*(?=[<{])", "", source.strip())
        return re.sub(r"[ ]*\n\s*", " ", source)
