"""The picture of a sweep: one HTML file with figures that can be looked into."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from nakawari.sweep.plan import SweepPlan
from nakawari.wording import count

if TYPE_CHECKING:
    import optuna

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .7rem; border-bottom: 1px solid #8885; }
td { font-variant-numeric: tabular-nums; }
"""  # noqa: E501
_MIN_TRIALS = 2  # that finished, with other results: fewer say nothing of what matters


def html_report(study: optuna.Study, plan: SweepPlan) -> str:
    """Return the page: all trials, parallel coordinates, importance, history, learning curves."""
    trials = study.get_trials(deepcopy=False)
    parts = [
        f"<h1>Sweep {escape(study.study_name)}</h1>",
        f"<p>{count(len(trials), 'trial')}; {'lower' if plan.minimize else 'higher'} "
        f"{escape(plan.metric)} is better. Trials that were ended early count with their last "
        "validation.</p>",
    ]
    script: bool = True  # plotly's, once
    for title, figure in _figures(study, plan.metric):
        html = figure.to_html(full_html=False, include_plotlyjs=script)
        parts.append(f"<h2>{title}</h2>{html}")
        script = False
    parts.append(_table(trials, plan))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Sweep {escape(study.study_name)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _figures(study: optuna.Study, metric: str) -> list[tuple[str, Any]]:
    from optuna import visualization

    judged = _judged(study)
    results = [trial.value for trial in judged.get_trials(deepcopy=False)]
    figures = []
    if results:
        parallel = visualization.plot_parallel_coordinate(judged, target_name=metric)
        parallel.update_layout(plot_bgcolor="#e3cfae")  # the worst trials' lines are white
        figures.append(("Parallel coordinates", parallel))
    if len(results) >= _MIN_TRIALS and len(set(results)) > 1:
        importance = visualization.plot_param_importances(judged, target_name=metric)
        figures.append(("Importance", importance))
    if results:
        history = visualization.plot_optimization_history(judged, target_name=metric)
        figures.append(("History", history))
    if any(trial.intermediate_values for trial in study.get_trials(deepcopy=False)):
        figures.append(("Validations", visualization.plot_intermediate_values(study)))
    return figures


def _judged(study: optuna.Study) -> optuna.Study:
    """Return a study of all trials with a result, those ended early at their last validation."""
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
    """Return a trial's figure, or that of its last validation; ``None`` if it has neither."""
    states = type(trial.state)
    if trial.state not in (states.COMPLETE, states.PRUNED):
        return None
    if trial.value is None and trial.intermediate_values:
        return trial.intermediate_values[max(trial.intermediate_values)]
    return trial.value


def _table(trials: list[optuna.trial.FrozenTrial], plan: SweepPlan) -> str:
    heads = ["trial", "state", plan.metric, *plan.parameters]
    rows = []
    for trial in trials:
        cells = [trial.number, trial.state.name.lower(), _result(trial)]
        rows.append([*cells, *(trial.params.get(name) for name in plan.parameters)])
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(one)}</td>' for one in row)}</tr>" for row in rows)
    return f"<h2>Trials</h2><table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))
