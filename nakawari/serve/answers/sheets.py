"""Sheets: they are corrected and downloaded."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
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
from nakawari.serve.clips.correcting import Corrected
from nakawari.serve.clips.library import Clip
from nakawari.serve.clips.timeline import differing, rendered
from nakawari.serve.service import Service


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses."""
    one_by_one = Lock()  # an answer tells the difference from the sheet that the tab shows

    def sheet(request: Request) -> Response:
        clip = service.clip(request)
        text = service.sheets.sheet(clip).detection.sheet.to_json()
        name = quote(f"{clip.stem}.xsheet.json")
        saved = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(text, media_type="application/json", headers=saved | NEVER_KEPT)

    def changing(change: Callable[[Clip, Wish], Corrected]) -> Answer:
        """Change a sheet, unless the wish comes from a tab that shows an earlier one.

        "seen" in the wish is the version that it shows. If another tab has changed the sheet since,
        the answer is the whole sheet, and nothing is changed.
        """

        def answer(request: Request, wish: Wish) -> Response:
            clip = service.clip(request)
            with one_by_one:
                before = service.sheets.sheet(clip)
                is_stale = wish.get("seen", before.version) != before.version
                corrected = before if is_stale else change(clip, wish)
            shown = None if is_stale else rendered(clip, before)
            return plain_json(differing(shown, rendered(clip, corrected), corrected))

        return wishing(answer)

    changes: dict[str, Callable[[Clip, Wish], Corrected]] = {
        "corrections": service.sheets.correct,
        "undo": lambda clip, wish: service.sheets.undo(clip),
        "redo": lambda clip, wish: service.sheets.redo(clip),
    }
    return [
        Route("/clips/{clip}/sheet.json", threaded(sheet)),
        *(
            Route(f"/api/clips/{{clip}}/{name}", changing(change), methods=["POST"])
            for name, change in changes.items()
        ),
    ]
