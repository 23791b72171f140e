"""What ``accelerate launch`` or ``torchrun`` asked for: it is obeyed, or refused with a reason."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from nakawari.errors import UserError
from nakawari.training.ancestry import LAUNCHED, Launcher, asked_processes

_PRECISION = {"no": "32-true", "bf16": "bf16-mixed"}
# Not fp16: its loss scaling does not work with gradient clipping in manual optimisation.
_SHARDED = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism other than over the data",
}
_FROM_A_WORKER = "Caught "  # torch's first word of such an error, see ExceptionWrapper
_PR_SET_PDEATHSIG = 1  # option of prctl(2): the signal to get when the parent dies
# Variables by which other launchers say how many processes they started.
_OTHER_LAUNCHERS = {
    "SLURM_STEP_NUM_TASKS": "srun",
    "OMPI_COMM_WORLD_SIZE": "mpirun",
    "PMI_SIZE": "mpirun",
}


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What the launcher asked for."""

    processes: int
    processes_a_machine: int
    machines: int
    accelerator: str
    precision: str
    compile: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Launch":
        """Read the variables of ``accelerate launch`` and ``torchrun``.

        Settings that would silently not be obeyed raise ``UserError``.
        """
        for variable, name in _SHARDED.items():
            if _is_true(environment, variable):
                raise UserError(
                    f"accelerate is set to {name}, but the models fit on one GPU and Lightning "
                    "runs the loop; run `accelerate config` again and choose plain multi-GPU"
                )
        mixed_precision = environment.get("ACCELERATE_MIXED_PRECISION", "no")
        if mixed_precision not in _PRECISION:
            raise UserError(
                f"mixed precision must be one of {', '.join(_PRECISION)}, got {mixed_precision}; "
                "pass --mixed_precision to accelerate launch"
            )
        dynamo = environment.get("ACCELERATE_DYNAMO_BACKEND", "no").lower()
        if dynamo not in ("no", "inductor"):
            raise UserError(
                f"dynamo backend must be no or inductor, got {dynamo}; "
                "pass --dynamo_backend to accelerate launch"
            )
        processes = int(environment.get("WORLD_SIZE", "1"))
        local = int(environment.get("LOCAL_WORLD_SIZE", str(processes)))
        _refuse_unconnected_copies(environment)
        if processes % local:
            raise UserError(
                f"{processes} processes in all do not make {local} on every machine; "
                "start as many on each"
            )
        on_cpu = _is_true(environment, "ACCELERATE_USE_CPU")
        accelerator = _accelerator(on_cpu, local, asked_for_gpus=_asked_for_gpus(environment))
        if (
            mixed_precision == "bf16"
            and accelerator == "cuda"
            and not torch.cuda.is_bf16_supported(including_emulation=False)
        ):
            raise UserError("this GPU has no bf16; pass --mixed_precision no to accelerate launch")
        return cls(
            processes=processes,
            processes_a_machine=local,
            machines=processes // local,
            accelerator=accelerator,
            precision=_PRECISION[mixed_precision],
            compile=dynamo == "inductor",
        )


def _is_true(environment: Mapping[str, str], variable: str) -> bool:
    return environment.get(variable, "false").lower() in ("true", "1", "yes")


def _refuse_unconnected_copies(environment: Mapping[str, str]) -> None:
    if "WORLD_SIZE" in environment:
        return
    for variable, name in _OTHER_LAUNCHERS.items():
        if int(environment.get(variable, "1")) > 1:
            raise UserError(
                f"{name} started this {environment[variable]} times, which would be as many "
                "trainings that know nothing of one another; start one `accelerate launch "
                "--num_machines N --machine_rank R` on each machine"
            )


def _asked_for_gpus(environment: Mapping[str, str]) -> bool:
    # accelerate starts several processes for GPUs only (and one with --cpu); torchrun also on CPUs.
    return "ACCELERATE_MIXED_PRECISION" in environment and "LOCAL_RANK" in environment


