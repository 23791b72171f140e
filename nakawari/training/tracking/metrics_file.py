"""A training's metrics as a CSV file that outlives every interruption."""

import csv
import io
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from nakawari.whole import write_whole


class MetricsFile(Logger):
    """Append a row of metrics to ``FOLDER/metrics.csv``, on disk at once; ``step`` is the update.

    Lightning's ``CSVLogger`` deletes the file when a training is resumed. This one goes on with it,
    and drops the rows of updates that will be made again. A column that comes later is empty in
    earlier rows. On a full disk rows are lost, but the training goes on.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / "metrics.csv"
        self._columns: list[str] = []
        self._told = False

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.file.parent.name

    @property
    def version(self) -> str:
        """Empty, since a folder has only one."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run's folder."""
        return str(self.file.parent.parent)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **_: Any) -> None:
        """Do nothing: the settings are in the run's folder anyway."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append a row."""
        row = {"step": step, **metrics}
        try:
            if not self._columns:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.forget_after(sys.maxsize)  # only removes a row cut short
            if new := [name for name in row if name not in self._columns]:
                self._write(self.rows(), self._columns + new)
            with self.file.open("a", newline="") as file:
                csv.DictWriter(file, self._columns).writerow(row)
        except OSError as error:
            if not self._told:
                print(f"metrics are not written to {self.file}: {error}", file=sys.stderr)
            self._told = True

    @rank_zero_only
    def forget_after(self, updates: int) -> None:
        """Drop the rows of updates after the first ``updates``, which will be made again."""
        rows = [row for row in self.rows() if int(row["step"]) <= updates]
        if rows:
            self._write(rows, list(rows[0]))
        else:
            self.file.unlink(missing_ok=True)
            self._columns = []

    def rows(self) -> list[dict[str, str]]:
        """Return the rows on disk, except for a last one that a kill cut short."""
        if not self.file.exists():
            return []
        whole = self.file.read_text().rpartition("\n")[0]
        return list(csv.DictReader(whole.splitlines()))

    def _write(self, rows: list[dict[str, str]], columns: list[str]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self.file, text.getvalue().encode())
        self._columns = columns
