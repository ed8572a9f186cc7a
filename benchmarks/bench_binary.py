"""Binary weights: replica symmetric saddle, capacity, freezing of the cross-entropy."""

import numpy as np

import replicas as rp
from benchmarks import plain_binary, tuned_binary
from benchmarks.table import Row

MODEL = rp.Model(rp.Binary(), rp.Perceptron())
TREE = rp.Model(rp.Binary(), rp.Tree(5, "majority"))
CROSS_ENTROPY = rp.Model(rp.Binary(), rp.Loss("cross-entropy", 2.0))
ALPHAS = np.linspace(0.05, 0.83, 200)
GRIDS = tuned_binary.half_line(), tuned_binary.line()
FINE = tuned_binary.half_line(9.0, 0.05), tuned_binary.line(9.0, 0.05)


def rows():
    exact = [tuned_binary.rs_point(alpha, *FINE) for alpha in ALPHAS]
    yield Row(
        "RS binary, 200 alphas, each",
        exact,
        lambda: rp.rs(MODEL, ALPHAS).entropy,
        lambda: [plain_binary.rs(alpha) for alpha in ALPHAS],
        lambda: [tuned_binary.rs_point(alpha, *GRIDS) for alpha in ALPHAS],
        target=10,
        against="tuned",
        points=len(ALPHAS),
    )
    yield Row(
        "RS binary, one call",
        0.3964550511053043,  # 20-digit evaluation
        lambda: rp.rs(MODEL, 0.4).entropy,
        lambda: plain_binary.rs(0.4),
        lambda: tuned_binary.rs_point(0.4, *GRIDS),
        target=2,
        against="tuned",
    )
    yield Row(
        "capacity, binary perceptron",
        0.8330785997395792,  # another search, 14 digits
        lambda: rp.capacity(MODEL).value,
        plain_binary.capacity,
        lambda: tuned_binary.capacity(*GRIDS),
        target=10,
    )
    yield Row(
        "freezing, cross-entropy gamma=2",
        228.54509584126635,  # another search, 13 digits
        lambda: rp.freezing(CROSS_ENTROPY, 0.4).value,
        lambda: plain_binary.freezing(0.4, 2.0),
        None,
        target=20,
        seconds=6.0,
    )
    yield Row(
        "capacity, binary committee K=5",
        0.9330387023082523,  # 1.3 times the nodes, which agree to 14 digits
        lambda: rp.capacity(TREE).value,
        plain_binary.tree_capacity,
        tuned_binary.tree_capacity,
        target=20,
        seconds=6.0,
    )
