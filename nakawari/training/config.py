"""Settings that both stages share, and how they are read: YAML and dotted overrides."""

import dataclasses
import json
import os
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from os.path import isfile
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

import yaml
from jsonargparse import ArgumentParser

from nakawari.parsing import MAX_SEED
from nakawari.whole import write_whole

ConfigT = TypeVar("ConfigT")


MOST_SAMPLES = 4096
"""Most samples in a batch: even of the smallest crops and networks, the largest GPU holds fewer."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What is trained on.

    Attributes:
        height, width: of the training crops, multiples of 16.
        batch_size: samples that a process trains on at once.
        workers: processes that draw samples; 0 draws in the training process.
        prefetch: batches that each worker draws ahead.
        art: folders with ``cels/``, ``faces/`` and ``backgrounds/``; empty for the built-in art.
        triplets: a folder in ATD-12K's layout to train on instead of drawn cels.
        shards: a folder made by ``nakawari dataset build`` to train on instead; its validation
            titles, if there are any, then validate.
        cels: how many different cels are drawn before they come again, in another order; None
            for cels without end.
        windows: how many different windows are cut from each triplet of ``triplets`` or ``shards``
            before they come again; None for another each round.
        visits: how often each drawn cel comes, in successive rounds, if there is no end to them;
            more than one needs ``store``, which keeps each for so long.
        store: a folder that keeps samples that come again, so that each is drawn or cut once.
        validation_samples: drawn once, with a seed of their own, never trained on.
        seed: of the drawn samples.
    """

    height: int = 192
    width: int = 192
    batch_size: int = 4
    workers: int = 1
    prefetch: int = 4
    art: tuple[str, ...] = ()
    triplets: str | None = None
    shards: str | None = None
    cels: int | None = None
    windows: int | None = None
    visits: int = 1
    store: str | None = None
    validation_samples: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            if (size := getattr(self, name)) < 16 or size % 16:
                raise ValueError(f"data.{name} must be a positive multiple of 16, got {size}")
        if self.batch_size > MOST_SAMPLES:
            raise ValueError(
                f"data.batch_size must be at most {MOST_SAMPLES}, got {self.batch_size}; a larger "
                "effective batch is made of several by --trainer.accumulate"
            )
        for name in ("batch_size", "validation_samples", "prefetch", "visits"):
            if getattr(self, name) < 1:
                raise ValueError(f"data.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"data.seed must be from 0 to {MAX_SEED}, got {self.seed}")
        if self.workers < 0:
            raise ValueError(f"data.workers must be at least 0, got {self.workers}")
        if self.triplets is not None and self.shards is not None:
            raise ValueError(
                f"data.triplets ({self.triplets}) and data.shards ({self.shards}) exclude each "
                "other; set one"
            )
        for name in ("cels", "windows"):
            if (count := getattr(self, name)) is not None and count < 1:
                raise ValueError(f"data.{name} must be at least 1, got {count}")
        real = self.triplets is not None or self.shards is not None
        if self.cels is not None and real:
            raise ValueError("data.cels counts drawn cels, and none are drawn; set data.windows")
        if self.windows is not None and not real:
            raise ValueError("data.windows is of real triplets; of drawn cels, set data.cels")
        if self.visits > 1 and (self.finite or real):
            raise ValueError("data.visits is of drawn cels without end; leave it out, or data.cels")
        if self.visits > 1 and self.store is None:
            raise ValueError("data.visits above 1 needs a folder that keeps cels; set data.store")
        if self.store is not None and not self.finite and self.visits == 1:
            raise ValueError(
                "data.store keeps samples that come again, and none do; set "
                + ("data.windows" if real else "data.cels, or data.visits")
            )

    @property
    def finite(self) -> bool:
        """Whether the number of different samples is limited."""
        return self.cels is not None or self.windows is not None


@dataclass(frozen=True, kw_only=True)
class WandbConfig:
    """Where the run goes in Weights & Biases, and what stays there of its model's versions.

    Attributes:
        project, entity: None leaves the entity to the account.
        name: of the run; None lets W&B choose one.
        keep_versions: how many of the newest model versions stay beside ``best`` and ``latest``.
        dry_run: only say which versions would be deleted.
        upload_minutes: to wait, at the end, for the model to arrive.
    """

    project: str = "nakawari"
    entity: str | None = None
    name: str | None = None
    keep_versions: int = 0
    dry_run: bool = False
    upload_minutes: float = 10.0

    def __post_init__(self) -> None:
        if self.keep_versions < 0:
            raise ValueError(
                f"trainer.wandb.keep_versions must not be negative, got {self.keep_versions}"
            )


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """How long and how it is trained.

    Attributes:
        max_updates: updates of the weights in all, over every resume.
        max_minutes: end this call after so many minutes, to be resumed; None for no limit.
        learning_rate: at its highest, after the warm-up; it then falls as a cosine.
        warmup_updates: over which the learning rate rises linearly.
        gradient_clip: largest norm of the gradient.
        validate_every: updates between two validations; the training state is saved at each.
        first_validation: update after which to validate for the first time; then after twice as
            many, and so on, up to half of ``validate_every``. 0 for none before that.
        save_minutes: save state and weights also when so many have passed since the last time.
        ema_decay: of the moving average of the weights that is validated and exported.
        seed: of initial weights and of all noise.
        run: the folder that takes training state, pictures and metrics. Environment variables in
            it are filled in: a sweep's trials keep apart by ``$WANDB_RUN_ID``.
        resume: go on from the run's training state, if there is one.
        accumulate: batches whose gradients one update takes together; the effective batch is
            ``data.batch_size`` times this times the processes.
        deterministic: choose algorithms that add up in the same order each time, where there are
            any, for GPUs; a CPU does so anyway.
        compile: let torch.compile translate the networks, which takes minutes at the start.
        channels_last: keep the channels of weights and feature maps innermost.
        log_every: updates between two rows of metrics.
        profile: of so many updates, write a trace to the run's folder (``trace.json``).
        measure: of so many updates, print the speed and how much of the hardware's it is; train
            nothing.
        logger: where metrics and pictures go, beside ``figures/metrics.csv`` and ``pictures/``.
        wandb: counts only with ``logger: wandb``.
    """

    max_updates: int = 100_000
    max_minutes: float | None = None
    learning_rate: float = 4e-4
    warmup_updates: int = 200
    gradient_clip: float = 1.0
    validate_every: int = 1000
    first_validation: int = 30
    save_minutes: float = 10.0
    ema_decay: float = 0.999
    seed: int = 0
    run: str = "runs/latest"
    resume: bool = False
    accumulate: int = 1
    deterministic: bool = False
    compile: bool = False
    channels_last: bool = False
    log_every: int = 50
    profile: int = 0
    measure: int = 0
    logger: Literal["csv", "tensorboard", "wandb"] = "csv"
    wandb: WandbConfig = field(default_factory=WandbConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "run", os.path.expandvars(self.run))
        if "$" in self.run:
            raise ValueError(
                f"trainer.run names a variable that is not set, got {self.run}; set it, or name "
                "a folder"
            )
        for name in (
            "max_updates",
            "validate_every",
            "save_minutes",
            "learning_rate",
            "gradient_clip",
            "accumulate",
            "log_every",
        ):
            if not 0 < (value := getattr(self, name)) < float("inf"):
                raise ValueError(f"trainer.{name} must be positive, got {value}")
        if "\0" in self.run:
            raise ValueError(f"trainer.run must be a folder's name, got {self.run!r}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"trainer.seed must be from 0 to {MAX_SEED}, got {self.seed}")
        if self.max_minutes is not None and not 0 < self.max_minutes < float("inf"):
            raise ValueError(f"trainer.max_minutes must be positive, got {self.max_minutes}")
        for name in ("profile", "measure", "first_validation", "warmup_updates"):
            if getattr(self, name) < 0:
                raise ValueError(f"trainer.{name} must not be negative, got {getattr(self, name)}")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"trainer.ema_decay must be in [0, 1), got {self.ema_decay}")


def write_settings(config: object, file: Path) -> None:
    """Write settings, a dataclass, to a YAML file that ``--config`` reads."""
    settings = json.loads(json.dumps(dataclasses.asdict(config)))  # type: ignore[call-overload]
    write_whole(file, yaml.safe_dump(settings, sort_keys=False).encode())


class _Parser(ArgumentParser):
    """A parser that says in one line what is wrong, and exits with status 2."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        reason = " ".join(message.split())
        print(f"{self.prog}: {reason}; see --help", file=sys.stderr)
        sys.exit(2)


def parse_config(config_class: type[ConfigT], argv: list[str] | None = None) -> ConfigT:
    """Read a config from ``--config FILE.yaml`` and overrides such as ``--data.width 256``.

    An unknown key, in the file or on the command line, ends the program with one line.
    """
    description = (config_class.__doc__ or "").partition("\n")[0]
    parser = _Parser(description=description, allow_abbrev=False)
    parser.add_argument("--config", action="config", help="a YAML file of settings")
    parser.add_class_arguments(config_class, as_group=False)
    words = sys.argv[1:] if argv is None else argv
    for before, word in pairwise(["", *words]):
        name = word if before == "--config" else word.removeprefix("--config=")
        if (before == "--config" or name != word) and os.path.exists(name) and not isfile(name):
            parser.error(f"--config: {name} is not a file")  # to read a FIFO would wait for ever
    settings = parser.parse_args(argv)
    settings.pop("config", None)
    return config_class(**vars(parser.instantiate_classes(settings)))
