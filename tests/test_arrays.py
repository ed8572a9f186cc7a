"""Arrays give what their elements give, whatever the neighbour they start from."""

from functools import partial

import numpy as np
import pytest

import replicas as rp

SPHERICAL = rp.Model(rp.Spherical(), rp.Perceptron())
BINARY = rp.Model(rp.Binary(), rp.Perceptron())
RELU = rp.Model(rp.Binary(), rp.Wide("relu"))
LOADS, DISTANCES = [0.45, 0.2, 0.6, 0.55], [0.05, 0.3, 0.1, 0.1]
MINIMISERS = rp.Model(rp.Binary(), rp.Loss("cross-entropy", 2.0))
around_solution = partial(rp.local_entropy, between="solution")


@pytest.mark.parametrize(
    ("function", "model", "alpha", "distance"),
    [
        (rp.franz_parisi, SPHERICAL, LOADS, 0.1),
        (rp.franz_parisi, BINARY, LOADS, DISTANCES),
        (rp.franz_parisi, RELU, LOADS, DISTANCES),
        (partial(rp.franz_parisi, reference=MINIMISERS), BINARY, LOADS, 0.1),
        (rp.local_entropy, SPHERICAL, LOADS, DISTANCES),
        (rp.local_entropy, BINARY, LOADS, DISTANCES),
        (partial(rp.local_entropy, y=4.0), SPHERICAL, LOADS, [0.05, 0.2, 0.1, 0.1]),
        (partial(rp.local_entropy, y=4.0), BINARY, LOADS, 0.1),
        (partial(rp.local_entropy, between="centre"), RELU, LOADS, 0.1),
        (around_solution, BINARY, LOADS, 0.06),
        (around_solution, BINARY, [0.2, 0.62, 0.3], [0.3, 0.05, 0.02]),
        (partial(around_solution, y=1.0), BINARY, LOADS, [0.05, 0.02, 0.1, 0.1]),
        (partial(around_solution, y=4.0), BINARY, [0.45, 0.2], [0.05, 0.02]),
        (rp.envelope, BINARY, LOADS, [0.05, 0.2, 0.1, 0.1]),
        (partial(rp.local_entropy, y=[3.0, np.inf, 2.0]), SPHERICAL, 0.45, 0.1),
    ],
)
def test_an_array_of_points_equals_the_points(function, model, alpha, distance):
    curve = function(model, alpha, distance)
    options = getattr(function, "keywords", {})
    y = options.get("y", np.inf)
    for i, point in enumerate(np.broadcast(alpha, distance, y)):
        more = {"y": float(point[2])} if "y" in options else {}
        alone = function(model, *map(float, point[:2]), **more)
        assert alone.success and curve.success[i]
        assert abs(curve.entropy[i] - alone.entropy) <= curve.error[i] + alone.error
