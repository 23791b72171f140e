"""A file written whole or not at all: under a temporary name first, and renamed at the end.

The temporary name is hidden, short and drawn by chance, so that no leftover of a run that was
killed can be in the way of a later one. A run holds a lock on its temporary files for as long as it
lives. So a leftover is known, and removed, and two runs that write one file know of each other.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from nakawari.errors import UserError

PREFIX, MARK = ".nakawari-", ".partial"
MAX_NAME = 255  # bytes, on every usual file system
ATTEMPTS = 10


class PartialFile:
    """A temporary file beside ``final``, which becomes it with ``finish``.

    Raises ``UserError`` if another run is writing ``final``, ``OSError`` if the folder cannot be
    written to.
    """

    def __init__(self, final: Path) -> None:
        self._final = final
        check_free(final)
        self.path, self._descriptor = _create(final)

    def finish(self) -> None:
        """Give the file its final name, in place of what has it now."""
        os.replace(self.path, self._final)
        os.close(self._descriptor)

    def discard(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


class PartialFolder:
    """A temporary folder beside ``final``, which becomes it with ``finish``.

    Raises as ``PartialFile`` does.
    """

    def __init__(self, final: Path) -> None:
        self._final = final
        check_free(final)
        self.path, self._descriptor = _create_folder(final)

    def finish(self) -> None:
        """Give the folder its final name; what has it now is removed with all that it holds."""
        with suppress(FileNotFoundError):
            # A name is taken over from an empty folder only. The other one, if it is left, is found
            # and removed by the next run.
            old = self._final.with_name(f"{self.path.name}-old")
            os.rename(self._final, old)
            shutil.rmtree(old, ignore_errors=True)
        os.rename(self.path, self._final)
        os.close(self._descriptor)

    def discard(self) -> None:
        """Remove the folder with all that it holds."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def write_whole(path: Path, content: bytes, *, to_disk: bool = False) -> None:
    """Write a file whole or not at all; ``OSError`` if it cannot be written.

    With ``to_disk`` its content is on the disk itself before it has its name, so that a power cut
    does not leave the name without the content.
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

    Several runs may fill one store, and what two of them write is the same: the last one wins.
    ``write_whole`` is for results, which one run at a time may write.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def check_name(path: Path, what: str = "") -> None:
    """Raise ``UserError`` if no file can have this name; ask before anything is asked of it.

    Args:
        path: the name.
        what: is to have it, for the message, unless that says so otherwise.
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
    """Raise ``UserError`` if no file can be made in a folder; ``what`` is to go there."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(
            f"cannot write {what} ({reason}); choose another folder, or free some space"
        ) from error


def check_free(final: Path) -> None:
    """Remove what dead runs left beside a file; ``UserError`` if a living one is writing it."""
    for left in _leftovers(final.parent):
        is_alive = _is_locked(left)
        if is_alive and left.name.startswith(hidden_name(final)):
            raise written_by_another_run(final)
        if is_alive is False:
            with suppress(OSError):  # whoever owns the folder may forbid it
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def hidden_name(final: Path) -> str:
    """Return what the names of a file's temporary companions begin with."""
    return PREFIX + sha256(os.fsencode(final.name)).hexdigest()[:8]


def lock(descriptor: int) -> bool | None:
    """Lock an open file or folder, and return whether it is ours until it is closed.

    ``False`` if a living run has it; ``None`` if the drive has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def lock_folder(folder: Path, final: Path) -> int:
    """Lock a folder in which a run keeps what it needs for ``final``; return its descriptor.

    It is ours until the descriptor is closed. Raises ``UserError`` if a living run has it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    if lock(descriptor) is False:
        os.close(descriptor)
        raise written_by_another_run(final)
    return descriptor


def written_by_another_run(final: Path) -> UserError:
    """Return the error for a file that a living run writes."""
    return UserError(f"another run is writing {final}; wait for it, or choose another name")


def _leftovers(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from [
            Path(entry.path)
            for entry in os.scandir(folder)
            if entry.name.startswith(PREFIX) and MARK in entry.name
        ]


def _is_locked(path: Path) -> bool | None:
    """Return whether a living run has the file; ``None`` if that cannot be known.

    It cannot be known if the file is somebody else's, or if the drive has no locks.
    """
    try:
        mode = os.O_RDONLY if path.is_dir() else os.O_RDWR  # a folder cannot be opened to write
        descriptor = os.open(path, mode | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        is_ours = lock(descriptor)
    finally:
        os.close(descriptor)
    return None if is_ours is None else not is_ours


def _create_folder(final: Path) -> tuple[Path, int]:
    for _ in range(ATTEMPTS):
        path = final.with_name(f"{hidden_name(final)}-{secrets.token_hex(4)}{MARK}")
        try:
            path.mkdir()
            descriptor = os.open(path, os.O_RDONLY)
        except (FileExistsError, FileNotFoundError):
            continue
        lock(descriptor)
        if path.exists():  # and was not taken for a leftover before it was locked
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
        lock(descriptor)  # some network drives have no locks: leftovers stay there
        if path.exists():  # and was not taken for a leftover before it was locked
            return path, descriptor
        os.close(descriptor)
    raise FileExistsError(17, "no temporary name is free", str(final))
