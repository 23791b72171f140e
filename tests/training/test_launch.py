"""What accelerate and torchrun say is obeyed, or refused with what to do."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nakawari.errors import UserError
from nakawari.training.ancestry import Launcher, asked_processes, find_launcher
from nakawari.training.launch import (
    Launch,
    one_line_errors,
    tell_of_processes_that_are_not,
    use_all_threads,
)

ACCELERATE = {"ACCELERATE_MIXED_PRECISION": "no", "LOCAL_RANK": "0"}


@pytest.fixture
def eight_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_one_process_without_a_launcher() -> None:
    launch = Launch.from_environment({})
    assert (launch.processes, launch.processes_a_machine, launch.machines) == (1, 1, 1)
    assert (launch.accelerator, launch.precision, launch.compile) == ("cpu", "32-true", False)


@pytest.mark.usefixtures("eight_gpus")
def test_two_machines_of_eight_gpus() -> None:
    environment = {
        "WORLD_SIZE": "16",
        "LOCAL_WORLD_SIZE": "8",
        "LOCAL_RANK": "3",
        "ACCELERATE_MIXED_PRECISION": "bf16",
        "ACCELERATE_DYNAMO_BACKEND": "INDUCTOR",
    }
    launch = Launch.from_environment(environment)
    assert (launch.processes, launch.processes_a_machine, launch.machines) == (16, 8, 2)
    assert (launch.accelerator, launch.precision, launch.compile) == ("cuda", "bf16-mixed", True)


@pytest.mark.usefixtures("eight_gpus")
def test_the_cpu_is_used_when_asked_for() -> None:
    assert Launch.from_environment({"ACCELERATE_USE_CPU": "true"}).accelerator == "cpu"
    assert Launch.from_environment({}).accelerator == "cuda"


@pytest.mark.usefixtures("no_gpu")
def test_torchrun_may_start_several_processes_on_a_cpu() -> None:
    launch = Launch.from_environment({"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"})
    assert (launch.processes, launch.accelerator) == (2, "cpu")


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("ACCELERATE_USE_FSDP", "FSDP"),
        ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed"),
        ("ACCELERATE_USE_MEGATRON_LM", "Megatron-LM"),
        ("ACCELERATE_USE_PARALLELISM_CONFIG", "a parallelism other than over the data"),
    ],
)
def test_sharded_training_fails(variable: str, name: str) -> None:
    with pytest.raises(UserError, match=rf"accelerate is set to {name}.*choose plain multi-GPU"):
        Launch.from_environment({variable: "true"})


@pytest.mark.parametrize("precision", ["fp16", "fp8"])
def test_a_precision_that_is_not_trained_in_fails(precision: str) -> None:
    with pytest.raises(UserError, match=f"precision must be one of no, bf16, got {precision}"):
        Launch.from_environment({"ACCELERATE_MIXED_PRECISION": precision})


@pytest.mark.usefixtures("eight_gpus")
def test_bf16_on_a_gpu_without_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    with pytest.raises(UserError, match="this GPU has no bf16; pass --mixed_precision no"):
        Launch.from_environment({"ACCELERATE_MIXED_PRECISION": "bf16"})


def test_another_dynamo_backend_fails() -> None:
    with pytest.raises(UserError, match="dynamo backend must be no or inductor, got onnxrt"):
        Launch.from_environment({"ACCELERATE_DYNAMO_BACKEND": "ONNXRT"})


@pytest.mark.usefixtures("eight_gpus")
def test_more_processes_than_gpus_fail() -> None:
    environment = ACCELERATE | {"WORLD_SIZE": "9", "LOCAL_WORLD_SIZE": "9"}
    with pytest.raises(UserError, match=r"9 processes on this machine need as many GPUs.* has 8"):
        Launch.from_environment(environment)


@pytest.mark.usefixtures("no_gpu")
def test_gpus_asked_for_where_there_are_none_fail() -> None:
    environment = ACCELERATE | {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    with pytest.raises(UserError, match="accelerate asks for 2 GPUs, but torch finds none"):
        Launch.from_environment(environment)


@pytest.mark.usefixtures("eight_gpus")
def test_machines_with_different_numbers_of_processes_fail() -> None:
    with pytest.raises(UserError, match="12 processes in all do not make 8 on every machine"):
        Launch.from_environment({"WORLD_SIZE": "12", "LOCAL_WORLD_SIZE": "8"})


@pytest.mark.parametrize(
    ("variable", "name"), [("SLURM_STEP_NUM_TASKS", "srun"), ("OMPI_COMM_WORLD_SIZE", "mpirun")]
)
@pytest.mark.usefixtures("no_gpu")
def test_copies_that_know_nothing_of_one_another_fail(variable: str, name: str) -> None:
    with pytest.raises(UserError, match=f"{name} started this 4 times.*start one `accelerate"):
        Launch.from_environment({variable: "4"})
    # The same variable around a launcher that did connect them says nothing.
    Launch.from_environment({variable: "4", "WORLD_SIZE": "2"})


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Four cores; what torch is told goes into the list."""
    told = list[int]()
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    return told


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (ACCELERATE | {"OMP_NUM_THREADS": "1"}, [4]),  # accelerate's doing
        (ACCELERATE | {"OMP_NUM_THREADS": "3"}, []),
        ({"OMP_NUM_THREADS": "1"}, []),  # without a launcher the user's own
        ({}, []),
        (
            {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "LOCAL_RANK": "1", "OMP_NUM_THREADS": "1"},
            [2],
        ),
    ],
)
@pytest.mark.usefixtures("no_gpu")
def test_all_cores_are_used_that_the_user_left_to_it(
    threads: list[int], environment: dict[str, str], expected: list[int]
) -> None:
    use_all_threads(Launch.from_environment(environment), environment)
    assert threads == expected


