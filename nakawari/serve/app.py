"""The whole of the page as an ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette

from nakawari.serve.answers import clips, entry, jobs, previews, sheets, takes
from nakawari.serve.answers.common import TOLD_ERRORS, told_error
from nakawari.serve.gate.safety import Gate
from nakawari.serve.service import Service


def app_of(service: Service) -> Gate:
    """Return the application: it answers requests, and does the page's other work meanwhile."""
    answers = (entry, clips, sheets, jobs, previews, takes)
    app = Starlette(
        routes=[route for answer in answers for route in answer.routes(service)],
        lifespan=service.running,
        exception_handlers=dict.fromkeys(TOLD_ERRORS, told_error),
    )
    return Gate(app, service.settings, service.passes)
