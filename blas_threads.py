"""One thread for linear algebra. Import this module before numpy, which reads the variables once.

Requests run in parallel here, one to a core. Two threads of one small matrix product would spin while they wait for
each other, which on a busy machine takes many times the CPU time and longer by the clock.
"""

import os

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Environment variables of the linear algebra libraries."""

for name, number in ONE_THREAD.items():
    os.environ.setdefault(name, number)
