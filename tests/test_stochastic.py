"""Stochastic binary weights: likelihood, binarised error, against simulation."""

from importlib import import_module

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.special import log_ndtr, ndtr

import replicas as rp
from figures.likelihood import instance

MODEL = rp.Model(rp.Binary(), rp.Perceptron())


@pytest.mark.parametrize(
    ("alpha", "q_star", "value"),
    # reference values, maximum of the log-likelihood per weight
    [
        (0.4, 0.5, -0.04258434643453016),
        (0.4, 0.8, -0.007067767539126),
        (0.4, 0.9, -0.0008276161343805551),
        (0.55, 0.5, -0.089038419678026),
        (0.55, 0.8, -0.02848429472312046),
        (0.55, 0.9, -0.008607253997078873),
    ],
)
def test_stochastic_equals_reference_values(alpha, q_star, value):
    s = rp.stochastic(MODEL, alpha, q_star)
    assert s.success and s.residual < 1e-11
    assert abs(s.value - value) <= s.error + 5e-15 < 1e-13


def direct(alpha, q, kappa):
    """The saddle from (ST2): inner maxima by bisection, averages by a trapezoid."""
    z = np.linspace(-9, 9, 3601)
    weight = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])

    def clipped(c):
        return np.clip(c * z, -1, 1)

    c = brentq(lambda c: weight @ clipped(c) ** 2 - q, 1e-3, 100, xtol=1e-13)
    pull = weight @ (z * clipped(c))

    def lifted(delta):
        low, high = np.zeros_like(z), np.full_like(z, 50.0)
        for _ in range(60):
            u = 0.5 * (low + high)
            rises = u < delta * g_of(np.sqrt(q) * z + u - kappa, 1 - q)
            low, high = np.where(rises, u, low), np.where(rises, high, u)
        return u

    delta = brentq(
        lambda x: weight @ (alpha * lifted(x) ** 2) - pull**2, 1e-2, 1e2, rtol=1e-12
    )
    x = np.sqrt(q) * z + lifted(delta) - kappa
    return c, delta, alpha * weight @ log_ndtr(x / np.sqrt(1 - q))


@pytest.mark.parametrize(("alpha", "q_star", "kappa"), [(0.6, 0.35, 0.3)])
def test_stochastic_solves_the_equations_of_its_free_entropy(alpha, q_star, kappa):
    s = rp.stochastic(rp.Model(rp.Binary(), rp.Perceptron(kappa)), alpha, q_star)
    c, delta, value = direct(alpha, q_star, kappa)
    # the kinks of the clipped weights limit the trapezoid
    assert s.order["c"] == pytest.approx(c, rel=1e-5)
    assert s.order["delta"] == pytest.approx(delta, rel=1e-5)
    assert s.value == pytest.approx(value, rel=1e-5)


def test_order_parameters_are_moments_of_clipped_weights():
    s = rp.stochastic(MODEL, 0.5, [0.3, 0.7, 0.99])
    z = np.linspace(0, 10, 2_000_001)
    w = 2 * np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    w[0] /= 2
    for i, q in enumerate((0.3, 0.7, 0.99)):
        m = np.minimum(s.order["c"][i] * z, 1)
        assert w @ m**2 == pytest.approx(q, abs=1e-9)
        assert w @ m == pytest.approx(s.order["mean"][i], abs=1e-9)
        pull = s.order["delta"][i] * np.sqrt(s.order["G"][i])
        assert w @ (z * m) == pytest.approx(pull, abs=1e-9)


def test_error_holds_what_a_finer_sum_changes(monkeypatch):
    q_star = [0.02, 0.5, 0.9, 0.99]
    coarse = rp.stochastic(MODEL, 0.6, q_star)
    module = import_module("replicas.stochastic")
    monkeypatch.setattr(module, "STEP", 0.013)
    monkeypatch.setattr(module, "WINDOW", 9.5)
    fine = rp.stochastic(MODEL, 0.6, q_star)
    assert (abs(coarse.value - fine.value) <= coarse.error + fine.error).all()
    assert (coarse.error <= 1e-11 * abs(coarse.value)).all()


def test_likelihood_vanishes_as_the_weights_become_signs():
    q_star = 1 - np.array([0.3, 0.1, 0.03, 0.01, 0.003])
    s = rp.stochastic(MODEL, 0.5, q_star)
    assert s.success.all()
    assert (np.diff(s.value) > 0).all() and -1e-12 < s.value[-1] < 0
    # E(1 - m^2) of nearly polarised weights
    assert s.order["c"][-1] * 0.003 == pytest.approx(
        4 / (3 * np.sqrt(2 * np.pi)), rel=1e-4
    )


def test_no_polarisation_leaves_chance():
    s = rp.stochastic(MODEL, 0.7, 1e-8)
    assert s.value == pytest.approx(-0.7 * np.log(2), rel=1e-3)
    # a single mean field: sign(m) of the mean of the patterns, the clipped Hebb rule
    hebb = ndtr(-np.sqrt(2 / (np.pi * 0.7)))
    assert s.order["binarised_error"] == pytest.approx(hebb, rel=1e-3)


