"""What accelerate and torchrun say is obeyed, or refused with what to do."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nakawari.errors import UserError
from nakawari.training.launch import Launch, one_line_errors, use_all_threads

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


def test_what_the_user_can_put_right_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop, one_line_errors(ValueError):
        raise ValueError("data.height is odd; choose another")
    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith(": data.height is odd; choose another\n")


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


def test_under_accelerate_launch_all_cores_of_the_affinity_are_used(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\n"
        "from nakawari.training.launch import Launch, use_all_threads\n"
        "launch = Launch.from_environment()\n"
        "before = torch.get_num_threads()\n"
        "use_all_threads(launch)\n"
        "print(launch.accelerator, before, torch.get_num_threads())\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = ["accelerate.commands.launch", "--cpu", "--num_cpu_threads_per_process=1"]
    said = subprocess.run(
        [sys.executable, "-m", *command, str(script)],
        env=environment | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    cores = len(os.sched_getaffinity(0))
    assert said.stdout.splitlines()[-1] == f"cpu 1 {cores}"


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
