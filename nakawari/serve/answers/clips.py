"""Clips: they are uploaded, looked at, shown and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from nakawari.errors import UserError
from nakawari.parsing import MOST_TAKES, rate
from nakawari.queue.worker import cancel
from nakawari.serve.answers.common import (
    FOR_EVER,
    file_answer,
    html,
    plain_json,
    read_wish,
    threaded,
)
from nakawari.serve.clips.library import Clip, ClipState
from nakawari.serve.clips.proxy import jpeg_of
from nakawari.serve.clips.safe_names import picture_names
from nakawari.serve.clips.timeline import rendered
from nakawari.serve.clips.uploading import SentSequence, store_upload
from nakawari.serve.jobs.previewing import remove_previews
from nakawari.serve.jobs.requesting import HOLDS, MODELS, SOUNDS, parsed_value
from nakawari.serve.service import Service
from nakawari.video.codecs import CODECS
from nakawari.video.files.sequence import USUAL_RATE

THUMB_WIDTH = 200  # px, of a thumbnail


def routes(service: Service) -> list[BaseRoute]:
    """Return the addresses."""

    def clips(request: Request) -> Response:
        return plain_json(
            [_told(service, clip) for clip in service.library.clips(request.state.user)]
        )

    async def upload(request: Request) -> Response:
        name = request.query_params.get("name", "")
        clip = await run_in_threadpool(service.library.add, request.state.user, name)
        try:
            await store_upload(request, clip.source, service.settings.most_bytes)
        except BaseException:
            await run_in_threadpool(service.library.remove, clip)
            raise
        return await arrived(clip)

    async def upload_pictures(request: Request) -> Response:
        sent = SentSequence(request)
        pictures = await sent.listed(service.settings.most_bytes)
        title = request.query_params.get("name", "")
        names = picture_names([picture.name for picture in pictures], title)
        user = request.state.user
        clip = await run_in_threadpool(service.library.add, user, names.folder, USUAL_RATE)
        try:
            await sent.store(clip.source, pictures, names.files)
        except BaseException:
            await run_in_threadpool(service.library.remove, clip)
            raise
        return await arrived(clip)

    async def arrived(clip: Clip, **changes: object) -> Response:
        changes["state"] = ClipState.LOOKING
        clip = await run_in_threadpool(service.library.save, clip, **changes)
        service.looker.look_at(clip)
        return plain_json(_told(service, clip), 201)

    async def change_rate(request: Request) -> Response:
        """Set how many of a sequence's pictures are shown a second; it is then looked at again."""
        clip = await run_in_threadpool(service.clip, request)
        pictures_a_second = parsed_value(await read_wish(request), "rate", rate)
        if pictures_a_second is None:
            raise UserError('"rate" is missing; say how many pictures are shown a second')
        if clip.input_rate is None:
            raise UserError(f"{clip.name} has its own frame rate; a sequence of pictures has none")
        return await arrived(clip, pictures_a_second=str(pictures_a_second))

    async def remove(request: Request) -> Response:
        clip = await run_in_threadpool(service.clip, request, ready=False)
        service.looker.forget(clip)
        await run_in_threadpool(_remove, service, clip)
        return Response(status_code=204)

    def one(request: Request) -> Response:
        clip = service.clip(request, ready=False)
        if clip.state is not ClipState.READY:
            return RedirectResponse("/", 303)
        corrected = service.sheets.sheet(clip)
        return html(
            "clip.html",
            clip=clip,
            parts=rendered(clip, corrected),
            history=corrected.history,
            version=corrected.version,
            codecs={name: codec.title for name, codec in CODECS.items()},
            models=MODELS,
            sounds=SOUNDS,
            holds=HOLDS,
            sheet=corrected.detection.sheet,
            most_takes=MOST_TAKES,
        )

    def video(request: Request) -> Response:
        return file_answer(service.clip(request).proxy, kind="video/mp4")

    def thumb(request: Request) -> Response:
        clip, frame = service.clip(request), request.path_params["frame"]
        if not 0 <= frame < clip.frames:
            raise HTTPException(404, f"the clip has frames 0 to {clip.frames - 1}")
        time = service.sheets.sheet(clip).detection.sheet.clock.time(frame)
        picture = jpeg_of(clip.proxy, time, THUMB_WIDTH)
        return Response(picture, media_type="image/jpeg", headers=FOR_EVER)

    return [
        Route("/clips/{clip}", threaded(one)),
        Route("/clips/{clip}/video", threaded(video)),
        Route("/clips/{clip}/thumbs/{frame:number}.jpg", threaded(thumb)),
        Route("/api/clips", threaded(clips)),
        Route("/api/clips", upload, methods=["PUT"]),
        Route("/api/clips/{clip}", remove, methods=["DELETE"]),
        Route("/api/clips/{clip}/rate", change_rate, methods=["POST"]),
        Route("/api/sequences", upload_pictures, methods=["PUT"]),
    ]


def _told(service: Service, clip: Clip) -> dict[str, Any]:
    return {
        "number": clip.number,
        "name": clip.name,
        "state": str(clip.state),
        "reason": clip.reason,
        "frames": clip.frames,
        **service.looker.progress(clip)._asdict(),
    }


def _remove(service: Service, clip: Clip) -> None:
    for job in service.store.jobs():
        if clip.folder in Path(str(job.settings.get("source"))).parents:
            cancel(service.store, job.number)
    remove_previews(service.previews_folder, service.previews, clip)
    service.library.remove(clip)
