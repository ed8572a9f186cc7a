"""Franz-Parisi entropy of trees."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr

import replicas as rp
from replicas import franz_parisi_ansatz as ansatz
from replicas.franz_parisi_reference import references
from replicas.franz_parisi_terms import Overlaps
from replicas.quadrature import Rule
from replicas.tree_franz_parisi import tree_averages


def model(K, rule="majority"):
    return rp.Model(rp.Spherical(), rp.Tree(K, rule))


def overlaps(q, p, t, q1):
    c = (t - p * q) / math.sqrt(q * (1 - q) * (1 - p * p))
    return Overlaps(q, 1 - q, 1 - p, c, 1 - (1 - q1) / (1 - p * p) / (1 - c * c))


# reference values (p, normalised) at alpha = 1: two independent evaluations, 9 digits
@pytest.mark.parametrize(
    ("p", "value"), [(0.8, -0.4180472100227699), (0.95, -0.2193242901453487)]
)
def test_franz_parisi_equals_reference(p, value):
    f = rp.franz_parisi(model(3), 1.0, (1 - p) / 2)
    assert f.success
    assert f.normalised == pytest.approx(value, abs=1e-10)
    assert f.error < 3e-9
    assert f.residual < 1e-11


def test_tree_averages_equals_reference():
    # reference value, two independent evaluations, 9 digits
    e = tree_averages(rp.Tree(3), overlaps(0.39, 0.8, 0.41, 0.72), Rule(0.2, 8.0))
    assert e.f == pytest.approx(-0.4815155436677948, abs=1e-10)
    assert e.norm == pytest.approx(1, abs=1e-12)


def literal_parity(q, p, t, q1):
    """(F6) of the parity of two units, a sum over four Gaussians."""
    V = q1 - t * t / q
    rho = (p - t) / math.sqrt((1 - q) * V)
    x = np.arange(-8, 8.01, 0.25)
    weight = 0.25 * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    z, y = x[:, None], x[None, :]

    def combine(u, v):
        return u[0][:, :, None, None] * v[0] + u[1][:, :, None, None] * v[1]

    def both(b):
        return np.array([ndtr(b), ndtr(-b)])

    h = both((math.sqrt(q / (1 - q)) * z + rho * y) / math.sqrt(1 - rho * rho))
    h0 = both(math.sqrt(q / (1 - q)) * z + 0 * y)
    h1 = both((t / math.sqrt(q) * z + math.sqrt(V) * y) / math.sqrt(1 - q1))
    w = np.outer(weight, weight)
    integrand = combine(h, h) / combine(h0, h0) * np.log(combine(h1, h1))
    return float(np.einsum("ij,kl,ijkl", w, w, integrand))


@pytest.mark.parametrize("point", [(0.4, 0.6, 0.42, 0.55), (0.4, 0.45, 0.41, 0.44)])
def test_tree_averages_equals_literal_sum(point):
    # the second point has a narrow law: interpolation, the first the trapezoid
    e = tree_averages(rp.Tree(2, "parity"), overlaps(*point), Rule(0.15, 8.0))
    assert e.f == pytest.approx(literal_parity(*point), abs=1e-9)


@pytest.mark.parametrize(("K", "rule"), [(3, "majority"), (2, "parity")])
def test_gradient_and_jacobian_equal_differences(K, rule):
    m, alpha, q = model(K, rule), 0.8, 0.4
    reference = references(m, np.array([alpha]))[alpha]
    reference = replace(reference, q=q, eps=1 - q)
    problem = ansatz.Problem(m.prior, m.channel, alpha, reference)

    def at(c, delta):
        o = Overlaps(q, 1 - q, 0.25, c, delta)
        return ansatz.equations(problem, o, Rule(0.2, 7.0))

    def values(c, delta):
        state = at(c, delta)
        return np.append(state.s.residual, state.s.value + alpha * state.e.f)

    def difference(direction, h=4e-3):
        def move(k):
            return values(0.3 + k * h * direction[0], 0.2 + k * h * direction[1])

        return (8 * (move(1) - move(-1)) - move(2) + move(-2)) / (12 * h)

    state = at(0.3, 0.2)
    e = state.e
    _, slope_q1, slope_t = m.prior.franz_parisi(q, 1 - q, 0.25, 0.3, 0.2)
    dq1, dt = state.o.gradients()
    gradient = (slope_q1 - 0.5 * alpha * e.f1_squared) * dq1
    gradient += (slope_t - alpha * e.f1g) * dt
    for i, direction in enumerate([(1, 0), (0, 1)]):
        numeric = difference(direction)
        assert numeric[2] == pytest.approx(gradient[i], abs=1e-7)
        assert numeric[:2] == pytest.approx(state.jacobian[:, i], abs=1e-6)


def test_franz_parisi_at_typical_distance_is_replica_symmetric():
    s = rp.rs(model(3), 1.0)
    f = rp.franz_parisi(model(3), 1.0, s.order["eps"] / 2)
    assert f.order["q1"] == pytest.approx(s.order["q"], abs=1e-7)
    assert f.order["t"] == pytest.approx(s.order["q"], abs=1e-7)
    assert f.entropy == pytest.approx(s.entropy, abs=f.error + s.error)
    assert f.stability == pytest.approx(s.stability, abs=1e-7)


@pytest.mark.parametrize(
    ("K", "rule"),
    [(2, "parity"), pytest.param(3, "majority", marks=pytest.mark.full)],
)
def test_franz_parisi_error_is_honest(K, rule, monkeypatch):
    m, d = model(K, rule), [0.45, 0.31, 0.2, 0.005]
    f = rp.franz_parisi(m, 1.2, d)
    fine = Rule(0.17, 7.8)
    accuracy = ansatz.Accuracy(fine, fine, 1.25, 0.2, 1e-9)
    monkeypatch.setattr(ansatz, "TREE", accuracy)
    exact = rp.franz_parisi(m, 1.2, d)
    assert f.success.all()
    assert np.all(np.abs(f.normalised - exact.normalised) <= f.error)
    assert np.all(f.error < 1e-8)


def test_franz_parisi_branch_does_not_depend_on_the_start():
    m = model(2, "parity")
    d = np.array([0.1, 0.45, 0.3, 1e-5])
    warm = rp.franz_parisi(m, 1.4, d)
    cold = np.array([rp.franz_parisi(m, 1.4, x).normalised for x in d])
    assert warm.success.all()
    assert np.all(np.abs(warm.normalised - cold) <= warm.error)


def test_franz_parisi_of_uncorrelated_references_tends_to_their_entropy():
    # parity below its transition: q = 0, typical solutions are at d = 1/2
    f = rp.franz_parisi(model(3, "parity"), 1.5, 0.49)
    assert f.order["q"] == 0
    assert f.order["t"] == 0
    assert f.normalised == pytest.approx(-1.5 * math.log(2), abs=1e-5)


def test_franz_parisi_of_one_unit_is_the_perceptron():
    f = rp.franz_parisi(model(1), 0.7, [0.1, 0.2])
    g = rp.franz_parisi(rp.Model(rp.Spherical(), rp.Perceptron()), 0.7, [0.1, 0.2])
    np.testing.assert_array_equal(f.normalised, g.normalised)


def test_small_distances_follow_the_square_root():
    # the density of typical fields at 0+ gives the slope, as for one unit
    m = model(2, "parity")
    f = rp.franz_parisi(m, 1.0, [1e-4, 1e-6])
    # q = 0: each of the two units has half-normal fields, rho0 = 2 G(0)
    C = -2 * 2 / math.sqrt(2 * math.pi) * quad(log_ndtr, 0, 12)[0]
    slope = -f.normalised / np.sqrt(4 * f.distance * (1 - f.distance))
    assert slope[1] == pytest.approx(C, rel=2e-3)
    assert abs(slope[1] / C - 1) < abs(slope[0] / C - 1)


def test_franz_parisi_refuses_more_units():
    with pytest.raises(ValueError, match="K = 1, 3, 5 or 7"):
        rp.franz_parisi(model(9), 1.0, 0.1)


def test_franz_parisi_fails_for_strongly_correlated_references():
    f = rp.franz_parisi(model(3), [3.4, 5.0], 0.1)
    assert not f.success.any()
    assert np.isnan(f.entropy).all()
    assert "overlap exceeds 0.7" in f.message[0]
    assert "capacity" in f.message[1]