@pytest.mark.parametrize(
    ("users", "launchers", "expected"),
    [
        ({"OMP_NUM_THREADS": "1"}, "1", []),  # the user wants one thread, and gets it
        ({"OMP_NUM_THREADS": "3"}, "3", []),
        ({}, "1", [4]),  # accelerate's doing
        ({}, "2", [4]),  # accelerate's, too: of the cores that it counts, not of those left to it
    ],
)
@pytest.mark.usefixtures("no_gpu")
def test_a_number_of_threads_that_the_user_has_set_is_told_from_the_launchers(
    threads: list[int], users: dict[str, str], launchers: str, expected: list[int]
) -> None:
    environment = ACCELERATE | {"OMP_NUM_THREADS": launchers}
    launch = Launch.from_environment(environment)
    use_all_threads(launch, environment, Launcher(["accelerate", "launch"], users))
    assert threads == expected


def make_process(folder: Path, number: int, parent: int, words: str, variables: str) -> None:
    process = folder / str(number)
    process.mkdir()
    (process / "stat").write_text(f"{number} (a (name) of) S {parent} 1 1 0")
    (process / "cmdline").write_bytes(words.replace(" ", "\0").encode() + b"\0")
    (process / "environ").write_bytes(variables.replace(" ", "\0").encode() + b"\0")


def test_the_launcher_is_the_nearest_that_no_launcher_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 50)
    assert find_launcher(tmp_path) is None
    shell = "ACCELERATE_MIXED_PRECISION=no OMP_NUM_THREADS=1 HOME=/root"
    make_process(tmp_path, os.getppid(), 7, "sh -c train", shell)
    assert find_launcher(tmp_path) is None  # what is above it cannot be read
    make_process(tmp_path, 7, 6, "accelerate launch --cpu train.py", "HOME=/root PS1=a=b")
    make_process(tmp_path, 6, 0, "bash", "OMP_NUM_THREADS=5")
    words = ["accelerate", "launch", "--cpu", "train.py"]
    assert find_launcher(tmp_path) == Launcher(words, {"HOME": "/root", "PS1": "a=b"})


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("accelerate launch --cpu --num_processes 2 train.py", 2),
        ("accelerate launch --num-processes=3 --cpu train.py", 3),
        ("accelerate launch --cpu train.py", 1),
        ("accelerate launch --cpu train.py --num_processes 2", 1),  # the script's own
    ],
)
def test_the_processes_that_were_asked_for_are_read(line: str, asked: int) -> None:
    assert asked_processes(line.split()) == asked


@pytest.mark.usefixtures("no_gpu")
def test_processes_that_accelerate_does_not_start_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = {"ACCELERATE_MIXED_PRECISION": "no", "ACCELERATE_USE_CPU": "true"}
    launch = Launch.from_environment(alone)
    for processes in ("1", "2"):
        words = f"accelerate launch --cpu --num_processes {processes} train.py".split()
        tell_of_processes_that_are_not(launch, Launcher(words, {}), alone)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "was asked for 2 processes, but starts one on a CPU; for 2, start" in said
    assert "torchrun --standalone --nproc_per_node 2" in said


