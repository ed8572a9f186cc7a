"""Symmetric perceptron and stochastic weights."""

import numpy as np

import replicas as rp
from benchmarks import plain_symmetric as plain
from benchmarks.table import Row

SYMMETRIC = rp.Model(rp.Binary(), rp.Symmetric(1.0))
PERCEPTRON = rp.Model(rp.Binary(), rp.Perceptron())
POLARISATIONS = np.linspace(0.1, 0.9, 17)


def rows():
    yield Row(
        "symmetric, triples at d=0.1",
        1.7740266233599469,  # 20-digit evaluation
        lambda: rp.first_moment(SYMMETRIC, 0.1, 3).value,
        lambda: plain.first_moment(1.0, 0.1, 3),
        None,
    )
    yield Row(
        "symmetric, pairs, second moment",
        1.57719,  # another program, 6 digits
        lambda: rp.second_moment(SYMMETRIC, 0.1).value,
        None,
        None,
        limit=5.0,
    )
    yield Row(
        "stochastic, alpha=0.4 q*=0.8",
        -0.0070677675391259635,  # twice the nodes, 15 digits
        lambda: rp.stochastic(PERCEPTRON, 0.4, 0.8).value,
        lambda: plain.stochastic(0.4, 0.8),
        None,
    )
    yield Row(
        "stochastic, 17 q*, each",
        [plain.stochastic(0.4, q, 0.02) for q in POLARISATIONS],
        lambda: rp.stochastic(PERCEPTRON, 0.4, POLARISATIONS).value,
        lambda: [plain.stochastic(0.4, q) for q in POLARISATIONS],
        None,
        points=len(POLARISATIONS),
    )
