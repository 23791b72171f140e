"""What takes were compared by, kept until the output is whole: a killed run can go on.

The output's own frames are kept by ``segments``. These here are in no output: the pictures in the
middle of the intervals, by each seed, and the in-betweens of the takes that it does not have.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nakawari.slowmo.drawn import DrawnBefore
from nakawari.slowmo.segments import compared_folder, kept_frames
from nakawari.whole import lock_folder


class ComparedBefore:
    """The folder of what a run before this one compared, and of what this one compares.

    Use it as a context manager around the writing of the output, within that of ``KeptFrames``. It
    ends as that does, which removes the folder when nobody goes on with the frames.

    Raises ``UserError`` if another run is at work on the output.

    Args:
        output: the file that is made.
        drawn_by: what tells the model, its weights and its settings from every other one.
        resume: use what an earlier run compared; otherwise it is removed.
    """

    def __init__(self, output: Path, drawn_by: str, *, resume: bool) -> None:
        self._output = output
        self._resume = resume
        self._folder = compared_folder(output)
        self._folder.mkdir(exist_ok=True)
        self._descriptor = lock_folder(self._folder, output)
        if not resume:
            for path in self._folder.iterdir():
                path.unlink()
        self.drawn = DrawnBefore(self._folder, drawn_by)

    def __enter__(self) -> ComparedBefore:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not (self._resume or kept_frames(self._output)):
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._descriptor)
