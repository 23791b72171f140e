"""Pictures of a validation, to look at while it trains."""

from pathlib import Path

import lightning
import torch
from torch import Tensor
from torchvision.utils import make_grid, save_image


def log_pictures(
    module: lightning.LightningModule, columns: dict[str, Tensor], rows: int = 8
) -> None:
    """Write one sheet, a row for each sample and a column for each name, and log it.

    ``columns`` are (B, 3, H, W) in [-1, 1]. The sheet goes to ``pictures/`` in the run's folder,
    and to TensorBoard or W&B if that is the logger.
    """
    if not module.trainer.is_global_zero:
        return
    stacked = torch.stack(list(columns.values()), dim=1)[:rows].float().cpu()  # (b, n, 3, H, W)
    sheet = make_grid((stacked.flatten(0, 1).clamp(-1, 1) + 1) / 2, nrow=len(columns))
    update = module.trainer.global_step
    folder = Path(module.trainer.default_root_dir) / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    save_image(sheet, folder / f"{update:07d}.png")
    caption = " | ".join(columns)
    logger = module.logger
    if hasattr(logger, "log_image"):  # W&B
        logger.log_image("validation/pictures", [sheet], caption=[caption])
    elif hasattr(logger, "experiment") and hasattr(logger.experiment, "add_image"):  # TensorBoard
        logger.experiment.add_image(f"validation: {caption}", sheet, update)
