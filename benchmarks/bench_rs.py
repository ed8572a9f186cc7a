"""Replica symmetric saddle of the perceptron."""

import numpy as np

import replicas as rp
from benchmarks import plain, tuned_rs
from benchmarks.table import Row

MODEL = rp.Model(rp.Spherical(), rp.Perceptron())
ALPHAS = np.linspace(0.1, 1.8, 200)
GRID = tuned_rs.trapezoid(8.5, 0.15)


def rows():
    exact = tuned_rs.rs_points(ALPHAS, *tuned_rs.trapezoid(9.0, 0.02))
    at_one = -0.8558205967147617  # 30-digit evaluation

    def ours():
        return rp.rs(MODEL, ALPHAS).entropy

    yield Row(
        "RS K=1, 200 alphas, each",
        exact,
        ours,
        lambda: [plain.rs(alpha) for alpha in ALPHAS],
        lambda: [tuned_rs.rs_point(alpha, *GRID)[0] for alpha in ALPHAS],
        target=10,
        against="tuned",
        points=len(ALPHAS),
        note="twins one alpha after the other",
    )
    yield Row(
        "RS K=1, 200 alphas, each",
        exact,
        ours,
        None,
        lambda: tuned_rs.rs_points(ALPHAS, *GRID),
        points=len(ALPHAS),
        note="twin with all alphas in one array",
    )
    yield Row(
        "RS K=1, one call",
        at_one,
        lambda: rp.rs(MODEL, 1.0).entropy,
        lambda: plain.rs(1.0),
        lambda: tuned_rs.rs_point(1.0, *GRID)[0],
        target=2,
        against="tuned",
    )
