"""Reading trained weights; weights that do not fit are refused before anything large is built."""

import inspect
import json
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils import is_accelerate_available
from safetensors import SafetensorError, safe_open

ModelT = TypeVar("ModelT", bound=ModelMixin)

LARGEST_CONFIG = 2**20
"""Largest size of a config.json [bytes]; ours take under a thousand."""
LARGEST_SIZE = 65_536
"""Largest number in a config. Real networks stay far below it; the shapes in the file of weights
limit the rest."""
MOST_REPEATS = {"blocks_per_level": 64, "steps": 64, "levels": 16, "radius": 16}
"""Largest values of the numbers that say how often something is built or done.

They must be far smaller than a size may be.
"""
MOST_TIMESTEPS = 100_000
"""Largest number of noise levels. A scheduler makes a table of them; ours has a thousand."""

_WEIGHTS = "diffusion_pytorch_model.safetensors"


def load_model(model_class: type[ModelT], folder: Path) -> ModelT:
    """Load a model in float32 and evaluation mode, refusing what does not fit.

    Raises ``FileNotFoundError`` or ``ValueError``, whose text says what to do. Sizes and shapes are
    compared with the file of weights before the network is built. Values that are not finite (NaN,
    infinity) are refused.
    """
    config_file = folder / "config.json"
    config = read_config(config_file)
    known = inspect.signature(model_class.__init__).parameters
    unknown = [key for key in config if key not in known and not key.startswith("_")]
    if unknown:
        raise ValueError(
            f"{config_file} has unknown keys: {', '.join(unknown)}; "
            f"{model_class.__name__} knows {', '.join(name for name in known if name != 'self')}"
        )
    sizes = {key: value for key, value in config.items() if not key.startswith("_")}
    _check_sizes(sizes, config_file)
    _check_shapes(model_class, sizes, folder)
    try:
        model = model_class.from_pretrained(
            folder,
            torch_dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            # It warns without accelerate, which is not needed to slow a clip.
            low_cpu_mem_usage=is_accelerate_available(),
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise _cannot_be_loaded(folder, error) from error
    _check_values(model, folder)
    _leave_the_file(model)
    return model.eval()


def load_scheduler(folder: Path) -> FlowMatchEulerDiscreteScheduler:
    """Load the noise schedule; ``ValueError`` for more than ``MOST_TIMESTEPS`` noise levels."""
    config_file = folder / "scheduler_config.json"
    count = read_config(config_file).get("num_train_timesteps", 1000)
    if not isinstance(count, int) or not 1 <= count <= MOST_TIMESTEPS:
        raise ValueError(
            f"num_train_timesteps in {config_file} must be from 1 to {MOST_TIMESTEPS}, got "
            f"{count!r:.40}; restore the file"
        )
    return FlowMatchEulerDiscreteScheduler.from_pretrained(folder, local_files_only=True)


def read_config(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file of settings.

    Raises ``FileNotFoundError``, and ``ValueError`` for anything but a JSON object of at most
    ``LARGEST_CONFIG`` bytes.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; pass a complete folder of weights")
    if file.stat().st_size > LARGEST_CONFIG:
        raise ValueError(f"{file} is larger than {LARGEST_CONFIG} bytes, which no config is")
    try:
        config = json.loads(file.read_text())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not JSON ({error}); restore it") from error
    if not isinstance(config, dict):
        raise ValueError(f"{file} must hold a JSON object; restore it")
    return config


def _check_sizes(sizes: dict[str, Any], file: Path) -> None:
    """Refuse numbers out of range, so that building the network ends in reasonable time."""
    for name, value in sizes.items():
        numbers = value if isinstance(value, list) else [value]
        most = MOST_REPEATS.get(name, LARGEST_SIZE)
        for number in numbers:
            if isinstance(number, str):
                continue
            least = 0 if isinstance(number, float) or name == "radius" else 1
            if not isinstance(number, int | float) or not least <= number <= most:
                raise ValueError(
                    f"{name} in {file} must be from {least} to {most}, got {number!r:.40}; restore "
                    "the file"
                )
        if len(numbers) > 16:
            raise ValueError(f"{name} in {file} has {len(numbers)} entries, more than 16")


def _check_shapes(model_class: type[ModelT], sizes: dict[str, Any], folder: Path) -> None:
    """Compare the shapes that the sizes imply with the file's, without reading the weights."""
    file = folder / _WEIGHTS
    if not file.is_file():
        raise ValueError(
            f"the weights in {folder} cannot be loaded: {_WEIGHTS} is missing; pass a complete "
            "folder with --model"
        )
    try:
        with torch.device("meta"):
            wanted = model_class(**sizes).state_dict()
    except TypeError as error:
        raise ValueError(
            f"{folder / 'config.json'} has a value of the wrong type ({error}); restore it"
        ) from error
    except ValueError as error:
        raise _cannot_be_loaded(folder, error) from error
    try:
        with safe_open(file, "pt") as stored:
            shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _cannot_be_loaded(folder, error) from error
    wrong = [name for name in wanted if shapes.get(name) != tuple(wanted[name].shape)]
    wrong += [name for name in shapes if name not in wanted]
    if wrong:
        raise ValueError(
            f"the weights in {folder} do not fit config.json: {len(wrong)} tensors are missing, "
            f"unknown or of another shape, the first is {wrong[0]}; they must come from the same "
            "training"
        )


def _check_values(model: torch.nn.Module, folder: Path) -> None:
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(
                f"the weights in {folder} hold values that are no numbers, first in {name}; they "
                "come from a training that diverged, or are damaged: take other weights"
            )


def _leave_the_file(model: ModelMixin) -> None:
    """Copy a model's tensors out of the file's memory map.

    In the memory map they may begin at any address, and the rounding of a matrix product depends on
    the addresses of its operands. So a loaded model would draw slightly different frames than the
    one it was saved from: they differ by some parts in 100,000.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()


def _cannot_be_loaded(folder: Path, error: Exception) -> ValueError:
    first_line = str(error).strip().partition("\n")[0]
    return ValueError(
        f"the weights in {folder} cannot be loaded: {first_line}; "
        "config.json and the weights must come from the same training"
    )
