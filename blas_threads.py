"""One thread for linear algebra, set where this is imported: before numpy is, which reads it once.

Requests are what runs side by side here, one to a core. Two threads of one small matrix product wait for each other in
a loop: on a machine with other work that takes many times the processor's time, and longer by the clock.
"""

import os

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""What the libraries of linear algebra are told."""

for name, number in ONE_THREAD.items():
    os.environ.setdefault(name, number)
