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
from nakawari.serve.library import Clip, ClipState
from nakawari.serve.page import Page
from nakawari.serve.previewing import remove_previews
from nakawari.serve.proxy import jpeg_of
from nakawari.serve.requesting import HOLDS, MODELS, SOUNDS, parsed_value
from nakawari.serve.safe_names import picture_names
from nakawari.serve.timeline import rendered
from nakawari.serve.uploading import SentSequence, store_upload
from nakawari.video.codecs import CODECS
from nakawari.video.sequence import USUAL_RATE

THUMB_WIDTH = 200  # px, of a thumbnail


def routes(page: Page) -> list[BaseRoute]:
    """Return the addresses."""

    def clips(request: Request) -> Response:
        return plain_json([_told(page, clip) for clip in page.library.clips(request.state.user)])

    async def upload(request: Request) -> Response:
        name = request.query_params.get("name", "")
        clip = await run_in_threadpool(page.library.add, request.state.user, name)
        try:
            await store_upload(request, clip.source, page.settings.most_bytes)
        except BaseException:
            await run_in_threadpool(page.library.remove, clip)
            raise
        return await arrived(clip)

    async def upload_pictures(request: Request) -> Response:
        sent = SentSequence(request)
        pictures = await sent.listed(page.settings.most_bytes)
        title = request.query_params.get("name", "")
        names = picture_names([picture.name for picture in pictures], title)
        user = request.state.user
        clip = await run_in_threadpool(page.library.add, user, names.folder, USUAL_RATE)
        try:
            await sent.store(clip.source, pictures, names.files)
        except BaseException:
            await run_in_threadpool(page.library.remove, clip)
            raise
        return await arrived(clip)

    async def arrived(clip: Clip, **changes: object) -> Response:
        changes["state"] = ClipState.LOOKING
        clip = await run_in_threadpool(page.library.save, clip, **changes)
        page.looker.look_at(clip)
        return plain_json(_told(page, clip), 201)

    async def change_rate(request: Request) -> Response:
        """Set how many of a sequence's pictures are shown a second; it is then looked at again."""
        clip = await run_in_threadpool(page.clip, request)
        pictures_a_second = parsed_value(await read_wish(request), "rate", rate)
        if pictures_a_second is None:
            raise UserError('"rate" is missing; say how many pictures are shown a second')
        if clip.input_rate is None:
            raise UserError(f"{clip.name} has its own frame rate; a sequence of pictures has none")
        return await arrived(clip, pictures_a_second=str(pictures_a_second))

    async def remove(request: Request) -> Response:
        clip = await run_in_threadpool(page.clip, request, ready=False)
        page.looker.forget(clip)
        await run_in_threadpool(_remove, page, clip)
        return Response(status_code=204)

    def one(request: Request) -> Response:
        clip = page.clip(request, ready=False)
        if clip.state is not ClipState.READY:
            return RedirectResponse("/", 303)
        corrected = page.sheets.sheet(clip)
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
        return file_answer(page.clip(request).proxy, kind="video/mp4")

    def thumb(request: Request) -> Response:
        clip, frame = page.clip(request), request.path_params["frame"]
        if not 0 <= frame < clip.frames:
            raise HTTPException(404, f"the clip has frames 0 to {clip.frames - 1}")
        time = page.sheets.sheet(clip).detection.sheet.clock.time(frame)
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


def _told(page: Page, clip: Clip) -> dict[str, Any]:
    return {
        "number": clip.number,
        "name": clip.name,
        "state": str(clip.state),
        "reason": clip.reason,
        "frames": clip.frames,
        **page.looker.progress(clip)._asdict(),
    }


def _remove(page: Page, clip: Clip) -> None:
    for job in page.store.jobs():
        if clip.folder in Path(str(job.settings.get("source"))).parents:
            cancel(page.store, job.number)
    remove_previews(page.previews_folder, page.previews, clip)
    page.library.remove(clip)
