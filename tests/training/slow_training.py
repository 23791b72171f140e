"""A tiny training whose third update takes a minute, to be interrupted amid it."""

import time

from torch import Tensor

from nakawari.training.config import parse_config
from tests.training.tiny_training import TinyConfig, fit


def main(argv: list[str]) -> None:
    def wait(update: int, loss: Tensor) -> Tensor:
        if update == 2:
            print("amid an update", flush=True)
            time.sleep(60)
        return loss

    fit(parse_config(TinyConfig, argv), wait)
