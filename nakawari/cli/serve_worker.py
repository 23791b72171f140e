"""Starts the drawing process of the page: ``python -m nakawari.cli.serve_worker FOLDER BYTES``."""

import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    # Loading torch takes seconds. If the process is stopped meanwhile, it has nothing to clear up,
    # and should not print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nakawari.cli.serve_drawing import main

    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
