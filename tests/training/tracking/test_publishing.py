"""The model reaches W&B before the run is called finished, and nothing is deleted before that."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock, create_autospec

import pytest
import wandb
from wandb import Api
from wandb.sdk.artifacts.exceptions import WaitTimeoutError

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from nakawari.errors import UserError
from nakawari.training import upload
from nakawari.training.config import DataConfig, TrainerConfig, WandbConfig, parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train
from nakawari.training.tracking.publishing import delete_superseded, publish
from nakawari.training.tracking.wandb_logger import Wandb, wandb_run_of

KNOWN = {"id": "abc", "project": "tiny", "entity": None, "ended_well": True}
DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"\xff",
    b"[" * 100_000,
    *(
        json.dumps({**KNOWN, **change}).encode()
        for change in ({"id": "a/b"}, {"id": 5}, {"ended_well": "yes"}, {"mode": "online"})
    ),
    json.dumps({"id": "abc"}).encode(),
]


def version(number: int, *aliases: str, state: str = "COMMITTED") -> MagicMock:
    """A version as W&B's API gives it: its real interface, nothing behind it."""
    fake = create_autospec(wandb.Artifact, instance=True)
    fake.name, fake.version, fake.state = f"model-abc:v{number}", f"v{number}", state
    fake.aliases = [f"v{number}", *aliases]
    fake.wait.return_value = fake
    return fake


def api_with(*versions: MagicMock) -> MagicMock:
    api = create_autospec(Api, instance=True)
    api.artifacts.return_value = list(versions)
    return api


def deleted(versions: list[MagicMock]) -> list[str]:
    return [fake.version for fake in versions if fake.delete.called]


@pytest.fixture
def versions() -> list[MagicMock]:
    return [
        version(11, state="PENDING"),
        version(2),
        version(10, "latest"),
        version(9),
        version(8, "best"),
        version(3, "in-the-paper"),
    ]


@pytest.mark.parametrize(("keep", "gone"), [(0, ["v2", "v9"]), (1, ["v2"]), (2, [])])
def test_only_best_latest_named_and_so_many_others_stay(
    versions: list[MagicMock], keep: int, gone: list[str]
) -> None:
    delete_superseded(api_with(*versions), "me/tiny/model-abc", keep, dry_run=False)
    assert sorted(deleted(versions)) == gone
    for fake in versions:
        if fake.delete.called:
            fake.delete.assert_called_once_with(delete_aliases=False)


def test_a_dry_run_tells_what_would_be_deleted(
    versions: list[MagicMock], capsys: pytest.CaptureFixture[str]
) -> None:
    api = api_with(*versions)
    names = delete_superseded(api, "me/tiny/model-abc", 0, dry_run=True)
    assert names == ["model-abc:v9", "model-abc:v2"]
    assert deleted(versions) == []
    assert "would delete model-abc:v9" in capsys.readouterr().out
    api.artifacts.assert_called_once_with("model", "me/tiny/model-abc")


