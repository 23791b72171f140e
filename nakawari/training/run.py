"""One training, from its settings to weights on disk and, if asked for, in W&B."""

import logging
from datetime import timedelta
from pathlib import Path

import lightning
import torch
from lightning.fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger

from nakawari.errors import UserError
from nakawari.training.average import AveragedModule
from nakawari.training.config import TrainerConfig, write_settings
from nakawari.training.data import TripletData
from nakawari.training.keeping import STATE, KeepTheModel
from nakawari.training.launch import Launch, end_with_the_launcher, use_all_threads
from nakawari.training.progress import Progress
from nakawari.training.resuming import ResumeAtAnUpdate, SeedEveryUpdate, check_state
from nakawari.training.speed import Trace, prepare
from nakawari.training.stopping import Stint, StopOnSignal
from nakawari.training.throughput import WARM_UP, Measure
from nakawari.training.tracking import start_tracking


def train(module: AveragedModule, data: TripletData, config: TrainerConfig) -> None:
    """Train ``module``; its weights and training state are on disk whatever ends the training."""
    launch = Launch.from_environment()
    use_all_threads(launch)
    end_with_the_launcher()
    torch.set_float32_matmul_precision("high")
    translate = config.compile or launch.compile
    prepare(module.networks(), config.channels_last, translate, launch.accelerator)
    samples = data.samples_an_update(launch.processes)
    if config.measure:
        measuring = [SeedEveryUpdate(config.seed), Measure(samples, data.draw_rate)]
        trainer = _trainer(launch, config, WARM_UP + config.measure, measuring, [])
        trainer.limit_val_batches = 0
        trainer.fit(module, data)
        return
    run = Path(config.run)
    state = _state_to_resume(run, module, config)
    keep = KeepTheModel(run)
    stop = StopOnSignal(keep.save)
    tracking = start_tracking(run, config, module.config)
    callbacks: list[Callback] = [
        ResumeAtAnUpdate(),
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
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # what it tells, we tell
    trainer = _trainer(launch, config, config.max_updates, callbacks, tracking.loggers)
    if trainer.is_global_zero:
        print(
            f"training on {launch.processes} x {launch.accelerator} in {launch.precision}: "
            f"effective batch {samples}, learning rate {config.learning_rate}, "
            f"until update {config.max_updates}, in {run}"
            + (f", going on from {STATE}" if state else ""),
            flush=True,
        )
        run.mkdir(parents=True, exist_ok=True)
        write_settings(module.config, run / "config.yaml")
    trainer.fit(module, data, ckpt_path=state)
    if stop.stopped and trainer.global_step < config.max_updates:
        raise SystemExit(stop.exit_status)


def _trainer(
    launch: Launch,
    config: TrainerConfig,
    max_updates: int,
    callbacks: list[Callback],
    loggers: list[Logger],
) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator=launch.accelerator,
        devices=launch.processes_a_machine,
        num_nodes=launch.machines,
        strategy="ddp_find_unused_parameters_true" if launch.processes > 1 else "auto",
        # Named, lest Lightning find SLURM's and start other processes than were asked for.
        plugins=TorchElasticEnvironment() if launch.processes > 1 else LightningEnvironment(),
        precision=launch.precision,
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
