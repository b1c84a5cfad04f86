"""Threads of the suite: two processes share two cores, so each computes on one thread.

BLAS keeps two: a test shows that their number does not change what shadow models learn.
"""

import os

# read when the libraries are loaded, so before any of them is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
