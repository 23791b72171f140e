"""A sweep without W&B: Optuna chooses the settings, and a database keeps the results."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakawari.errors import UserError
from nakawari.sweep.command import expand
from nakawari.sweep.plan import Choice, Parameter, SweepPlan
from nakawari.sweep.trial import LOG_FILE, TrialFailedError, run_trial

if TYPE_CHECKING:
    import optuna

STORAGE_FILE = "study.db"
_PLAN = "plan"  # attribute of the study: the plan as JSON
_RUN = "run"  # attribute of a trial: its folder
_MAX_FAILURES = 3  # failed trials in a row that end the sweep: so many are not chance
_HEARTBEAT = 30  # s between a trial's signs of life; without one for four times as long it failed


@dataclass(frozen=True, kw_only=True)
class SweepJob:
    """A sweep as the command line asks for it.

    Attributes:
        plan: what the sweep file says.
        name: of the study; machines that share a storage and a name work on one sweep.
        folder: takes the trials' runs and, without ``storage``, the database.
        trials: number of trials to finish in all, including those of earlier calls.
        storage: URL of a database, for several machines; ``None`` for SQLite in the folder.
        seed: of the choice of settings; with ``storage``, each machine draws its own instead,
            except for a grid.
    """

    plan: SweepPlan
    name: str
    folder: Path
    trials: int
    storage: str | None = None
    seed: int = 0


def run_sweep(
    job: SweepJob,
    tell: Callable[[str], None],
    on_trial: Callable[[optuna.Study], None] = lambda study: None,
) -> optuna.Study:
    """Run trials until ``job.trials`` or all of a grid are finished; return the study.

    It may be interrupted at any moment; the same call then goes on. Raises ``UserError`` if Optuna
    is not installed, the study was begun with another sweep, three trainings in a row fail, or no
    training came to its end.

    Args:
        job: what is to be done.
        tell: is called with the lines that report on each trial.
        on_trial: is called after every trial.
    """
    states = _optuna().trial.TrialState
    study = open_study(job)
    objective = partial(_objective, job=job, tell=tell)
    ours: list[optuna.trial.FrozenTrial] = []  # of this call, not of other machines
    while not _is_finished(study, job):
        study.optimize(
            objective,
            n_trials=1,
            catch=(TrialFailedError,),
            callbacks=[lambda _, trial: ours.append(trial)],
        )
        on_trial(study)
        latest = ours[-_MAX_FAILURES:]
        if len(latest) == _MAX_FAILURES and all(one.state == states.FAIL for one in latest):
            raise UserError(
                f"{_MAX_FAILURES} trainings in a row failed; the last one's {LOG_FILE} is in "
                f"{latest[-1].user_attrs[_RUN]}"
            )
    if not study.get_trials(deepcopy=False, states=(states.COMPLETE,)):
        raise UserError(
            f"no training of the sweep came to its end; each one's {LOG_FILE} is in {job.folder}"
        )
    return study


def open_study(job: SweepJob) -> optuna.Study:
    """Create a study or open the existing one; ``UserError`` if that is of another sweep.

    It is also raised if the storage cannot be opened.
    """
    optuna = _optuna()
    job.folder.mkdir(parents=True, exist_ok=True)
    url = job.storage or f"sqlite:///{(job.folder / STORAGE_FILE).resolve()}"
    retry = optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=1)
    try:
        storage = optuna.storages.RDBStorage(
            url,
            heartbeat_interval=_HEARTBEAT,
            grace_period=4 * _HEARTBEAT,
            heartbeat_stale_trial_callback=retry,
        )
    except Exception as error:  # whatever the database's driver raises
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"cannot open the storage {url} ({reason})") from error
    study = optuna.create_study(
        study_name=job.name,
        storage=storage,
        direction="minimize" if job.plan.minimize else "maximize",
        pruner=_pruner(job.plan),
        load_if_exists=True,
    )
    plan = _as_json(job.plan)
    if study.user_attrs.setdefault(_PLAN, plan) != plan:
        raise UserError(
            f"the study {job.name} in {url} was begun with another metric, other parameters or "
            "another command; give --study another name"
        )
    study.set_user_attr(_PLAN, plan)
    study.sampler = _sampler(job, len(study.trials))
    return study


def best_command(study: optuna.Study, job: SweepJob) -> list[str]:
    """Return the command that trains once more with the best trial's settings."""
    return _command(job, study.best_trial.params, job.folder / "best")


