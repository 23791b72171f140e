"""``nakawari xsheet``: the exposure sheet as text, as JSON, as a page and for other programs."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nakawari.cli.arguments import INPUT_RATE_HELP, STRICT_HELP, path
from nakawari.cli.progress import ProgressBar
from nakawari.errors import UserError
from nakawari.parsing import rate
from nakawari.video.files.names import check_exists
from nakawari.wording import printable

if TYPE_CHECKING:
    from nakawari.xsheet.sheet.sheet import ExposureSheet

STDOUT = Path("-")


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    xsheet = commands.add_parser(
        "xsheet",
        help="find a clip's drawings, holds, cuts and camera moves",
        description="Print a clip's exposure sheet: its shots, and in each of them a bar for "
        "every new drawing, a dash for every frame that holds it, a tilde where the camera moves.",
    )
    xsheet.add_argument(
        "input", type=path, metavar="INPUT",
        help="a video file, a sequence of pictures, or a sheet that --json wrote (.json), which is "
        "taken as it is",
    )  # fmt: skip
    xsheet.add_argument(
        "--json", type=path, metavar="FILE",
        help="write the sheet as data that can be edited; - prints it instead of the text",
    )  # fmt: skip
    xsheet.add_argument(
        "--html", type=path, metavar="FILE",
        help="write one page with thumbnails and curves that opens from disk in a browser",
    )  # fmt: skip
    xsheet.add_argument(
        "--export", type=path, metavar="FILE", action="append", default=[],
        help="write the sheet for another program: .xdts (Clip Studio, OpenToonz), .ae.txt "
        "(After Effects' time-remap keyframes, to paste), .otio (cuts, for editors) or .csv; "
        "may be given more than once",
    )  # fmt: skip
    xsheet.add_argument(
        "--overwrite", action="store_true",
        help="replace FILE even if it is no earlier sheet, page or export",
    )  # fmt: skip
    xsheet.add_argument("--input-fps", type=rate, metavar="RATE", help=INPUT_RATE_HELP)
    xsheet.add_argument("--strict", action="store_true", help=STRICT_HELP)
    xsheet.set_defaults(run=run_xsheet)


def run_xsheet(args: argparse.Namespace) -> None:
    """Run ``nakawari xsheet``: check the arguments, read the clip, print and write its sheet."""
    from nakawari.xsheet.show.saving import save, save_keeping, save_sheet
    from nakawari.xsheet.show.text import sheet_text

    _check_targets(args)
    sheet, page = _sheet_and_page(args)
    exports = _exports(args, sheet)
    # Files first, because a reader of the text, such as `head`, may stop in the middle.
    if page is not None:
        save(args.html, page)
    kept = [save_keeping(export.path, export.text, export.is_ours) for export in exports]
    if args.json not in (None, STDOUT):
        kept.append(save_sheet(args.json, sheet.to_json()))
    for path_kept in filter(None, kept):
        ProgressBar().tell(f"the sheet that was there is now {path_kept}")
    if args.json == STDOUT:
        sys.stdout.write(sheet.to_json())
    else:
        sys.stdout.write(printable(sheet_text(sheet, shutil.get_terminal_size().columns)))


def _is_sheet_file(source: Path) -> bool:
    return source.suffix.lower() == ".json"


def _sheet_and_page(args: argparse.Namespace) -> tuple[ExposureSheet, str | None]:
    """Return the sheet that was given, or the clip's, and its page if that was asked for."""
    if _is_sheet_file(args.input):
        from nakawari.xsheet.sheet.files import load_sheet

        return load_sheet(args.input), None
    check_exists(args.input)  # before FFmpeg and OpenCV are loaded, which takes half a second
    from nakawari.xsheet.detect import detect

    with ProgressBar() as bar:
        detection = detect(
            args.input,
            tell=bar.tell,
            on_frame=bar.on_frame,
            strict=args.strict,
            input_rate=args.input_fps,
        )
    if args.html is None:
        return detection.sheet, None
    from nakawari.xsheet.show.report import html_report
    from nakawari.xsheet.show.thumbnails import make_thumbnails

    with ProgressBar() as bar:
        thumbnails = make_thumbnails(args.input, detection.sheet, on_frame=bar.on_frame)
    return detection.sheet, html_report(detection, thumbnails)


class _Export(NamedTuple):
    path: Path
    text: str
    is_ours: Callable[[str], bool]


def _exports(args: argparse.Namespace, sheet: ExposureSheet) -> list[_Export]:
    """Return the content of all exports, before any of them is written."""
    from nakawari.xsheet.export.formats import format_of

    exports = []
    for target in args.export:
        form = format_of(target)
        text = form.write(sheet, _media(args.input, sheet))
        exports.append(_Export(target, text, form.is_ours))
    return exports


def _media(source: Path, sheet: ExposureSheet) -> Path | None:
    """Return the path of the clip; for a sheet, the path beside it with the name of its clip."""
    if not _is_sheet_file(source):
        return source
    name = Path(sheet.clip).name
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # JSON allows names that no file can have
        return None
    return source.with_name(name) if name else None


def _check_targets(args: argparse.Namespace) -> None:
    """Raise ``UserError`` if a file cannot be written, before the clip is read."""
    from nakawari.xsheet.export.formats import format_of
    from nakawari.xsheet.show.saving import check_target, is_page, is_sheet

    if args.html == STDOUT:
        raise UserError("--html writes a page, which a terminal cannot show; give a file name")
    if args.html is not None and _is_sheet_file(args.input):
        raise UserError("--html shows the clip's pictures, which a sheet has not; give the clip")
    targets = [_Target("--export", file, format_of(file).is_ours) for file in args.export]
    if args.json not in (None, STDOUT):
        targets.append(_Target("--json", args.json, is_sheet))
    if args.html is not None:
        targets.append(_Target("--html", args.html, is_page))
    for target in targets:
        check_target(target.path, args.input, target.option, target.is_ours, args.overwrite)
    for one, other in combinations(targets, 2):
        if one.path.resolve() == other.path.resolve():
            names = " and ".join(dict.fromkeys([one.option, other.option]))
            raise UserError(f"{names} name the same file; give two")


class _Target(NamedTuple):
    option: str
    path: Path
    is_ours: Callable[[str], bool]
