"""Lightning's logger for W&B, made to survive what may go wrong with it.

W&B is imported only when a run begins.
"""

import dataclasses
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.loggers.logger import rank_zero_experiment
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

from nakawari.errors import UserError
from nakawari.training.config import TrainerConfig
from nakawari.whole import write_whole

WANDB_RUN = "wandb_run.json"
_KINDS = {"id": str, "project": str, "entity": str, "ended_well": bool}
_NOT_IN_AN_ID = set(":;,#?/'")  # W&B refuses these characters
UNSENT = ("offline", "dryrun", "disabled")  # modes of W&B in which nothing is sent anyway


class CaptionedPicture(NamedTuple):
    """A picture to log."""

    pixels: Tensor  # (3, H, W) in [0, 1]
    caption: str


def wandb_run_of(run: Path) -> dict[str, Any]:
    """Return which run in W&B the folder ``run`` belongs to, and whether it ended well.

    The result is empty if it belongs to none. Raises ``UserError`` if the record is damaged.

    Keys: id, project, entity (None for the account's), ended_well.
    """
    file = run / WANDB_RUN
    if not file.exists():
        return {}
    try:
        known = json.loads(file.read_text())
        kinds = {name: type(known[name]) for name in ("id", "project", "entity", "ended_well")}
        is_sound = kinds in (_KINDS, _KINDS | {"entity": NoneType}) and len(known) == len(kinds)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        is_sound = False
    if not is_sound or not known["id"] or set(known["id"]) & _NOT_IN_AN_ID:
        raise UserError(
            f'{file} is damaged; write into it {{"id": "ID", "project": "PROJECT", "entity": '
            '"ENTITY", "ended_well": true}, as the address of the run in W&B has them'
        )
    return known


class Wandb(WandbLogger):
    """Lightning's logger, made to survive a missing key, a missing network and an outage.

    A resumed training goes on in the same W&B run. Without a key or a network, W&B's offline record
    is written, and no key is asked for. If W&B fails during the training, that is said once, and
    only W&B misses what it refused.
    """

    def __init__(self, run: Path, config: TrainerConfig, settings: object) -> None:
        self._run_folder = run
        known = self._known()
        super().__init__(
            project=known.get("project", config.wandb.project),
            entity=known.get("entity") or config.wandb.entity,
            name=config.wandb.name,
            # A sweep's agent says by this variable which run the training is to be.
            id=known.get("id") or os.environ.get("WANDB_RUN_ID") or secrets.token_hex(4),
            save_dir=run,
            log_model=False,
            config=dataclasses.asdict(settings),  # type: ignore[call-overload]
        )
        self._wandb_init.pop("anonymous")  # set by Lightning, but W&B has dropped it and warns
        self._upload_minutes = config.wandb.upload_minutes
        self._told = False

    def _known(self) -> dict[str, Any]:
        """Return what ``wandb_run_of`` does; a damaged record is told of, and is not used."""
        try:
            return wandb_run_of(self._run_folder)
        except UserError:
            _tell(f"W&B: {self._run_folder / WANDB_RUN} is damaged; a new run is begun there")
            return {}

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """W&B's run, which is begun at the first access, by rank zero alone."""
        if self._experiment is None:
            self._run_folder.mkdir(parents=True, exist_ok=True)
            self._begin()
        return self._experiment

    @property
    def offline(self) -> bool:
        """Whether nothing is sent: not yet, or never (``WANDB_MODE=disabled``)."""
        return self.experiment.offline or self.experiment.disabled

    def note_end(self, ended_well: bool) -> None:
        """Write down, for an upload later, whether the training ended as it should."""
        experiment = self.experiment
        if experiment.disabled:
            return
        identity = {name: getattr(experiment, name) for name in ("id", "project", "entity")}
        known = identity | {"ended_well": ended_well}
        write_whole(self._run_folder / WANDB_RUN, json.dumps(known).encode() + b"\n")

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Log metrics; if W&B fails, say so once and go on."""
        self.attempt(lambda: super(Wandb, self).log_metrics(metrics, step))

    @rank_zero_only
    def log_pictures(self, pictures: dict[str, CaptionedPicture], step: int) -> None:
        """Log pictures, each under its name; if W&B fails, say so once and go on."""

        def log() -> None:
            import wandb

            images = {
                name: wandb.Image(to_pil_image(picture.pixels), caption=picture.caption)
                for name, picture in pictures.items()
            }
            self.experiment.log(images | {"trainer/global_step": step})

        self.attempt(log)

    def attempt(self, log: Callable[[], object]) -> None:
        """Log something; if W&B fails, say so once and go on."""
        try:
            log()
        except Exception as error:  # whatever its service raises, the training must go on
            if not self._told:
                _tell(
                    f"W&B fails ({_first_line(error)}); the training goes on, its metrics and "
                    f"pictures are in {self._run_folder}"
                )
            self._told = True

    def _begin(self) -> None:
        import wandb

        chosen = wandb.setup().settings  # WANDB_MODE is obeyed
        reason = None if chosen.mode in UNSENT else _why_offline()
        settings = {"finish_timeout": 60 * self._upload_minutes}
        if reason is None:
            try:
                self._experiment = wandb.init(
                    **self._wandb_init, settings=wandb.Settings(**settings)
                )
            except wandb.errors.Error as error:
                reason = _first_line(error)
        if reason is not None:
            print(
                f"W&B: offline ({reason}); the record is in {self._run_folder / 'wandb'}",
                flush=True,
            )
            self._experiment = wandb.init(
                **self._wandb_init,
                mode="offline",
                settings=wandb.Settings(silent=True, **settings),
            )
        experiment = self._experiment
        experiment.define_metric("trainer/global_step")
        experiment.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        self.attempt(lambda: self.note_end(ended_well=False))


def _why_offline() -> str | None:
    """Return why W&B cannot be reached, in a few words; None if it can. Never asks for a key."""
    import wandb

    with _quiet(wandb):
        try:
            return None if wandb.login(prompt=False) else "no API key; `wandb login` sets one"
        except wandb.errors.Error as error:
            return _first_line(error)


@contextmanager
def _quiet(wandb: Any) -> Iterator[None]:
    settings = wandb.setup().settings
    before, settings.silent = settings.silent, True
    try:
        yield
    finally:
        settings.silent = before


@rank_zero_only
def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
