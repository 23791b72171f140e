"""``nakawari xsheet``: the exposure sheet as text, as JSON and as a page."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from nakawari.cli.arguments import STRICT_HELP, path
from nakawari.cli.progress import ProgressBar
from nakawari.errors import UserError
from nakawari.wording import printable

STDOUT = Path("-")


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    xsheet = commands.add_parser(
        "xsheet",
        help="find a clip's drawings, holds, cuts and camera moves",
        description="Print a clip's exposure sheet: its shots, and in each of them a bar for "
        "every new drawing, a dash for every frame that holds it, a tilde where the camera moves.",
    )
    xsheet.add_argument("input", type=path, metavar="INPUT", help="a video file")
    xsheet.add_argument(
        "--json", type=path, metavar="FILE",
        help="write the sheet as data that can be edited; - prints it instead of the text",
    )  # fmt: skip
    xsheet.add_argument(
        "--html", type=path, metavar="FILE",
        help="write one page with thumbnails and curves that opens from disk in a browser",
    )  # fmt: skip
    xsheet.add_argument(
        "--overwrite", action="store_true",
        help="replace FILE even if it is no earlier sheet or page",
    )  # fmt: skip
    xsheet.add_argument("--strict", action="store_true", help=STRICT_HELP)
    xsheet.set_defaults(run=run_xsheet)


def run_xsheet(args: argparse.Namespace) -> None:
    """Do ``nakawari xsheet``: check, read, tell, write."""
    from nakawari.xsheet.saving import save, save_sheet
    from nakawari.xsheet.text import sheet_text

    _check_targets(args)
    from nakawari.xsheet.detect import detect

    with ProgressBar() as bar:
        detection = detect(args.input, tell=bar.tell, on_frame=bar.on_frame, strict=args.strict)
    sheet = detection.sheet
    page = None
    if args.html is not None:
        from nakawari.xsheet.report import html_report
        from nakawari.xsheet.thumbnails import make_thumbnails

        with ProgressBar() as bar:
            thumbnails = make_thumbnails(args.input, sheet, on_frame=bar.on_frame)
        page = html_report(detection, thumbnails)
    # Files first: whoever reads the text, such as `head`, may stop in the middle.
    if page is not None:
        save(args.html, page)
    if args.json not in (None, STDOUT):
        kept = save_sheet(args.json, sheet.to_json())
        if kept is not None:
            bar.tell(f"the sheet that was there is now {kept}")
    if args.json == STDOUT:
        sys.stdout.write(sheet.to_json())
    else:
        sys.stdout.write(printable(sheet_text(sheet, shutil.get_terminal_size().columns)))


def _check_targets(args: argparse.Namespace) -> None:
    """Raise ``UserError`` if a file cannot be written, before the clip is read."""
    from nakawari.xsheet.saving import check_target, is_page, is_sheet

    if args.html == STDOUT:
        raise UserError("--html writes a page, which a terminal cannot show; give a file name")
    if args.json not in (None, STDOUT):
        check_target(args.json, args.input, "--json", is_sheet, args.overwrite)
    if args.html is not None:
        check_target(args.html, args.input, "--html", is_page, args.overwrite)
        if args.json is not None and args.html.resolve() == args.json.resolve():
            raise UserError("--json and --html name the same file; give two")
