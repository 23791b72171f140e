"""Finds the drawings of the uploaded clips, one after another, in a process for each."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any, NamedTuple

from nakawari.errors import UserError
from nakawari.serve.clips.found import read_found
from nakawari.serve.clips.library import Clip, ClipState, Library
from nakawari.serve.clips.look import DISK_IS_FULL, NO_ROOM
from nakawari.serve.settings import ServeSettings

LONGEST_LINE = 2**20  # bytes of a line from that process; the notes on a clip are far shorter
PROXY_SHARE = 4  # the copy may take this many times the size of the upload,
PROXY_BYTES = 2**30  # or this many bytes if that is more

PAUSE = 5.0  # s until a clip is tried again for which the disk had no room


class LookProgress(NamedTuple):
    """How far the look at a clip is."""

    stage: str = "waiting"
    done: int = 0  # frames
    expected: int | None = None


class Looker:
    """Looks at clips as they arrive; ``run`` does that until it is cancelled.

    ``resume`` comes before all else.
    """

    def __init__(self, library: Library, settings: ServeSettings) -> None:
        self._library = library
        self._settings = settings
        self._waiting: asyncio.Queue[Clip] = asyncio.Queue()
        self._progress: dict[str, LookProgress] = {}
        self._at_work: tuple[str, asyncio.subprocess.Process] | None = None

    def look_at(self, clip: Clip) -> None:
        """Queue a clip that has been uploaded."""
        self._progress[clip.number] = LookProgress()
        self._waiting.put_nowait(clip)

    def progress(self, clip: Clip) -> LookProgress:
        """Return how far the look at a clip is."""
        return self._progress.get(clip.number, LookProgress())

    def forget(self, clip: Clip) -> None:
        """Stop looking at a clip, or do not begin if it still waits."""
        self._progress.pop(clip.number, None)
        if self._at_work is not None and self._at_work[0] == clip.number:
            _kill(self._at_work[1])

    async def resume(self) -> None:
        """Queue the clips at which looking was interrupted, and remove those that arrived in part.

        This must end before the first upload begins, whose clip is there in part, too.
        """
        await asyncio.to_thread(self._library.clear_up)
        for clip in await asyncio.to_thread(self._library.all_clips):
            if clip.state is ClipState.LOOKING:
                self.look_at(clip)
            elif clip.state is ClipState.ARRIVING:  # its upload ended with the page
                await asyncio.to_thread(self._library.remove, clip)

    async def run(self) -> None:
        """Look at the clips that are queued."""
        while True:
            clip = await self._waiting.get()
            if clip.number in self._progress:
                try:
                    await self._look(clip)
                except Exception as error:  # such as a full disk; the next clip may fare better
                    await self._give_up(clip, error)

    async def _look(self, clip: Clip) -> None:
        await self._save(clip)  # fails if the disk is still full, before any work
        process = await self._start(clip)
        self._at_work = clip.number, process
        last: dict[str, Any] = {}
        try:
            async with asyncio.timeout(2 * self._settings.limits.seconds):
                assert process.stdout is not None
                async for line in process.stdout:
                    last = json.loads(line)
                    if "stage" in last and clip.number in self._progress:
                        self._progress[clip.number] = LookProgress(**last)
                status = await process.wait()
        except TimeoutError:
            status = -signal.SIGXCPU
        finally:
            self._at_work = None
            _kill(process)
            await process.wait()
        if clip.number not in self._progress:  # it was removed meanwhile
            return
        if status == NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        del self._progress[clip.number]
        if status == 0:
            if "notes" in last:
                last["notes"] = tuple(last["notes"])
            await self._save(clip, state=ClipState.READY, reason=None, **last)
        else:
            await self._fail(clip, last.get("error") or _reason(clip, status))

    async def _fail(self, clip: Clip, reason: str) -> None:
        """Mark a clip as failed; one whose rate was changed is as it was before that."""
        before = await asyncio.to_thread(_rate_before, clip)
        if before is None:
            await self._save(clip, state=ClipState.FAILED, reason=reason)
            return
        assert clip.input_rate is not None
        reason = f"its pictures are not shown at {float(clip.input_rate):.5g} a second: {reason}"
        await self._save(clip, state=ClipState.READY, reason=reason, pictures_a_second=before)

    async def _save(self, clip: Clip, **changes: object) -> None:
        await asyncio.to_thread(self._library.save, clip, **changes)

    async def _give_up(self, clip: Clip, error: Exception) -> None:
        """Mark a clip as failed at which nobody could look.

        If there is no room even for that, it waits, and is looked at again.
        """
        why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        is_known = await asyncio.to_thread(_rate_before, clip) is not None
        what_to_do = "try again" if is_known else "remove it, and drop it again"
        if isinstance(error, OSError) and error.errno in DISK_IS_FULL:
            what_to_do = f"free some space, {'and ' if is_known else ''}{what_to_do}"
        reason = f"{clip.name} cannot be looked at ({why}); {what_to_do}"
        try:
            await self._fail(clip, reason)
        except UserError:  # it is being written at this moment; the next start looks at it
            self._progress.pop(clip.number, None)
        except OSError as of_saving:
            if clip.number in self._progress and of_saving.errno in DISK_IS_FULL:
                self._progress[clip.number] = LookProgress("waiting for room on the disk")
                asyncio.get_running_loop().call_later(PAUSE, self._waiting.put_nowait, clip)
        else:
            self._progress.pop(clip.number, None)

    async def _start(self, clip: Clip) -> asyncio.subprocess.Process:
        limits = self._settings.limits
        uploaded = await asyncio.to_thread(lambda: clip.size)
        size = max(PROXY_BYTES, PROXY_SHARE * uploaded)
        numbers = (limits.memory, limits.seconds, size)
        return await asyncio.create_subprocess_exec(
            # -P: modules in the folder where the page was started must not be imported.
            *(sys.executable, "-P", "-m", "nakawari.serve.clips.look"),
            *(os.fspath(clip.source), os.fspath(clip.found), os.fspath(clip.proxy)),
            clip.pictures_a_second or "",
            *map(str, numbers),
            stdin=asyncio.subprocess.PIPE,  # the process ends when this does
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=LONGEST_LINE,
        )


def _rate_before(clip: Clip) -> str | None:
    """Return the rate at which a sequence was last looked at; ``None`` if it never was."""
    if clip.input_rate is None:
        return None
    try:
        return str(read_found(clip.found).sheet.fps)
    except (OSError, ValueError, KeyError):  # there is none, or it is damaged
        return None


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _reason(clip: Clip, status: int) -> str:
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"reading {clip.name} took too long, or too much memory; give a shorter part of it"
    return f"{clip.name} cannot be read, its reader ended with {status}; convert it first"
