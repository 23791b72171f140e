"""The whole of the page as an ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette

from nakawari.serve.answers import clips, entry, jobs, previews, sheets, takes
from nakawari.serve.answers.common import TOLD_ERRORS, told_error
from nakawari.serve.page import Page
from nakawari.serve.safety import Gate


def app_of(page: Page) -> Gate:
    """Return the application: it answers requests, and does the page's other work meanwhile."""
    answers = (entry, clips, sheets, jobs, previews, takes)
    app = Starlette(
        routes=[route for answer in answers for route in answer.routes(page)],
        lifespan=page.running,
        exception_handlers=dict.fromkeys(TOLD_ERRORS, told_error),
    )
    return Gate(app, page.settings, page.passes)
