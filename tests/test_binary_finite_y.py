"""Local entropy of y binary replicas, its envelope, and the load of its inflection."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replicas as rp
from replicas import _binary_finite_y, binary_finite_y
from replicas.binary_finite_y_search import ORDER, described
from replicas.binary_finite_y_state import State
from replicas.quadrature import Rule
from replicas.reference import binary_finite_y as twin
from replicas.results import failed_point

PERCEPTRON = rp.Model(rp.Binary(), rp.Perceptron())
WIDE = rp.Model(rp.Binary(), rp.Wide("sign", 0.1))


def h(d):
    return -d * math.log(d) - (1 - d) * math.log1p(-d)


# reference values: alpha = 0.4, d = 0.1 to a free reference, 12 to 14 digits
@pytest.mark.parametrize(
    ("y", "entropy", "local", "external"),
    [
        (20.0, 0.27717261740646026, 0.2727891214887699, 0.08766991835380766),
        (5.0, 0.313120912140344, 0.24387961431474425, 0.3462064891279987),
        (2.0, 0.4457032927147854, 0.19333472398267196, 0.5047371374642269),
    ],
)
def test_centre_equals_reference(y, entropy, local, external):
    e = rp.local_entropy(PERCEPTRON, 0.4, 0.1, y=y, between="centre")
    assert e.entropy == pytest.approx(entropy, abs=1e-14)
    assert e.order["local_entropy"] == pytest.approx(local, abs=1e-13)
    assert e.order["external_entropy"] == pytest.approx(external, abs=2e-12)
    assert e.normalised == pytest.approx(entropy - h(0.1) - math.log(2) / y, abs=1e-13)
    assert e.error < 1e-13


@pytest.mark.parametrize(
    ("model", "alpha", "distance", "y", "between"),
    [
        pytest.param(PERCEPTRON, 0.7, 0.02, 9.0, "centre", marks=pytest.mark.full),
        pytest.param(PERCEPTRON, 0.77, 0.05, 7.0, "replicas", marks=pytest.mark.full),
        pytest.param(WIDE, 0.5, 0.1, 20.0, "centre", marks=pytest.mark.full),
        (WIDE, 0.5, 0.1, 3.0, "centre"),
    ],
)
def test_point_equals_its_twin(model, alpha, distance, y, between):
    e = rp.local_entropy(model, alpha, distance, y=y, between=between)
    p = 1 - 2 * distance if between == "centre" else None
    # digits cost time: the first ones here, all of them in the full run
    digits = 10 if y < 5 else 14
    exact = twin(model, alpha, e.order, y, p, dps=digits)
    assert abs(e.entropy - exact) <= e.error + 10.0**-digits


@pytest.mark.parametrize("model", [PERCEPTRON, WIDE])
def test_one_replica_is_a_typical_solution(model):
    s = rp.rs(model, 0.5)
    e = rp.local_entropy(model, 0.5, 0.15, y=1, between="centre")
    assert e.entropy == pytest.approx(s.entropy + h(0.15), abs=1e-12)
    assert e.order["p_hat"] == pytest.approx(math.atanh(0.7), abs=1e-10)
    assert e.stability == pytest.approx(s.stability, abs=1e-8)
    e = rp.local_entropy(model, 0.5, 0.15, y=1, between="replicas")
    assert e.entropy == pytest.approx(s.entropy, abs=1e-12)
    assert e.order["q0"] == pytest.approx(s.order["q"], abs=1e-8)


@pytest.mark.parametrize("between", ["centre", "replicas"])
def test_many_replicas_tend_to_infinity(between):
    limit = rp.local_entropy(PERCEPTRON, 0.4, 0.1, between=between)
    for y in (1e3, 1e4):
        e = rp.local_entropy(PERCEPTRON, 0.4, 0.1, y=y, between=between)
        assert abs(e.entropy - limit.entropy) < 0.2 / y
        dq = e.order["q1"] - e.order["q0"]
        assert y * dq == pytest.approx(limit.order["delta"], rel=20 / y)
        assert e.error < 1e-12


@pytest.mark.parametrize(
    ("alpha", "distance", "y", "between"),
    [
        (0.4, 0.1, 6.0, "centre"),
        (0.7, 0.02, 12.0, "centre"),
        (0.6, 0.1, 6.0, "replicas"),
    ],
)
def test_derivatives_in_y_and_distance(alpha, distance, y, between):
    e = rp.local_entropy(PERCEPTRON, alpha, distance, y=y, between=between)
    steps, weights = np.array([-2, -1, 1, 2]), np.array([1, -8, 8, -1]) / 12
    ys = y + 1e-2 * steps
    phi = rp.local_entropy(PERCEPTRON, alpha, distance, y=ys, between=between).entropy
    slope = np.dot(weights, ys * phi) / 1e-2
    assert slope == pytest.approx(e.order["local_entropy"], abs=1e-9)
    if between == "centre":
        ds = distance * (1 + 1e-3 * steps)
        phi = rp.local_entropy(PERCEPTRON, alpha, ds, y=y, between=between).entropy
        slope = np.dot(weights, phi) / (1e-3 * distance)
        assert slope == pytest.approx(2 * e.order["p_hat"], abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    alpha=st.floats(0.05, 0.8),
    distance=st.floats(0.003, 0.4),
    y=st.floats(1.0, 60.0),
    factor=st.floats(1.1, 4.0),
)
def test_phi_increases_with_y_and_phi_over_y_falls(alpha, distance, y, factor):
    ys = np.array([y, factor * y])
    e = rp.local_entropy(PERCEPTRON, alpha, distance, y=ys, between="centre")
    assert e.success.all()
    external, gain = e.order["external_entropy"], 1e-11 * ys[1]
    phi = ys * e.entropy
    # exact bounds on Phi where references exist: (BL20)
    assert phi[0] >= rp.rs(PERCEPTRON, alpha).entropy + h(distance) - gain
    assert phi[1] >= phi[0] - gain
    if np.all(external > 0):
        assert e.entropy[1] <= e.entropy[0] + 1e-12
    assert np.all(e.normalised <= e.error + 1e-13)


def uniform_averages(q0_hat, dq_hat, p_hat, y, u, v):
    """E <w T> with the same nodes u for both Gaussians."""
    b = math.sqrt(dq_hat / y)
    w = np.array([1.0, -1.0])[:, None]
    total = norm = 0.0
    for x in u:
        field = math.sqrt(q0_hat) * x + b * v + p_hat * w
        log_weight = y * np.logaddexp(field, -field) - v * v / 2
        weight = np.exp(log_weight - log_weight.max())
        mean = np.sum(weight * w * np.tanh(field)) / np.sum(weight)
        total += math.exp(-x * x / 2) * mean
        norm += math.exp(-x * x / 2)
    return total / norm


def test_nodes_resolve_the_switch_of_the_reference_and_follow_the_tilt():
    hats = 0.06, 1.3, 0.1
    exact = 1 - _binary_finite_y.solve(*hats, 160.0, 0.0, 0.125, 8.5)[6]
    v = np.arange(-30, 30.01, 0.1)
    fine = np.arange(-8, 8.0005, 0.005)
    assert uniform_averages(*hats, 160.0, fine, v) == pytest.approx(exact, abs=1e-9)
    # u with a step of 0.1, as for the replica symmetric averages; v within +-8.5
    coarse = np.arange(-8.05, 8.1, 0.1)
    assert abs(uniform_averages(*hats, 160.0, coarse, v) - exact) > 1e-5
    narrow = v[abs(v) < 8.5]
    assert abs(uniform_averages(*hats, 160.0, fine, narrow) - exact) > 1e-3


def test_error_includes_the_missing_norm_of_a_narrow_window():
    # two rules of one window agree with each other, not with the truth
    point = rp.local_entropy(PERCEPTRON, 0.4, 0.1, y=5.0, between="centre")
    o = point.order
    v = math.log(o["eps"]), math.log(o["q0"] / (o["q1"] - o["q0"]))

    def at(step, window):
        rule = Rule(step, window)
        return State.at(
            rule, PERCEPTRON.channel, 0.4, 5.0, 0.2, math.exp(v[0]), v[1], o["p_hat"]
        )

    a, b = at(0.05, 4.0), at(0.04, 4.0)
    truth = point.entropy
    assert abs(a.entropy - b.entropy) < 0.5 * abs(a.entropy - truth)
    found = described(a, b, 0.0)
    assert abs(found["entropy"] - truth) < found["error"]


def test_references_of_frozen_solutions_take_over_at_few_replicas():
    # small d: typical solutions are isolated, a second saddle has q1 near 1
    e = rp.local_entropy(PERCEPTRON, 0.75, 0.01, y=[1, 3, 14], between="centre")
    total = rp.rs(PERCEPTRON, 0.75).entropy + h(0.01)
    assert e.entropy[:2] * [1, 3] == pytest.approx(total, abs=1e-12)
    assert e.order["q1"][:2].tolist() == [1, 1] and "frozen" in e.message[1]
    assert e.entropy[2] * 14 > total and e.message[2] == ""


@pytest.mark.parametrize(
    ("alpha", "distance", "y"), [(0.55, 0.497, 50), (0.55, 0.45, 300), (0.2, 0.49, 2)]
)
def test_distant_references_see_all_solutions_not_one(alpha, distance, y):
    e = rp.local_entropy(PERCEPTRON, alpha, distance, y=y, between="centre")
    typical = rp.rs(PERCEPTRON, alpha)
    q, p = typical.order["q"], 1 - 2 * distance
    # to lowest order in p each replica and the reference respond linearly
    bend = p**2 / (2 * (1 - q + y * q))
    weak = typical.entropy + math.log(2) / y - bend
    assert e.message == ""
    assert e.entropy == pytest.approx(weak, abs=2 * p**2 * bend)


def test_reference_too_far_to_be_felt_is_refused():
    e = rp.local_entropy(PERCEPTRON, 0.55, 0.49999, y=1000, between="centre")
    assert not e.success and "too weakly" in e.message


def test_saddle_on_which_phi_is_concave_is_not_taken():
    near_frozen = {
        "success": True,
        "order": {
            "eps": 0.0011195,
            "q0": 0.551268,
            "q1": 0.9988805,
            "dq_hat": 4.1594,
        },
    }
    point = binary_finite_y.dense(
        PERCEPTRON.channel, 0.75, 0.01, 14.13, start=near_frozen
    )
    assert point["order"]["eps"] == pytest.approx(0.0392242, abs=1e-6)


# reference values: 10 and 8 digits
@pytest.mark.parametrize(
    ("distance", "entropy", "y", "digits"),
    [(0.1, 0.2758771594114797, 47.54781108, 1e-12), (0.02, 0.096852167, 145.7, 1e-9)],
)
def test_envelope_equals_reference(distance, entropy, y, digits):
    e = rp.envelope(PERCEPTRON, 0.4, distance)
    assert e.entropy == pytest.approx(entropy, abs=digits)
    assert e.y == e.order["y_star"] == pytest.approx(y, rel=1e-3)
    assert abs(e.order["external_entropy"]) < 1e-8
    assert e.order["local_entropy"] == pytest.approx(e.entropy, abs=1e-9)
    assert e.normalised == pytest.approx(e.entropy - h(distance), abs=1e-14)
    for other in (0.8 * y, 1.25 * y, math.inf):
        more = rp.local_entropy(PERCEPTRON, 0.4, distance, y=other, between="centre")
        assert more.entropy > e.entropy


def test_envelope_between_bounds_where_y_is_too_large(monkeypatch):
    # d = 0.01 has y* = 1722; the bounds hold it if only y < 500 can be resolved
    exact = rp.envelope(PERCEPTRON, 0.4, 0.01)
    assert exact.y > 1000
    dense = binary_finite_y.dense

    def limited(channel, alpha, distance, y, **options):
        if y < 500:
            return dense(channel, alpha, distance, y, **options)
        return failed_point("too large", ORDER)

    monkeypatch.setattr(binary_finite_y, "dense", limited)
    e = rp.envelope(PERCEPTRON, 0.4, 0.01)
    assert e.success and math.isnan(e.y) and "y* is above" in e.message
    assert e.entropy - e.error < exact.entropy < e.entropy < exact.entropy + 1e-3


@pytest.mark.parametrize(("alpha", "distance"), [(0.4, 0.002), (0.2, 0.02)])
def test_envelope_of_small_distances_and_loads(alpha, distance):
    e = rp.envelope(PERCEPTRON, alpha, distance)
    assert e.success and 0 < e.error < 1e-5 and e.normalised <= 1e-15
    last = rp.envelope(PERCEPTRON, 0.05, 0.002)
    assert not last.success and "at y = infinity" in last.message


def test_envelope_beyond_the_typical_distance_and_without_dense_regions():
    e = rp.envelope(PERCEPTRON, 0.8, [0.02, 0.25])
    assert e.success.tolist() == [False, True]
    assert "external entropy" in e.message[0] and e.y[1] == math.inf
    assert e.entropy[1] == rp.rs(PERCEPTRON, 0.8).entropy


# reference values: 12 digits, and 4 digits
@pytest.mark.parametrize(
    ("model", "load", "digits"),
    [
        (PERCEPTRON, 0.7553020261886555, 1e-12),
        (rp.Model(rp.Binary(), rp.Wide("sign")), 0.7151, 5e-5),
    ],
)
def test_monotonic_load_equals_reference(model, load, digits):
    c = rp.monotonic_load(model)
    assert c.value == pytest.approx(load, abs=digits) and c.error < 1e-12
    below, above = (
        rp.local_entropy(model, c.value + shift, c.order["distance"], between="centre")
        for shift in (-1e-4, 1e-4)
    )
    assert 0 < below.order["p_hat"] < 0.01 and not above.success


@pytest.mark.parametrize("kappa", [-2.0, 1.5, 3.0])
def test_monotonic_load_with_a_margin_separates_rising_from_falling_curves(kappa):
    model = rp.Model(rp.Binary(), rp.Perceptron(kappa))
    c = rp.monotonic_load(model)
    assert c.success
    d = 0.5 * c.order["eps"] * np.array([0.99, 1.0, 1.01])
    below, above = (
        rp.local_entropy(model, x * c.value, d).entropy for x in (0.9999, 1.0001)
    )
    assert np.all(np.diff(below) > 0)
    assert np.any(np.diff(above) < 0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: rp.envelope(PERCEPTRON, -1, 0.1), ValueError, "alpha must be"),
        (lambda: rp.envelope(PERCEPTRON, 0.4, 0.5), ValueError, "distance must be"),
        (lambda: rp.envelope(PERCEPTRON, 0.4, 0.1, "all"), ValueError, "between must"),
        (
            lambda: rp.envelope(rp.Model(rp.Spherical(), rp.Perceptron()), 1, 0.1),
            ValueError,
            "prior must be Binary",
        ),
        (
            lambda: rp.monotonic_load(rp.Model(rp.Binary(), rp.Tree(3))),
            ValueError,
            "monotonic_load: the channel must be Perceptron or Wide",
        ),
        (lambda: rp.monotonic_load(1), TypeError, "model must be a Model"),
    ],
)
def test_bad_input_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
