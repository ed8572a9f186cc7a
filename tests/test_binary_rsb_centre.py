"""The 1-RSB centre of binary weights: saddle, limits, ends."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erfcx, log_ndtr, roots_legendre

import replicas as rp
from replicas import binary_large_y, binary_rsb_centre, krsb, priors
from replicas.binary_rsb_search import Place, Search
from replicas.krsb import Levels

PERCEPTRON = rp.Model(rp.Binary(), rp.Perceptron())
WIDE = rp.Model(rp.Binary(), rp.Wide("sign"))


def broken(model, alpha, distance, between="replicas"):
    return rp.local_entropy(model, alpha, distance, between=between, centre="1rsb")


def test_point_equals_reference():
    # reference values, alpha = 0.4, q1 = 0.8, 7 digits
    e = broken(PERCEPTRON, 0.4, 0.1)
    assert e.entropy == pytest.approx(0.19096427, abs=5e-9)
    for name, value in [
        ("mu", 39.97744178),
        ("q0", 0.6810822746),
        ("delta", 0.1559350884),
        ("q0_hat", 0.01959473094),
        ("q_hat", 0.02429454772),
        ("dq_hat", 1.3240629484),
    ]:
        assert e.order[name] == pytest.approx(value, rel=3e-7)
    assert e.error < 1e-14 and e.residual < 1e-12
    assert e.order["k"] == 1 and e.stability == math.inf


def gaussian(step=0.08, window=9.0):
    z = np.arange(-window, window + step / 2, step)
    return z, step * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def maximum(h, V, D, kappa):
    """M of (RC3) by Newton's method in omega."""
    omega = (h + D / V * kappa) / (1 + D / V)
    for _ in range(60):
        b = (omega - kappa) / math.sqrt(V)
        g = math.sqrt(2 / math.pi) / erfcx(-math.sqrt(0.5) * b)
        step = h - omega + D / math.sqrt(V) * g
        step /= 1 + D / V * g * (g + b)
        omega = omega + step
        if np.abs(step).max() < 1e-9:
            break
    b = (omega - kappa) / math.sqrt(V)
    return log_ndtr(b) - 0.5 * (omega - h) ** 2 / D


def patterns(channel, order):
    """F of (BR2) by the trapezoid."""
    tq, V, dtq, _ = channel.kernel.overlap(order["q1"], 1 - order["q1"])
    t0 = channel.kernel.overlap(order["q0"], 1 - order["q0"])[0]
    z0, w0 = gaussian()
    # the tilt moves centres that violate a pattern by up to 20 widths
    z, w = gaussian(window=25.0)
    h = math.sqrt(t0) * z0[:, None] + math.sqrt(tq - t0) * z
    M = order["mu"] * maximum(h, V, order["delta"] * dtq, channel.kappa)
    top = M.max(axis=1)
    return w0 @ (top + np.log(np.exp(M - top[:, None]) @ w)) / order["mu"]


def magnetisation(x, dq_hat):
    """The maximiser m >= 0 of (BR1), x >= 0, by bisection of m = tanh(x + dq_hat m)."""
    low, high = np.zeros_like(x), np.ones_like(x)
    # the largest root: to the left of it the largest slope is passed
    if dq_hat > 1:
        low += math.sqrt(1 - 1 / dq_hat)
    for _ in range(60):
        m = 0.5 * (low + high)
        above = m > np.tanh(x + dq_hat * m)
        low, high = np.where(above, low, m), np.where(above, m, high)
    return m


def rows(h, order):
    """log E_z exp(mu Psi(h + sqrt(v) z))/mu: panels in x on both sides of 0."""
    mu, dq_hat = order["mu"], order["dq_hat"]
    v = order["q_hat"] - order["q0_hat"]
    t, w = roots_legendre(40)
    bound = np.max(h) + mu * v + 10 * math.sqrt(v)
    edges = np.linspace(0, bound, 1 + math.ceil(bound / (4 * math.sqrt(v))))
    if dq_hat < 1:  # Psi' rises like a cube root near dq_hat = 1
        edges = np.concatenate([[0], bound * 2.0 ** -np.arange(30, 4, -1), edges[1:]])
        edges = np.unique(edges)
    x = (0.5 * (edges[1:] + edges[:-1]) + 0.5 * np.diff(edges) * t[:, None]).ravel()
    w = (0.5 * np.diff(edges) * w[:, None]).ravel()
    m = magnetisation(x + order["p_hat"], dq_hat)
    X = x + dq_hat * m + order["p_hat"]
    Psi = X + np.log1p(np.exp(-2 * X)) - 0.5 * dq_hat * m * m
    exponent = mu * Psi - np.array([(x - h[:, None]) ** 2, (x + h[:, None]) ** 2]) / (
        2 * v
    )
    top = exponent.max(axis=(0, 2))
    total = np.exp(exponent - top[:, None]).sum(axis=0) @ w
    return (top + np.log(total / math.sqrt(2 * math.pi * v))) / mu


