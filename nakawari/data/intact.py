"""Whether the file of a picture is whole."""

_MAX_TRAILER = 4096  # bytes that cameras and editors may append to a picture


def is_cut_short(data: bytes) -> bool:
    """Return whether a JPEG, PNG or WebP lacks its end.

    OpenCV would fill what is missing of the first two with grey.
    """
    if data[:4] == b"RIFF":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    ending = {b"\xff\xd8": b"\xff\xd9", b"\x89P": b"IEND"}.get(data[:2])
    return ending is not None and ending not in data[-_MAX_TRAILER:]
