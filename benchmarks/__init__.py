"""Our solvers against plain NumPy/SciPy twins at the same accuracy: make bench."""

import os

# one core for all, so that CPU time is what a quiet machine takes
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
