"""A command that is refused: with status 2, and in one line."""

import re

import pytest

from nakawari import cli


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Return the one line that a refusal prints, once the exit status was found to be 2."""
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    line = printed.err.rpartition("\r")[2]  # a progress bar wipes itself
    assert re.fullmatch(r"nakawari: .+; .+\n", line), printed.err
    assert printed.err.count("\n") == 1, printed.err
    return line
