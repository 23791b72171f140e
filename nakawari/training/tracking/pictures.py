"""The pictures of a validation: frames side by side, and how far each is from the truth."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import lightning
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torchvision.utils import make_grid, save_image

from nakawari.metrics import psnr
from nakawari.training.tracking.wandb_logger import CaptionedPicture, Wandb


class Scores(NamedTuple):
    """How far frames are from the truth."""

    lpips: Tensor  # (B,)
    psnr: Tensor  # (B,) [dB], at most 60


def score(
    frames: Mapping[str, Tensor], target: Tensor, lpips: Callable[[Tensor, Tensor], Tensor]
) -> dict[str, Scores]:
    """Score the frames (B, 3, H, W) of every name against ``target``, of the same shape."""
    return {
        name: Scores(lpips(drawn, target).flatten(), psnr(drawn, target).clamp(max=60))
        for name, drawn in frames.items()
    }


def mean_scores(scores: Mapping[str, Scores]) -> dict[str, Tensor]:
    """Return ``lpips_NAME`` and ``psnr_NAME``, means over the batch."""
    return {
        f"{metric}_{name}": values.mean()
        for name, of_name in scores.items()
        for metric, values in of_name._asdict().items()
    }


def log_pictures(
    module: lightning.LightningModule,
    columns: Mapping[str, Tensor],
    scores: Mapping[str, Scores],
    rows: int = 8,
) -> None:
    """Show the first ``rows`` samples of a validation, with a column for each name.

    ``columns`` are (B, 3, H, W) in [-1, 1]; those that have scores show them in the captions. A
    picture of all rows goes to ``pictures/`` in the run's folder. TensorBoard and W&B get every
    sample under its own name, the same at every validation, so that one can scrub through the
    updates.
    """
    if not module.trainer.is_global_zero:
        return
    update = module.trainer.global_step
    stacked = torch.stack([frames[:rows] for frames in columns.values()], dim=1)
    stacked = (stacked.float().cpu().clamp(-1, 1) + 1) / 2  # (rows, columns, 3, H, W)
    file = Path(module.trainer.default_root_dir) / "pictures" / f"{update:07d}.png"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_image(make_grid(stacked.flatten(0, 1), nrow=len(columns)), file)
    except OSError as error:
        print(f"{file} is not written: {error}", file=sys.stderr)
    pictures = {
        f"validation/sample_{number}": CaptionedPicture(
            make_grid(row, nrow=len(columns)), _caption(columns, scores, number)
        )
        for number, row in enumerate(stacked)
    }
    for logger in module.loggers:
        if isinstance(logger, Wandb):
            logger.log_pictures(pictures, update)
        elif isinstance(logger, TensorBoardLogger):
            for name, (picture, caption) in pictures.items():
                logger.experiment.add_image(name, picture, update)
                logger.experiment.add_text(name, caption, update)


def _caption(columns: Mapping[str, Tensor], scores: Mapping[str, Scores], number: int) -> str:
    names = []
    for name in columns:
        if name in scores:
            lpips, decibels = (float(values[number]) for values in scores[name])
            name += f" (LPIPS {lpips:.3f}, PSNR {decibels:.1f} dB)"
        names.append(name)
    return " | ".join(names)
