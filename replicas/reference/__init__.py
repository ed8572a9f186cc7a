"""mpmath twins of the free entropies, to any number of digits.

Written from the formulas of docs/reference.md; they share no code with the fast
solvers, only the definitions of models and results. `refine` polishes what those
solvers return. Values are mpf with `dps` digits; set `mpmath.mp.dps` to print them.
"""

from replicas.reference.average import GH, log_H
from replicas.reference.binary import mean_loss, teacher
from replicas.reference.binary_finite_y import binary_finite_y
from replicas.reference.binary_large_y import binary_large_y
from replicas.reference.capacity import one_step_load
from replicas.reference.franz_parisi import franz_parisi
from replicas.reference.large_y import large_y
from replicas.reference.one_rsb import finite_y, one_rsb
from replicas.reference.refine import refine
from replicas.reference.rs import capacity_rs, rs

__all__ = [
    "GH",
    "binary_finite_y",
    "binary_large_y",
    "capacity_rs",
    "finite_y",
    "franz_parisi",
    "large_y",
    "log_H",
    "mean_loss",
    "one_rsb",
    "one_step_load",
    "refine",
    "rs",
    "teacher",
]
