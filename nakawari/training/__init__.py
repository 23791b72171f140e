"""What the trainings of both stages share: settings, data feeding, launching, keeping the model."""

import os

# Threads that wait for one another sleep. OpenMP's way is to spin for a while, which on cores that
# are shared with other processes takes the time of the thread that is waited for. It is read when
# torch is loaded, so this package is to be imported first; what the user has set is obeyed.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
