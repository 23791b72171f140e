"""Numbers in sentences, and texts that a terminal may be shown."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 frame", "2 frames", "3,000 frames"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str) -> str:
    """Return a text in which what is no visible character is written out, such as \\x1b.

    Names of files, and texts within them, may hold sequences that move a terminal's cursor, and
    bytes that no encoding has. Line ends stay.
    """
    return "".join(
        letter if letter.isprintable() or letter in "\n" else _written_out(letter)
        for letter in text
    )


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
