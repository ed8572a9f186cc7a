"""Franz-Parisi entropy around minimisers of a loss."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr

import replicas as rp
from replicas import franz_parisi_ansatz as ansatz
from replicas.franz_parisi_reference import references
from replicas.franz_parisi_terms import Overlaps, scalar_averages
from replicas.quadrature import Rule

BINARY = rp.Model(rp.Binary(), rp.Perceptron())


def minimisers(gamma, beta=None):
    return rp.Model(rp.Binary(), rp.Loss("cross-entropy", gamma, beta=beta))


# reference values (gamma, d, entropy) at alpha = 0.4, 12 digits
@pytest.mark.parametrize(
    ("gamma", "d", "value"),
    [
        (1.0, 0.01, 0.05523927439134701),
        (1.0, 0.1, 0.27509270477009123),
        (1.5, 0.01, 0.055800319972577075),
        (2.0, 0.01, 0.055892748049337006),
        (2.0, 0.02, 0.09665548808423412),
        (3.0, 0.01, 0.05593619478041078),
        (3.0, 0.02, 0.09681921337370869),
        (3.0, 0.05, 0.18388720163041755),
        (3.0, 0.1, 0.27409810194142126),
        (4.0, 0.02, 0.09684946835924642),
        (4.0, 0.05, 0.1835984248181103),
        (4.0, 0.1, 0.27334182513161115),
    ],
)
def test_franz_parisi_around_minimisers_equals_reference(gamma, d, value):
    f = rp.franz_parisi(BINARY, 0.4, d, minimisers(gamma))
    assert f.success
    assert f.entropy == pytest.approx(value, abs=1e-13)
    assert f.error < 1e-12
    assert f.residual < 1e-11


def test_unstable_references_are_reported():
    f = rp.franz_parisi(BINARY, 0.4, [0.05, 0.1], minimisers(1.0))
    assert f.success.all()
    assert f.order["reference_stability"] == pytest.approx(1.10565, abs=1e-5)
    assert all("replica symmetry is unstable" in message for message in f.message)
    g = rp.franz_parisi(BINARY, 0.4, 0.1, minimisers(2.0))
    assert g.order["reference_stability"] < 1
    assert g.message == ""


# reference values (d, V*): least free entropy per replica over the number of replicas,
# an upper bound on the entropy around any weights
@pytest.mark.parametrize(
    ("d", "bound"), [(0.02, 0.096852167), (0.05, 0.184111533), (0.1, 0.275877159)]
)
def test_no_minimiser_has_more_solutions_nearby_than_any_weights(d, bound):
    gammas = [0.8, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 12.0]
    around = [rp.franz_parisi(BINARY, 0.4, d, minimisers(g)).entropy for g in gammas]
    assert np.all(np.array(around) < bound)
    typical = rp.franz_parisi(BINARY, 0.4, d).entropy
    assert np.all(np.array(around) > typical)
    # the best slope is near 4, 2 and 1.5
    best = gammas[int(np.argmax(around))]
    assert best == {0.02: 4.0, 0.05: 2.0, 0.1: 1.5}[d]


def test_the_envelope_bounds_the_entropy_around_every_reference():
    rng = np.random.default_rng(0)
    for _ in range(12):
        alpha, gamma, d = rng.uniform([0.25, 0.8, 0.03], [0.7, 8.0, 0.25])
        bound = rp.envelope(BINARY, alpha, d)
        kappa = rng.uniform() * rp.largest_margin(BINARY, alpha).value
        margin = rp.Model(rp.Binary(), rp.Perceptron(kappa))
        for reference in (minimisers(gamma), margin):
            f = rp.franz_parisi(BINARY, alpha, d, reference)
            assert bound.success
            assert f.success
            assert f.entropy <= bound.entropy + bound.error + f.error


def literal_averages(o, loss, beta):
    """Averages of (F9) from uniform grids in z0, the reference's field and the rest."""
    p, t, q1 = 1 - o.eps_p, o.t, 1 - o.eps1
    e = math.sqrt(q1 - t * t / o.q - (p - t) ** 2 / o.eps)
    z = np.arange(-9, 9.01, 0.1)
    dz = 0.1 * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    x = np.arange(-12, 40, 0.01)
    total = np.zeros(3)
    for z0, w0 in zip(z, dz, strict=True):
        log_w = -0.5 * x * x - beta * loss(math.sqrt(o.q) * z0 + math.sqrt(o.eps) * x)
        w = np.exp(log_w - log_w.max())
        w /= w.sum()
        keep = w > 1e-17
        force = (w @ x) / math.sqrt(o.eps)
        mean = t / math.sqrt(o.q) * z0 + (p - t) / math.sqrt(o.eps) * x[keep]
        u = -(mean[:, None] + e * z[::3]) / math.sqrt(o.eps1)
        log_H = log_ndtr(-u)
        slope = np.exp(-0.5 * u * u - log_H) / math.sqrt(2 * math.pi * o.eps1)
        rows = [log_H @ dz[::3], slope**2 @ dz[::3], force * (slope @ dz[::3])]
        total += 3 * w0 * np.array([w[keep] @ row for row in rows])
    return total