def _accelerator(on_cpu: bool, processes_a_machine: int, asked_for_gpus: bool) -> str:
    if on_cpu:
        return "cpu"
    if not torch.cuda.is_available():
        if asked_for_gpus and processes_a_machine > 1:
            raise UserError(
                f"accelerate asks for {processes_a_machine} GPUs, but torch finds none; "
                "pass --cpu to accelerate launch, or install torch for this machine's driver"
            )
        return "cpu"
    if processes_a_machine > (there := torch.cuda.device_count()):
        raise UserError(
            f"{processes_a_machine} processes on this machine need as many GPUs, but it has "
            f"{there}; pass --num_processes {there} to accelerate launch"
        )
    return "cuda"


def end_with_the_launcher(environment: Mapping[str, str] = os.environ) -> None:
    """Have this process get SIGTERM when ``accelerate launch`` dies.

    When it starts a single process, it passes no signals on, so a SIGTERM to it would leave the
    training running unseen. For several processes it uses torchrun, which passes signals on. On
    other systems than Linux this does nothing.
    """
    alone = "ACCELERATE_MIXED_PRECISION" in environment and "LOCAL_RANK" not in environment
    if alone and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


@contextmanager
def one_line_errors(*kinds: type[Exception]) -> Iterator[None]:
    """End the program with one line and status 2 on errors that the user can put right.

    These are ``kinds``, and a GPU that is out of memory.
    """
    try:
        yield
    except kinds as error:
        print(f"{Path(sys.argv[0]).name}: {_rank()}{_own_words(error)}", file=sys.stderr)
        raise SystemExit(2) from error
    except torch.cuda.OutOfMemoryError as error:
        print(
            f"{Path(sys.argv[0]).name}: {_rank()}the batch does not fit on the GPU "
            f"({str(error).partition('. ')[0]}); halve --data.batch_size and double "
            "--trainer.accumulate",
            file=sys.stderr,
        )
        raise SystemExit(2) from error


def _own_words(error: Exception) -> str:
    """Return an error's text; torch puts a traceback before it if it comes from a data worker."""
    text = str(error).strip()
    if not text.startswith(_FROM_A_WORKER):
        return text
    kind = type(error)
    return text.rpartition("\n")[2].removeprefix(f"{kind.__module__}.{kind.__qualname__}: ")


def _rank() -> str:
    return f"rank {os.environ['RANK']}: " if int(os.environ.get("WORLD_SIZE", "1")) > 1 else ""


def tell_of_processes_that_are_not(
    launch: Launch,
    launcher: Launcher | None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Print a line if ``accelerate launch`` started one process where several were asked for.

    It does so on a CPU, without a message.
    """
    if launcher is None or launch.processes > 1 or "ACCELERATE_MIXED_PRECISION" not in environment:
        return
    if (asked := asked_processes(launcher.words)) > 1:
        print(
            f"accelerate launch was asked for {asked} processes, but starts one on a CPU; for "
            f"{asked}, start the same script by torchrun --standalone --nproc_per_node {asked}",
            file=sys.stderr,
            flush=True,
        )


def use_all_threads(
    launch: Launch,
    environment: Mapping[str, str] = os.environ,
    launcher: Launcher | None = None,
) -> None:
    """Compute with all cores that this process may use, divided among the ranks of this machine.

    ``accelerate launch`` and ``torchrun`` set ``OMP_NUM_THREADS`` where it is not set, mostly to 1,
    which leaves all cores but one idle. The environment of ``launcher`` shows whether the user had
    set it. If ``launcher`` is None, a 1 counts as theirs and any other number as the user's.

    The affinity (``taskset``) is obeyed. If no launcher started this process, nothing is done,
    because torch obeys both by itself.
    """
    if launch.accelerator != "cpu" or not LAUNCHED & environment.keys():
        return
    if launcher is not None:
        chosen = "OMP_NUM_THREADS" in launcher.environment
    else:
        chosen = environment.get("OMP_NUM_THREADS") != "1"
    if not chosen:
        cores = len(os.sched_getaffinity(0))
        torch.set_num_threads(max(1, cores // launch.processes_a_machine))
