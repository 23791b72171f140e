"""What accelerate and torchrun say is obeyed, or refused with what to do."""

import pytest

from nakawari.errors import UserError
from nakawari.training.launch import Launch, one_line_errors


def test_one_process_without_a_launcher() -> None:
    launch = Launch.from_environment({})
    assert (launch.processes, launch.processes_a_machine, launch.machines) == (1, 1, 1)
    assert launch.precision == "32-true"


def test_two_machines_of_eight() -> None:
    environment = {
        "WORLD_SIZE": "16",
        "LOCAL_WORLD_SIZE": "8",
        "ACCELERATE_MIXED_PRECISION": "bf16",
    }
    launch = Launch.from_environment(environment)
    assert (launch.processes, launch.processes_a_machine, launch.machines) == (16, 8, 2)
    assert launch.precision == "bf16-mixed"


def test_the_cpu_is_used_when_asked_for() -> None:
    assert Launch.from_environment({"ACCELERATE_USE_CPU": "true"}).accelerator == "cpu"


@pytest.mark.parametrize("name", ["FSDP", "DeepSpeed"])
def test_sharded_training_fails(name: str) -> None:
    with pytest.raises(UserError, match=f"accelerate is set to {name}.*choose plain multi-GPU"):
        Launch.from_environment({f"ACCELERATE_USE_{name.upper()}": "true"})


def test_an_unknown_precision_fails() -> None:
    with pytest.raises(UserError, match="mixed precision must be one of no, bf16, got fp16"):
        Launch.from_environment({"ACCELERATE_MIXED_PRECISION": "fp16"})


def test_what_the_user_can_put_right_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop, one_line_errors(ValueError):
        raise ValueError("data.height is odd; choose another")
    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith(": data.height is odd; choose another\n")


def test_our_own_bugs_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError), one_line_errors(UserError):
        print(1 / 0)
