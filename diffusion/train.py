"""Train stage 2: ``accelerate launch diffusion/train.py [--config FILE] [--key value ...]``."""

# Before torch, whose threads then sleep when they wait.
import nakawari.training  # noqa: F401  # isort: skip
import torch

from diffusion.config import DiffusionConfig
from diffusion.latent_cache import LatentData
from diffusion.module import DiffusionModule
from diffusion.neighbour_flow import with_flows
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import one_line_errors
from nakawari.training.run import train


def training_data(config: DiffusionConfig, module: DiffusionModule) -> TripletData:
    """Return what ``module`` is trained on."""
    if config.latent_cache is not None:
        return LatentData(config, module.autoencoder, module.flow_refiner)
    return TripletData(config.data, config.trainer.accumulate, with_flows)


def main(argv: list[str] | None = None) -> None:
    """Train the U-Net that the settings describe."""
    with one_line_errors(ValueError, OSError, UserError):
        config = parse_config(DiffusionConfig, argv)
        torch.manual_seed(config.trainer.seed)  # of the initial weights
        module = DiffusionModule(config)
        data = training_data(config, module)
    with one_line_errors(UserError):
        train(module, data, config.trainer)


if __name__ == "__main__":
    main()
