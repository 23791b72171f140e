"""Takes: which intervals have takes to choose from, and the clips of these takes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from nakawari.serve.answers.common import file_answer, plain_json, threaded
from nakawari.serve.jobs.choosing import choices, clip_of_take
from nakawari.serve.service import Service


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses."""

    def takes(request: Request) -> Response:
        clip = service.clip(request)
        sheet = service.sheets.sheet(clip).detection.sheet
        user = request.state.user
        jobs = [job for job in service.store.jobs() if service.clip_of(job, user) == clip]
        return plain_json(choices(jobs, sheet))

    def video(request: Request) -> Response:
        name = request.path_params["name"]
        return file_answer(clip_of_take(service.job(request), name), kind="video/mp4")

    return [
        Route("/api/clips/{clip}/takes", threaded(takes)),
        Route("/jobs/{job:number}/takes/{name}", threaded(video)),
    ]
