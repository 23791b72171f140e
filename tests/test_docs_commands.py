"""Every command that the docs name is one that its program takes, and what is quick is run."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import pytest
from accelerate.commands.launch import launch_command_parser
from diffusers import FlowMatchEulerDiscreteScheduler
from torch.distributed.run import get_args_parser

from diffusion import FrameInterpolationPipeline, recipe
from nakawari import cli
from nakawari.cli import build_parser
from tests import tiny
from tests.conftest import painting, write_clip

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "checkpoints" / "nakawari" / "README.md",
]
LAUNCHERS = ("accelerate", "torchrun")
PROGRAMS = ("nakawari", ".venv/bin/python", "python", *LAUNCHERS)
WRAPPERS = re.compile(
    r"(pipx run --spec \S+|uvx --from \S+|docker run (--rm |-v \"\S+\" )*)\s*(?=nakawari )"
)
NAMED = re.compile(r"\bnakawari (slow|xsheet|queue|serve|dataset|sweep|doctor)\b|\bpython \S+")
"""What is a command wherever it stands in code; if it is not taken for one, the test must be."""
STANDS_FOR = {"N": "3", "R": "0", "...": None}
"""What is given to a program for what the docs leave open; other words in capitals are names."""

NOT_RUN = {
    r"nakawari serve\b": "it goes on until Ctrl-C; tests/serve runs it",
    r"nakawari slow --watch\b": "it goes on until Ctrl-C; tests/cli/test_slow_many.py runs it",
    r"nakawari queue .* --cancel\b": "no job waits here; tests/cli/test_queue.py runs it",
    r"nakawari queue ~": "it is a folder of the user's; tests/cli/test_queue.py runs another",
    r"nakawari doctor$": "it draws with the shipped weights; tests/cli/test_doctor.py runs it",
    r"nakawari dataset\b": "it takes episodes; tests/dataset runs it",
    r"nakawari sweep\b": "it trains; tests/sweep runs it",
    r"nakawari (\.\.\.|(slow|xsheet)( --\S+)*)$": "it is named without a clip",
    r"nakawari --print-completion\b": "tests/cli/test_main.py runs it",
    r"nakawari --version\b": "it ends the process that asks; tests/cli/test_main.py runs it",
}
"""Commands that are parsed and not run, and why."""


BLOCKS = re.DOTALL | re.MULTILINE


class Command(NamedTuple):
    """A command in a page."""

    page: Path
    text: str
    is_in_block: bool  # and not in the midst of a sentence

    @property
    def words(self) -> list[str]:
        """What a shell gives to the system."""
        words = shlex.split(self.text, comments=True)
        if ">" in words:
            words = words[: words.index(">")]
        return [given for word in words if (given := STANDS_FOR.get(word, word)) is not None]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a page's blocks of code, and the code in its sentences."""
    text = text_of(page)
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, BLOCKS):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.strip(), True
    sentences = re.sub(r"^```.*?^```", "", text, flags=BLOCKS)
    for paragraph in re.split(r"\n\s*\n", sentences):
        for span in re.findall(r"`([^`]+)`", paragraph):
            yield " ".join(span.split()), False


def is_synopsis(line: str) -> bool:
    return re.search(r"(^|\s)\[-", line) is not None


def command_of(line: str) -> str | None:
    """Return the command that a line of code is, without what starts it in turn."""
    line = WRAPPERS.sub("", line.removeprefix("$ "))
    line = re.sub(r"^([A-Z_]+=\S+ )+", "", line)
    return line if line.startswith(tuple(f"{program} " for program in PROGRAMS)) else None


def commands(page: Path) -> list[Command]:
    found = []
    for line, is_in_block in code(page):
        command = command_of(line)
        if command is not None and not is_synopsis(line):
            found.append(Command(page, command, is_in_block))
    return found


ALL = [command for page in PAGES for command in commands(page)]
DISTINCT = list({command.text: command for command in reversed(ALL)}.values())[::-1]


class Parsed(BaseException):
    """A program took its words; what it would do comes after."""


def subparser(words: list[str]) -> argparse.ArgumentParser:
    """Return the parser of a command of ``nakawari``, or of one of its actions."""
    parser: argparse.ArgumentParser = build_parser()
    for word in words:
        groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if not groups or word not in groups[0].choices:
            break
        parser = groups[0].choices[word]
    return parser


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings}


def is_named_alone(command: Command) -> bool:
    """Return whether a sentence names a program, perhaps with options, without what they take."""
    return not command.is_in_block and all(word.startswith("-") for word in command.words[2:])


def check_names(words: list[str]) -> None:
    """Check that ``nakawari`` has a command, and this the options that are named."""
    if words:
        named = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert named <= options_of(subparser(words))
        assert words[0].startswith("-") or subparser(words) is not subparser([])


def program_of(words: list[str]) -> tuple[str, list[str]]:
    """Return the module that ``python`` starts, and the words that it is given."""
    if words[0] == "-m":
        return words[1], words[2:]
    assert (ROOT / words[0]).is_file(), f"{words[0]} is not there"
    return words[0].removesuffix(".py").replace("/", "."), words[1:]


def started(launcher: list[str]) -> list[str]:
    """Return what a launcher starts, once its own parser took its own words; perhaps nothing."""
    if launcher[:2] == ["accelerate", "config"]:
        return []
    is_whole = any(word.endswith(".py") for word in launcher)
    words = launcher if is_whole else [*launcher, "train.py"]
    if words[0] == "torchrun":
        options = get_args_parser().parse_args(words[1:])
    else:
        assert words[1] == "launch", words
        options = launch_command_parser().parse_args(words[2:])
    return [options.training_script, *options.training_script_args] if is_whole else []