def test_what_the_user_can_put_right_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop, one_line_errors(ValueError):
        raise ValueError("data.height is odd; choose another")
    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith(": data.height is odd; choose another\n")


class _Unusable(Dataset[Tensor]):
    def __getitem__(self, index: int) -> Tensor:
        raise UserError("art/cels/05.png is no picture; remove it")


def test_what_fails_in_a_data_worker_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    loader = DataLoader(_Unusable(), sampler=[0], num_workers=1)
    with pytest.raises(SystemExit) as stop, one_line_errors(UserError):
        next(iter(loader))
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert said.endswith(": art/cels/05.png is no picture; remove it\n")
    assert said.count("\n") == 1


def test_a_batch_that_does_not_fit_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop, one_line_errors(UserError):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB. And so on")
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "does not fit on the GPU (CUDA out of memory); halve --data.batch_size" in said
    assert said.count("\n") == 1


def test_our_own_bugs_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError), one_line_errors(UserError):
        print(1 / 0)


@pytest.mark.parametrize("users", [None, "1"])
def test_under_accelerate_launch_all_cores_of_the_affinity_are_used_unless_the_user_set_it(
    tmp_path: Path, users: str | None
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\n"
        "from nakawari.training.ancestry import find_launcher\n"
        "from nakawari.training.launch import (\n"
        "    Launch, tell_of_processes_that_are_not, use_all_threads\n"
        ")\n"
        "launch, launcher = Launch.from_environment(), find_launcher()\n"
        "before = torch.get_num_threads()\n"
        "use_all_threads(launch, launcher=launcher)\n"
        "tell_of_processes_that_are_not(launch, launcher)\n"
        "print(launch.accelerator, before, torch.get_num_threads())\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if users is not None:
        environment["OMP_NUM_THREADS"] = users
    command = ["accelerate.commands.launch", "--cpu", "--num_cpu_threads_per_process=1"]
    said = subprocess.run(
        [sys.executable, "-m", *command, "--num_processes=2", str(script)],
        env=environment | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    cores = len(os.sched_getaffinity(0)) if users is None else 1
    assert said.stdout.splitlines()[-1] == f"cpu 1 {cores}"
    assert said.stderr.count("accelerate launch was asked for 2 processes, but starts one") == 1


def test_waiting_threads_soon_sleep_unless_the_user_has_it_otherwise() -> None:
    told = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
    users = {name: value for name, value in os.environ.items() if name not in told}
    for chosen, turns in (({}, 10_000), ({"GOMP_SPINCOUNT": "77"}, 77)):
        shown = _told_by_openmp(users | chosen)
        assert re.search(rf"GOMP_SPINCOUNT *= *'?{turns}\b", shown), shown[-2000:]
    shown = _told_by_openmp(users | {"OMP_WAIT_POLICY": "ACTIVE"})
    assert re.search(r"OMP_WAIT_POLICY *= *'?ACTIVE", shown), shown[-2000:]
    assert not re.search(r"GOMP_SPINCOUNT *= *'?10000\b", shown)


def _told_by_openmp(environment: dict[str, str]) -> str:
    """Return the settings that OpenMP prints of itself, as training loads it."""
    shown = subprocess.run(
        [sys.executable, "autoencoder/train.py", "--help"],
        env=environment | {"OMP_DISPLAY_ENV": "verbose", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stderr


def test_a_signal_to_accelerate_launch_reaches_the_training(tmp_path: Path) -> None:
    script, told = tmp_path / "script.py", tmp_path / "told"
    script.write_text(
        "import pathlib, signal, sys, time\n"
        "from nakawari.training.launch import end_with_the_launcher\n"
        "told = pathlib.Path(sys.argv[1])\n"
        "def note(number, frame):\n"
        "    told.write_text(f'got {number}')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, note)\n"
        "end_with_the_launcher()\n"
        "told.write_text('ready')\n"
        "time.sleep(60)\n"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-m", "accelerate.commands.launch", "--cpu", str(script), str(told)],
        env=os.environ | {"PYTHONPATH": "."},
    )
    wait_for(lambda: told.exists() and told.read_text() == "ready")
    launcher.terminate()
    launcher.wait()
    wait_for(lambda: told.read_text() == "got 15")


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
