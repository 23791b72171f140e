"""Previews: the second around the playhead."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from nakawari.queue.settings import SlowSettings
from nakawari.serve.answers.common import (
    Wish,
    file_answer,
    picture_answer,
    plain_json,
    threaded,
    wishing,
)
from nakawari.serve.jobs.previewing import begin_preview
from nakawari.serve.jobs.requesting import told
from nakawari.serve.processes.supervising import newest_frame
from nakawari.serve.service import Service


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses."""

    def begin(request: Request, wish: Wish) -> Response:
        clip = service.clip(request)
        sheet = service.sheets.sheet(clip).detection.sheet
        begun = begin_preview(service.previews_folder, service.previews, clip, sheet, wish)
        return plain_json(begun, 201)

    async def begun(request: Request) -> Response:
        answer = await wishing(begin)(request)
        service.draw_previews()
        return answer

    def state(request: Request) -> Response:
        return plain_json(told(service.preview(request), None))

    def frame(request: Request) -> Response:
        return picture_answer(
            newest_frame(service.previews_folder, service.preview(request).number)
        )

    def video(request: Request) -> Response:
        settings = SlowSettings.from_json(service.preview(request).settings)
        return file_answer(settings.output, kind="video/mp4")

    return [
        Route("/api/clips/{clip}/preview", begun, methods=["POST"]),
        Route("/api/previews/{job:number}", threaded(state)),
        Route("/previews/{job:number}/frame.jpg", threaded(frame)),
        Route("/previews/{job:number}/video", threaded(video)),
    ]
