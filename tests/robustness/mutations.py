"""Files damaged in the ways that files are: bits, lengths, headers, and parts of other files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)  # bytes of which numbers in headers are made
HEADER = 1500  # bytes at either end, where headers and indices are


def flipped(content: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Flip a few bits anywhere."""
    changed = bytearray(content)
    for _flip in range(chance.choice([1, 3, 20, 200])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncated(content: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Cut the file off."""
    return content[: chance.randrange(len(content))]


def extreme(content: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Set some numbers of the headers to the least or the most that they can be."""
    changed = bytearray(content)
    for _number in range(chance.choice([1, 2, 5])):
        place = chance.randrange(min(HEADER, len(changed)))
        begin = place if chance.random() < 0.7 else len(changed) - 1 - place
        size = chance.choice([1, 2, 4, 8])
        changed[begin : begin + size] = bytes([chance.choice(EXTREMES)] * size)
    return bytes(changed)


def spliced(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Put a part of another file in, or of the same, or leave a part out."""
    other = chance.choice([content, *others])
    begin, end = sorted(chance.randrange(len(other)) for _ in range(2))
    place, following = sorted(chance.randrange(len(content)) for _ in range(2))
    return content[:place] + other[begin:end] + content[following:]


def joined(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Put a whole file behind it."""
    return content + chance.choice([content, *others])


MUTATIONS: list[Callable[[bytes, random.Random, Sequence[bytes]], bytes]] = [
    flipped,
    truncated,
    extreme,
    spliced,
    joined,
]


def mutated(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Return a file damaged in one way or two."""
    for _ in range(chance.choice([1, 1, 2])):
        content = chance.choice(MUTATIONS)(content, chance, others) or b"\0"
    return content
