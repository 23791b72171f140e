"""JSON from files that others wrote."""

import json
from typing import Any


def parsed(text: str) -> Any:
    """Return the value of JSON text.

    Raises ``ValueError``, in one line, for anything else. So it does for JSON that Python reads but
    that cannot be written again: nesting too deep for it, or half a character (``"\\ud800"``).
    """
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character, a lone surrogate") from error
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from error
    return value
