"""The report of a sweep: one HTML file with interactive plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from nakawari.page import fill
from nakawari.sweep.plan import SweepPlan
from nakawari.wording import count

if TYPE_CHECKING:
    import optuna

_MIN_TRIALS = 2  # with a result: from fewer, no setting's importance can be told


def html_report(study: optuna.Study, plan: SweepPlan) -> str:
    """Return the page: all trials, parallel coordinates, importance, history, learning curves."""
    plots = [
        # The first plot brings Plotly's script, which all of them use.
        (title, Markup(plot.to_html(full_html=False, include_plotlyjs=number == 0)))
        for number, (title, plot) in enumerate(_plots(study, plan.metric))
    ]
    return fill(
        "nakawari/sweep/report.html",
        name=study.study_name,
        count=count,
        minimize=plan.minimize,
        metric=plan.metric,
        plots=plots,
        heads=["trial", "state", plan.metric, *plan.parameters],
        trials=[_cells(trial, plan) for trial in study.get_trials(deepcopy=False)],
    )


def _plots(study: optuna.Study, metric: str) -> list[tuple[str, Any]]:
    from optuna import visualization

    judged = _judged(study)
    results = [trial.value for trial in judged.get_trials(deepcopy=False)]
    plots = []
    if results:
        parallel = visualization.plot_parallel_coordinate(judged, target_name=metric)
        parallel.update_layout(plot_bgcolor="#e3cfae")  # the worst trials' lines are white
        plots.append(("Parallel coordinates", parallel))
    if len(results) >= _MIN_TRIALS and len(set(results)) > 1:
        importance = visualization.plot_param_importances(judged, target_name=metric)
        plots.append(("Importance", importance))
    if results:
        history = visualization.plot_optimization_history(judged, target_name=metric)
        plots.append(("History", history))
    if any(trial.intermediate_values for trial in study.get_trials(deepcopy=False)):
        plots.append(("Validations", visualization.plot_intermediate_values(study)))
    return plots


def _judged(study: optuna.Study) -> optuna.Study:
    """Return a study of all trials with a result; one ended early has its last validation's."""
    import optuna

    judged = optuna.create_study(direction=study.direction)
    for trial in study.get_trials(deepcopy=False):
        if (value := _result(trial)) is not None:
            judged.add_trial(
                optuna.trial.create_trial(
                    params=trial.params, distributions=trial.distributions, value=value
                )
            )
    return judged


def _result(trial: optuna.trial.FrozenTrial) -> float | None:
    """Return a trial's result, or the metric of its last validation; ``None`` if it has neither."""
    states = type(trial.state)
    if trial.state not in (states.COMPLETE, states.PRUNED):
        return None
    if trial.value is None and trial.intermediate_values:
        return trial.intermediate_values[max(trial.intermediate_values)]
    return trial.value


def _cells(trial: optuna.trial.FrozenTrial, plan: SweepPlan) -> list[str]:
    """Return a trial's row of the table."""
    cells = [trial.number, trial.state.name.lower(), _result(trial)]
    return [_cell(one) for one in (*cells, *(trial.params.get(name) for name in plan.parameters))]


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