def action(model, alpha, order, p=0.0):
    """(BR2), (BR15) by other sums than the library's."""
    # crowded where the sign of the centre switches
    scale = 1 / (order["mu"] * math.sqrt(order["q0_hat"]))
    t = np.arange(0, math.asinh(9 / scale), 0.06)
    u = scale * np.sinh(t)
    w = 0.06 * scale * np.cosh(t) * np.exp(-u * u / 2) / math.sqrt(2 * math.pi)
    w[1:] *= 2
    W = w @ rows(math.sqrt(order["q0_hat"]) * u, order)
    q1, q0, q_hat = order["q1"], order["q0"], order["q_hat"]
    value = -0.5 * q_hat * (1 - q1) - order["p_hat"] * p
    value -= 0.5 * (q1 * order["dq_hat"] + q_hat * order["delta"])
    value -= 0.5 * order["mu"] * (q1 * q_hat - q0 * order["q0_hat"])
    return value + W + alpha * patterns(model.channel, order)


@pytest.mark.parametrize(
    ("model", "alpha", "distance", "between"),
    [
        (PERCEPTRON, 0.4, 0.04, "replicas"),
        (PERCEPTRON, 0.75, 0.07, "replicas"),
        (rp.Model(rp.Binary(), rp.Perceptron(-0.4)), 1.0, 0.1, "replicas"),
        (rp.Model(rp.Binary(), rp.Wide("sign", 0.2)), 0.5, 0.12, "replicas"),
        (PERCEPTRON, 0.7, 0.03, "centre"),
        (WIDE, 0.6, 0.1, "centre"),
    ],
)
def test_point_makes_the_action_stationary(model, alpha, distance, between):
    e = broken(model, alpha, distance, between)
    names = ["q0", "mu", "delta", "q_hat", "q0_hat", "dq_hat"]
    p = 0.0
    if between == "centre":
        names, p = [*names, "q1", "p_hat"], 1 - 2 * distance
        assert e.order["p"] == pytest.approx(p, abs=1e-12)
    value = action(model, alpha, e.order, p)
    assert e.entropy == pytest.approx(value, abs=2e-12)
    for name in names:
        moved = [
            action(model, alpha, e.order | {name: e.order[name] * factor}, p)
            for factor in (0.997, 1.003)
        ]
        assert abs(moved[1] - moved[0]) < 0.05 * abs(moved[0] + moved[1] - 2 * value)


def test_outer_replicon_has_the_response_of_the_rows():
    e = broken(PERCEPTRON, 0.4, 0.1)
    o = e.order
    u, w = gaussian(0.005, 8.0)
    h, step = math.sqrt(o["q0_hat"]) * np.abs(u), 2e-4
    around = [rows(np.abs(h + k * step), o) for k in (-1, 0, 1)]
    response = (around[0] + around[2] - 2 * around[1]) / step**2
    levels = Levels(o["eps"], np.array([o["q0"]]), np.array([o["mu"]]), o["delta"])
    a = krsb.averages(rp.Perceptron(), levels, krsb.grid_for(rp.Perceptron(), levels))
    outer = 0.4 * a[2].d2[0] * (w @ response**2)
    assert o["replicon_outer"] == pytest.approx(outer, rel=1e-4)


def state(alpha, eps, q0, mu, delta):
    levels = Levels(eps, np.array([q0]), np.array([mu]), delta)
    sums, gap = binary_rsb_centre.SUMS, priors.mean_gap(eps)
    return binary_rsb_centre.State.at(
        sums, rp.Perceptron(), alpha, gap, False, levels, 1.5
    )


