"""The pictures by which takes are compared, kept until the output is whole: a killed run can go on.

The output's own frames are kept by ``segments``. The pictures kept here are not in the output. They
are the pictures in the middle of the intervals, one for each seed, and the in-betweens of the takes
that the output does not use.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nakawari.slowmo.kept.drawn import DrawnBefore
from nakawari.slowmo.kept.segments import compared_folder, kept_frames
from nakawari.whole import lock_folder


class ComparedBefore:
    """The folder of the pictures that an earlier run compared, and of those that this one compares.

    Use it as a context manager around the writing of the output, within that of ``KeptFrames``. The
    folder is kept if an exception ends the run and its frames are kept to go on with. When
    ``KeptFrames`` removes the frames, it removes this folder too.

    Raises ``UserError`` if another run is at work on the output.

    Args:
        output: the file that is made.
        drawn_by: a text that identifies the model, its weights and its settings.
        resume: use the pictures that an earlier run compared; otherwise they are removed.
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
