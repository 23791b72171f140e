"""The process ``python -m nakawari.serve.clips.look``, which reads an uploaded file for the page.

The file may be malicious, and FFmpeg is large. So the file is parsed in this process, with limits
of memory and time. The page reads only the results: a sheet, and a copy that was encoded here.
Progress and the end are reported as JSON, one line each.
"""

from __future__ import annotations

import errno
import json
import resource
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

REPORT_SECONDS = 0.2
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
NO_ROOM = 6
"""Exit status if there is no room for the results."""


def main(words: list[str]) -> int:
    """Look at a file.

    Args:
        words: in this order, the file to look at; the file for the detection; the file for the
            copy; frames a second of a sequence of pictures, empty for a video file; the limits of
            memory [bytes], of processor time [s] and of the copy's size [bytes].
    """
    source, found, proxy = map(Path, words[:3])
    rate = Fraction(words[3]) if words[3] else None
    memory, seconds, size = map(int, words[4:])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from nakawari.errors import UserError
    from nakawari.memory import is_out_of_memory
    from nakawari.serve.processes.tether import end_with_parent

    end_with_parent()
    try:
        _look(source, found, proxy, rate)
    except UserError as error:
        # The owner knows the file by its name; the path on the server is not to be disclosed.
        _say(error=str(error).replace(str(source), source.name))
        return 2
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_IS_FULL:
            return NO_ROOM
        if is_out_of_memory(error):
            _say(error=f"{source.name} needs more memory than it may take; give a smaller picture")
        else:
            _say(error=f"{source.name} cannot be read ({type(error).__name__}); convert it first")
        return 2
    return 0


def _look(source: Path, found: Path, proxy: Path, rate: Fraction | None) -> None:
    from nakawari.serve.clips.found import read_found, write_found
    from nakawari.serve.clips.proxy import write_proxy
    from nakawari.xsheet.detect import at_rate, detect

    notes: list[str] | None = None  # what was remarked before stays
    if rate is not None and found.exists():
        # The corrections say what differs from the drawings that were found, which another version
        # of the detector might find elsewhere.
        detection = at_rate(read_found(found), rate)
    else:
        notes = []
        report = _Reporter("finding the drawings")
        detection = detect(source, tell=notes.append, on_frame=report, input_rate=rate)
    clock = detection.sheet.clock
    report = _Reporter("making a copy to show")
    # Both are of the same rate, also where the disk becomes full between the two.
    info = write_proxy(
        source,
        proxy,
        report,
        times=clock.time,
        rate=rate,
        before_named=lambda: write_found(found, detection),
    )
    remarks = {} if notes is None else {"notes": list(dict.fromkeys(notes))}
    _say(
        width=round(info.width * info.sample_aspect_ratio),
        height=info.height,
        frames=detection.sheet.frames,
        has_audio=info.has_audio,
        **remarks,
    )


class _Reporter:
    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._due = 0.0

    def __call__(self, done: int, expected: int | None) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + REPORT_SECONDS
            _say(stage=self._stage, done=done, expected=expected)


def _say(**content: Any) -> None:
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