@pytest.mark.parametrize(("q0", "mu"), [(0.4, 1e-6), (0.8 - 1e-3, 1.0)])
def test_free_entropy_is_the_symmetric_one_as_mu_or_the_gap_vanish(q0, mu):
    rs = binary_large_y.between_replicas(rp.Perceptron(), 0.4, 0.1)
    here = state(0.4, 0.2, q0, mu, rs["order"]["delta"])
    # linear in mu, in the gap
    assert here.normalised[0] == pytest.approx(rs["normalised"], abs=2e-7)
    assert here.weights.dq_hat == pytest.approx(rs["order"]["dq_hat"], abs=5e-3)


def test_replicons_are_the_symmetric_one_as_mu_vanishes():
    rs = binary_large_y.between_replicas(rp.Perceptron(), 0.4, 0.3)
    inner, _ = state(0.4, 0.6, 0.3, 1e-6, rs["order"]["delta"]).replicons
    assert inner == pytest.approx(rs["stability"], rel=1e-6)
    _, outer = state(0.4, 0.6, 0.4 - 1e-4, 1e-6, rs["order"]["delta"]).replicons
    assert outer == pytest.approx(rs["stability"], rel=1e-2)


@pytest.mark.parametrize(
    ("model", "alpha", "distance"),
    [(PERCEPTRON, 0.4, 0.1), (PERCEPTRON, 0.7, 0.03), (WIDE, 0.5, 0.08)],
)
def test_slopes_are_the_explicit_ones(model, alpha, distance):
    steps, weights = 1e-3 * np.arange(-2, 3), np.array([1, -8, 0, 8, -1]) / 12e-3
    o = broken(model, alpha, distance).order
    levels = Levels(o["eps"], np.array([o["q0"]]), np.array([o["mu"]]), o["delta"])
    grid = krsb.grid_for(model.channel, levels, 10.0)
    d, d2, a = krsb.averages(model.channel, levels, grid)
    e = broken(model, alpha * (1 + steps), distance)
    assert e.entropy @ weights / alpha == pytest.approx(a.f[0], abs=1e-9)
    e = broken(model, alpha, distance * (1 + steps))
    slope = o["dq_hat"] - alpha * o["delta"] * (d[1] ** 2 * a.lift + d2[1] * a.d[1])
    assert e.entropy @ weights / distance == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize(("alpha", "distance"), [(0.4, 0.1), (0.7, 0.02)])
def test_slope_around_a_centre_is_twice_p_hat(alpha, distance):
    h = 1e-3 * distance
    d = distance + h * np.array([-2, -1, 0, 1, 2])
    e = broken(PERCEPTRON, alpha, d, "centre")
    slope = np.dot(e.entropy, [1, -8, 0, 8, -1]) / (12 * h)
    assert slope == pytest.approx(2 * e.order["p_hat"][2], abs=1e-9)


@pytest.mark.parametrize(
    ("alpha", "distances"),
    [(0.4, [0.05, 0.1, 0.2]), (0.7, [0.01, 0.05]), (0.77, [0.03, 0.06])],
)
def test_centre_lies_below_the_envelope_of_finite_y(alpha, distances):
    e = broken(PERCEPTRON, alpha, np.array(distances), "centre")
    envelope = rp.envelope(PERCEPTRON, alpha=alpha, distance=np.array(distances))
    assert e.success.all() and np.all(e.order["p_hat"] > 0)
    assert np.all(e.entropy < envelope.entropy)
    assert np.all(np.diff(e.entropy) > 0)


def test_all_solutions_are_seen_from_far_centres():
    e = broken(PERCEPTRON, 0.7, 0.25, "centre")
    assert e.order["k"] == 0
    assert e.entropy == rp.rs(PERCEPTRON, 0.7).entropy


@settings(max_examples=10, deadline=None)
@given(
    wide=st.booleans(),
    load=st.floats(0.3, 0.9),
    kappa=st.floats(-0.3, 0.3),
    log_d=st.floats(math.log(0.02), math.log(0.3)),
)
def test_broken_centre_has_less_entropy(wide, load, kappa, log_d):
    channel = rp.Wide("sign", kappa) if wide else rp.Perceptron(kappa)
    model, d = rp.Model(rp.Binary(), channel), math.exp(log_d)
    alpha = load * rp.capacity(model).value
    rs, e = rp.local_entropy(model, alpha, d), broken(model, alpha, d)
    if not e.success:
        # typical solutions are nearer; the gap vanishes; delta does at high load
        gap = "q0 -> q1" in e.message and rs.stability < 1.2
        assert "typical" in e.message or gap or ("delta" in e.message and load > 0.8)
        return
    assert (e.order["k"] == 0) == (rs.stability < 1)
    assert e.normalised <= rs.normalised + rs.error + e.error
    assert e.error < 1e-11 and e.residual < 1e-7
    gap = priors.mean_gap(2 * d) / 2
    without = priors.binary_entropy(gap)
    assert e.entropy - e.normalised == pytest.approx(without, abs=1e-14)


