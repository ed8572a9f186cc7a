"""Local entropy of y coupled replicas, y finite and infinite."""

import replicas as rp
from benchmarks import plain, plain_tree, tuned_local_entropy
from benchmarks.table import Row

PERCEPTRON = rp.Model(rp.Spherical(), rp.Perceptron())
WIDE = rp.Model(rp.Spherical(), rp.Wide())
TREE = rp.Model(rp.Spherical(), rp.Tree(3, "majority"))

# alpha, q1, y, value with 15 digits
LARGE = [
    ("y=inf K=1", PERCEPTRON, 1.0, 0.8, -0.16809707471203467),
    ("y=inf K=inf", WIDE, 1.0, 0.9, -0.05292151808237727),
]
FINITE = [
    ("y=2 K=1", PERCEPTRON, 1.0, 0.8, 2, -0.6428313206750748),
    ("y=10 K=inf", WIDE, 1.0, 0.8, 10, -0.33575244201406607),
]


def rows():
    for name, model, alpha, q1, exact in LARGE:
        point, wide = (alpha, q1), model is WIDE
        yield Row(
            f"{name}, alpha={alpha:g} q1={q1:g}",
            exact,
            lambda m=model, a=alpha, d=(1 - q1) / 2: (
                rp.local_entropy(m, a, d).normalised
            ),
            lambda p=point, w=wide: plain.large_y(*p, wide=w),
            lambda p=point, w=wide: tuned_local_entropy.large_y(*p, wide=w, nodes=81),
            target=20,
        )
    for name, model, alpha, q1, y, exact in FINITE:
        point, wide = (alpha, q1, y), model is WIDE
        yield Row(
            f"{name}, alpha={alpha:g} q1={q1:g}",
            exact,
            lambda m=model, a=alpha, d=(1 - q1) / 2, y=y: (
                rp.local_entropy(m, a, d, y=y).normalised
            ),
            lambda p=point, w=wide: plain.finite_y(*p, wide=w),
            lambda p=point, w=wide: tuned_local_entropy.finite_y(*p, wide=w),
            target=20,
        )
    yield Row(
        "y=inf K=3, alpha=1 q1=0.9",
        -0.0268266535807,  # adaptive rule with the branch switches located
        lambda: rp.local_entropy(TREE, 1.0, 0.05, tol=1e-7).normalised,
        lambda: plain_tree.large_y(1.0, 0.9),
        None,
        limit=1.0,
        seconds=8.0,
    )
