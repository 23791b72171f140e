"""Starts what draws for ``nakawari serve``: ``-m nakawari.cli.serve_worker FOLDER BYTES``."""

import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    # Loading torch takes seconds. Who is stopped meanwhile has nothing to put in order, and no
    # traceback to show.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nakawari.cli.serve_drawing import main

    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
