"""Sheets: they are corrected and downloaded."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from nakawari.serve.answers.common import (
    NEVER_KEPT,
    Answer,
    Wish,
    plain_json,
    threaded,
    wishing,
)
from nakawari.serve.correcting import Corrected
from nakawari.serve.library import Clip
from nakawari.serve.page import Page
from nakawari.serve.timeline import differing, rendered


def routes(page: Page) -> list[BaseRoute]:
    """Return the addresses."""

    def sheet(request: Request) -> Response:
        clip = page.clip(request)
        text = page.sheets.sheet(clip).detection.sheet.to_json()
        name = quote(f"{clip.stem}.xsheet.json")
        saved = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(text, media_type="application/json", headers=saved | NEVER_KEPT)

    def changing(change: Callable[[Clip, Wish], Corrected]) -> Answer:
        def answer(request: Request, wish: Wish) -> Response:
            clip = page.clip(request)
            before = rendered(clip, page.sheets.sheet(clip))
            corrected = change(clip, wish)
            return plain_json(differing(before, rendered(clip, corrected), corrected))

        return wishing(answer)

    changes: dict[str, Callable[[Clip, Wish], Corrected]] = {
        "corrections": page.sheets.correct,
        "undo": lambda clip, wish: page.sheets.undo(clip),
        "redo": lambda clip, wish: page.sheets.redo(clip),
    }
    return [
        Route("/clips/{clip}/sheet.json", threaded(sheet)),
        *(
            Route(f"/api/clips/{{clip}}/{name}", changing(change), methods=["POST"])
            for name, change in changes.items()
        ),
    ]
