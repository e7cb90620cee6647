"""Limit linear algebra to one thread. Import this module before numpy, which reads the variables once.

The service runs requests in parallel, one per core. With several threads per matrix product, the threads of small
products busy-wait for each other: on a machine under load that multiplies CPU time and increases latency.
"""

import os

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Environment variables of OpenMP, MKL and OpenBLAS; values that the user has set take precedence."""

for name, number in ONE_THREAD.items():
    os.environ.setdefault(name, number)
