"""``nakawari dataset build``: from episodes to training triplets."""

from __future__ import annotations

import argparse
import os
import sys

from nakawari.cli.arguments import path, plain_file, positive_int
from nakawari.errors import UserError
from nakawari.wording import count


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    dataset = commands.add_parser(
        "dataset",
        help="make training data from videos",
        description="Make training data from videos.",
    )
    actions = dataset.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build",
        help="find triplets of drawings in videos, and write them in shards",
        description="Find the drawings of videos, and write threes of successive ones as sharded "
        "training triplets. Stopped at any moment, the same command goes on where it was.",
    )
    build.add_argument(
        "videos", type=path, nargs="+", metavar="VIDEO", help="video files, or folders of them"
    )
    build.add_argument("--output", type=path, required=True, metavar="DIR", help="the dataset")
    build.add_argument(
        "--height", type=int, metavar="PX", help="of the stored frames (default: 432)"
    )
    build.add_argument("--quality", type=int, metavar="Q", help="of their JPEGs (default: 95)")
    build.add_argument(
        "--min-change", type=float, metavar="X",
        help="near-duplicates differ by less in every block of 16 px [code values] (default: 4)",
    )  # fmt: skip
    build.add_argument(
        "--max-motion", type=float, metavar="PX",
        help="largest movement, in pixels of a picture 288 px high (default: 64)",
    )  # fmt: skip
    build.add_argument(
        "--shard-samples", type=positive_int, metavar="N", help="triplets a shard (default: 512)"
    )
    build.add_argument(
        "--titles", type=plain_file, metavar="FILE",
        help='JSON that maps patterns of paths to titles, {"*/bebop/*": "Cowboy Bebop"}; '
        "otherwise a title is the sub-folder's name, or the file's up to the episode number",
    )  # fmt: skip
    build.add_argument(
        "--validation-share", type=float, default=0.05, metavar="X",
        help="share of the titles that validate, chosen by their names (default: 0.05)",
    )  # fmt: skip
    build.add_argument(
        "--validation-title", action="append", default=[], metavar="TITLE",
        help="this title validates (may be repeated); all others are trained on",
    )  # fmt: skip
    build.add_argument(
        "--workers", type=positive_int, default=len(os.sched_getaffinity(0)), metavar="N",
        help="processes (default: one a core)",
    )  # fmt: skip
    build.add_argument(
        "--ray", metavar="ADDRESS",
        help="build on a Ray cluster instead: HOST:PORT of its head, or auto",
    )  # fmt: skip
    build.set_defaults(run=run_build)


def run_build(args: argparse.Namespace) -> None:
    """Run ``nakawari dataset build``: find the videos, build the data set, print a summary."""
    from tqdm import tqdm

    from nakawari.dataset.build import REPORT_FILE, SplitChoice, build_dataset
    from nakawari.dataset.runners import on_processes, on_ray
    from nakawari.dataset.settings import BuildSettings
    from nakawari.dataset.videos import find_episodes, read_titles

    given = {
        name: value
        for name in ("height", "quality", "min_change", "max_motion", "shard_samples")
        if (value := getattr(args, name)) is not None
    }
    try:
        settings = BuildSettings(**given)
        split = SplitChoice(share=args.validation_share, named=tuple(args.validation_title))
    except ValueError as error:
        raise UserError(str(error)) from error
    episodes = find_episodes(args.videos, read_titles(args.titles) if args.titles else {})
    with tqdm(total=len(episodes), unit="video", file=sys.stderr, leave=False) as bar:

        def on_episode(done: int, expected: int) -> None:
            bar.update(done - bar.n)

        result = build_dataset(
            episodes,
            settings,
            split,
            args.output,
            on_ray(args.ray) if args.ray else on_processes(args.workers),
            on_episode=on_episode,
        )
    shots = sum(record.shots for record in result.records)
    print(
        f"{args.output}: {count(result.samples(False), 'triplet')} to train on, "
        f"{result.samples(True):,} to validate, of {count(len(result.records), 'episode')} "
        f"({result.reused} built before) and {count(shots, 'shot')}\n"
        f"report: {args.output / REPORT_FILE}"
    )
    if not result.samples(True):
        print(
            "nakawari: note: no title validates, so drawn cels will; two titles or more are "
            "needed, or --validation-title",
            file=sys.stderr,
        )
    if result.failed:
        lines = "; ".join(f"{outcome.error}" for outcome in result.failed[:3])
        more = "; …" if len(result.failed) > 3 else ""
        raise UserError(
            f"{count(len(result.failed), 'video')} of {len(episodes)} could not be used, and the "
            f"dataset is without: {lines}{more}"
        )
