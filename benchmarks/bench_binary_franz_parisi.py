"""Franz-Parisi entropy of binary weights: typical references, minimisers of a loss."""

import replicas as rp
from benchmarks import plain_binary_franz_parisi as plain
from benchmarks.table import Row

PERCEPTRON = rp.Model(rp.Binary(), rp.Perceptron())
ALPHA = 0.4
TYPICAL = [(0.1, 0.2043754983669544), (0.02, 0.04526295491405869)]
# cross-entropy of slope 2, at freezing; the last three from the twin too
GAMMA = 2.0
DISTANCES = (0.01, 0.02, 0.05, 0.1, 0.2)
AROUND = (
    0.055892748049337006,
    0.09665548808423412,
    0.18404648496615744,
    0.27506319488399344,
    0.36974624724698685,
)


def rows():
    for d, exact in TYPICAL:
        yield Row(
            f"binary Franz-Parisi, alpha={ALPHA} d={d}",
            exact,
            lambda d=d: rp.franz_parisi(PERCEPTRON, ALPHA, d).entropy,
            lambda d=d: plain.franz_parisi(ALPHA, d),
            None,
            target=20,
        )
    minimisers = rp.Model(rp.Binary(), rp.Loss("cross-entropy", GAMMA))

    def twin():
        reference = plain.Minimiser(ALPHA, GAMMA)
        return [plain.potential(ALPHA, d, reference) for d in DISTANCES]

    yield Row(
        f"around cross-entropy {GAMMA:g}, 5 distances",
        AROUND,
        lambda: rp.franz_parisi(PERCEPTRON, ALPHA, DISTANCES, minimisers).entropy,
        twin,
        None,
        target=20,
        points=len(DISTANCES),
        note="with its freezing temperature",
    )
