"""What accelerate and torchrun say is obeyed, or refused with what to do."""

import pytest

from nakawari.training.launch import Launch


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
    with pytest.raises(ValueError, match=f"accelerate is set to {name}.*choose plain multi-GPU"):
        Launch.from_environment({f"ACCELERATE_USE_{name.upper()}": "true"})


def test_an_unknown_precision_fails() -> None:
    with pytest.raises(ValueError, match="mixed precision must be one of no, bf16, fp16, got fp8"):
        Launch.from_environment({"ACCELERATE_MIXED_PRECISION": "fp8"})
