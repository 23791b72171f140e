"""Measure the detector of drawings, holds and cuts: ``python eval/drawings.py --help``.

The built-in cel generator draws clips, whose truth is known exactly, to a folder. There they are
kept for later runs. The exposure sheet that is detected in each clip is compared with its truth.
``eval/detection/scores.py`` defines what is counted, and how. Thresholds are chosen on the set
``tuning`` only; the numbers to report are those of ``final``.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from eval.clips.families import FAMILIES
from eval.clips.halves import SETS, load_half
from eval.clips.montages import MONTAGES
from eval.clips.write import write_clips
from eval.detection.scores import Truth, read_truth, score
from eval.detection.speed import measure_speed
from eval.detection.table import Scored, fine_table, markdown_table, results
from nakawari.errors import UserError
from nakawari.xsheet.detect import detect
from nakawari.xsheet.settings import DEFAULT, DetectorSettings, with_changes

RUNS = Path("runs") / "drawings"
ALL_MONTAGES = "montages"  # stands for all families of montages


def main(arguments: list[str] | None = None) -> int:
    """Score the detector, and return the exit status.

    It is 0 if the run is complete, and 2, with one line on stderr, if it is impossible.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.speed:
            print(measure_speed(options.speed))
            return 0
        scored = score_clips(_truths(options), with_changes(DEFAULT, options.settings))
    except (UserError, OSError) as error:
        print(f"drawings: {error}", file=sys.stderr)
        return 2
    about = _about(options, len(scored))
    output = options.output or RUNS / (options.set or "clips")
    output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results(scored, {"about": about}), indent=1)
    (output / "results.json").write_text(text + "\n", encoding="utf-8")
    if options.verbose:
        print(fine_table(scored), end="\n\n")
        for _, tally in scored:
            print(*tally.errors, sep="\n", end="\n" if tally.errors else "")
    print(markdown_table(scored))
    print(f"\n{about}")
    return 0


def score_clips(truths: Iterable[Truth], settings: DetectorSettings = DEFAULT) -> list[Scored]:
    """Detect the sheet of every clip, and compare it with the truth; progress is on stderr."""
    scored = []
    begin = time.monotonic()
    for truth in truths:
        scored.append((truth, score(detect(truth.clip, settings=settings).sheet, truth)))
        if sys.stderr.isatty():
            seconds = time.monotonic() - begin
            print(f"\r{len(scored)} clips, {seconds:.0f} s ", end="", file=sys.stderr)
    return scored


def _truths(options: argparse.Namespace) -> Iterator[Truth]:
    """Return the truths of all clips that are asked for; missing clips of a set are drawn."""
    if len(options.clip) != len(options.truth):
        raise UserError(
            f"--clip is given {len(options.clip)} times and --truth {len(options.truth)} times; "
            "give both for every clip"
        )
    given = (
        read_truth(truth, clip) for clip, truth in zip(options.clip, options.truth, strict=True)
    )
    return chain(_set_truths(options), _aired_truths(options.dev), given)


def _set_truths(options: argparse.Namespace) -> Iterator[Truth]:
    if options.set is None:
        return
    clip_set = SETS[options.set]
    width, height = options.size
    folders = [str(folder) for folder in options.art]
    paths = write_clips(
        options.clips_dir or RUNS / "clips" / f"{options.set}_{width}x{height}",
        clip_set,
        load_half(clip_set, folders),
        families=options.families,
        per_family=options.per_case,
        height=height,
        width=width,
        stamp={"art": len(folders)},
    )
    for path in paths:
        yield read_truth(path)


def _aired_truths(folder: Path | None) -> Iterator[Truth]:
    if folder is None:
        return
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise UserError(f"there is no truth (*.json) in {folder}; check --dev")
    for path in paths:
        yield read_truth(path)


def _about(options: argparse.Namespace, clips: int) -> str:
    """Return a text that says on which clips and settings the numbers were measured."""
    parts = []
    if options.set:
        clip_set = SETS[options.set]
        art = "the built-in art" + (" and of the art given" if options.art else "")
        parts.append(
            f"Set `{clip_set.name}`: seed {clip_set.seed}, half {clip_set.half} of {art}, "
            f"{options.per_case} scenes a family ({', '.join(options.families)}) at "
            f"{options.size[0]}x{options.size[1]}, each coded by x264 at CRF 18, 26 and 32 with "
            "and without grain."
        )
    if options.dev or options.clip:
        parts.append("Clips given by their truth.")
    if options.settings:
        parts.append(f"Other settings than the detector's own: {', '.join(options.settings)}.")
    return " ".join([f"{clips} clips.", *parts])


class _SetOrSetting(argparse.Action):
    """``--set final`` names the set of clips, ``--set cuts.window=8`` changes a setting."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if "=" in values:
            namespace.settings = [*namespace.settings, values]
        elif values in SETS:
            namespace.set = values
        else:
            raise argparse.ArgumentError(
                self,
                f"no set {values!r}; known: {', '.join(SETS)}, and PART.NAME=VALUE "
                "for a setting of the detector",
            )


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(side) for side in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT, got {text!r}") from None
    if min(width, height) < 64 or width % 2 or height % 2:
        raise argparse.ArgumentTypeError(f"sides must be even and at least 64 px, got {text}")
    return width, height


def _families(text: str) -> list[str]:
    names = [
        family
        for name in text.split(",")
        if name
        for family in (MONTAGES if name == ALL_MONTAGES else [name])
    ]
    for name in names:
        if name not in FAMILIES:
            raise argparse.ArgumentTypeError(f"no family {name!r}; known: {', '.join(FAMILIES)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drawings",
        description="Measure the detector of drawings, holds and cuts on clips of known truth.",
    )
    add = parser.add_argument
    add(
        "--set",
        action=_SetOrSetting,
        metavar="NAME | PART.NAME=VALUE",
        help=f"the set of generated clips ({', '.join(SETS)}); or, as often as you like, a setting "
        "of the detector that is to have another value, such as cuts.window=8",
    )
    parser.set_defaults(settings=[])
    add("--per-case", type=int, default=4, metavar="N", help="scenes a family (default: 4)")
    add("--families", type=_families, default=list(FAMILIES), help="some, by commas; or montages")
    add("--size", type=_size, default=(512, 288), metavar="WxH", help="of the clips")
    add("--art", type=Path, action="append", default=[], metavar="DIR", help="more art to draw")
    add("--clips-dir", type=Path, metavar="DIR", help="where the clips are kept")
    add("--dev", type=Path, metavar="DIR", help="folder of clips as aired with their truth")
    add("--clip", type=Path, action="append", default=[], help="a clip; needs --truth")
    add("--truth", type=Path, action="append", default=[], help="the JSON of the --clip")
    add("--output", type=Path, metavar="DIR", help=f"of results.json (default: in {RUNS})")
    add("--verbose", action="store_true", help="also each family, and where every error is")
    add("--speed", type=Path, metavar="CLIP", help="only measure speed and memory on a clip")
    return parser


if __name__ == "__main__":
    sys.exit(main())
