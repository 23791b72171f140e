"""Stands in for a training: writes metrics as one does, in no time.

Its loss after validation k is ``|x - 3| + 1 / k``. ``--fail`` below 0 ends it with an error;
``--seconds`` is what an update takes.
"""

import os
import sys
import time
from pathlib import Path

settings = dict(token.removeprefix("--").split("=", 1) for token in sys.argv[1:])
run = Path(settings["trainer.run"])
(run / "figures").mkdir(parents=True)
(run / "pid").write_text(str(os.getpid()))
print("training with", settings, flush=True)
if float(settings.get("fail", 0)) < 0:
    sys.exit("the GPU is on fire")
with (run / "figures" / "metrics.csv").open("w") as file:
    print("step,train/loss,validation/lpips", file=file)
    for validation in range(1, int(settings.get("validations", 3)) + 1):
        time.sleep(float(settings.get("seconds", 0)))
        print(f"{validation},,{abs(float(settings['x']) - 3) + 1 / validation}", file=file)
        file.flush()
