"""Our solvers against plain NumPy/SciPy twins at the same accuracy: make bench."""
