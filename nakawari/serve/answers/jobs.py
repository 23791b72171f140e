"""Jobs: they are ordered, shown while they are drawn, and cancelled; results are downloaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Lock

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import State
from nakawari.queue.worker import cancel
from nakawari.serve.answers.common import (
    Wish,
    file_answer,
    folder_answer,
    picture_answer,
    plain_json,
    threaded,
    wishing,
)
from nakawari.serve.clips.playing import playable
from nakawari.serve.jobs.requesting import add_job, settings_for, source_frames
from nakawari.serve.processes.supervising import newest_frame
from nakawari.serve.service import Service


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses."""
    ordering = Lock()  # a double click orders twice at once, and no two outputs may have one name

    def order(request: Request, wish: Wish) -> Response:
        clip = service.clip(request)
        with ordering:
            taken = {Path(str(job.settings.get("output"))).name for job in service.store.jobs()}
            sheet = service.sheets.sheet(clip).detection.sheet
            settings = settings_for(clip, sheet, wish, taken)
            return plain_json({"number": add_job(service.store, settings)}, 201)

    def jobs(request: Request) -> Response:
        return plain_json(service.jobs(request.state.user))

    def cancelled(request: Request, wish: Wish) -> Response:
        return plain_json({"before": str(cancel(service.store, service.job(request).number))})

    def frame(request: Request) -> Response:
        return picture_answer(newest_frame(service.settings.folder, service.job(request).number))

    def download(request: Request) -> Response:
        output = SlowSettings.from_json(service.job(request).settings).output
        return folder_answer(output) if output.is_dir() else file_answer(output, output.name)

    def video(request: Request) -> Response:
        return file_answer(playable(SlowSettings.from_json(service.job(request).settings)))

    def frames(request: Request) -> Response:
        job = service.job(request)
        clip = service.clip_of(job, request.state.user)
        if clip is None:
            raise LookupError(f"the clip of job {job.number} is gone")
        if job.state is not State.DONE:
            yet = "" if job.state.is_final else " yet"
            text = f"there is nothing{yet} of job {job.number}: it is {job.state}"
            raise HTTPException(409, text)
        settings = SlowSettings.from_json(job.settings)
        sheet = service.sheets.sheet(clip).detection.sheet
        if settings.input_rate is not None:  # the clip's may have changed since
            sheet = replace(sheet, fps=settings.input_rate)
        rate = float(settings.rate or sheet.clock.fps)
        return plain_json({"frames": source_frames(settings, sheet), "rate": rate})

    return [
        Route("/api/clips/{clip}/jobs", wishing(order), methods=["POST"]),
        Route("/api/jobs", threaded(jobs)),
        Route("/api/jobs/{job:number}/cancel", wishing(cancelled), methods=["POST"]),
        Route("/api/jobs/{job:number}/frames", threaded(frames)),
        Route("/jobs/{job:number}/frame.jpg", threaded(frame)),
        Route("/jobs/{job:number}/download", threaded(download)),
        Route("/jobs/{job:number}/video", threaded(video)),
    ]
