"""A sweep without W&B finds what is best, goes on after any end, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from nakawari.cli import main
from nakawari.errors import UserError
from nakawari.sweep.metrics import validation_metrics
from nakawari.sweep.plan import read_plan
from nakawari.sweep.study import SweepJob, open_study

FAKE = Path(__file__).with_name("fake_training.py")


def write_plan(folder: Path, **changes: Any) -> Path:
    plan = {
        "program": str(FAKE),
        "method": "random",
        "metric": {"name": "validation/lpips", "goal": "minimize"},
        "parameters": {"x": {"min": 0.0, "max": 10.0}},
        "command": ["python", "${program}", "--trainer.run=elsewhere/$WANDB_RUN_ID", "${args}"],
        **changes,
    }
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump(plan))
    return path


def sweep(plan: Path, trials: int, *more: str) -> int:
    output = str(plan.parent / "out")
    return main(["sweep", str(plan), "--trials", str(trials), "--output", output, *more])


def study_of(plan: Path) -> optuna.Study:
    return open_study(
        SweepJob(plan=read_plan(plan), name=plan.stem, folder=plan.parent / "out", trials=0)
    )


def test_the_best_is_told_with_its_command_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path, parameters={"x": {"min": 0.0, "max": 10.0}, "y": {"value": 7}})
    assert sweep(plan, 4) == 0
    told = capsys.readouterr()
    study = study_of(plan)
    losses = [abs(trial.params["x"] - 3) + 1 / 3 for trial in study.trials]
    assert [trial.value for trial in study.trials] == pytest.approx(losses)
    best = min(range(4), key=losses.__getitem__)
    assert f"best: trial {best} with validation/lpips {losses[best]:.4g}" in told.out
    assert (
        f"--y=7 --x={study.trials[best].params['x']} --trainer.run={tmp_path}/out/best" in told.out
    )
    assert told.err.count("finished: validation/lpips") == 4
    for number in range(4):
        assert (tmp_path / "out" / f"trial_{number:04d}" / "trial.log").is_file()
    page = (tmp_path / "out" / "report.html").read_text()
    for title in ("Parallel coordinates", "Importance", "History", "Validations", "Trials"):
        assert f"<h2>{title}</h2>" in page
    assert "<script src=" not in page  # plotly is in the page


def test_a_finished_sweep_does_nothing_and_more_trials_are_other_trials(tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    sweep(plan, 2)
    sweep(plan, 2)
    assert len(study_of(plan).trials) == 2
    sweep(plan, 4)
    assert len({trial.params["x"] for trial in study_of(plan).trials}) == 4


def test_a_grid_ends_by_itself(tmp_path: Path) -> None:
    plan = write_plan(
        tmp_path, method="grid", parameters={"x": {"values": [1, 2]}, "z": {"values": [[1], [2]]}}
    )
    sweep(plan, 100)
    study = study_of(plan)
    assert sorted((trial.params["x"], trial.params["z"]) for trial in study.trials) == [
        *((1, "[1]"), (1, "[2]"), (2, "[1]"), (2, "[2]"))
    ]


def test_a_bad_trial_is_ended_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = write_plan(
        tmp_path,
        parameters={
            "x": {"values": [3, 9]},
            "seconds": {"value": 0.7},
            "validations": {"value": 4},
        },
        early_terminate={"type": "hyperband", "min_iter": 1, "eta": 2},
    )
    study = study_of(plan)
    for x in (3, 9):
        study.enqueue_trial({"x": x})
    assert sweep(plan, 2) == 0
    good, bad = study_of(plan).trials
    assert good.state == optuna.trial.TrialState.COMPLETE
    assert bad.state == optuna.trial.TrialState.PRUNED
    assert len(bad.intermediate_values) < 4
    assert "ended early after" in capsys.readouterr().err
    assert not is_alive(int((Path(bad.user_attrs["run"]) / "pid").read_text()))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_trainings_that_fail_are_told_and_end_the_sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path, parameters={"x": {"values": [1, 2]}, "fail": {"value": -1}})
    assert sweep(plan, 5) == 2
    told = capsys.readouterr().err
    assert "failed: exit status 1: training with" in told
    assert "the GPU is on fire" in told
    assert "3 trainings in a row failed; the last one's trial.log is in" in told
    assert len(study_of(plan).trials) == 3


def test_a_sweep_of_which_nothing_came_to_its_end_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = {"x": {"values": [1, 2]}, "fail": {"value": -1}}
    assert sweep(write_plan(tmp_path, method="grid", parameters=parameters), 5) == 2
    assert "no training of the sweep came to its end" in capsys.readouterr().err


def test_a_trial_whose_machine_died_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nakawari.sweep.study._HEARTBEAT", 1)
    plan = write_plan(tmp_path)
    study = study_of(plan)
    lost = study.ask()
    x = lost.suggest_float("x", 0.0, 10.0)
    study._storage.record_heartbeat(lost._trial_id)
    time.sleep(6)
    sweep(plan, 1)
    first, second = study_of(plan).trials
    assert first.state == optuna.trial.TrialState.FAIL
    assert second.state == optuna.trial.TrialState.COMPLETE
    assert second.params == {"x": x}


def test_a_metric_that_is_not_logged_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path, metric={"name": "validation/mood"})
    assert sweep(plan, 1) == 2
    assert "it logged no validation/mood" in capsys.readouterr().err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sweep_ends_its_training_and_goes_on(
    tmp_path: Path, how: signal.Signals
) -> None:
    parameters = {"x": {"values": [1, 2]}, "seconds": {"value": 30}}
    plan = write_plan(tmp_path, parameters=parameters)
    # A shell that runs the tests in the background has them ignore Ctrl-C, and so their children.
    command = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from nakawari.cli import main; sys.exit(main())"
    )
    arguments = ["sweep", str(plan), "--trials", "2", "--output", str(tmp_path / "out")]
    process = subprocess.Popen([sys.executable, "-c", command, *arguments])
    pid_file = tmp_path / "out" / "trial_0000" / "pid"
    while not (pid_file.is_file() and pid_file.read_text()):
        assert process.poll() is None, "the sweep ended before it could be interrupted"
        time.sleep(0.05)
    process.send_signal(how)
    assert process.wait(60) == 130
    assert not is_alive(int(pid_file.read_text()))
    assert study_of(plan).trials[0].state == optuna.trial.TrialState.FAIL


def test_another_sweep_under_the_same_name_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(write_plan(tmp_path), 1)
    changed = write_plan(tmp_path, parameters={"x": {"min": 0.0, "max": 5.0}})
    assert sweep(changed, 2) == 2
    assert "was begun with another metric, other parameters" in capsys.readouterr().err


def test_several_may_share_a_storage(tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    url = f"sqlite:///{tmp_path}/shared.db"
    for machine in ("a", "b"):
        arguments = ["--output", str(tmp_path / machine), "--storage", url, "--study", "one"]
        assert main(["sweep", str(plan), "--trials", "3", *arguments]) == 0
    assert len(optuna.load_study(study_name="one", storage=url).trials) == 3


def test_a_storage_that_cannot_be_opened_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(write_plan(tmp_path), 1, "--storage", f"sqlite:///{tmp_path}/no/folder.db") == 2
    assert "cannot open the storage sqlite:///" in capsys.readouterr().err


def test_without_optuna_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_plan(write_plan(tmp_path))
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"pip install 'nakawari\[sweep\]'"):
        open_study(SweepJob(plan=plan, name="a", folder=tmp_path, trials=1))


def test_the_newest_metrics_count_and_half_a_line_does_not(tmp_path: Path) -> None:
    assert validation_metrics(tmp_path, "validation/lpips") == []
    for age, (folder, rows) in enumerate(
        {"figures": "1,0.5\n2,0.25\n", "figures_2": "1,0.75\n2,\n3,0.5\n4,0.1e"}.items()
    ):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "metrics.csv"
        file.write_text(f"step,validation/lpips\n{rows}")
        os.utime(file, (age, age))
    assert validation_metrics(tmp_path, "validation/lpips") == [0.75, 0.5]
    assert validation_metrics(tmp_path, "validation/psnr") == []
