"""``nakawari slow``: its arguments, the model that draws, and the summary at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nakawari.cli.arguments import INPUT_RATE_HELP, STRICT_HELP, path, positive_int, target
from nakawari.cli.progress import ProgressBar
from nakawari.errors import UserError
from nakawari.parsing import factor, moment, ramp, rate, seed, takes
from nakawari.shipped import shipped_model
from nakawari.video.codecs import CODECS
from nakawari.whole import check_name
from nakawari.wording import count, printable

if TYPE_CHECKING:
    from torch import Tensor

    from nakawari.queue.settings import SlowSettings
    from nakawari.slowmo.interpolator import FrameInterpolator
    from nakawari.slowmo.slow_job import SlowJob, SlowResult, TakesResult
    from nakawari.slowmo.takes import Reseed

USUAL_FACTOR = Fraction(4)


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    slow = commands.add_parser(
        "slow",
        help="slow a clip down by drawing its in-betweens",
        description="Slow a clip down by drawing its in-betweens.",
    )
    slow.add_argument(
        "inputs", type=path, metavar="INPUT", nargs="*",
        help="a video file, a folder of numbered pictures, or their name, such as f_%%04d.png",
    )  # fmt: skip
    slow.add_argument(
        "-o", "--output", type=target,
        help="a file, pictures such as slow/f_%%04d.png, or a folder for one INPUT or several "
        "(default: beside INPUT, NAME.slow4x.mp4)",
    )  # fmt: skip
    slow.add_argument(
        "--watch", type=path, metavar="DIR",
        help="slow down every clip that appears in this folder, until Ctrl-C",
    )  # fmt: skip
    slow.add_argument(
        "--slow", type=factor, metavar="FACTOR",
        help=f"how many times as long, such as 4, 2.5 or 1 (default: {USUAL_FACTOR})",
    )  # fmt: skip
    slow.add_argument(
        "--ramp", type=ramp, metavar="POINTS",
        help='instead of --slow, a speed that changes: TIME:SPEED, such as "0:1, 2:0.25, 3.5:1"; '
        "1 is full speed, and times are counted from --from",
    )  # fmt: skip
    slow.add_argument(
        "--fps", type=rate, metavar="RATE",
        help="frames a second of the output, such as 48 or 60000/1001 (default: the input's)",
    )  # fmt: skip
    slow.add_argument("--input-fps", type=rate, metavar="RATE", help=INPUT_RATE_HELP)
    slow.add_argument(
        "--from", type=moment, default=Fraction(0), metavar="TIME", dest="begin",
        help="slow down only what comes from here on, such as 95.5 or 1:35.5 (default: the start)",
    )  # fmt: skip
    slow.add_argument(
        "--to", type=moment, metavar="TIME", dest="end",
        help="and before this time (default: the end)",
    )  # fmt: skip
    slow.add_argument(
        "--codec", choices=tuple(CODECS),
        help="of the output: "
        + ", ".join(f"{name} ({codec.title})" for name, codec in CODECS.items())
        + " (default: what the output's name says, H.264 where it says nothing)",
    )  # fmt: skip
    slow.add_argument(
        "--audio", choices=("stretch", "drop"), default="stretch",
        help="slow the sound down at its own pitch, or leave it out (default: stretch)",
    )  # fmt: skip
    slow.add_argument(
        "--holds", choices=("auto", "keep"), default="auto",
        help="auto: repeated frames are one drawing; keep: every frame is one (default: auto)",
    )  # fmt: skip
    slow.add_argument(
        "--longest-hold", type=positive_int, metavar="N",
        help="a drawing held for more frames rests, and does not move (default: 6, at more than "
        "24 frames a second a quarter of a second)",
    )  # fmt: skip
    slow.add_argument(
        "--xsheet", type=path, metavar="FILE",
        help="go by this exposure sheet, which may be edited, instead of finding the drawings",
    )  # fmt: skip
    slow.add_argument(
        "--model", metavar="DIR",
        help="other weights than the shipped ones; 'blend' (cross-fade) and 'nearest' need none",
    )  # fmt: skip
    slow.add_argument("--steps", type=positive_int, metavar="N", help="denoising steps")
    slow.add_argument("--seed", type=seed, default=0, metavar="N", help="of the noise (default: 0)")
    slow.add_argument(
        "--takes", type=takes, default=1, metavar="N",
        help="compare N seeds, from --seed on, in the middle of each interval; where they differ, "
        "draw it with each of them, to choose from in NAME.slow4x.takes (default: 1)",
    )  # fmt: skip
    slow.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    slow.add_argument("--overwrite", action="store_true", help="replace an existing output")
    slow.add_argument(
        "--resume", action="store_true",
        help="go on with the frames of a run that was cut off; stopped again, they are kept again",
    )  # fmt: skip
    slow.add_argument("--strict", action="store_true", help=STRICT_HELP)
    slow.set_defaults(run=run_slow)


def default_output(source: Path, args: argparse.Namespace) -> Path:
    """Return where the output goes without ``-o``: beside the input, named after the factor.

    With a ramp instead of a factor, the name says so.
    """
    from nakawari.video.sequence import clip_name

    slow = f"slow{float(args.slow or USUAL_FACTOR):.4g}x".replace("+", "")
    name = slow if args.ramp is None else "ramp"
    named = clip_name(source)
    codec = CODECS[args.codec or "h264"]
    ending = "" if codec.is_sequence else codec.ending
    return named.with_name(f"{named.name}.{name}{ending}")


def settings_of(args: argparse.Namespace, source: Path, output: Path) -> SlowSettings:
    """Return the settings that the command line gives for one clip."""
    from nakawari.queue.settings import SlowSettings

    return SlowSettings(
        source=source,
        output=output,
        factor=args.slow or USUAL_FACTOR,
        ramp=args.ramp,
        rate=args.fps,
        input_rate=args.input_fps,
        begin=args.begin,
        end=args.end,
        codec=args.codec,
        picture_names=args.output.picture_names if args.output else None,
        audio=args.audio,
        holds=args.holds,
        longest_hold=args.longest_hold,
        xsheet=args.xsheet,
        model=args.model,
        steps=args.steps,
        seed=args.seed,
        device=args.device,
        overwrite=args.overwrite,
        strict=args.strict,
        takes=args.takes,
    )


def choose_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``; ``UserError`` if ``cuda`` was asked for and is not available."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is available here; use --device auto or --device cpu")
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def model_folder(model: str | None) -> Path:
    """Return the folder of the weights that ``--model`` names, or of the shipped weights.

    Raises ``UserError`` if it does not exist.
    """
    folder = Path(model) if model else shipped_model()
    check_name(folder, "--model")
    if not folder.is_dir():
        raise UserError(f"model folder {folder} does not exist; give another with --model")
    return folder


def load_interpolator(
    settings: argparse.Namespace | SlowSettings, device: str
) -> FrameInterpolator:
    """Return the interpolator: a baseline by its name, or a pipeline from its folder.

    Raises ``UserError`` if the weights cannot be used.
    """
    from nakawari.slowmo.baselines import BASELINES

    if settings.model in BASELINES:
        return BASELINES[settings.model]
    folder = model_folder(settings.model)
    from diffusion import FrameInterpolationPipeline

    try:
        pipeline = FrameInterpolationPipeline.from_pretrained(str(folder)).to(device)
        return pipeline.configure(num_steps=settings.steps, seed=settings.seed)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"cannot use the model in {folder}: {reason}") from error
    except TypeError as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot use the model in {folder}: a config.json has a value of the wrong type "
            f"({reason}); restore it, or give another folder with --model"
        ) from error


def reseed_for(args: argparse.Namespace | SlowSettings) -> Reseed | None:
    """Return the function that gives an interpolator another seed; ``None`` for a baseline."""
    from nakawari.slowmo.baselines import BASELINES

    return None if args.model in BASELINES else _with_seed


def _with_seed(interpolator: FrameInterpolator, seed: int) -> FrameInterpolator:
    # A pipeline takes a seed in addition to the arguments of every interpolator.
    return partial(cast("Callable[..., Tensor]", interpolator), seed=seed)


class LoadedModel:
    """Keeps a model loaded between jobs, as long as they ask for the same one."""

    def __init__(self) -> None:
        self._model: FrameInterpolator | None = None
        self._asked: Sequence[object] = ()

    def load(self, settings: SlowSettings, device: str) -> FrameInterpolator:
        """Return the interpolator of a job, which is loaded unless it was loaded before.

        It is loaded again if the files of its weights have changed since.
        """
        asked = (drawn_by(settings), device)
        if self._model is None or self._asked != asked:
            self._model = None  # memory may not suffice for two
            self._model = load_interpolator(settings, device)
            self._asked = asked
        return self._model


def drawn_by(settings: SlowSettings) -> str:
    """Return a text that identifies the model, its weights and its settings."""
    from nakawari.slowmo.baselines import BASELINES

    if settings.model in BASELINES:
        return str(settings.model)
    folder = Path(settings.model) if settings.model else shipped_model()
    told = sha256()
    for file in sorted(folder.glob("*/*")):
        if file.suffix in (".json", ".safetensors") and file.is_file():
            told.update(f"{file.relative_to(folder)} {file.stat().st_size}\n".encode())
            told.update(file.read_bytes())
    return f"{told.hexdigest()[:32]} {settings.steps} {settings.seed}"


def run_with(
    load: Callable[[SlowSettings, str], FrameInterpolator],
    job: SlowJob,
    settings: SlowSettings,
    **reports: Callable[..., None],
) -> SlowResult:
    """Run a job with the model, the device and the seeds that its settings name.

    Args:
        load: returns the interpolator of settings on a device; is called once, and once more for
            the CPU if the device fails.
        job: that of the settings; whether it goes on with kept frames is its own.
        settings: what was asked for.
        reports: ``tell``, ``on_read``, ``on_frame`` and ``on_picture``, as ``run_job`` takes them.
    """
    from nakawari.slowmo.job import run_job

    device = choose_device(settings.device)
    return run_job(
        job,
        lambda: load(settings, device),
        device,
        drawn_by=partial(drawn_by, settings),
        reseed=reseed_for(settings),
        load_on_cpu=lambda: load(settings, "cpu"),
        **reports,
    )


def run_slow(args: argparse.Namespace) -> None:
    """Run ``nakawari slow``: one clip directly, several clips or a watched folder by a queue."""
    if args.end is not None and args.end <= args.begin:
        raise UserError("--to must be later than --from; give a time after it")
    if args.slow is not None and args.ramp is not None:
        raise UserError("--slow and --ramp both say how fast the clip passes; give one of them")
    if args.watch is not None:
        from nakawari.cli.slow_watch import run_watch

        run_watch(args)
    elif len(args.inputs) > 1 or (args.output is not None and args.output.is_folder):
        from nakawari.cli.slow_many import run_many

        run_many(args)
    else:
        _run_one(args)


def _run_one(args: argparse.Namespace) -> None:
    """Slow down one clip: check the arguments, load the model, draw, print a summary."""
    if not args.inputs:
        raise UserError("no INPUT is given; name a video file, or a folder with --watch")
    (source,) = args.inputs
    output = args.output.path if args.output else default_output(source, args)
    settings = settings_of(args, source, output)
    job = replace(settings.job(), resume=args.resume)
    with ProgressBar() as bar:
        result = run_with(
            load_interpolator,
            job,
            settings,
            tell=bar.tell,
            on_read=partial(bar.on_frame, stage="reading"),
            on_frame=partial(bar.on_frame, stage="drawing"),
        )
    tally, sheet = result.tally, result.sheet
    text = (
        f"{result.output}: {float(result.duration):.3f} s at {float(result.rate):.3f} frames/s, "
        f"{result.width}x{result.height}\n"
        f"{count(len(sheet.drawings), 'drawing')} in {count(len(sheet.shots), 'shot')}; "
        f"{count(tally.drawn, 'frame')} drawn, {tally.passed} passed through unchanged\n"
        f"exposure sheet: {result.sheet_path}\n"
        f"took {result.seconds:.1f} s"
    )
    if result.takes is not None:
        text += "\n".join([f", {takes_words(result.takes)}", *_takes_lines(result.takes)])
    print(printable(text))


def takes_words(takes: TakesResult) -> str:
    """Return the result of comparing takes in one line."""
    words = f"about {takes.seconds:.1f} s of it for takes: "
    words += f"{count(takes.compared, 'interval')} compared, {len(takes.unsure)} to check"
    return f"{words} in {takes.folder}" if takes.unsure else words


def _takes_lines(takes: TakesResult) -> list[str]:
    """Return a line for each interval to check."""
    from nakawari.xsheet.show.text import timecode

    return [
        f"  {timecode(unsure.begins)} to {timecode(unsure.ends)}: from frame {unsure.start} to "
        f"frame {unsure.next}, spread {unsure.spread:.1f}"
        for unsure in takes.unsure
    ]
