"""Train stage 1: ``accelerate launch autoencoder/train.py [--config FILE] [--key value ...]``."""

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import train


def main(argv: list[str] | None = None) -> None:
    """Train the autoencoder that the settings describe."""
    config = parse_config(AutoencoderConfig, argv)
    train(AutoencoderModule(config), TripletData(config.data), config.trainer)


if __name__ == "__main__":
    main()