class Server:
    """W&B as the training sees it: a run with the real interface, whose uploads arrive or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, arrives: bool = True) -> None:
        self.calls: list[str] = []
        self.old = version(0)
        self.old.delete.side_effect = lambda **_: self.calls.append("delete")
        self.run = create_autospec(wandb.Run, instance=True)
        self.run.id, self.run.project, self.run.entity = "abc", "tiny", "me"
        self.run.offline = self.run.disabled = False
        self.run.log_artifact.side_effect = self._send
        self.run.finish.side_effect = lambda status: self.calls.append(f"finish {status}")
        self.arrives = arrives
        monkeypatch.setattr(wandb, "Api", lambda: api_with(self.old, version(1, "latest")))
        monkeypatch.setattr(wandb, "init", lambda **_: self.run)
        monkeypatch.setattr(wandb, "login", lambda **_: True)

    def _send(self, artifact: wandb.Artifact, aliases: list[str]) -> MagicMock:
        self.calls.append(f"send {' '.join(aliases)}")
        sent = version(2, *aliases)

        def wait(timeout: int) -> MagicMock:
            if timeout:
                self.calls.append(f"wait {' '.join(aliases)}")
            if not self.arrives:
                raise WaitTimeoutError("Artifact upload wait timed out")
            return sent

        sent.wait.side_effect = wait
        return sent


def folders(run: Path) -> Path:
    for name in ("best", "weights"):
        (run / name).mkdir(parents=True)
        (run / name / "config.json").write_text(name)
    return run


@pytest.fixture(autouse=True)
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


def test_older_versions_go_after_the_new_ones_have_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    assert publish(server.run, folders(tmp_path / "run"), WandbConfig())
    assert server.calls == ["send best", "send latest", "wait best", "wait latest", "delete"]


def test_nothing_is_deleted_if_the_model_does_not_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(monkeypatch, arrives=False)
    assert not publish(server.run, folders(tmp_path / "run"), WandbConfig())
    assert "delete" not in server.calls
    assert "the model did not arrive: Artifact upload wait timed out" in capsys.readouterr().err


def test_a_deletion_that_fails_costs_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(monkeypatch)
    server.old.delete.side_effect = wandb.errors.CommError("permission denied")
    assert publish(server.run, folders(tmp_path / "run"), WandbConfig())
    assert "older versions were not deleted: permission denied" in capsys.readouterr().err


def fit(run: Path, change: Callable[[AutoencoderModule], None] = lambda _: None) -> None:
    config = parse_config(AutoencoderConfig, ["--config", "configs/autoencoder/smoke.yaml"])
    trainer = TrainerConfig(
        run=str(run), max_updates=4, validate_every=2, log_every=1, logger="wandb"
    )
    data = DataConfig(height=64, width=64, batch_size=2, workers=0, validation_samples=2)
    module = AutoencoderModule(dataclasses.replace(config, data=data, trainer=trainer))
    change(module)
    train(module, TripletData(data), trainer)


def test_a_run_is_finished_once_its_model_has_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    fit(tmp_path / "run")
    assert server.calls[0] == "send best latest"  # at the first validation, without waiting
    assert server.calls[-4:] == ["wait best", "wait latest", "delete", "finish 0"]
    assert wandb_run_of(tmp_path / "run")["ended_well"]


def test_a_run_whose_model_does_not_arrive_is_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(monkeypatch, arrives=False)
    run = tmp_path / "run"
    fit(run)
    assert server.calls[-1] == "finish 1"
    assert f"this uploads it: python -m nakawari.training.upload {run}" in capsys.readouterr().out
    assert (run / "weights" / "config.json").is_file()


def fail_at(module: AutoencoderModule, update: int, failure: Callable[[], None]) -> None:
    step = module.training_step

    def training_step(batch: object, batch_idx: int) -> None:
        if module.global_step == update:
            failure()
        step(batch, batch_idx)  # type: ignore[arg-type]

    module.training_step = training_step  # type: ignore[method-assign]


def test_a_training_that_fails_still_sends_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    with pytest.raises(ZeroDivisionError):
        fit(tmp_path / "run", lambda module: fail_at(module, 3, lambda: print(1 / 0)))
    assert "wait latest" in server.calls
    assert server.calls[-1] == "finish 1"
    assert not wandb_run_of(tmp_path / "run")["ended_well"]


def test_a_training_told_to_stop_sends_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    with pytest.raises(SystemExit) as stop:
        fit(
            tmp_path / "run",
            lambda module: fail_at(module, 2, lambda: signal.raise_signal(signal.SIGTERM)),
        )
    assert stop.value.code == 128 + signal.SIGTERM
    assert "wait latest" in server.calls
    assert server.calls[-1] == "finish 1"


def test_an_outage_in_the_middle_is_told_once_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(monkeypatch)
    server.run.log.side_effect = [None, *[BrokenPipeError("the service has gone")] * 99]
    server.run.log_artifact.side_effect = BrokenPipeError("the service has gone")
    server.run.finish.side_effect = BrokenPipeError("the service has gone")
    run = tmp_path / "run"
    fit(run)
    said = capsys.readouterr()
    assert said.err.count("W&B fails (the service has gone); the training goes on") == 1
    assert "this uploads it: python -m nakawari.training.upload" in said.out
    assert (run / "weights" / "config.json").is_file()
    assert (run / "figures" / "metrics.csv").read_text().count("\n") > 4


def test_a_wandb_that_refuses_to_begin_is_replaced_by_the_offline_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server, modes = Server(monkeypatch), list[str]()

    def init(mode: str = "online", **_: object) -> MagicMock:
        modes.append(mode)
        if mode == "online":
            raise wandb.errors.CommError("Run initialization has timed out\nafter 90 s")
        return server.run

    monkeypatch.setattr(wandb, "init", init)
    config = AutoencoderConfig()
    assert Wandb(tmp_path, config.trainer, config).experiment is server.run
    assert modes == ["online", "offline"]
    assert "W&B: offline (Run initialization has timed out); " in capsys.readouterr().out


def test_the_upload_command_sends_records_then_the_model_then_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    run = folders(tmp_path / "run")
    (run / "wandb_run.json").write_text(json.dumps(KNOWN))
    (run / "wandb" / "offline-run-1-abc").mkdir(parents=True)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: server.calls.append(" ".join(command[2:4]))
    )
    upload.main([str(run)])
    assert server.calls[:2] == ["wandb sync", "send best"]
    assert server.calls[-2:] == ["delete", "finish 0"]


def test_uploading_what_is_no_run_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no weights/ or no wandb_run.json; name the folder"):
        upload.upload(tmp_path, WandbConfig())


def test_uploading_without_a_key_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = folders(tmp_path / "run")
    (run / "wandb_run.json").write_text(json.dumps(KNOWN))
    monkeypatch.setattr(wandb, "login", lambda **_: False)
    with pytest.raises(UserError, match="W&B has no API key; set one with `wandb login`"):
        upload.upload(run, WandbConfig())


@pytest.mark.parametrize("record", DAMAGED)
def test_uploading_with_a_damaged_record_of_the_run_is_one_line(
    record: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folders(tmp_path / "run")
    (run / "wandb_run.json").write_bytes(record)
    with pytest.raises(SystemExit) as stop:
        upload.main([str(run)])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert f'{run}/wandb_run.json is damaged; write into it {{"id": "ID", ' in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("record", DAMAGED)
def test_a_training_with_a_damaged_record_begins_a_new_run_and_says_so(
    record: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Server(monkeypatch)
    (tmp_path / "wandb_run.json").write_bytes(record)
    config = AutoencoderConfig()
    logger = Wandb(tmp_path, config.trainer, config)
    said = capsys.readouterr().err
    assert said == f"W&B: {tmp_path}/wandb_run.json is damaged; a new run is begun there\n"
    logger.experiment  # noqa: B018  # begins the run
    assert wandb_run_of(tmp_path)["ended_well"] is False


def test_a_record_that_cannot_be_written_costs_a_line_and_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Server(monkeypatch)
    (tmp_path / "wandb_run.json").write_text(json.dumps(KNOWN))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    config = AutoencoderConfig()
    logger = Wandb(tmp_path, config.trainer, config)
    logger.experiment  # noqa: B018  # begins the run
    said = capsys.readouterr().err
    assert "W&B fails ([Errno 28] No space left on device); the training goes on" in said
    assert wandb_run_of(tmp_path) == KNOWN
    assert [path.name for path in tmp_path.iterdir()] == ["wandb_run.json"]


@pytest.mark.parametrize("part", ["sync", "init"])
def test_a_wandb_that_refuses_the_upload_is_one_line(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Server(monkeypatch)
    run = folders(tmp_path / "run")
    (run / "wandb_run.json").write_text(json.dumps(KNOWN))
    (run / "wandb" / "offline-run-1-abc").mkdir(parents=True)

    def refuse(*_: object, **__: object) -> None:
        raise wandb.errors.CommError("permission denied\nas the server says")

    def fail(command: list[str], **_: object) -> None:
        if part == "sync":
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(SystemExit) as stop:
        upload.main([str(run)])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "W&B did not take what it has not got of" in said
    assert ("returned non-zero exit status 1" if part == "sync" else "(permission denied)") in said
    assert said.count("\n") == 1
