"""What browsers and strangers send to the page."""

import json

HOSTILE_NAMES = [
    "../../../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/cron.d/job",
    "C:\\Windows\\win.ini",
    ".bashrc",
    "..",
    ".",
    "",
    "-rf.mp4",
    "$(touch pwned).mp4",
    "`id`;|&.mp4",
    "a\nb\r\nSet-Cookie: x=1.mp4",
    "nul\x00byte.mp4",
    "\u202egnp.4pm",
    "concat:a|b.mp4",
    "http://example.org/a.m3u8",
    "%03d.png",
    "*?.mp4",
    "<script>alert(1)</script>.mp4",
    "{{7*7}}.mp4",
    "あ" * 300 + ".mkv",
    "x" * 5000,
]


def sent(pictures: dict[str, bytes]) -> bytes:
    """Return the body that the page sends for pictures."""
    listed = [[name, len(content)] for name, content in pictures.items()]
    return json.dumps(listed).encode() + b"\n" + b"".join(pictures.values())
