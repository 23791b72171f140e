"""Ctrl-C and other signals to stop: a command ends within moments, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

INTERRUPTED = 130  # exit status
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_AFTER = 0.05  # s until a signal that Python dropped is sent again
PATIENCE = 3  # the signal that ends the process at once, without further clearing up


def stop_on_signals() -> None:
    """Raise ``KeyboardInterrupt`` in the main thread on the first signal to stop.

    The second signal does not disturb the clearing up; the third ends the process at once. A signal
    that is ignored, for example by nohup, stays ignored. Python drops an exception that is raised
    in a finaliser or in a library's callback: then the signal is sent once more.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    seen = 0
    last = signal.SIGINT

    def stop(signal_number: int, _frame: object) -> None:
        nonlocal seen, last
        seen += 1
        last = signal.Signals(signal_number)
        if seen == 1:
            raise KeyboardInterrupt
        if seen >= PATIENCE:
            os._exit(INTERRUPTED)

    report = sys.unraisablehook

    def dropped(unraisable: sys.UnraisableHookArgs) -> None:
        nonlocal seen
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            report(unraisable)
            return
        seen = 0
        # From a timer, outside of the code that drops it, or it would be dropped again.
        again = threading.Timer(AGAIN_AFTER, os.kill, (os.getpid(), last))
        again.daemon = True
        again.start()

    sys.unraisablehook = dropped
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def end_at_once_if_busy(status: int) -> None:
    """Exit at once if threads still draw pictures that nobody wants: they cannot be stopped.

    Call it when all files have been closed, and unfinished ones removed.
    """
    from nakawari.abandoned import anything_abandoned

    if anything_abandoned():
        _exit(status)


def _exit(status: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
