"""What the trainings of both stages share: settings, data feeding, launching, keeping the model."""

import os

# OpenMP threads that wait for one another are made to spin for some 30 microseconds and then sleep.
# By default they spin a hundred times as long. On cores that are shared with other processes, this
# takes time from the very thread that they wait for. To sleep at once would cost a quarter of the
# speed on cores that are not shared (docs/experiments.md, 2026-11-28). The variable is read when
# torch is loaded, so this package must be imported first. What the user has set is obeyed.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "10000"
