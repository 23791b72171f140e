"""Train stage 2: ``accelerate launch diffusion/train.py [--config FILE] [--key value ...]``."""

# This import comes before torch, whose threads then sleep while they wait.
import nakawari.training  # noqa: F401  # isort: skip
import torch

from diffusion.codes import WithCodes
from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import one_line_errors
from nakawari.training.run import train


def main(argv: list[str] | None = None) -> None:
    """Train the U-Net that the settings describe."""
    with one_line_errors(ValueError, OSError, UserError):
        config = parse_config(DiffusionConfig, argv)
        torch.manual_seed(config.trainer.seed)  # for the initial weights
        module = DiffusionModule(config)
        data = TripletData(config.data, config.trainer.accumulate, WithCodes(module.autoencoder))
    with one_line_errors(UserError):
        train(module, data, config.trainer)


if __name__ == "__main__":
    main()
