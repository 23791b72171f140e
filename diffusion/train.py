"""Train stage 2: ``accelerate launch diffusion/train.py [--config FILE] [--key value ...]``."""

from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import train


def main(argv: list[str] | None = None) -> None:
    """Train the U-Net that the settings describe."""
    config = parse_config(DiffusionConfig, argv)
    train(DiffusionModule(config), TripletData(config.data), config.trainer)


if __name__ == "__main__":
    main()
