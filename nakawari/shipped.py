"""Where the weights are that come with the program."""

from pathlib import Path

IN_REPOSITORY = Path(__file__).parents[1] / "checkpoints" / "nakawari"
IN_PACKAGE = Path(__file__).parent / "checkpoint"
"""Where the build puts a copy, so that an installed program has them as well (``setup.py``)."""


def shipped_model() -> Path:
    """Return the folder of the shipped weights: the repository's, or that of the installed package.

    A repository comes first: there the weights are what training and benchmark name as well.
    """
    return IN_REPOSITORY if IN_REPOSITORY.is_dir() else IN_PACKAGE
