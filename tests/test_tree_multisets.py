"""Franz-Parisi entropy of trees of many units."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

import replicas as rp
from replicas import franz_parisi_ansatz as ansatz
from replicas import tree_multisets
from replicas.franz_parisi_reference import references
from replicas.franz_parisi_terms import Overlaps
from replicas.quadrature import Rule
from replicas.tree_franz_parisi import tree_averages
from replicas.tree_multisets import TooLarge, multiset_averages


def model(K, rule="majority", prior=None):
    return rp.Model(prior or rp.Binary(), rp.Tree(K, rule))


def overlaps(q, p, t, q1):
    c = (t - p * q) / math.sqrt(q * (1 - q) * (1 - p * p)) if q else 0.0
    return Overlaps(q, 1 - q, 1 - p, c, 1 - (1 - q1) / (1 - p * p) / (1 - c * c))


POINTS = [(0.35, 0.8, 0.37, 0.72), (0.3, 0.32, 0.3, 0.305), (0.35, 0.99, 0.351, 0.981)]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("rule", ["majority", "parity"])
def test_averages_over_multisets_equal_those_over_the_cube(point, rule):
    o = overlaps(*point)
    fine = multiset_averages(rp.Tree(3, rule), o, Rule(0.22, 7.5))
    cube = tree_averages(rp.Tree(3, rule), o, Rule(0.22, 7.5))
    for name in ("f", "f1_squared", "f2_squared", "f1_squared_f2", "norm"):
        value = getattr(cube, name)
        assert getattr(fine, name) == pytest.approx(value, rel=3e-5)
    # by parts; by differences
    assert fine.f1g == pytest.approx(cube.f1g, rel=2e-6)
    assert fine.f1_f2_g == pytest.approx(cube.f1_f2_g, rel=2e-3, abs=1e-4)
    assert fine.f2_g == pytest.approx(cube.f2_g, rel=2e-3, abs=1e-4)


def accepted(channel, h):
    """Probability that a tree accepts, units positive with probabilities h (..., K)."""
    counts = np.zeros((*h.shape[:-1], channel.K + 1))
    counts[..., 0] = 1
    for unit in np.moveaxis(h, -1, 0):
        moved = np.roll(counts, 1, axis=-1) * unit[..., None]
        counts = counts * (1 - unit[..., None]) + moved
    if channel.rule == "majority":
        return counts[..., (channel.K + 1) // 2 :].sum(axis=-1)
    return counts[..., channel.K % 2 :: 2].sum(axis=-1)


@pytest.mark.parametrize(
    ("K", "rule", "step"),
    [(5, "majority", 0.5), (7, "majority", 0.8), (4, "parity", 0.4)],
)
def test_averages_equal_monte_carlo(K, rule, step):
    # (F6) literally: all fields drawn, the ratio of probabilities as weight
    channel, o = rp.Tree(K, rule), overlaps(*POINTS[0])
    rng = np.random.default_rng(1)
    z, y = rng.standard_normal((2, 200_000, K))
    V = 1 - o.eps1 - o.t**2 / o.q
    rho = (1 - o.eps_p - o.t) / math.sqrt(o.eps * V)
    a, rest = math.sqrt(o.q / o.eps), math.sqrt(1 - rho * rho)
    ratio = accepted(channel, ndtr((a * z + rho * y) / rest))
    ratio /= accepted(channel, ndtr(a * z))
    b = (o.t / math.sqrt(o.q) * z + math.sqrt(V) * y) / math.sqrt(o.eps1)
    log_p = np.log(accepted(channel, ndtr(b)))
    drawn = ratio * (log_p + 0.5)  # E ratio = 1 is known
    e = multiset_averages(channel, o, Rule(step, 6.0))
    error = drawn.std() / math.sqrt(len(drawn))
    assert error < 3e-3
    assert e.f + 0.5 == pytest.approx(drawn.mean(), abs=4 * error)


def test_gradient_and_jacobian_equal_differences():
    m, alpha = model(5), 0.5
    problem = ansatz.Problem(m.prior, m.channel, alpha, references(m, [alpha])[alpha])
    q, eps = problem.reference.q, problem.reference.eps

    def at(c, delta):
        o = Overlaps(q, eps, 0.25, c, delta)
        return ansatz.equations(problem, o, Rule(0.4, 6.5))

    def difference(one, other, h):
        return [
            (x - y) / (2 * h)
            for x, y in [(one.e.f, other.e.f), (one.s.residual, other.s.residual)]
        ]

    state, h = at(0.3, 0.2), 1e-2
    dq1, dt = state.o.gradients()
    gradient = -0.5 * state.e.f1_squared * dq1 - state.e.f1g * dt
    for i, (dc, ddelta) in enumerate([(h, 0), (0, h)]):
        pair = at(0.3 + dc, 0.2 + ddelta), at(0.3 - dc, 0.2 - ddelta)
        slope, residuals = difference(*pair, h)
        assert slope == pytest.approx(gradient[i], rel=1e-3)
        assert residuals == pytest.approx(state.jacobian[:, i], rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("prior", [rp.Binary(), rp.Spherical()])
def test_three_units_on_multisets_are_within_the_error(prior, monkeypatch):
    d = [0.25, 0.1, 0.02]
    exact = rp.franz_parisi(model(3, prior=prior), 0.8, d)
    monkeypatch.setattr(ansatz, "GRID_UNITS", 2)
    for accuracy, bound in ((ansatz.FIVE, 5e-5), (ansatz.SEVEN, 2e-2)):
        monkeypatch.setattr(ansatz, "FIVE", accuracy)
        f = rp.franz_parisi(model(3, prior=prior), 0.8, d)
        assert f.success.all()
        off = np.abs(f.normalised - exact.normalised)
        assert np.all(off <= f.error + exact.error)
        assert np.all(f.error < bound)


def test_franz_parisi_error_is_honest(monkeypatch):
    d = [0.3, 0.15]
    f = rp.franz_parisi(model(5), 0.85, d)
    fine = Rule(0.45, 6.5)
    accuracy = ansatz.Accuracy(fine, fine, 1.25, 1.0, 1e-6, 1e-7, 1e-3)
    monkeypatch.setattr(ansatz, "FIVE", accuracy)
    exact = rp.franz_parisi(model(5), 0.85, d)
    assert f.success.all()
    assert np.all(np.abs(f.normalised - exact.normalised) <= f.error)
    assert np.all(f.error < 3e-5)


@pytest.mark.parametrize("alpha", [0.5, 0.85])
def test_franz_parisi_at_typical_distance_is_replica_symmetric(alpha):
    s = rp.rs(model(5), alpha)
    f = rp.franz_parisi(model(5), alpha, s.order["eps"] / 2)
    assert abs(f.entropy - s.entropy) <= f.error < 1e-5
    assert f.order["q1"] == pytest.approx(s.order["q"], abs=1e-4)
    assert f.order["t"] == pytest.approx(s.order["q"], abs=1e-4)
    assert f.stability == pytest.approx(s.stability, abs=1e-3)


def test_more_units_are_more_isolated():
    # parity: q = t = 0
    # reference value of three units: on a grid
    found = [rp.isolation_distance(model(K, "parity"), 0.5) for K in (4, 5)]
    d = [e.value for e in found]
    assert 0.054660263684 < d[0] < d[1] < 0.11
    assert all(e.error < 1e-5 for e in found)
    here = rp.franz_parisi(model(4, "parity"), 0.5, d[0])
    assert abs(here.entropy) <= here.error


@pytest.mark.full
def test_isolation_distance_of_five_units():
    e = rp.isolation_distance(model(5), 0.85)
    assert e.success and e.error < 1e-3
    f = rp.franz_parisi(model(5), 0.85, [e.value * 0.99, e.value, e.value * 1.01])
    assert f.entropy[0] < 0 < f.entropy[2]
    assert abs(f.entropy[1]) <= f.error[1]


@pytest.mark.full
def test_franz_parisi_of_seven_units():
    f = rp.franz_parisi(model(7), 0.5, 0.2)
    five = rp.franz_parisi(model(5), 0.5, 0.2)
    wide = rp.franz_parisi(rp.Model(rp.Binary(), rp.Wide()), 0.5, 0.2)
    assert f.success and f.error < 1e-3
    assert wide.normalised < f.normalised < five.normalised


def test_tensors_that_are_too_large_are_refused(monkeypatch):
    with pytest.raises(TooLarge, match="7 units would take too much memory"):
        multiset_averages(rp.Tree(7), overlaps(0.35, 0.9999, 0.35, 0.9998), Rule(0.7))
    monkeypatch.setattr(tree_multisets, "LARGEST", 1e4)
    f = rp.franz_parisi(model(5), 0.5, 0.1)
    assert not f.success and "too much memory" in f.message
    with pytest.raises(ValueError, match="K = 1, 3, 5 or 7"):
        rp.franz_parisi(model(9), 0.5, 0.1)
