"""Franz-Parisi potential around typical solutions."""

import replicas as rp
from benchmarks import plain, tuned_franz_parisi
from benchmarks.table import Row

POINTS = [
    ("K=1", rp.Perceptron(), 0.9, -0.3095239130697),
    ("K=inf", rp.Wide(), 0.95, -0.3305938001523736),
]


def rows():
    for name, channel, p, exact in POINTS:
        model, wide = rp.Model(rp.Spherical(), channel), name == "K=inf"
        yield Row(
            f"Franz-Parisi {name}, alpha=1 p={p:g}",
            exact,
            lambda m=model, d=(1 - p) / 2: rp.franz_parisi(m, 1.0, d).normalised,
            lambda p=p, w=wide: plain.franz_parisi(1.0, p, wide=w),
            lambda p=p, w=wide: tuned_franz_parisi.franz_parisi(1.0, p, wide=w),
            target=20,
        )
