"""Where the weights that come with the program are."""

from pathlib import Path

IN_REPOSITORY = Path(__file__).parents[1] / "checkpoints" / "nakawari"
IN_PACKAGE = Path(__file__).parent / "checkpoint"
"""Where ``setup.py`` puts a copy of the weights, so that an installed program has them as well."""


def shipped_model() -> Path:
    """Return the folder of the shipped weights: the repository's, or that of the installed package.

    A repository comes first, because its weights are those that training and benchmark use as well.
    """
    return IN_REPOSITORY if IN_REPOSITORY.is_dir() else IN_PACKAGE
