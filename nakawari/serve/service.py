"""What stands behind the page: its clips, their sheets, its queues, and who is let in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from nakawari.queue.store import FILE_NAME, Job, JobStore
from nakawari.serve.clips.correcting import SheetDesk
from nakawari.serve.clips.library import Clip, ClipState, Library
from nakawari.serve.clips.looking import Looker
from nakawari.serve.gate.passes import Passes
from nakawari.serve.jobs import previewing
from nakawari.serve.jobs.requesting import told
from nakawari.serve.processes.supervising import Supervisor
from nakawari.serve.settings import ServeSettings


class Service:
    """What stands behind the page: its clips, their sheets, and its queues.

    Args:
        settings: the page's settings.
        worker: the command that starts a worker, without its last words, the folder and the memory.
        announce: is given a line with a new one-time link whenever the last link was used.
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

    @asynccontextmanager
    async def running(self, app: object) -> AsyncIterator[None]:
        """Look at clips, and keep the worker of the queue alive, while the block runs.

        The worker of the previews is started at once if a preview waits, and otherwise when the
        first one is asked for.
        """
        await self.looker.resume()
        self._begin(self.looker.run())
        self._begin(self._supervisor(self.store).run())
        if any(not job.state.is_final for job in await asyncio.to_thread(self.previews.jobs)):
            self.draw_previews()  # those that were begun before the server was started again
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.store.close()
            self.previews.close()

    def _supervisor(self, store: JobStore) -> Supervisor:
        return Supervisor(store, self._worker, self.settings.drawing_memory)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def draw_previews(self) -> None:
        """Start the worker of the previews, if it was not started yet."""
        if not self._draws_previews:
            self._draws_previews = True
            self._begin(self._supervisor(self.previews).run())

    def announce(self, user: str) -> None:
        """Announce a new link for a user, after the last one was used."""
        self._announce(f"{user} came in; for the next browser: {self.link(user)}")

    def clip(self, request: Request, *, ready: bool = True) -> Clip:
        """Return the clip that a request names; ``LookupError`` unless it is the user's.

        Raises ``HTTPException`` (409) if it must be ``ready`` and is not.
        """
        clip = self.library.clip(request.state.user, request.path_params["clip"])
        if ready and clip.state is not ClipState.READY:
            raise HTTPException(409, f"{clip.name} is not ready: {clip.state}")
        return clip

    def job(self, request: Request) -> Job:
        """Return the job that a request names; ``LookupError`` unless it is the user's."""
        job = self.store.job(request.path_params["job"])
        if self.clip_of(job, request.state.user) is None:
            raise LookupError(f"there is no job {job.number}")
        return job

    def preview(self, request: Request) -> Job:
        """Return the preview that a request names; ``LookupError`` unless it is the user's."""
        job = self.previews.job(request.path_params["job"])
        own = self.previews_folder / request.state.user
        if own not in Path(str(job.settings.get("source"))).parents:
            raise LookupError(f"there is no preview {job.number}")
        return job

    def clip_of(self, job: Job, user: str) -> Clip | None:
        """Return the clip of a job; ``None`` unless it exists and is the user's."""
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
