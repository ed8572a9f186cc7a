"""Franz-Parisi entropy of scalar channels."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr, roots_legendre

import replicas as rp
from replicas import franz_parisi_ansatz as ansatz
from replicas.franz_parisi_reference import references
from replicas.franz_parisi_terms import Overlaps, scalar_averages
from replicas.quadrature import Rule


def model(channel):
    return rp.Model(rp.Spherical(), channel)


# reference values (alpha, p, normalised): two independent evaluations, 9 digits
PERCEPTRON = [
    (1.0, 0.8, -0.438299461282465),
    (1.0, 0.9, -0.3095239130700589),
    (1.0, 0.95, -0.21935548559393858),
]
WIDE = [
    (1.0, 0.8, -0.4757447294700088),
    (1.0, 0.95, -0.3305938001523736),
    (1.0, 0.99, -0.2186033542429171),
]


@pytest.mark.parametrize(
    ("channel", "alpha", "p", "value"),
    [(rp.Perceptron(), *row) for row in PERCEPTRON]
    + [(rp.Wide(), *row) for row in WIDE],
)
def test_franz_parisi_equals_reference(channel, alpha, p, value):
    f = rp.franz_parisi(model(channel), alpha, (1 - p) / 2)
    assert f.success
    assert f.normalised == pytest.approx(value, abs=1e-9)
    assert f.entropy == pytest.approx(value + 0.5 * math.log(1 - p * p), abs=1e-9)
    assert f.error < 1e-11
    assert f.residual < 1e-11
    assert f.ansatz == "franz-parisi"
    assert f.between == "reference"


def energetic(wide, kappa, p, q1, t, q):
    """(F6) by quad over z0 and Legendre panels in y, overlaps taken literally."""
    if wide:
        p, q1, t, q = (2 / np.pi * np.arcsin(v) for v in (p, q1, t, q))
    V = q1 - t * t / q
    rho = (p - t) / math.sqrt((1 - q) * V)
    x, w = roots_legendre(16)

    def inner(z0):
        b = (math.sqrt(q) * z0 - kappa) / math.sqrt(1 - q)
        front, width = -b / rho, math.sqrt(1 - rho * rho) / rho
        ends = front + width * np.array([-8, -4, -2, -1, 0, 1, 2, 4, 8])
        ends = np.unique(np.clip(np.r_[ends, np.arange(-14, 14.5, 0.5)], -14, 14))
        half = 0.5 * np.diff(ends)[:, None]
        y = ends[:-1, None] + half * (1 + x)
        weight = half * w * np.exp(-0.5 * y * y) / math.sqrt(2 * math.pi)
        weight *= ndtr((b + rho * y) / math.sqrt(1 - rho * rho)) / ndtr(b)
        omega = t / math.sqrt(q) * z0 + math.sqrt(V) * y
        return (weight * log_ndtr((omega - kappa) / math.sqrt(1 - q1))).sum()

    def outer(z0):
        return math.exp(-0.5 * z0 * z0) / math.sqrt(2 * math.pi) * inner(z0)

    return quad(outer, -8.2, 8.2, points=[0], epsabs=1e-12, limit=200)[0]


def brute_force(wide, kappa, alpha, p, q1, t, q):
    """(F2) from the literal formulas."""
    A = (p * p - t * t) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
    entropic = 0.5 * (math.log(1 - q1) + (q1 - A) / (1 - q1))
    return entropic + alpha * energetic(wide, kappa, p, q1, t, q)


@pytest.mark.parametrize(
    ("wide", "kappa", "alpha", "p"),
    [(False, 0.3, 0.7, 0.85), (False, -0.5, 1.6, 0.35), (True, 0.2, 0.6, 0.9)],
)
def test_franz_parisi_is_a_saddle_of_the_literal_formulas(wide, kappa, alpha, p):
    channel = rp.Wide("sign", kappa) if wide else rp.Perceptron(kappa)
    f = rp.franz_parisi(model(channel), alpha, (1 - p) / 2)
    q, q1, t = (f.order[name] for name in ("q", "q1", "t"))

    def S(dq1, dt):
        return brute_force(wide, kappa, alpha, p, q1 + dq1, t + dt, q)

    assert f.entropy == pytest.approx(S(0, 0), abs=2e-11)
    h = 1e-4
    assert S(h, 0) == pytest.approx(S(-h, 0), abs=2 * h * 1e-6)
    assert S(0, h) == pytest.approx(S(0, -h), abs=2 * h * 1e-6)


def test_energetic_equals_reference():
    # reference value, two independent evaluations, 10 digits
    q, p, t, q1 = 0.58, 0.8, 0.6, 0.72
    c = (t - p * q) / math.sqrt(q * (1 - q) * (1 - p * p))
    delta = 1 - (1 - q1) / (1 - p * p) / (1 - c * c)
    o = Overlaps(q, 1 - q, 1 - p, c, delta)
    assert o.t == pytest.approx(t, abs=1e-15)
    assert o.eps1 == pytest.approx(1 - q1, abs=1e-15)
    e = scalar_averages(rp.Perceptron(), rp.Perceptron(), o, Rule())
    assert e.f == pytest.approx(-0.6411492190275557, abs=1e-10)
    assert e.norm == pytest.approx(1, abs=1e-12)


CHANNELS = [rp.Perceptron(0.2), rp.Perceptron(-0.8), rp.Wide("sign", -0.3)]


@pytest.mark.parametrize("channel", CHANNELS)
def test_gradient_and_jacobian_equal_differences(channel):
    alpha, q, rule = 0.8, 0.4, Rule(0.05, 9)
    reference = references(model(channel), np.array([alpha]))[alpha]
    reference = replace(reference, q=q, eps=1 - q)
    problem = ansatz.Problem(rp.Spherical(), channel, alpha, reference)

    def at(c, delta):
        return ansatz.equations(problem, Overlaps(q, 1 - q, 0.15, c, delta), rule)

    def S(c, delta):
        state = at(c, delta)
        return state.s.value + alpha * state.e.f

    def difference(F, direction, h=2e-3):
        def move(k):
            return F(0.3 + k * h * direction[0], 0.2 + k * h * direction[1])

        return (8 * (move(1) - move(-1)) - move(2) + move(-2)) / (12 * h)

    state = at(0.3, 0.2)
    o, e = state.o, state.e
    _, slope_q1, slope_t = problem.prior.franz_parisi(q, 1 - q, 0.15, 0.3, 0.2)
    dq1, dt = o.gradients()
    gradient = (slope_q1 - 0.5 * alpha * e.dq1 * e.f1_squared) * dq1
    gradient += (slope_t - alpha * e.dt * e.f1g) * dt
    for i, direction in enumerate([(1, 0), (0, 1)]):
        assert difference(S, direction) == pytest.approx(gradient[i], abs=1e-8)
        numeric = difference(lambda c, delta: at(c, delta).s.residual, direction)
        assert numeric == pytest.approx(state.jacobian[:, i], abs=1e-7)


@pytest.mark.parametrize(
    ("channel", "alpha"), [(rp.Perceptron(), 1.3), (rp.Wide("sign", 0.1), 1.7)]
)
def test_franz_parisi_at_typical_distance_is_replica_symmetric(channel, alpha):
    s = rp.rs(model(channel), alpha)
    q = s.order["q"]
    f = rp.franz_parisi(model(channel), alpha, s.order["eps"] / 2)
    assert f.order["q1"] == pytest.approx(q, abs=1e-10)
    assert f.order["t"] == pytest.approx(q, abs=1e-10)
    assert f.entropy == pytest.approx(s.entropy, abs=f.error + s.error)
    assert f.normalised == pytest.approx(s.entropy - 0.5 * math.log(1 - q * q))
    assert f.stability == pytest.approx(s.stability, abs=1e-9)


@pytest.mark.parametrize(
    ("channel", "alpha"),
    [(rp.Perceptron(), 1.99), (rp.Perceptron(), 1.998), (rp.Perceptron(1.0), 0.518)],
)
def test_franz_parisi_error_covers_rounding_near_the_capacity(channel, alpha):
    s = rp.rs(model(channel), alpha)
    d = 0.5 * s.order["eps"]
    f = rp.franz_parisi(model(channel), alpha, d)
    assert abs(f.entropy - s.entropy) <= f.error + s.error
    assert f.error < 5e-9


def test_franz_parisi_has_no_gaps_near_the_capacity():
    # the sums must be finer for Newton's method to converge at all
    typical = 0.5 * rp.rs(model(rp.Perceptron()), 1.98).order["eps"]
    d = typical * np.array([0.3, 0.36, 0.4, 0.47, 0.99, 1.01, 1.03, 1.3])
    f = rp.franz_parisi(model(rp.Perceptron()), 1.98, d)
    assert f.success.all()
    assert f.error.max() < 1e-9
    # largest at the typical distance, and smooth
    assert np.argmax(f.entropy) in (4, 5)
    assert np.all(np.diff(np.diff(f.entropy) / np.diff(d)) < 0)


@pytest.mark.parametrize("shift", [1e-9, -1e-7, 1e-5, -1e-3, 1e-2])
def test_franz_parisi_is_smooth_across_the_typical_distance(shift):
    m = model(rp.Perceptron())
    d = rp.rs(m, 1.0).order["eps"] / 2
    f = rp.franz_parisi(m, 1.0, [d + k * shift for k in (-2, -1, 0, 1, 2)])
    assert f.success.all()
    smooth = f.normalised @ [-1, 4, -6, 4, -1]
    assert abs(smooth) <= 16 * f.error.max() + 1000 * shift**4


def test_franz_parisi_vanishes_as_the_square_root_of_small_distances():
    m = model(rp.Perceptron())
    q = rp.rs(m, 1.0).order["q"]
    f = rp.franz_parisi(m, 1.0, 1e-6)
    root = math.sqrt(q / (1 - q))

    def integrand(z):
        log_weight = -0.5 * z * z * (1 + root * root) - log_ndtr(root * z)
        return math.exp(log_weight) / (2 * math.pi)

    density = quad(integrand, -9, 9)[0] / math.sqrt(1 - q)
    C = -density * quad(log_ndtr, 0, 12)[0]
    span = 4e-6 * (1 - 1e-6)
    assert f.normalised == pytest.approx(-C * math.sqrt(span), rel=1e-4)


def test_franz_parisi_of_wide_committees_vanishes_as_the_fourth_root():
    f = rp.franz_parisi(model(rp.Wide()), 1.0, [1e-5, 1e-6])
    assert f.normalised[0] / f.normalised[1] == pytest.approx(10**0.25, rel=5e-3)


def test_franz_parisi_branch_does_not_depend_on_the_start():
    m = model(rp.Perceptron())
    d = np.array([0.49, 1e-6, 0.3, 0.01, 0.2, 0.1])
    warm = rp.franz_parisi(m, 1.0, d)
    cold = np.array([rp.franz_parisi(m, 1.0, x).normalised for x in d])
    assert warm.success.all()
    assert np.all(np.abs(warm.normalised - cold) <= warm.error)


@pytest.mark.parametrize("channel", [*CHANNELS, rp.Wide(), rp.Perceptron()])
def test_franz_parisi_error_is_honest(channel, monkeypatch):
    alpha, d = np.array([[0.1], [0.9], [1.6]]), [0.45, 0.15, 0.02, 1e-4]
    f = rp.franz_parisi(model(channel), alpha, d)
    fine = Rule(0.04, 10.0)
    accuracy = ansatz.Accuracy(fine, fine, 1.5, 0.05, 1e-11)
    monkeypatch.setattr(ansatz, "SCALAR", accuracy)
    exact = rp.franz_parisi(model(channel), alpha, d)
    assert f.normalised.shape == (3, 4)
    np.testing.assert_array_equal(f.success, exact.success)
    true = np.abs(f.normalised - exact.normalised)[f.success]
    assert np.all(true <= f.error[f.success] + exact.error[f.success])
    assert np.all(f.error[f.success] < 1e-10)


def test_franz_parisi_fails_where_there_is_no_saddle():
    m = model(rp.Perceptron())
    f = rp.franz_parisi(m, [1.9, 2.1], [0.4, 0.1])
    assert not f.success.any()
    assert np.isnan(f.entropy).all()
    assert np.isnan(f.error).all()
    assert "no solutions so far away" in f.message[0]
    assert "capacity" in f.message[1]
    # beyond the instability of the references there is no saddle at p = q
    wide = model(rp.Wide())
    d = rp.rs(wide, 3.5).order["eps"] / 2
    assert "not replica symmetric" in rp.franz_parisi(wide, 3.5, 0.97 * d).message


@pytest.mark.parametrize("alpha", [0, -1.0, math.nan, math.inf])
def test_franz_parisi_refuses_alpha(alpha):
    with pytest.raises(ValueError, match="franz_parisi: alpha"):
        rp.franz_parisi(model(rp.Perceptron()), alpha, 0.1)


@pytest.mark.parametrize("distance", [0, 0.5, -0.1, 2, math.nan])
def test_franz_parisi_refuses_distance(distance):
    with pytest.raises(ValueError, match="franz_parisi: distance"):
        rp.franz_parisi(model(rp.Perceptron()), 1.0, [0.1, distance])


def test_franz_parisi_refuses_other_arguments():
    m = model(rp.Perceptron())
    with pytest.raises(TypeError, match="franz_parisi: alpha"):
        rp.franz_parisi(m, "1", 0.1)
    with pytest.raises(TypeError, match="franz_parisi: distance"):
        rp.franz_parisi(m, 1.0, "0.1")
    with pytest.raises(TypeError, match="franz_parisi: model"):
        rp.franz_parisi("perceptron", 1.0, 0.1)
    with pytest.raises(TypeError, match="franz_parisi: reference must be None"):
        rp.franz_parisi(m, 1.0, 0.1, reference="teacher")
    with pytest.raises(ValueError, match="reference must have the units"):
        rp.franz_parisi(m, 1.0, 0.1, reference=model(rp.Wide()))
    binary = rp.Model(rp.Binary(), rp.Perceptron())
    with pytest.raises(ValueError, match="reference must have the prior"):
        rp.franz_parisi(m, 1.0, 0.1, reference=binary)