@pytest.mark.parametrize(("gamma", "beta"), [(2.0, 228.5), (1.0, 20.0)])
def test_averages_equal_literal_sums(gamma, beta):
    o = Overlaps(0.8, 0.2, 0.1, 0.05, 0.02)
    channel = rp.Loss("cross-entropy", gamma, beta=beta)

    def loss(x):
        return np.logaddexp(0, -2 * gamma * x) / (2 * gamma)

    e = scalar_averages(channel, rp.Perceptron(), o, Rule())
    exact = literal_averages(o, loss, beta)
    assert [e.f, e.f1_squared, e.f1g] == pytest.approx(exact, rel=1e-8)
    assert e.norm == pytest.approx(1, abs=1e-12)


def test_averages_around_erring_references_equal_literal_sums():
    # the law of the reference's field jumps at 0: the literal sum is of first order
    o, beta = Overlaps(0.3, 0.7, 0.2, 0.1, 0.05), 3.0
    channel = rp.Loss("errors", beta=beta)
    e = scalar_averages(channel, rp.Perceptron(), o, Rule())
    exact = literal_averages(o, lambda x: (x < 0) + 0.0, beta)
    assert [e.f, e.f1_squared, e.f1g] == pytest.approx(exact, rel=1e-2)
    assert e.norm == pytest.approx(1, abs=1e-10)


def test_gradient_and_jacobian_equal_differences():
    alpha, rule = 0.4, Rule(0.06, 9.5)
    reference = references(minimisers(2.0), np.array([alpha]))[alpha]
    problem = ansatz.Problem(rp.Binary(), rp.Perceptron(), alpha, reference)

    def at(c, delta):
        o = Overlaps(reference.q, reference.eps, 0.15, c, delta)
        return ansatz.equations(problem, o, rule, 2.0)

    def difference(F, direction, h=2e-3):
        def move(k):
            return F(0.1 + k * h * direction[0], 0.05 + k * h * direction[1])

        return (8 * (move(1) - move(-1)) - move(2) + move(-2)) / (12 * h)

    state = at(0.1, 0.05)
    for i, direction in enumerate([(1, 0), (0, 1)]):
        numeric = difference(lambda c, delta: at(c, delta).s.residual, direction)
        assert numeric == pytest.approx(state.jacobian[:, i], abs=1e-7)


@pytest.mark.parametrize("gamma", [1.0, 4.0])
def test_franz_parisi_error_is_honest(gamma, monkeypatch):
    d = [0.3, 0.1, 0.01, 1e-4]
    f = rp.franz_parisi(BINARY, 0.4, d, minimisers(gamma))
    fine = Rule(0.06, 9.5)
    accuracy = ansatz.Accuracy(fine, fine, 1.5, 0.07, 1e-11)
    monkeypatch.setattr(ansatz, "BINARY", accuracy)
    exact = rp.franz_parisi(BINARY, 0.4, d, minimisers(gamma))
    assert f.success.all()
    assert np.all(np.abs(f.normalised - exact.normalised) <= f.error + exact.error)
    assert np.all(f.error < 2e-12)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.3, 6), st.floats(0, 5), st.floats(1e-4, 0.8), st.floats(0.05, 0.95))
def test_the_law_of_the_field_is_normalised(gamma, log_beta, eps_p, q):
    # a window fixed at |x| < 9 would lose the peak, at up to 90 deviations
    channel = rp.Loss("cross-entropy", gamma, beta=10**log_beta)
    o = Overlaps(q, 1 - q, eps_p, 0.1, 0.1)
    for rule in (Rule(), Rule(0.08, 9.5)):
        e = scalar_averages(channel, rp.Perceptron(), o, rule)
        assert e.norm == pytest.approx(1, abs=1e-9)


def test_a_fixed_window_loses_the_law_and_refinement_does_not_tell():
    # the pitfall behind the peak's centre: both sums agree and both are wrong
    gamma, beta, omega, eps = 4.0, 3013.4, -8.0, 0.05

    def log_Z(step, centre):
        x = centre + np.arange(-9, 9 + step / 2, step)
        f = np.logaddexp(0, -2 * gamma * (omega + math.sqrt(eps) * x)) / (2 * gamma)
        y = -0.5 * x * x - beta * f
        return y.max() + math.log(step * np.exp(y - y.max()).sum() / 2.5066282746310002)

    channel = rp.Loss("cross-entropy", gamma, beta=beta)
    exact, force, _ = channel.log_z(omega, eps)
    peak = force * math.sqrt(eps)
    assert peak > 30
    assert log_Z(0.005, peak) == pytest.approx(exact, rel=1e-9)
    assert log_Z(0.01, 0) < exact - 1000
    o = Overlaps(1 - eps, eps, 2e-3, 0.01, 0.01)
    assert scalar_averages(channel, rp.Perceptron(), o, Rule()).norm == pytest.approx(
        1, abs=1e-10
    )


