"""The local entropy as users call it: conventions, broadcasting, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replicas as rp

PERCEPTRON = rp.Model(rp.Spherical(), rp.Perceptron())
LOSS = rp.Model(rp.Binary(), rp.Loss("cross-entropy", 1.0))
WIDE = rp.Model(rp.Spherical(), rp.Wide())


def test_local_entropy_of_a_scalar_call_is_scalar():
    e = rp.local_entropy(PERCEPTRON, 1.0, 0.1)
    assert e.success and e.message == ""
    assert isinstance(float(e.entropy), float) and np.shape(e.entropy) == ()
    assert e.entropy == pytest.approx(e.normalised + 0.5 * math.log(0.2), rel=1e-14)
    assert e.order["q1"] == pytest.approx(0.8)


def test_local_entropy_broadcasts_and_equals_single_calls():
    alpha, distance = np.array([[0.5], [1.2]]), np.array([0.03, 0.1, 0.2])
    e = rp.local_entropy(WIDE, alpha, distance)
    assert e.normalised.shape == e.order["c"].shape == e.message.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        one = rp.local_entropy(WIDE, alpha[i, 0], distance[j])
        assert abs(one.normalised - e.normalised[i, j]) <= one.error + e.error[i, j]


def test_local_entropy_refuses_distances_beyond_the_typical_one_point_by_point():
    e = rp.local_entropy(PERCEPTRON, 1.0, [0.1, 0.3])
    assert e.success.tolist() == [True, False]
    assert np.isnan(e.normalised[1]) and np.isnan(e.error[1])
    assert "typical" in e.message[1]


def test_local_entropy_between_centre_is_the_same_curve_at_another_distance():
    distance = 0.05
    to_centre = (1 - math.sqrt(1 - 2 * distance)) / 2
    a = rp.local_entropy(PERCEPTRON, 1.0, distance)
    b = rp.local_entropy(PERCEPTRON, 1.0, to_centre, between="centre")
    assert b.normalised == pytest.approx(a.normalised, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    alpha=st.floats(0.05, 1.5),
    distance=st.floats(0.01, 0.4),
    factor=st.floats(1.05, 1.5),
    wide=st.booleans(),
)
def test_local_entropy_falls_with_load_and_distance(alpha, distance, factor, wide):
    model = WIDE if wide else PERCEPTRON
    e = rp.local_entropy(model, alpha, distance)
    if not e.success:
        return
    assert e.normalised <= 0
    loaded = rp.local_entropy(model, alpha * factor, distance)
    assert not loaded.success or loaded.normalised < e.normalised + e.error
    closer = rp.local_entropy(model, alpha, distance / factor)
    assert "1e-290" in closer.message or closer.normalised > e.normalised - e.error


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"alpha": 0}, ValueError, "alpha must be finite and > 0, given 0"),
        ({"alpha": math.nan}, ValueError, "alpha must not be nan"),
        ({"alpha": "1"}, TypeError, "alpha must be a number"),
        ({"distance": 0.5}, ValueError, r"distance must be in \(0, 1/2\), given 0.5"),
        ({"distance": [0.1, 0]}, ValueError, r"distance must be in \(0, 1/2\)"),
        ({"distance": math.nan}, ValueError, "distance must not be nan"),
        ({"y": 0.5}, ValueError, "y must be >= 1, given 0.5"),
        ({"between": "friends"}, ValueError, "between must be one of replicas, centre"),
        ({"centre": "2rsb"}, ValueError, "centre must be one of rs"),
        ({"between": "centre", "y": 1}, ValueError, "y must be > 1"),
        ({"model": rp.Perceptron()}, TypeError, "model must be a Model"),
        ({"model": LOSS}, ValueError, "channel must accept or refuse a pattern"),
        (
            {"alpha": [1, 2], "distance": [0.1, 0.2, 0.3]},
            ValueError,
            r"alpha \(2,\), distance \(3,\)",
        ),
    ],
)
def test_local_entropy_refuses_bad_input(change, error, text):
    arguments = {"model": PERCEPTRON, "alpha": 1.0, "distance": 0.1} | change
    with pytest.raises(error, match=text):
        rp.local_entropy(**arguments)