def test_convex_problems_are_stable():
    q_star = np.linspace(0.05, 0.95, 19)
    s = rp.stochastic(MODEL, 0.55, q_star)
    convex = s.order["lam"] >= 0
    assert convex.any() and not convex.all()
    assert (s.order["stability"][convex] < 1).all()
    unstable = s.order["stability"] > 1
    assert unstable.any()
    assert [m != "" for m in s.message] == list(unstable)


def test_multiplier_is_the_slope_of_the_likelihood():
    # dL/dq* at fixed noise is lam/2; the noise 1 - q* adds its own part
    h = 1e-4
    a = rp.stochastic(MODEL, 0.5, [0.5 - h, 0.5, 0.5 + h])
    slope = (a.value[2] - a.value[0]) / (2 * h)
    z = np.linspace(-9, 9, 20001)
    delta, V = a.order["delta"][1], 0.5
    omega = np.array(
        [
            brentq(lambda o, x=x: o - delta * g_of(o, V) - np.sqrt(0.5) * x, -9, 40)
            for x in z[::40]
        ]
    )
    weight = np.exp(-(z[::40] ** 2) / 2) / np.sqrt(2 * np.pi) * 40 * (z[1] - z[0])
    # d log Phi(omega/sqrt V)/dq* through V = 1 - q*
    noise = 0.5 * weight @ (omega * g_of(omega, V) / (2 * V))
    assert slope - noise == pytest.approx(a.order["lam"][1] / 2, rel=1e-5)


def g_of(omega, V):
    x = omega / np.sqrt(V)
    return np.exp(-x * x / 2 - log_ndtr(x)) / np.sqrt(2 * np.pi * V)


def sampled(alpha, q_star, *, size, number, rng):
    found = np.array(
        [instance(alpha, q_star, size=size, rng=rng) for _ in range(number)]
    )
    return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(number)


def test_simulation_agrees_in_likelihood_and_binarised_error():
    s = rp.stochastic(MODEL, 0.4, 0.5)
    mean, spread = sampled(0.4, 0.5, size=600, number=8, rng=np.random.default_rng(11))
    # 3.5 standard errors, and the bias 1/N
    assert abs(mean[0] - s.value) < 3.5 * spread[0] + 1 / 600
    assert abs(mean[1] - s.order["binarised_error"]) < 3.5 * spread[1] + 1 / 600


@pytest.mark.full
@pytest.mark.parametrize(
    ("alpha", "q_star"), [(0.4, 0.5), (0.4, 0.7), (0.55, 0.6), (0.75, 0.3)]
)
def test_large_simulation_agrees_within_its_errors(alpha, q_star):
    s = rp.stochastic(MODEL, alpha, q_star)
    mean, spread = sampled(
        alpha, q_star, size=1000, number=25, rng=np.random.default_rng(12)
    )
    assert abs(mean[0] - s.value) < 3 * spread[0] + 1 / 1000
    assert abs(mean[1] - s.order["binarised_error"]) < 3 * spread[1] + 1 / 1000


def test_instance_ends_at_a_stationary_point():
    # small: the general optimiser of SciPy finds nothing better
    N, M, q = 12, 6, 0.4
    value, _ = instance(0.5, q, size=N, rng=np.random.default_rng(2))
    patterns = np.random.default_rng(2).normal(size=(M, N)) / np.sqrt(N)

    def loss(m):
        return -log_ndtr(patterns @ m / np.sqrt(1 - q)).sum() / N

    start = 0.5 * np.sign(patterns.sum(axis=0))
    best = minimize(
        loss,
        start,
        method="SLSQP",
        bounds=[(-1, 1)] * N,
        constraints={"type": "eq", "fun": lambda m: m @ m - N * q},
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert value == pytest.approx(-best.fun, abs=1e-6)


def test_arrays_broadcast_and_equal_single_points():
    s = rp.stochastic(MODEL, [[0.4], [0.5]], [0.3, 0.6, 0.8])
    assert s.value.shape == s.order["G"].shape == (2, 3)
    assert s.value[1, 2] == rp.stochastic(MODEL, 0.5, 0.8).value


def test_a_likelihood_beyond_doubles_fails_with_a_reason():
    s = rp.stochastic(MODEL, 0.2, [0.5, 0.9999])
    assert s.success.tolist() == [True, False]
    assert np.isnan(s.value[1]) and np.isnan(s.order["c"][1])
    assert "too near 1" in s.message[1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: rp.stochastic(MODEL, 0.5, 1.0), ValueError, r"q_star must be in \(0"),
        (lambda: rp.stochastic(MODEL, 0.5, 0.0), ValueError, r"q_star must be in \(0"),
        (lambda: rp.stochastic(MODEL, 0.5, np.nan), ValueError, "must not be nan"),
        (lambda: rp.stochastic(MODEL, -1.0, 0.5), ValueError, "alpha must be finite"),
        (lambda: rp.stochastic(MODEL, [1, 2], [0.1] * 3), ValueError, "broadcast"),
        (lambda: rp.stochastic(1, 0.5, 0.5), TypeError, "model must be a Model"),
        (
            lambda: rp.stochastic(rp.Model(rp.Spherical(), rp.Perceptron()), 0.5, 0.5),
            ValueError,
            "prior must be Binary",
        ),
        (
            lambda: rp.stochastic(rp.Model(rp.Binary(), rp.Wide("sign")), 0.5, 0.5),
            ValueError,
            "channel must be Perceptron",
        ),
    ],
)
def test_stochastic_refuses_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
