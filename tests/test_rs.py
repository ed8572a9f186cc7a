"""Replica symmetric saddle: scalar channels and trees."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf, log_ndtr

import replicas as rp
from replicas import tree_rs
from replicas.quadrature import hermite


def model(channel):
    return rp.Model(rp.Spherical(), channel)


PARITY = {K: rp.Tree(K, "parity") for K in range(1, 10)}

# reference values (alpha, q, entropy, stability), two independent evaluations,
# 12 digits (stability 11)
PERCEPTRON = [
    (1.0, 0.5853118517910985, -0.8558205967147617, 0.3975413228001508),
    (1.5, 0.8217211868395492, -1.5892082396928675, 0.6113620975541773),
]
WIDE = [
    (0.5, 0.1756171863678584, -0.3566588011402082, 0.10442497869655223),
    (1.0, 0.3108062040350153, -0.7330930313720476, 0.2407138956847633),
    (1.5, 0.41786856912075887, -1.1291181212599077, 0.4008479229015359),
]


@pytest.mark.parametrize(
    ("channel", "alpha", "q", "entropy", "stability"),
    [(rp.Perceptron(), *row) for row in PERCEPTRON]
    + [(rp.Tree(1), *row) for row in PERCEPTRON]
    + [(PARITY[1], *row) for row in PERCEPTRON]
    + [(rp.Wide(), *row) for row in WIDE],
)
def test_rs_equals_reference(channel, alpha, q, entropy, stability):
    s = rp.rs(model(channel), alpha)
    assert s.success and s.message == ""
    assert s.order["q"] == pytest.approx(q, rel=1e-10)
    assert s.order["eps"] == pytest.approx(1 - q, rel=1e-10)
    assert s.entropy == pytest.approx(entropy, rel=1e-12)
    assert s.stability == pytest.approx(stability, rel=1e-10)


def test_rs_of_three_units_equals_reference():
    # reference values, 8 and 9 digits
    s = rp.rs(model(rp.Tree(3)), 1.0)
    assert s.order["q"] == pytest.approx(0.38854074828, abs=1e-9)
    assert s.entropy == pytest.approx(-0.7559586833812, abs=1e-11)
    assert s.error < 1e-12 and s.residual < 1e-12


@pytest.mark.parametrize("kappa", [-0.7, 0.4])
def test_rs_entropy_of_a_margin_equals_quad(kappa):
    s = rp.rs(model(rp.Perceptron(kappa)), 0.8)
    q, eps = s.order["q"], s.order["eps"]

    def integrand(z):
        log_p = log_ndtr((np.sqrt(q) * z - kappa) / np.sqrt(eps))
        return log_p * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    average = quad(integrand, -12, 12, epsabs=1e-13, points=(0,), limit=200)[0]
    expected = 0.5 * (np.log(eps) + q / eps) + 0.8 * average
    assert s.entropy == pytest.approx(expected, abs=1e-11)


def cube(channel, q, n):
    """E log P with Gauss-Hermite nodes in each field."""
    z, weight = hermite(n)
    grids = np.meshgrid(*[z] * channel.K, indexing="ij")
    weights = np.meshgrid(*[weight] * channel.K, indexing="ij")
    fields = np.sqrt(q) * np.stack(grids, -1).reshape(-1, channel.K)
    return np.prod(weights, axis=0).ravel() @ channel.log_z(fields, 1 - q)[0]


@pytest.mark.parametrize("channel", [rp.Tree(3), PARITY[2], PARITY[3]])
def test_rs_of_a_tree_equals_a_hermite_cube(channel):
    if channel.rule == "majority":
        s = rp.rs(model(channel), 0.6)
        q, eps = s.order["q"], s.order["eps"]
        expected = 0.5 * (np.log(eps) + q / eps) + 0.6 * cube(channel, q, 30)
        assert s.entropy == pytest.approx(expected, abs=1e-10)
    mean = tree_rs.averages(channel, 0.4 / 0.6, f=True)[0]
    assert mean == pytest.approx(cube(channel, 0.4, 40), abs=1e-10)


@pytest.mark.parametrize("K", [2, 3, 4, 6, 9])
def test_averages_of_the_parity_equal_the_moment_series(K):
    # E log P = -log 2 - sum_j M_j^K/(2j), M_j the moments of erf of one unit
    gamma, j = 0.5, np.arange(1, 400)
    z = np.linspace(-9, 9, 4001)
    weight = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    log_mean = np.log(abs(erf(np.sqrt(gamma / 2) * z)) + 1e-300)
    moment = np.exp(2 * np.multiply.outer(j, log_mean)) @ weight
    expected = -np.log(2) - 0.5 * np.sum(moment**K / j)
    f, *_, norm = tree_rs.averages(PARITY[K], gamma, f=True)
    assert f == pytest.approx(expected, abs=1e-9 if K < 4 else 1e-11)
    assert norm == pytest.approx(1, abs=1e-11)


@pytest.mark.parametrize("channel", [rp.Tree(3), PARITY[2]])
def test_rs_saddle_makes_the_entropy_stationary(channel):
    alpha, h = 1.9, 1e-3
    s = rp.rs(model(channel), alpha)

    def entropy(x):
        gamma = np.exp(x)
        f = tree_rs.averages(channel, gamma, f=True)[0]
        return 0.5 * (gamma - np.log1p(gamma)) + alpha * f

    x = np.log(s.order["q"] / s.order["eps"])
    near = [entropy(x + d) for d in (-2 * h, -h, 0, h, 2 * h)]
    slope = (near[0] - 8 * near[1] + 8 * near[3] - near[4]) / (12 * h)
    assert abs(slope) < 1e-9
    assert near[2] == pytest.approx(s.entropy, abs=1e-12)
    assert min(near[0], near[4]) > near[2]


@pytest.mark.parametrize(
    ("channel", "alpha"),
    [
        (rp.Tree(3), 2.5),
        (rp.Tree(3), 3.3),
        pytest.param(rp.Tree(5), 3.0, marks=pytest.mark.full),
        (PARITY[2], 4.5),
        (PARITY[2], 5.2),
        (PARITY[3], 8.5),
    ],
)
def test_rs_error_bounds_the_true_error(channel, alpha):
    s = rp.rs(model(channel), alpha)
    assert s.success
    x = np.log(s.order["q"] / s.order["eps"])
    finest = {"coarser": 0.6, "window": 9.0}

    def load(x):
        gamma = np.exp(x)
        return gamma / (channel.K * tree_rs.averages(channel, gamma, **finest)[1])

    # two secant steps to the root of the finer sums
    for _ in range(2):
        slope = (load(x + 1e-4) - load(x - 1e-4)) / 2e-4
        x -= (load(x) - alpha) / slope
    gamma = np.exp(x)
    f = tree_rs.averages(channel, gamma, f=True, **finest)[0]
    exact = 0.5 * (gamma - np.log1p(gamma)) + alpha * f
    assert abs(s.entropy - exact) <= s.error


def test_rs_index_equals_a_hermite_cube_of_channel_derivatives():
    channel, q = rp.Tree(3), 0.2
    z, weight = hermite(50)
    grids = np.stack(np.meshgrid(z, z, z, indexing="ij"), -1).reshape(-1, 3)
    weights = np.einsum("i,j,k->ijk", weight, weight, weight).ravel()
    _, d, d2 = channel.log_z(np.sqrt(q / (1 - q)) * grids, 1.0)
    _, first, own, mixed, _ = tree_rs.averages(channel, q / (1 - q), f=True, pairs=True)
    assert first == pytest.approx(weights @ d[:, 0] ** 2, rel=1e-8)
    assert own == pytest.approx(weights @ d2[:, 0, 0] ** 2, rel=1e-6)
    assert mixed == pytest.approx(weights @ d2[:, 0, 1] ** 2, rel=1e-6)


@pytest.mark.parametrize("channel", [rp.Perceptron(), rp.Wide(), rp.Tree(3), PARITY[2]])
def test_rs_of_an_array_equals_single_calls_in_any_order(channel):
    alpha = np.array([[1.7, 0.01], [0.9, 1.3]])
    s = rp.rs(model(channel), alpha)
    assert s.entropy.shape == s.order["q"].shape == s.success.shape == (2, 2)
    for index in np.ndindex(2, 2):
        one = rp.rs(model(channel), alpha[index])
        assert isinstance(one.entropy, float) and one.success is True
        assert s.entropy[index] == pytest.approx(one.entropy, abs=1e-12)
        assert s.order["q"][index] == pytest.approx(one.order["q"], abs=1e-11)


def test_rs_of_a_weak_load_is_linear():
    # S -> alpha log(1/2) and q -> alpha |grad log P|^2 at b = 0
    for channel, slope in ((rp.Tree(3), 3 * (0.5 * np.sqrt(2 / np.pi)) ** 2),):
        s = rp.rs(model(channel), 1e-9)
        assert s.order["q"] == pytest.approx(1e-9 * slope, rel=1e-6)
        assert s.entropy == pytest.approx(-1e-9 * np.log(2), rel=1e-7)


def test_rs_of_the_parity_stays_at_zero_overlap_below_its_transition():
    for K, alpha in ((2, 1.2), (3, 5.0), (9, 20.0)):
        s = rp.rs(model(PARITY[K]), alpha)
        assert s.order["q"] == 0 and s.success
        assert s.entropy == pytest.approx(-alpha * np.log(2), rel=1e-15)
        assert s.stability == (8 * alpha / np.pi**2 if K == 2 else 0)
    s = rp.rs(model(PARITY[2]), 1.24)
    assert 0 < s.order["q"] < 0.01 and s.entropy < -1.24 * np.log(2)
    s = rp.rs(model(PARITY[3]), 7.0)
    assert s.order["q"] > 0.7 and s.entropy < -7 * np.log(2)


def test_rs_index_of_the_parity_is_continuous_at_zero_overlap():
    below, above = rp.rs(model(PARITY[2]), [1.2337, 1.2338]).stability
    assert below == pytest.approx(above, abs=1e-3)
    assert below < 1 < above


@pytest.mark.parametrize(
    ("channel", "alpha", "reason"),
    [
        (rp.Perceptron(), 2.0, "at or above the RS capacity"),
        (rp.Perceptron(), 2.01, "above the RS capacity"),
        (rp.Wide("quadratic"), 4.0, "near or above the RS capacity"),
        (rp.Perceptron(-5.0), 5.16e7, "no unique saddle"),
        (rp.Tree(3), 4.03, "above the RS capacity"),
        (PARITY[3], 10.4, "above the RS capacity"),
        (rp.Tree(3), 4.02, "exceeds 0.99"),
    ],
)
def test_rs_without_saddle_says_why(channel, alpha, reason):
    s = rp.rs(model(channel), alpha)
    assert s.success is False and reason in s.message
    assert all(np.isnan([s.entropy, s.order["q"], s.stability, s.error, s.residual]))


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, np.inf, [1.0, np.nan]])
def test_rs_refuses_loads(alpha):
    with pytest.raises(ValueError, match="rs: alpha must"):
        rp.rs(model(rp.Tree(3)), alpha)


def test_rs_refuses_other_arguments():
    with pytest.raises(TypeError, match="alpha must be a number"):
        rp.rs(model(rp.Tree(3)), "1")
    with pytest.raises(TypeError, match="model must be a Model"):
        rp.rs(rp.Tree(3), 1.0)
    with pytest.raises(ValueError, match="K must be at most 9 for a tree, given 11"):
        rp.rs(model(rp.Tree(11)), 1.0)


@pytest.mark.full
@pytest.mark.parametrize("K", [7, 9])
def test_rs_error_bounds_the_true_error_of_many_units(K):
    for alpha in (1.0, 2.5):
        s = rp.rs(model(rp.Tree(K)), alpha)
        gamma = s.order["q"] / s.order["eps"]
        f = tree_rs.averages(rp.Tree(K), gamma, f=True, coarser=0.8, window=9.0)[0]
        exact = 0.5 * (gamma - np.log1p(gamma)) + alpha * f
        assert abs(s.entropy - exact) <= s.error < 1e-4
