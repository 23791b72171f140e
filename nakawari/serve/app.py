"""The page: what is answered at which address."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import FILE_NAME, Job, JobStore
from nakawari.queue.worker import cancel
from nakawari.serve import previewing
from nakawari.serve.correcting import Corrected, SheetDesk
from nakawari.serve.library import Clip, ClipState, Library
from nakawari.serve.looking import Looker
from nakawari.serve.ordering import (
    HOLDS,
    MODELS,
    SOUNDS,
    add_job,
    parsed_wish,
    settings_for,
    source_frames,
    told,
)
from nakawari.serve.passes import COOKIE, DAYS, Passes
from nakawari.serve.playing import playable
from nakawari.serve.proxy import jpeg_of
from nakawari.serve.safety import Gate
from nakawari.serve.settings import ServeSettings
from nakawari.serve.supervising import Supervisor, newest_frame
from nakawari.serve.timeline import differing, rendered
from nakawari.serve.uploading import store_upload
from nakawari.video.codecs import CODECS

MOST_WISH_BYTES = 65_536
THUMB_WIDTH = 200  # px
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
NEVER_KEPT = {"Cache-Control": "no-store"}

templates = Environment(
    loader=PackageLoader("nakawari.serve"), autoescape=select_autoescape(), trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


class Page:
    """The page's state: its clips, their sheets, and its queues.

    Args:
        settings: of the page.
        worker: the command that starts a worker, but for its folder.
        announce: is given a new one-time link whenever the last one was used.
    """

    def __init__(
        self,
        settings: ServeSettings,
        worker: Sequence[str],
        announce: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.settings = settings
        self.passes = Passes(settings.folder)
        self.library = Library(settings.folder)
        self.sheets = SheetDesk()
        self.store = JobStore(settings.folder / FILE_NAME)
        self._worker = worker
        self._announce = announce
        self.looker = Looker(self.library, settings)
        self.previews_folder = settings.folder / previewing.FOLDER
        self.previews_folder.mkdir(exist_ok=True)
        self.previews = JobStore(self.previews_folder / FILE_NAME)
        self._tasks: list[asyncio.Task[None]] = []
        self._draws_previews = False

    def link(self, user: str) -> str:
        """Return a new one-time link for a user."""
        return f"{self.settings.address}/enter?token={self.passes.new_token(user)}"

    def app(self) -> Gate:
        """Return what answers requests."""
        return Gate(
            Starlette(routes=_routes(self), lifespan=self._lifespan, exception_handlers=_HANDLERS),
            self.settings,
            self.passes,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._begin(self.looker.run())
        self._begin(Supervisor(self.store, self._worker).run())
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.store.close()
            self.previews.close()

    def _begin(self, work: Any) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def draw_previews(self) -> None:
        """Start the worker of the previews, if that was not done yet."""
        if not self._draws_previews:
            self._draws_previews = True
            self._begin(Supervisor(self.previews, self._worker).run())

    def announce(self, user: str) -> None:
        """Tell of a new link, after the last one was used."""
        self._announce(f"{user} came in; for the next browser: {self.link(user)}")

    def clip(self, request: Request, *, ready: bool = True) -> Clip:
        """Return the user's clip of an address; 404 if it is none of theirs."""
        clip = self.library.clip(request.state.user, request.path_params["clip"])
        if ready and clip.state is not ClipState.READY:
            raise HTTPException(409, f"{clip.name} is not ready: {clip.state}")
        return clip

    def job(self, request: Request) -> tuple[Job, Clip]:
        """Return the user's job of an address, and its clip; ``LookupError`` if it is not theirs."""
        job = self.store.job(request.path_params["job"])
        clip = self.clip_of(job, request.state.user)
        if clip is None:
            raise LookupError(f"there is no job {job.number}")
        return job, clip

    def preview(self, request: Request) -> Job:
        """Return the user's preview of an address; ``LookupError`` if it is not theirs."""
        job = self.previews.job(request.path_params["job"])
        own = self.previews_folder / request.state.user
        if own not in Path(str(job.settings.get("source"))).parents:
            raise LookupError(f"there is no preview {job.number}")
        return job

    def clip_of(self, job: Job, user: str) -> Clip | None:
        """Return the clip of a job, if it is the user's."""
        found = self.library.owner_of(Path(str(job.settings.get("source"))))
        if found is None or found[0] != user:
            return None
        try:
            return self.library.clip(*found)
        except LookupError:
            return None

    def jobs(self, user: str) -> list[dict[str, Any]]:
        """Return the user's jobs, the latest first."""
        pairs = [(job, self.clip_of(job, user)) for job in reversed(self.store.jobs())]
        return [told(job, clip) for job, clip in pairs if clip is not None]


def _page(name: str, **content: Any) -> HTMLResponse:
    return HTMLResponse(templates.get_template(name).render(**content), headers=NEVER_KEPT)


