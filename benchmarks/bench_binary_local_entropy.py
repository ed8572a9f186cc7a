"""Local entropy of binary weights: y finite and infinite, around solutions."""

import replicas as rp
from benchmarks import plain_binary_local_entropy as plain
from benchmarks.table import Row

MODEL = rp.Model(rp.Binary(), rp.Perceptron())


def rows():
    yield Row(
        "binary y=inf, alpha=0.7 d=0.1",
        0.10898784654016502,  # another program, 14 digits
        lambda: rp.local_entropy(MODEL, 0.7, 0.1, between="centre").entropy,
        lambda: plain.large_y(0.7, 0.1),
        None,
        target=5,
    )
    yield Row(
        "binary y=20, alpha=0.4 d=0.1",
        0.27717261740646026,  # another program, 14 digits
        lambda: rp.local_entropy(MODEL, 0.4, 0.1, y=20, between="centre").entropy,
        lambda: plain.finite_y(0.4, 0.1, 20),
        None,
        target=20,
        seconds=6.0,
    )
    yield Row(
        "binary y=4, solution, alpha=0.4 d=0.1",
        0.32648914413,  # another program, 9 digits
        lambda: rp.local_entropy(MODEL, 0.4, 0.1, y=4, between="solution").entropy,
        None,
        None,
        limit=1.0,
    )
    yield Row(
        "binary alpha_U",
        0.7553020261886555,  # another program, 12 digits
        lambda: rp.monotonic_load(MODEL).value,
        None,
        None,
        limit=0.1,
    )
    yield Row(
        "binary 1-RSB centre, alpha=0.4 q1=0.8",
        0.19096426713,  # another program, 7 digits; our twin, 11
        lambda: rp.local_entropy(MODEL, 0.4, 0.1, centre="1rsb").entropy,
        None,
        None,
        limit=0.1,
    )
