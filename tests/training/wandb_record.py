"""Reads the record that W&B writes offline: LevelDB's log framing, a protobuf in each entry."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK = 32 * 1024
FILE_HEADER = 7
ENTRY_HEADER = struct.Struct("<IHB")  # checksum, length, kind
FULL, LAST = 1, 4


def records(file: Path) -> Iterator[Record]:
    """Yield every record of ``run-ID.wandb``."""
    content, place, pieces = file.read_bytes(), FILE_HEADER, b""
    while place + ENTRY_HEADER.size <= len(content):
        left = BLOCK - place % BLOCK
        if left < ENTRY_HEADER.size:
            place += left
            continue
        _, length, kind = ENTRY_HEADER.unpack_from(content, place)
        place += ENTRY_HEADER.size
        pieces += content[place : place + length]
        place += length
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(pieces)
            yield record
            pieces = b""


def history(file: Path) -> list[dict[str, Any]]:
    """Return what was logged, call by call."""
    logged = []
    for record in records(file):
        row: dict[str, Any] = {}
        for item in record.history.item:
            *parents, name = item.nested_key or [item.key]
            place = row
            for parent in parents:
                place = place.setdefault(parent, {})
            place[name] = json.loads(item.value_json)
        if row:
            logged.append(row)
    return logged
