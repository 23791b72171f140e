"""Stopping between two updates: on SIGTERM, on Ctrl-C, when the time is up."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback, Timer

from nakawari.training.validating import is_validation_due

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_OUTPUTS = (1, 2)  # file descriptors
SAME_PRESS_SECONDS = 3.0
"""How long after a signal another one counts as the same Ctrl-C. It reaches a rank twice: from the
terminal, and from torchrun, which got it, too."""


class StopOnSignal(Callback):
    """End the training after the current update on a signal; a later signal ends it now.

    The signals are SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal has gone). SIGHUP does nothing
    if whoever started the training had it ignored, as ``nohup`` does.

    Lightning raises an exception wherever SIGTERM or Ctrl-C arrives, which may be in the middle of
    an update. It also broadcasts from its handler, while other ranks may be in the middle of
    another collective operation. Here the ranks agree after an update, and stop after the same one.
    ``save`` is called then, before a validation that happens to be due.
    """

    def __init__(
        self, save: Callable[[lightning.Trainer, lightning.LightningModule], object]
    ) -> None:
        self.received: signal.Signals | None = None
        self.stopped = False
        self._when = 0.0
        # Found out early: a descriptor whose terminal is gone no longer shows that it was one.
        self._terminals: list[int] = []
        self._save = save

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Replace Lightning's handlers; at the end Lightning restores those from before its own."""
        self._terminals = [stream for stream in _OUTPUTS if os.isatty(stream)]
        for signal_number in SIGNALS:
            if signal_number != signal.SIGHUP or signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
                signal.signal(signal_number, self._note)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Save and stop if any rank was told to."""
        if self._agreed(trainer):
            self._save(trainer, pl_module)
            if not is_validation_due(trainer, trainer.global_step):
                trainer.limit_val_batches = (
                    0  # a preempted node has no time for one that is not due
                )
            trainer.should_stop = True

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop if any rank was told to during the validation."""
        if self._agreed(trainer):
            trainer.should_stop = True

    def _agreed(self, trainer: lightning.Trainer) -> bool:
        self.stopped = bool(
            trainer.strategy.reduce_boolean_decision(self.received is not None, all=False)
        )
        return self.stopped

    def _note(self, signal_number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            if time.monotonic() - self._when > SAME_PRESS_SECONDS:
                raise KeyboardInterrupt
            return
        self.received, self._when = signal.Signals(signal_number), time.monotonic()
        if self.received == signal.SIGHUP:
            _send_nowhere(self._terminals)
        print(f"{self.received.name}: saving after this update, then stopping", flush=True)

    @property
    def exit_status(self) -> int:
        """As in a shell, 128 plus the signal's number (SIGTERM's on a rank that got none)."""
        return 128 + int(self.received or signal.SIGTERM)


def leave_the_end_to_the_trainer(_: int = 0) -> None:
    """Let only the trainer that started this process, which draws samples, end it by a signal.

    Signals to the whole group (from a terminal, a batch system or ``timeout``) would otherwise
    leave the current update without its data. It would not do to ignore them all: the trainer sends
    SIGTERM, too, and would wait for ever. Only a thread that waits for a signal learns who sent it.
    """
    trainer = multiprocessing.parent_process()
    if trainer is None or not hasattr(signal, "sigwaitinfo"):
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # also in threads started from now on
    threading.Thread(target=_end_by, args=(trainer.pid,), daemon=True).start()


def _end_by(process: int) -> None:
    """End this process on a signal from the process with the id ``process``, and on no other."""
    while (received := signal.sigwaitinfo(SIGNALS)).si_pid != process:
        pass
    os._exit(128 + received.si_signo)


def _send_nowhere(terminals: list[int]) -> None:
    """Redirect the descriptors of a terminal that has gone to the null device.

    Otherwise each write to them would fail.
    """
    with open(os.devnull, "wb") as nowhere:
        for stream in terminals:
            os.dup2(nowhere.fileno(), stream)


class Stint(Timer):
    """A time limit of this call, not of all calls together."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Ignore the time that earlier calls took."""
