"""The file in which a clip's folder keeps what the detector found in the clip."""

from __future__ import annotations

import json
from pathlib import Path

from nakawari.whole import write_whole
from nakawari.xsheet.detect import Detection
from nakawari.xsheet.sheet.reading import sheet_from_json


def write_found(path: Path, detection: Detection) -> None:
    """Write what the detector found, whole or not at all."""
    content = {
        "sheet": detection.sheet.to_json(),
        "changes": [float(f"{change:.4g}") for change in detection.changes],
        "thresholds": [float(f"{threshold:.4g}") for threshold in detection.thresholds],
    }
    write_whole(path, json.dumps(content).encode(), to_disk=True)


def read_found(path: Path) -> Detection:
    """Return what the detector found; ``OSError`` if there is no such file."""
    content = json.loads(path.read_text())
    return Detection(
        sheet=sheet_from_json(content["sheet"]),
        changes=tuple(content["changes"]),
        thresholds=tuple(content["thresholds"]),
    )
