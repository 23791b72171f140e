"""What pyproject.toml cannot say of the wheel: it has the weights, and not the benchmark."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

WEIGHTS = Path("checkpoints") / "nakawari"
WITHIN = Path("nakawari") / "checkpoint"  # where ``nakawari.shipped`` looks for them
OF_THE_REPOSITORY = "eval"
"""A package that works on the repository's files, under a name that others use as well."""


class BuildWithWeights(build_py):
    """Builds the packages that are installed; an editable installation links to all of them."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if not self.editable_mode:
            self.packages = [
                name for name in self.packages if name.partition(".")[0] != OF_THE_REPOSITORY
            ]

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            shutil.copytree(WEIGHTS, Path(self.build_lib) / WITHIN, dirs_exist_ok=True)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        weights = [file.relative_to(WEIGHTS) for file in WEIGHTS.rglob("*") if file.is_file()]
        copies = [str(Path(self.build_lib) / WITHIN / file) for file in weights]
        return super().get_outputs(include_bytecode) + copies


setup(cmdclass={"build_py": BuildWithWeights})
