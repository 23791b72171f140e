"""What the trainings of both stages share: settings, data feeding, launching, keeping the model."""

import os

# Threads that wait for one another spin for some 30 microseconds, and then sleep. OpenMP's own way
# is to spin a hundred times as long, which on cores that are shared with other processes takes the
# time of the thread that is waited for; to sleep at once costs a quarter of the speed on cores that
# are not shared (docs/experiments.md, 2026-11-28). It is read when torch is loaded, so this package
# is to be imported first. What the user has set is obeyed.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "10000"