def test_almost_frozen_fields_need_the_law_of_the_reference_itself():
    # the rest of the field has a share of 1e-9 of the variance: merged with the law,
    # it would have a front of that width
    o = Overlaps(0.83, 0.17, 2e-4, 1e-5, 1e-9)
    channel = rp.Loss("cross-entropy", 2.0, beta=228.5)
    coarse, fine = (
        scalar_averages(channel, rp.Perceptron(), o, rule)
        for rule in (Rule(), Rule(0.06, 10))
    )
    assert coarse.f == pytest.approx(fine.f, rel=1e-9)
    assert coarse.f1g == pytest.approx(fine.f1g, abs=1e-10)
    assert coarse.norm == pytest.approx(1, abs=1e-12)


def test_spherical_weights_around_a_loss():
    model = rp.Model(rp.Spherical(), rp.Perceptron())
    d = [0.01, 0.1, 0.3]
    typical = rp.franz_parisi(model, 1.0, d)
    loss = rp.Model(rp.Spherical(), rp.Loss("errors", beta=40.0))
    f = rp.franz_parisi(model, 1.0, d, loss)
    # at low temperature the errors vanish
    assert f.normalised == pytest.approx(typical.normalised, abs=1e-9)
    flat = rp.Model(rp.Spherical(), rp.Loss("cross-entropy", 2.0, beta=50.0))
    g = rp.franz_parisi(model, 1.0, d, flat)
    assert g.success.all()
    assert np.all(g.normalised[:1] > typical.normalised[:1])


def test_franz_parisi_refuses_a_loss_of_the_solutions():
    with pytest.raises(ValueError, match="franz_parisi: the channel must accept"):
        rp.franz_parisi(minimisers(2.0, 10.0), 0.4, 0.1)
    with pytest.raises(ValueError, match="Binary"):
        spherical = rp.Model(rp.Spherical(), rp.Perceptron())
        loss = rp.Model(rp.Spherical(), rp.Loss("cross-entropy", 2.0))
        rp.franz_parisi(spherical, 0.4, 0.1, loss)


def test_franz_parisi_fails_where_the_loss_does_not_freeze():
    f = rp.franz_parisi(BINARY, 0.4, 0.1, rp.Model(rp.Binary(), rp.Loss("errors")))
    assert not f.success
    assert "freezes" in f.message


def check_isolation(alpha, gamma):
    e = rp.isolation_distance(BINARY, alpha, minimisers(gamma))
    assert e.success
    assert e.error < 1e-11 * max(1, e.value)
    d = e.value * np.array([1.001, 0.999])
    f = rp.franz_parisi(BINARY, alpha, d, minimisers(gamma))
    assert f.entropy[0] > 0 > f.entropy[1]
    return e


# gamma: a step of the walk to small distances misses the zero; the references
# violate so many patterns that there are no solutions at their own distance
@pytest.mark.parametrize("gamma", [1.0, 0.77, 0.39, 0.2, 0.1])
def test_isolation_distance_of_minimisers_that_violate_patterns(gamma):
    e = check_isolation(0.5, gamma)
    assert "replica symmetry is unstable" in e.message


def test_isolation_distance_decreases_with_gamma():
    d = [check_isolation(0.4, gamma).value for gamma in (0.3, 0.6, 0.8)]
    assert d[0] > d[1] > d[2] > 0


def test_isolation_distance_of_minimisers_that_violate_hardly_any_pattern():
    e = rp.isolation_distance(BINARY, 0.5, minimisers(4.0))
    assert e.success
    assert e.value == 0 < e.error < 5e-9


def test_franz_parisi_vanishes_close_to_minimisers():
    # a share of 1e-12 of the patterns is wrong, with a large table of the mean field
    f = rp.franz_parisi(BINARY, 0.5, [1e-6, 1e-7], minimisers(2.8))
    assert f.success.all()
    assert np.all(f.entropy > 0)


@pytest.mark.full
def test_isolation_distance_where_the_saddle_ends_beside_it():
    e = rp.isolation_distance(BINARY, 0.5, minimisers(2.0))
    assert e.success and e.error < 1e-3 * e.value
    # continued in delta instead of the distance
    assert e.value == pytest.approx(3.01705e-6, rel=2e-5)
