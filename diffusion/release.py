"""Write trained weights as they are shipped: ``python -m diffusion.release FROM TO``."""

import argparse
import json
from pathlib import Path

import torch

from diffusion.pipeline import FrameInterpolationPipeline

LARGEST = 22 * 2**20
"""Largest size of the shipped weights, in bytes."""


def release(source: Path, destination: Path) -> int:
    """Write the pipeline in ``source`` to ``destination`` in half precision; return its bytes.

    More than 22 MiB raise ``ValueError``.
    """
    pipeline = FrameInterpolationPipeline.from_pretrained(source).to(torch.float16)
    size = sum(
        tensor.numel() * tensor.element_size()
        for model in (pipeline.autoencoder, pipeline.unet)
        for tensor in model.state_dict().values()
    )
    if size > LARGEST:
        raise ValueError(
            f"the weights take {size / 2**20:.1f} MiB in half precision, more than 22 MiB; "
            "ship a smaller model"
        )
    pipeline.save_pretrained(destination)
    for config in destination.glob("*/config.json"):
        _forget_where_from(config)
    return size


def _forget_where_from(config: Path) -> None:
    # diffusers writes down the folder that weights were loaded from, a path of this machine.
    settings = json.loads(config.read_text())
    settings.pop("_name_or_path", None)
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")


def main() -> None:
    """Release the weights named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="a training's weights/")
    parser.add_argument("destination", type=Path, help="such as checkpoints/nakawari")
    arguments = parser.parse_args()
    size = release(arguments.source, arguments.destination)
    print(f"{arguments.destination}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