def check_program(name: str, words: list[str], patch: pytest.MonkeyPatch) -> None:
    """Check that a program of the repository takes some words: its ``main`` gets as far as that."""
    module = importlib.import_module(name)
    patch.setattr(sys, "argv", [name, *words])
    if module is recipe:

        def follow(runs, size, settings, minutes):  # type: ignore[no-untyped-def]
            recipe.steps(runs, size, settings)
            raise Parsed

        patch.setattr(recipe, "follow", follow)
    elif hasattr(module, "parse_config"):
        patch.setattr(module, "parse_config", ending(module.parse_config))
    else:
        parser = argparse.ArgumentParser
        patch.setattr(parser, "parse_args", ending(parser.parse_args))
    with pytest.raises(Parsed):
        module.main()


def ending(function: Callable[..., object]) -> Callable[..., object]:
    """Return a function that ends the program once it has done the same."""

    def wrapped(*args: object, **named: object) -> None:
        function(*args, **named)
        raise Parsed

    return wrapped


@pytest.mark.parametrize("command", DISTINCT, ids=lambda command: command.text)
def test_every_command_in_the_docs_is_taken_by_its_program(command, monkeypatch, capsys) -> None:
    program, *words = command.words
    try:
        if program == "nakawari":
            if is_named_alone(command):
                check_names(words)
            else:
                build_parser().parse_args(words)
            return
        if program in LAUNCHERS:
            words = started([program, *words])
        if words[:2] == ["-m", "pytest"]:
            assert all((ROOT / word).exists() for word in words[2:])
        elif is_named_alone(command) and len(words) == 1:
            program_of(words)
        elif words:
            check_program(*program_of(words), monkeypatch)
    except SystemExit as stop:
        if stop.code != 0:
            pytest.fail(f"{command.page.name}: {capsys.readouterr().err}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_in_the_docs_that_looks_like_a_command_is_passed_over(page) -> None:
    taken = {command.text for command in commands(page)}
    for line, _ in code(page):
        if NAMED.search(line) and not is_synopsis(line):
            assert command_of(line) in taken, line


@pytest.mark.parametrize("name", ["slow", "queue", "serve", "xsheet", "doctor"])
def test_the_overview_in_the_readme_has_every_option(name) -> None:
    (block,) = re.findall(r"^```\n(nakawari slow INPUT.*?)^```", text_of(PAGES[0]), BLOCKS)
    own = "".join(part for part in re.split(r"^(?=nakawari)", block, flags=re.MULTILINE)
                  if part.startswith(f"nakawari {name}"))  # fmt: skip
    written = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", own))
    parser = subparser([name])
    known = {name for name in options_of(parser) if name not in ("-h", "--help")}
    assert written <= known
    assert all(written & set(action.option_strings)
               for action in parser._actions if set(action.option_strings) & known)  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    pipeline = FrameInterpolationPipeline(
        tiny.tiny_autoencoder(), tiny.tiny_unet(), FlowMatchEulerDiscreteScheduler()
    )
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    """Return the folder in which commands are given, with a clip of five seconds."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_input(name: Path) -> None:
    """Put a small clip, or pictures, where a command looks for them."""
    paintings = [painting(number // 2) for number in range(20)]
    if name.suffix in (".mp4", ".mkv"):
        name.parent.mkdir(parents=True, exist_ok=True)
        write_clip(name, paintings, rate=Fraction(4))
    elif name.suffix == ".json":
        put_input(name.with_suffix(".mp4"))
        assert cli.main(["xsheet", str(name.with_suffix(".mp4")), "--json", str(name)]) == 0
    else:
        folder = name if name.suffix == "" else name.parent
        folder.mkdir(exist_ok=True)
        for number, pixels in enumerate(paintings[:4]):
            cv2.imwrite(str(folder / f"frame_{number:04d}.png"), pixels[..., :3])


def is_run(command: Command) -> bool:
    is_own = command.text.startswith("nakawari ")
    return is_own and not any(re.match(left_out, command.text) for left_out in NOT_RUN)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_quick_commands_of_a_page_are_run_in_their_order(page, desk, weights, capsys) -> None:
    for command in filter(is_run, commands(page)):
        words = command.words[1:]
        args = build_parser().parse_args(words)
        sources = args.inputs if args.command == "slow" else [getattr(args, "input", None)]
        for source in [*filter(None, sources), *filter(None, [getattr(args, "xsheet", None)])]:
            if not source.exists():
                put_input(source)
        if args.command == "slow":
            words += ["--overwrite", "--model", str(weights), "--device", "cpu"]
        status = cli.main(words)
        assert status == 0, f"{command.text}: {capsys.readouterr().err}"


def test_the_sheet_that_the_docs_show_is_what_the_command_prints(capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["xsheet", "samples/dance.mp4"]) == 0
    printed = capsys.readouterr().out.splitlines()
    shown = [
        block
        for page in PAGES
        for block in re.findall(
            r"^```\n\$ nakawari xsheet samples/dance.mp4\n(.*?)^```", text_of(page), BLOCKS
        )
    ]
    assert len(shown) == 2
    for block in shown:
        rest = iter(printed)
        for line in block.splitlines():
            assert line in rest, line  # each after the one before


@pytest.mark.parametrize("left_out", NOT_RUN)
def test_what_is_said_not_to_be_run_is_in_the_docs(left_out) -> None:
    assert any(re.match(left_out, command.text) for command in DISTINCT)
