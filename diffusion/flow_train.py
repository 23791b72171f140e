"""Train what mends optical flow: ``accelerate launch diffusion/flow_train.py [--key value ...]``.

Between the stages: it reads stage 1's encoder, and stage 2 rests on it.
"""

# Before torch, whose threads then sleep when they wait.
import nakawari.training  # noqa: F401  # isort: skip
import torch

from diffusion.config import FlowConfig
from diffusion.flow_module import FlowModule
from diffusion.neighbour_flow import with_flows
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import one_line_errors
from nakawari.training.run import train


def main(argv: list[str] | None = None) -> None:
    """Train the refiner that the settings describe."""
    with one_line_errors(ValueError, OSError, UserError):
        config = parse_config(FlowConfig, argv)
        torch.manual_seed(config.trainer.seed)  # of the initial weights
        module = FlowModule(config)
        data = TripletData(config.data, config.trainer.accumulate, with_flows)
    with one_line_errors(UserError):
        train(module, data, config.trainer)


if __name__ == "__main__":
    main()
