"""What the HTML reports share: templates that are filled in, and the frame of a page.

A report is one file that needs no other file and no network. Its template is in the same folder as
the code that fills it in, and extends ``page.html``. Whatever is filled in is escaped, unless it is
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

# A Content-Security-Policy: the browser loads nothing but what is written in the page itself.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def fill(template: str, **values: Any) -> Markup:
    """Return a template with its values filled in.

    Bytes of a file's name that are no UTF-8 (lone surrogates) are written out, such as \\udcff.

    Args:
        template: its path, relative to the folder that contains the packages, such as
            ``nakawari/sweep/report.html``.
        values: by the names that the template gives them; a missing one is an error.
    """
    page = _environment().get_template(template).render(values)
    return Markup(page.encode(errors="backslashreplace").decode())


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
    """Return the text of a file in a package, by its path."""
    folder, _, name = path.rpartition("/")
    return resources.files(folder.replace("/", ".")).joinpath(name).read_text(encoding="utf-8")


def _file(path: str) -> Markup:
    """Return the text of a style sheet or a script, not escaped."""
    return Markup(_text(path))


class _Joined(Extension):
    """Lets a template put each element on its own line, with no space between them on the page.

    A line break between two tags is removed, with the indent after it. Any other line break becomes
    a space.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Join the lines of a template."""
        source = re.sub(r"(?<=[>}])[ ]*\n\s*(?=[<{])", "", source.strip())
        return re.sub(r"[ ]*\n\s*", " ", source)