def _json(content: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(content, status, headers=NEVER_KEPT)


async def _wish(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_WISH_BYTES:
            raise HTTPException(413, "the request is too long")
    return parsed_wish(body)


def _clip_told(page: Page, clip: Clip) -> dict[str, Any]:
    return {
        "number": clip.number,
        "name": clip.name,
        "state": str(clip.state),
        "reason": clip.reason,
        "frames": clip.frames,
        **page.looker.progress(clip)._asdict(),
    }


Answer = Callable[[Request], Awaitable[Response]]


def _routes(page: Page) -> list[Route | Mount]:
    """Return all addresses. What reads or writes files does so in a thread."""

    def threaded(answer: Callable[[Request], Response]) -> Answer:
        async def answering(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return answering

    def wishing(answer: Callable[[Request, dict[str, Any]], Response]) -> Answer:
        async def answering(request: Request) -> Response:
            return await run_in_threadpool(answer, request, await _wish(request))

        return answering

    def home(request: Request) -> Response:
        return _page("home.html")

    def enter(request: Request) -> Response:
        token = request.query_params.get("token", "")
        return _page("enter.html", token=token, is_valid=page.passes.is_valid(token))

    async def entered(request: Request) -> Response:
        user = page.passes.use(str((await _wish(request)).get("token", "")))
        if user is None:
            return _json({"error": "this link was used before; ask for a new one"}, 403)
        answer = _json({})
        answer.set_cookie(
            COOKIE, page.passes.cookie(user), max_age=DAYS * 86400, httponly=True, samesite="lax"
        )
        page.announce(user)
        return answer

    def clips(request: Request) -> Response:
        return _json([_clip_told(page, clip) for clip in page.library.clips(request.state.user)])

    async def upload(request: Request) -> Response:
        name = request.query_params.get("name", "")
        clip = page.library.add(request.state.user, name)
        try:
            await store_upload(request, clip.source, page.settings.most_bytes)
        except BaseException:
            page.library.remove(clip)
            raise
        clip = page.library.save(clip, state=ClipState.LOOKING)
        page.looker.look_at(clip)
        return _json(_clip_told(page, clip), 201)

    async def remove(request: Request) -> Response:
        clip = page.clip(request, ready=False)
        page.looker.forget(clip)
        await run_in_threadpool(_remove, page, clip)
        return Response(status_code=204)

    def one(request: Request) -> Response:
        clip = page.clip(request, ready=False)
        if clip.state is not ClipState.READY:
            return RedirectResponse("/", 303)
        corrected = page.sheets.sheet(clip)
        return _page(
            "clip.html",
            clip=clip,
            timeline=rendered(clip, corrected),
            codecs={name: codec.title for name, codec in CODECS.items()},
            models=MODELS,
            sounds=SOUNDS,
            holds=HOLDS,
            sheet=corrected.detection.sheet,
        )

    def video(request: Request) -> Response:
        return FileResponse(page.clip(request).proxy, media_type="video/mp4")

    def thumb(request: Request) -> Response:
        clip = page.clip(request)
        clock = page.sheets.sheet(clip).detection.sheet.clock
        frame = request.path_params["frame"]
        if not 0 <= frame < clip.frames:
            raise HTTPException(404, f"the clip has frames 0 to {clip.frames - 1}")
        time = clock.time(frame) - clock.time(0)
        return Response(
            jpeg_of(clip.proxy, time, THUMB_WIDTH), media_type="image/jpeg", headers=FOR_EVER
        )

    def sheet(request: Request) -> Response:
        clip = page.clip(request)
        text = page.sheets.sheet(clip).detection.sheet.to_json()
        name = f"{Path(clip.name).stem}.xsheet.json"
        disposition = {"Content-Disposition": f"attachment; filename*=utf-8''{_quoted(name)}"}
        return Response(text, media_type="application/json", headers=disposition | NEVER_KEPT)

    def changing(change: Callable[[Clip, dict[str, Any]], Corrected]) -> Answer:
        def answer(request: Request, wish: dict[str, Any]) -> Response:
            clip = page.clip(request)
            before = rendered(clip, page.sheets.sheet(clip))
            return _json(differing(before, rendered(clip, change(clip, wish))))

        return wishing(answer)

    def order(request: Request, wish: dict[str, Any]) -> Response:
        clip = page.clip(request)
        taken = {Path(str(job.settings.get("output"))).name for job in page.store.jobs()}
        sheet = page.sheets.sheet(clip).detection.sheet
        settings = settings_for(clip, sheet, wish, taken)
        return _json({"number": add_job(page.store, settings)}, 201)

    def preview(request: Request, wish: dict[str, Any]) -> Response:
        clip = page.clip(request)
        sheet = page.sheets.sheet(clip).detection.sheet
        begun = previewing.begin_preview(page.previews_folder, page.previews, clip, sheet, wish)
        return _json(begun, 201)

    async def previewing_answer(request: Request) -> Response:
        answer = await wishing(preview)(request)
        page.draw_previews()
        return answer

    def preview_state(request: Request) -> Response:
        return _json(told(page.preview(request), None))

    def preview_frame(request: Request) -> Response:
        return _frame_of(newest_frame(page.previews_folder, page.preview(request).number))

    def preview_video(request: Request) -> Response:
        settings = SlowSettings.from_json(page.preview(request).settings)
        return _file(settings.output, media_type="video/mp4")

    def jobs(request: Request) -> Response:
        return _json(page.jobs(request.state.user))

    def cancel_job(request: Request) -> Response:
        job, _ = page.job(request)
        return _json({"before": str(cancel(page.store, job.number))})

    def frame(request: Request) -> Response:
        return _frame_of(newest_frame(page.settings.folder, page.job(request)[0].number))

    def download(request: Request) -> Response:
        settings = SlowSettings.from_json(page.job(request)[0].settings)
        return _file(settings.output, filename=settings.output.name)

    def result(request: Request) -> Response:
        return _file(playable(SlowSettings.from_json(page.job(request)[0].settings)))

    def frames(request: Request) -> Response:
        job, clip = page.job(request)
        settings = SlowSettings.from_json(job.settings)
        sheet = page.sheets.sheet(clip).detection.sheet
        return _json({"frames": source_frames(settings, sheet), "rate": _rate(settings, sheet)})

    return [
        Route("/", threaded(home)),
        Route("/enter", threaded(enter)),
        Route("/enter", entered, methods=["POST"]),
        Route("/clips/{clip}", threaded(one)),
        Route("/clips/{clip}/video", threaded(video)),
        Route("/clips/{clip}/thumbs/{frame:int}.jpg", threaded(thumb)),
        Route("/clips/{clip}/sheet.json", threaded(sheet)),
        Route("/api/clips", threaded(clips)),
        Route("/api/clips", upload, methods=["PUT"]),
        Route("/api/clips/{clip}", remove, methods=["DELETE"]),
        Route("/api/clips/{clip}/corrections", changing(page.sheets.correct), methods=["POST"]),
        Route(
            "/api/clips/{clip}/undo",
            changing(lambda clip, _: page.sheets.undo(clip)),
            methods=["POST"],
        ),
        Route(
            "/api/clips/{clip}/redo",
            changing(lambda clip, _: page.sheets.redo(clip)),
            methods=["POST"],
        ),
        Route("/api/clips/{clip}/jobs", wishing(order), methods=["POST"]),
        Route("/api/clips/{clip}/preview", previewing_answer, methods=["POST"]),
        Route("/api/previews/{job:int}", threaded(preview_state)),
        Route("/previews/{job:int}/frame.jpg", threaded(preview_frame)),
        Route("/previews/{job:int}/video", threaded(preview_video)),
        Route("/api/jobs", threaded(jobs)),
        Route(
            "/api/jobs/{job:int}/cancel",
            wishing(lambda request, _: cancel_job(request)),
            methods=["POST"],
        ),  # fmt: skip
        Route("/api/jobs/{job:int}/frames", threaded(frames)),
        Route("/jobs/{job:int}/frame.jpg", threaded(frame)),
        Route("/jobs/{job:int}/download", threaded(download)),
        Route("/jobs/{job:int}/video", threaded(result)),
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


def _remove(page: Page, clip: Clip) -> None:
    for job in page.store.jobs():
        if clip.folder in Path(str(job.settings.get("source"))).parents:
            cancel(page.store, job.number)
    page.library.remove(clip)


def _file(path: Path, filename: str | None = None, media_type: str | None = None) -> Response:
    if not path.is_file():
        raise HTTPException(404, f"{path.name} is not there, or not yet")
    return FileResponse(path, filename=filename, media_type=media_type, headers=NEVER_KEPT)


def _frame_of(path: Path) -> Response:
    with suppress(OSError):
        return Response(path.read_bytes(), media_type="image/jpeg", headers=NEVER_KEPT)
    return Response(status_code=204)


def _rate(settings: SlowSettings, sheet: Any) -> float:
    return float(settings.rate or sheet.clock.fps)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(name))


def _told_error(request: Request, error: Exception) -> Response:
    """Return an error as the page tells it: whose fault it is, and in one line what to do."""
    if isinstance(error, UserError):
        status, text = 422, str(error)
    elif isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
    elif isinstance(error, LookupError):
        status, text = 404, "there is nothing at this address; go back to the list of clips"
    else:
        status, text = 400, "the request ended too early"
    if request.url.path.startswith("/api/"):
        return _json({"error": text}, status)
    return PlainTextResponse(f"{text}\n", status, headers=NEVER_KEPT)


_HANDLERS: dict[Any, Any] = {
    kind: _told_error for kind in (UserError, HTTPException, LookupError, ClientDisconnect)
}
