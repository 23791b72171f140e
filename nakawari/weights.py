"""Reading trained weights, and refusing what does not fit."""

import hashlib
import inspect
import json
from pathlib import Path
from typing import TypeVar

import torch
from diffusers.models.modeling_utils import ModelMixin

ModelT = TypeVar("ModelT", bound=ModelMixin)


def load_model(model_class: type[ModelT], folder: Path) -> ModelT:
    """Load a model in float32 and evaluation mode, refusing what does not fit.

    Raises ``FileNotFoundError`` or ``ValueError``, each saying what to do.
    """
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise FileNotFoundError(f"{config_file} is missing; pass a complete folder with --model")
    try:
        config = json.loads(config_file.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{config_file} is not JSON ({error}); restore it") from error
    known = inspect.signature(model_class.__init__).parameters
    unknown = [key for key in config if key not in known and not key.startswith("_")]
    if unknown:
        raise ValueError(
            f"{config_file} has unknown keys: {', '.join(unknown)}; "
            f"{model_class.__name__} knows {', '.join(name for name in known if name != 'self')}"
        )
    try:
        model, report = model_class.from_pretrained(
            folder,
            torch_dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, RuntimeError, ValueError) as error:
        first_line = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"the weights in {folder} cannot be loaded: {first_line}; "
            "config.json and the weights must come from the same training"
        ) from error
    wrong = [*report["missing_keys"], *report["unexpected_keys"], *report["mismatched_keys"]]
    if wrong:
        raise ValueError(
            f"the weights in {folder} do not fit config.json: {len(wrong)} tensors are missing, "
            f"unknown or of another shape, the first is {wrong[0]}"
        )
    _leave_the_file(model)
    return model.eval()


def _leave_the_file(model: ModelMixin) -> None:
    """Copy a model's tensors out of the file's memory map.

    There they lie at any address, and products of matrices round differently by where their
    operands lie: a model would draw other frames, by parts of 100,000, than the one it was saved
    from.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()


def weights_hash(model: torch.nn.Module, precision: torch.dtype | None = None) -> str:
    """Return a name for a model's weights and buffers, first rounded to ``precision`` if given."""
    told = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        told.update(name.encode())
        if precision is not None and tensor.is_floating_point():
            tensor = tensor.to(precision)
        told.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return told.hexdigest()[:16]