def _command(job: SweepJob, settings: Mapping[str, Any], run: Path) -> list[str]:
    # The last value wins, so each trial has a folder and a logger of ours, not those of W&B's file.
    ours = {"trainer.run": str(run), "trainer.logger": "csv"}
    return expand(job.plan.command, job.plan.program, {**job.plan.constants, **settings, **ours})


def _objective(trial: optuna.Trial, job: SweepJob, tell: Callable[[str], None]) -> float:
    optuna = _optuna()
    plan = job.plan
    settings = {name: _suggest(trial, name, one) for name, one in plan.parameters.items()}
    run = job.folder / f"trial_{trial.number:04d}"
    trial.set_user_attr(_RUN, str(run))
    command = _command(job, settings, run)
    told = ", ".join(f"{name} {_short(value)}" for name, value in settings.items())
    tell(f"trial {trial.number}: {told}")
    reported, pruned = 0, False

    def on_metrics(metrics: list[float]) -> bool:
        nonlocal reported, pruned
        for value in metrics[reported:]:
            reported += 1
            trial.report(value, reported)
        pruned = plan.early_end is not None and trial.should_prune()
        return pruned

    try:
        metrics = run_trial(command, run, plan.metric, on_metrics)
    except TrialFailedError as error:
        tell(f"trial {trial.number} failed: {error}")
        raise
    ending = f"ended early after {len(metrics)} validations" if pruned else "finished"
    tell(f"trial {trial.number} {ending}: {plan.metric} {metrics[-1]:.4g}")
    if pruned:
        raise optuna.TrialPruned
    return metrics[-1]


def _suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> Any:
    if isinstance(parameter, Choice):
        return trial.suggest_categorical(name, _categories(parameter))
    if parameter.whole:
        whole_step = int(parameter.step or 1)
        return trial.suggest_int(name, int(parameter.low), int(parameter.high), step=whole_step)
    step = None if parameter.log else parameter.step
    return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log, step=step)


def _categories(choice: Choice) -> list[Any]:
    """Return the values, with lists as JSON: Optuna takes no lists, and YAML reads JSON."""
    plain = (str, int, float, bool, type(None))
    return [one if isinstance(one, plain) else json.dumps(one) for one in choice.values]


def _sampler(job: SweepJob, past: int) -> optuna.samplers.BaseSampler:
    samplers = _optuna().samplers
    if job.plan.method == "grid":
        space = {
            name: _categories(one)
            for name, one in job.plan.parameters.items()
            if isinstance(one, Choice)
        }
        return samplers.GridSampler(space, seed=job.seed)
    kind = samplers.RandomSampler if job.plan.method == "random" else samplers.TPESampler
    # With the same seed after an interruption, or on two machines, it would repeat its choices.
    return kind(seed=None if job.storage else job.seed + past)


def _pruner(plan: SweepPlan) -> optuna.pruners.BasePruner:
    pruners = _optuna().pruners
    if plan.early_end is None:
        return pruners.NopPruner()
    return pruners.SuccessiveHalvingPruner(
        min_resource=plan.early_end.first, reduction_factor=plan.early_end.factor
    )


def _is_finished(study: optuna.Study, job: SweepJob) -> bool:
    optuna = _optuna()
    if isinstance(study.sampler, optuna.samplers.GridSampler) and study.sampler.is_exhausted(study):
        return True
    done = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=done)) >= job.trials


def _as_json(plan: SweepPlan) -> str:
    what = asdict(plan)
    what.pop("early_end")  # this may change between the calls of a sweep
    return json.dumps(what, sort_keys=True)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UserError(
            "a sweep without W&B needs Optuna, which is not installed; "
            "pip install 'nakawari[sweep]'"
        ) from error
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
