"""One training, from its settings to weights on disk and, if asked for, in W&B."""

import logging
from datetime import timedelta
from pathlib import Path

import lightning
import torch
from lightning.fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.strategies import DDPStrategy, Strategy

from nakawari.errors import UserError
from nakawari.training.ancestry import find_launcher
from nakawari.training.average import AveragedModule
from nakawari.training.config import TrainerConfig, write_settings
from nakawari.training.data import TripletData
from nakawari.training.keeping import STATE, KeepTheModel
from nakawari.training.launch import (
    Launch,
    end_with_the_launcher,
    tell_of_processes_that_are_not,
    use_all_threads,
)
from nakawari.training.progress import Progress
from nakawari.training.resuming import ResumeAtAnUpdate, SeedEveryUpdate, check_state
from nakawari.training.stopping import Stint, StopOnSignal
from nakawari.training.tracking.loggers import start_tracking
from nakawari.training.updates.speed import Trace, prepare
from nakawari.training.updates.throughput import WARM_UP, Throughput
from nakawari.training.validating import ValidateWhenDue, Validations
from nakawari.whole import check_writable


def train(module: AveragedModule, data: TripletData, config: TrainerConfig) -> None:
    """Train ``module``; whatever ends the training, weights and state are on disk.

    With ``config.measure`` only the speed is measured, and nothing is kept. Raises ``UserError``
    for settings that cannot be obeyed, and ``SystemExit`` if a signal ended the training.
    """
    launch = Launch.from_environment()
    launcher = find_launcher()
    tell_of_processes_that_are_not(launch, launcher)
    use_all_threads(launch, launcher=launcher)
    end_with_the_launcher()
    torch.set_float32_matmul_precision("high")
    translate = config.compile or launch.compile
    prepare(module.networks(), config.channels_last, translate, launch.accelerator)
    samples = data.samples_an_update(launch.processes)
    if config.measure:
        measuring = [SeedEveryUpdate(config.seed), Throughput(samples, data.draw_rate)]
        updates = WARM_UP + config.measure
        trainer = _trainer(launch, config, updates, measuring, [], module.may_leave_weights_unused)
        trainer.limit_val_batches = 0
        trainer.fit(module, data)
        return
    run = Path(config.run)
    _claim(run)
    state = _state_to_resume(run, module, config)
    keep = KeepTheModel(run, config.save_minutes)
    stop = StopOnSignal(keep.save)
    tracking = start_tracking(run, config, module.config)
    callbacks: list[Callback] = [
        ResumeAtAnUpdate(),
        ValidateWhenDue(Validations(config.first_validation, config.validate_every)),
        SeedEveryUpdate(config.seed),
        Progress(samples, data.draw_rate),
        keep,
        stop,
        *tracking.callbacks,
    ]
    if config.max_minutes is not None:
        callbacks.append(Stint(timedelta(minutes=config.max_minutes), verbose=False))
    if config.profile:
        callbacks.append(Trace(run / "trace.json", config.profile))
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # we print that ourselves
    trainer = _trainer(
        launch,
        config,
        config.max_updates,
        callbacks,
        tracking.loggers,
        module.may_leave_weights_unused,
    )
    if trainer.is_global_zero:
        print(
            f"training on {launch.processes} x {launch.accelerator} in {launch.precision}: "
            f"effective batch {samples}, learning rate {config.learning_rate}, "
            f"until update {config.max_updates}, in {run}"
            + (f", going on from {STATE}" if state else ""),
            flush=True,
        )
        write_settings(module.config, run / "config.yaml")
    try:
        trainer.fit(module, data, ckpt_path=state)
    except (KeyboardInterrupt, SystemExit) as end:
        if stop.received is None:
            raise
        raise SystemExit(stop.exit_status) from end  # by a second signal, which does not wait
    if stop.stopped and trainer.global_step < config.max_updates:
        raise SystemExit(stop.exit_status)


def _trainer(
    launch: Launch,
    config: TrainerConfig,
    max_updates: int,
    callbacks: list[Callback],
    loggers: list[Logger],
    unused: bool,
) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator=launch.accelerator,
        devices=launch.processes_a_machine,
        num_nodes=launch.machines,
        strategy=_strategy(launch, unused),
        # Named here, as Lightning might otherwise detect SLURM and start other processes.
        plugins=TorchElasticEnvironment() if launch.processes > 1 else LightningEnvironment(),
        precision=launch.precision,
        # An operation without a deterministic algorithm still runs, and torch warns of it once.
        deterministic="warn" if config.deterministic else False,
        max_steps=max_updates,
        val_check_interval=config.validate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=config.log_every,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        logger=loggers,
        callbacks=callbacks,
        default_root_dir=config.run,
    )


def _strategy(launch: Launch, unused: bool) -> Strategy | str:
    """Return the strategy by which ranks train together; ``unused``: some weights may be unused."""
    if launch.processes == 1:
        return "auto"
    # Buffers are shared once an update (``share_buffers``), not before each pass as well.
    return DDPStrategy(find_unused_parameters=unused, broadcast_buffers=False)


def _claim(run: Path) -> None:
    """Make the folder of the training; ``UserError`` if nothing can be written to it."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the folder {run} ({error.strerror}); name another with --trainer.run"
        ) from error
    check_writable(run, f"to {run}")


def _state_to_resume(run: Path, module: AveragedModule, config: TrainerConfig) -> Path | None:
    state = run / STATE
    if not state.exists():
        return None
    if not config.resume:
        raise UserError(
            f"{run} already holds a training; go on with --trainer.resume true, "
            "or choose another folder with --trainer.run"
        )
    check_state(state, module)
    return state
