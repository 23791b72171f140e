"""The way in, the first page, and the files that pages are made of."""

from __future__ import annotations

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from nakawari.dataset.videos import VIDEO_ENDINGS
from nakawari.serve.answers.common import Answer, html, plain_json, read_wish, threaded
from nakawari.serve.gate.passes import DAYS, cookie_name
from nakawari.serve.service import Service
from nakawari.video.files.sequence import PICTURE_ENDINGS

CLIP_ENDINGS = (*VIDEO_ENDINGS, ".gif", ".mxf")
"""The endings by which the page recognises a clip among the files of a folder."""


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses."""

    def home(request: Request) -> Response:
        return html("home.html", picture_endings=PICTURE_ENDINGS, video_endings=CLIP_ENDINGS)

    def enter(request: Request) -> Response:
        token = request.query_params.get("token", "")
        return html("enter.html", token=token, is_valid=service.passes.is_valid(token))

    async def entered(request: Request) -> Response:
        # A button uses up the token, not the link: programs that preview links would use it up.
        user = service.passes.use(str((await read_wish(request)).get("token", "")))
        if user is None:
            return plain_json({"error": "this link was used before; ask for a new one"}, 403)
        answer = plain_json({})
        answer.set_cookie(
            cookie_name(service.settings.port),
            service.passes.cookie(user),
            max_age=DAYS * 86400,
            httponly=True,
            samesite="lax",
        )
        service.announce(user)
        return answer

    return [
        Route("/", threaded(home)),
        Route("/enter", threaded(enter)),
        Route("/enter", entered, methods=["POST"]),
        Route("/static/report.css", _shared("report.css", "text/css")),
        Route("/static/timeline.js", _shared("timeline.js", "text/javascript")),
        Mount("/static", StaticFiles(packages=[("nakawari.serve", "static")])),
    ]


def _shared(name: str, kind: str) -> Answer:
    """Answer with a file of the page that ``nakawari xsheet --html`` writes."""

    async def answer(request: Request) -> Response:
        text = resources.files("nakawari.xsheet.show").joinpath(name).read_text(encoding="utf-8")
        return Response(text, media_type=kind, headers={"Cache-Control": "no-cache"})

    return answer
