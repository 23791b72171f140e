"""The progress bar, and the remarks above it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nakawari.cli.failures import one_line

if TYPE_CHECKING:
    from tqdm import tqdm


class ProgressBar:
    """Shows frames done, rate and time left on stderr; it appears with the first frame."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._stage = ""

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def tell(self, line: str) -> None:
        """Print a remark above the bar."""
        text = one_line(f"nakawari: note: {line}")
        if self._bar is None:
            print(text, file=sys.stderr)
        else:
            self._bar.write(text, file=sys.stderr)

    def on_frame(self, done: int, expected: int | None, stage: str = "") -> None:
        """Move the bar on; a new ``stage``, which is the text before the bar, begins a new bar."""
        if self._bar is None or stage != self._stage:
            from tqdm import tqdm

            if self._bar is not None:
                self._bar.close()
            # The bar is erased at the end, because the result, or the error's one line, follows.
            self._bar = tqdm(
                desc=stage or None, total=expected, unit="frame", file=sys.stderr,
                dynamic_ncols=True, leave=False,
            )  # fmt: skip
            self._stage = stage
        self._bar.update(done - self._bar.n)
