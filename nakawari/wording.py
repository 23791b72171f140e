"""Numbers in sentences, and texts that are safe to print on a terminal."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 frame", "2 frames", "3,000 frames"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: float) -> str:
    """Return a number of bytes, 0 or more, as people say it: "1.2 GB", "512 MB", "3 kB"."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if number >= unit:
            return f"{number / unit:.{1 if number < 100 * unit else 0}f} {name}"
    return f"{number / 1000:.0f} kB"


def printable(text: str) -> str:
    """Return a text in which invisible characters are written as escapes, such as \\x1b.

    File names, and texts within files, may contain sequences that move a terminal's cursor, and
    bytes that are valid in no encoding. Line ends stay.
    """
    return "".join(
        letter if letter.isprintable() or letter in "\n" else _written_out(letter)
        for letter in text
    )


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
