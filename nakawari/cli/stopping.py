"""Ctrl-C, and polite kills: a command ends within moments, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

INTERRUPTED = 130  # exit status
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_AFTER = 0.05  # s
PATIENCE = 3  # signals, until the clearing up is cut short too


def stop_on_signals() -> None:
    """Raise ``KeyboardInterrupt`` in the main thread on the first signal to stop.

    The next one does not disturb the clearing up; the one after it ends the process. A signal that
    is ignored, as by nohup, stays so. Python drops what is raised amid a finaliser or a library's
    callback: then the signal is sent once more.
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
        # From outside of what drops it, or it would be dropped again.
        again = threading.Timer(AGAIN_AFTER, os.kill, (os.getpid(), last))
        again.daemon = True
        again.start()

    sys.unraisablehook = dropped
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def end_at_once_if_busy(status: int) -> None:
    """Exit now if threads still draw pictures that nobody wants: they cannot be stopped.

    Everything has been closed and removed by then.
    """
    from nakawari.abandoned import anything_abandoned

    if anything_abandoned():
        _exit(status)


def _exit(status: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