def test_no_random_start_leads_lower():
    best = broken(PERCEPTRON, 0.5, 0.08)
    search, rng, found = Search(rp.Perceptron(), 0.5), np.random.default_rng(3), 0
    for _ in range(20):
        x = np.array([rng.uniform(0.5, 3), rng.uniform(1, 5), rng.uniform(-3, 1)])
        there, _ = search.solved(Place(0.08, x, 1.3), 1e-6)
        if not isinstance(there, str):
            found += 1
            assert there.normalised[0] > best.normalised - 1e-12
    assert found >= 6


def test_curve_is_the_same_from_neighbours_and_from_cold():
    d = np.geomspace(0.23, 0.015, 5)
    curve = broken(PERCEPTRON, 0.4, d)
    assert curve.success.all() and np.all(np.diff(curve.normalised) > 0)
    for i in (0, 2, 4):
        one = broken(PERCEPTRON, 0.4, d[i])
        gap = abs(one.normalised - curve.normalised[i])
        assert gap <= one.error + curve.error[i]
    # far below the symmetric centre at small distance
    rs = rp.local_entropy(PERCEPTRON, 0.4, d[-1])
    assert curve.normalised[-1] < 20 * rs.normalised


def test_symmetric_centre_takes_over_continuously():
    d = np.array([0.2, 0.225, 0.232, 0.24])
    e, rs = broken(PERCEPTRON, 0.4, d), rp.local_entropy(PERCEPTRON, 0.4, d)
    lower = rs.normalised - e.normalised
    np.testing.assert_array_equal(e.order["k"], [1, 1, 1, 0])
    assert np.all(np.diff(lower) < 0) and 0 < lower[2] < 1e-6
    assert abs(lower[3]) < 1e-14
    assert np.all(np.diff(e.order["q0"] / e.order["q1"]) > 0)
    assert np.all(np.diff(e.order["replicon_inner"][1:]) < 0)


def test_centre_is_stable_at_high_load():
    e = broken(PERCEPTRON, 0.82, 0.05)
    assert e.order["dq_hat"] < 1 and e.stability < 0.95
    assert rp.local_entropy(PERCEPTRON, 0.82, 0.05).stability == math.inf


def test_curve_ends_on_the_envelope_of_y_replicas():
    # delta vanishes at d = 0.0199, alpha = 0.82
    e = broken(PERCEPTRON, 0.82, 0.02)
    y = e.order["mu"] * np.array([0.97, 1.0, 1.03])
    replicas = rp.local_entropy(PERCEPTRON, 0.82, 0.02, y=y)
    assert replicas.entropy[1] == pytest.approx(e.entropy, abs=1e-7)
    assert np.all(replicas.entropy[[0, 2]] > replicas.entropy[1])
    assert replicas.order["q0"][1] == pytest.approx(e.order["q0"], abs=1e-4)
    nearer = broken(PERCEPTRON, 0.82, 0.015)
    assert not nearer.success and "delta -> 0" in nearer.message


def test_entropy_of_few_patterns_is_that_of_the_distance():
    without = priors.binary_entropy((1 - math.sqrt(0.4)) / 2)
    e = broken(PERCEPTRON, np.array([0.3, 0.2, 0.1]), 0.3)
    assert np.all(np.diff(e.entropy) > 0)
    assert e.entropy[-1] == pytest.approx(without, abs=3e-3)


@pytest.mark.parametrize(
    ("alpha", "distance", "text"),
    [(0.2, 0.01, "above -1e-11"), (0.7, 0.3, "typical")],
)
def test_points_that_are_not_computed_say_why(alpha, distance, text):
    e = broken(PERCEPTRON, alpha, distance)
    assert not e.success and text in e.message and math.isnan(e.entropy)


@pytest.mark.parametrize("change", [{"between": "solution"}, {"y": 5.0}])
def test_local_entropy_refuses_what_the_broken_centre_does_not_have(change):
    arguments = {"model": PERCEPTRON, "alpha": 0.5, "distance": 0.1, "centre": "1rsb"}
    with pytest.raises(ValueError, match="local_entropy: centre must be rs"):
        rp.local_entropy(**(arguments | change))
