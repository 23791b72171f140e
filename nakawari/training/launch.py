"""One training, on whatever ``accelerate launch`` or ``torchrun`` started it on."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, Timer
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from nakawari.errors import UserError
from nakawari.training.callbacks import KeepTheModel, PlainProgress, SeedEveryUpdate
from nakawari.training.config import TrainerConfig
from nakawari.training.data import TripletData

_PRECISION = {"no": "32-true", "bf16": "bf16-mixed"}
# Not fp16: its loss scaling does not go with the clipping of a manual optimisation.


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What the launcher asked for."""

    processes: int
    processes_a_machine: int
    machines: int
    accelerator: str
    precision: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Launch":
        """Read the variables of ``accelerate launch`` and ``torchrun``.

        What Lightning would silently not obey raises ``UserError``.
        """
        for variable, name in (
            ("ACCELERATE_USE_FSDP", "FSDP"),
            ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed"),
        ):
            if environment.get(variable, "false").lower() in ("true", "1", "yes"):
                raise UserError(
                    f"accelerate is set to {name}, but the models fit on one GPU and Lightning "
                    "runs the loop; run `accelerate config` again and choose plain multi-GPU"
                )
        mixed_precision = environment.get("ACCELERATE_MIXED_PRECISION", "no")
        if mixed_precision not in _PRECISION:
            raise UserError(
                f"mixed precision must be one of {', '.join(_PRECISION)}, got {mixed_precision}; "
                "pass --mixed_precision to accelerate launch"
            )
        processes = int(environment.get("WORLD_SIZE", "1"))
        local = int(environment.get("LOCAL_WORLD_SIZE", str(processes)))
        on_cpu = environment.get("ACCELERATE_USE_CPU", "false").lower() in ("true", "1", "yes")
        return cls(
            processes=processes,
            processes_a_machine=local,
            machines=processes // local,
            accelerator="cuda" if torch.cuda.is_available() and not on_cpu else "cpu",
            precision=_PRECISION[mixed_precision],
        )


@contextmanager
def one_line_errors(*kinds: type[Exception]) -> Iterator[None]:
    """End the program with one line and status 2 on what the user can put right."""
    try:
        yield
    except kinds as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def train(module: lightning.LightningModule, data: TripletData, config: TrainerConfig) -> None:
    """Train ``module``; its weights and training state are on disk whatever ends the training."""
    launch = Launch.from_environment()
    if launch.accelerator == "cpu" and launch.processes == 1:
        # accelerate launch sets OMP_NUM_THREADS=1, which leaves all cores but one idle.
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.set_float32_matmul_precision("high")
    run = Path(config.run)
    state = run / "last.ckpt"
    if state.exists() and not config.resume:
        raise UserError(
            f"{run} already holds a training; go on with --trainer.resume true, "
            "or choose another folder with --trainer.run"
        )
    callbacks: list[Callback] = [
        KeepTheModel(run),
        SeedEveryUpdate(config.seed),
        PlainProgress(data.draw_rate),
    ]
    if config.max_minutes is not None:
        callbacks.append(_Stint(timedelta(minutes=config.max_minutes), verbose=False))
    trainer = lightning.Trainer(
        accelerator=launch.accelerator,
        devices=launch.processes_a_machine,
        num_nodes=launch.machines,
        strategy="ddp_find_unused_parameters_true" if launch.processes > 1 else "auto",
        precision=launch.precision,
        max_steps=config.max_updates,
        val_check_interval=config.validate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        logger=_logger(config, run),
        callbacks=callbacks,
        default_root_dir=run,
    )
    if trainer.is_global_zero:
        size = data.config.batch_size * launch.processes
        print(
            f"training on {launch.processes} x {launch.accelerator} in {launch.precision}: "
            f"effective batch {size}, learning rate {config.learning_rate}, "
            f"until update {config.max_updates}, in {run}",
            flush=True,
        )
    trainer.fit(module, data, ckpt_path=state if config.resume and state.exists() else None)


class _Stint(Timer):
    """A time limit of this call, not of all calls together."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Forget the time that earlier calls took."""


def _logger(config: TrainerConfig, run: Path) -> Logger:
    if config.logger == "tensorboard":
        return TensorBoardLogger(run, name="", version="tensorboard")
    if config.logger == "wandb":
        from lightning.pytorch.loggers import WandbLogger

        return WandbLogger(project="nakawari", save_dir=run, log_model=False)
    return CSVLogger(run, name="", version="figures")
