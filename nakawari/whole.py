"""A file is written whole or not at all: under a temporary name first, and renamed at the end.

The temporary name is hidden, short and random, so that no leftover of a run that was killed can be
in the way of a later one. A run holds a lock on its temporary files for as long as it lives. So a
file without a lock is known as a leftover, and removed, and two runs that write the same file
notice each other.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from nakawari.errors import UserError

PREFIX, MARK = ".nakawari-", ".partial"
MAX_NAME = 255  # bytes, on every usual file system
ATTEMPTS = 10


class PartialFile:
    """A temporary file beside ``final``; ``finish`` gives it that name.

    Raises ``UserError`` if another run is writing ``final``, ``OSError`` if the folder cannot be
    written to.
    """

    def __init__(self, final: Path) -> None:
        self._final = final
        check_free(final)
        self.path, self._descriptor = _create(final)

    def finish(self) -> None:
        """Give the file its final name; a file that has the name already is replaced."""
        os.replace(self.path, self._final)
        os.close(self._descriptor)

    def discard(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


class PartialFolder:
    """A temporary folder beside ``final``; ``finish`` gives it that name.

    Raises as ``PartialFile`` does.
    """

    def __init__(self, final: Path) -> None:
        self._final = final
        check_free(final)
        self.path, self._descriptor = _create_folder(final)

    def finish(self) -> None:
        """Give the folder its final name; a folder that has the name already is removed."""
        with suppress(FileNotFoundError):
            # A folder can be renamed over an empty folder only. If the old one cannot be removed
            # here, the next run finds and removes it.
            old = self._final.with_name(f"{self.path.name}-old")
            os.rename(self._final, old)
            shutil.rmtree(old, ignore_errors=True)
        os.rename(self.path, self._final)
        os.close(self._descriptor)

    def discard(self) -> None:
        """Remove the folder with all that it holds."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that only this user may enter, and remove it at the end of the block.

    It is made in the system's temporary folder. Those that killed runs left there are removed.
    Raises ``OSError`` if it cannot be made.
    """
    partial = PartialFolder(Path(tempfile.gettempdir()) / f"nakawari-{secrets.token_hex(8)}")
    try:
        partial.path.chmod(0o700)
        yield partial.path
    finally:
        partial.discard()


def write_whole(path: Path, content: bytes, *, to_disk: bool = False) -> None:
    """Write a file whole or not at all; ``OSError`` if it cannot be written.

    With ``to_disk`` the content is flushed to the disk before the file gets its name, so that a
    power cut does not leave the name without the content.
    """
    partial = PartialFile(path)
    try:
        with partial.path.open("wb") as file:
            file.write(content)
            if to_disk:
                file.flush()
                os.fsync(file.fileno())
        partial.finish()
    except BaseException:
        partial.discard()
        raise


def write_shared(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, even while other runs write the same content to it.

    It is for a store that several runs fill with the same content: the last one to write wins. For
    results, which only one run at a time may write, use ``write_whole``.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def check_name(path: Path, what: str = "") -> None:
    """Raise ``UserError`` if the name is too long for a file; call it before the path is used.

    Args:
        path: the name.
        what: begins the message with what is to have this name; empty if the message needs no such
            beginning.
    """
    begin = f"{what}: " if what else ""
    for part in path.parts:
        excess = len(os.fsencode(part)) - MAX_NAME
        if excess > 0:
            raise UserError(
                f"{begin}the name {part[:40]}… is {excess} bytes too long for a file system; "
                "choose a shorter one"
            )


def check_writable(folder: Path, what: str) -> None:
    """Raise ``UserError`` if no file can be made in a folder.

    ``what`` is what was to be written there, for the message.
    """
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(
            f"cannot write {what} ({reason}); choose another folder, or free some space"
        ) from error


def check_free(final: Path) -> None:
    """Remove what dead runs left beside a file; ``UserError`` if a living run is writing it."""
    for left in _leftovers(final.parent):
        is_alive = _remove_if_dead(left)
        if is_alive and left.name.startswith(hidden_name(final)):
            raise written_by_another_run(final)


def hidden_name(final: Path) -> str:
    """Return the prefix of the names of a file's temporary files and folders."""
    return PREFIX + sha256(os.fsencode(final.name)).hexdigest()[:8]


def lock(descriptor: int, how: int = fcntl.LOCK_EX) -> bool | None:
    """Lock an open file or folder until it is closed; return whether that succeeded.

    ``False`` if a living run has the lock; ``None`` if the drive does not support locks. A lock
    that is shared (``fcntl.LOCK_SH``) leaves others that are shared as well.
    """
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def lock_folder(folder: Path, final: Path) -> int:
    """Lock a folder in which a run keeps what it needs for ``final``; return its descriptor.

    The lock is held until the descriptor is closed. Raises ``UserError`` if a living run has it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    if lock(descriptor) is False:
        os.close(descriptor)
        raise written_by_another_run(final)
    return descriptor


def written_by_another_run(final: Path) -> UserError:
    """Return the error to raise for a file that a living run is writing."""
    return UserError(f"another run is writing {final}; wait for it, or choose another name")


def _leftovers(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from [
            Path(entry.path)
            for entry in os.scandir(folder)
            if entry.name.startswith(PREFIX) and MARK in entry.name
        ]


def _remove_if_dead(left: Path) -> bool:
    """Remove a temporary file or folder whose run is dead; return whether a living run has it.

    If that cannot be known, it stays: it belongs to another user, or the drive does not support
    locks. The lock is held until it is gone, so that a run that has just made it, and was about to
    lock it, learns that it is lost. It is shared, so that others who remove it at the same time do
    not take it for that of a run that writes the output.
    """
    is_folder = left.is_dir()
    try:
        mode = os.O_RDONLY if is_folder else os.O_RDWR  # a folder cannot be opened for writing
        descriptor = os.open(left, mode | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        is_dead = lock(descriptor, fcntl.LOCK_SH)
        if is_dead and is_folder:
            shutil.rmtree(left, ignore_errors=True)
        elif is_dead:
            with suppress(OSError):  # the folder's owner may have forbidden it
                left.unlink()
        return is_dead is False
    finally:
        os.close(descriptor)


def _is_kept(path: Path, descriptor: int) -> bool:
    """Lock what this run has just made; return whether no other run took it for a leftover."""
    # Some network drives have no locks: leftovers stay there.
    return lock(descriptor) is not False and path.exists()


def _create_folder(final: Path) -> tuple[Path, int]:
    for _ in range(ATTEMPTS):
        path = final.with_name(f"{hidden_name(final)}-{secrets.token_hex(4)}{MARK}")
        try:
            path.mkdir()
            descriptor = os.open(path, os.O_RDONLY)
        except (FileExistsError, FileNotFoundError):
            continue
        if _is_kept(path, descriptor):
            return path, descriptor
        os.close(descriptor)
    raise FileExistsError(17, "no temporary name is free", str(final))


def _create(final: Path) -> tuple[Path, int]:
    for _ in range(ATTEMPTS):
        name = f"{hidden_name(final)}-{secrets.token_hex(4)}{MARK}{final.suffix[:8]}"
        path = final.with_name(name)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            continue
        if _is_kept(path, descriptor):
            return path, descriptor
        os.close(descriptor)
    raise FileExistsError(17, "no temporary name is free", str(final))
