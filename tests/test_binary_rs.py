"""Replica symmetric saddle, capacity and largest margin of binary weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import log_ndtr

import replicas as rp
from replicas.quadrature import hermite


def model(channel=None):
    return rp.Model(rp.Binary(), channel or rp.Perceptron())


# reference values (alpha, entropy, q), 14 digits
PERCEPTRON = [
    (0.2, 0.5501201065160805, 0.12686467387466538),
    (0.4, 0.3964550511053043, 0.25584293824034887),
    (0.77, 0.06630116644664585, 0.514852163554673),
]


@pytest.mark.parametrize(("alpha", "entropy", "q"), PERCEPTRON)
def test_rs_of_binary_weights_equals_reference(alpha, entropy, q):
    s = rp.rs(model(), alpha)
    assert s.success and s.message == "" and s.stability < 1
    assert abs(s.entropy - entropy) <= s.error + 1e-15
    assert s.error < 1e-12
    assert s.order["q"] == pytest.approx(q, rel=1e-13)
    assert s.order["eps"] == pytest.approx(1 - q, rel=1e-13)


def gaussian(f, *points):
    def weighted(z):
        return f(z) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    return quad(weighted, -12, 12, epsabs=1e-13, points=points, limit=400)[0]


@pytest.mark.parametrize(
    ("channel", "alpha"),
    [(rp.Perceptron(), 1.25), (rp.Perceptron(1.3), 0.2), (rp.Perceptron(-0.8), 2.0)],
)
def test_rs_of_binary_weights_equals_quad(channel, alpha):
    s = rp.rs(model(channel), alpha)
    q, eps, q_hat = (s.order[name] for name in ("q", "eps", "q_hat"))
    root = np.sqrt(q_hat)
    log_2cosh = gaussian(lambda z: np.logaddexp(root * z, -root * z), 0)
    assert gaussian(lambda z: np.cosh(root * z) ** -2.0, 0, 3 / root) == pytest.approx(
        eps, rel=1e-9
    )

    def log_p(z):
        return log_ndtr((np.sqrt(q) * z - channel.kappa) / np.sqrt(eps))

    front = channel.kappa / np.sqrt(q)
    value = -0.5 * q_hat * eps + log_2cosh + alpha * gaussian(log_p, front)
    assert s.entropy == pytest.approx(value, abs=1e-10)


def test_rs_of_binary_weights_tends_to_log_2():
    s = rp.rs(model(), 1e-9)
    assert s.entropy == pytest.approx(np.log(2) * (1 - 1e-9), abs=1e-15)
    assert s.order["q"] == pytest.approx(1e-9 * 2 / np.pi, rel=1e-6)


@pytest.mark.parametrize("channel", [rp.Perceptron(), rp.Wide(), rp.Perceptron(0.5)])
def test_rs_of_binary_weights_over_an_array_equals_single_calls(channel):
    alpha = np.array([[0.3, 0.01], [1e-5, 0.45]])
    s = rp.rs(model(channel), alpha)
    for index in np.ndindex(2, 2):
        one = rp.rs(model(channel), alpha[index])
        assert one.entropy == pytest.approx(s.entropy[index], abs=2e-13)
        assert one.order["q_hat"] == pytest.approx(s.order["q_hat"][index], rel=1e-11)


def test_rs_of_binary_weights_says_what_it_is_not():
    s = rp.rs(model(), [0.8, 0.9, 1.1, 1.3])
    assert s.message[0] == ""
    assert "entropy is negative" in s.message[1]
    assert "entropy is negative" in s.message[2] and "unstable" in s.message[2]
    assert s.success.tolist() == [True, True, True, False]
    assert "no saddle" in s.message[3] and np.isnan(s.entropy[3])


def test_capacity_of_binary_weights_equals_reference():
    # reference values, 14 digits
    c = rp.capacity(model())
    assert abs(c.value - 0.8330785997395792) <= c.error < 1e-13
    assert c.order["q"] == pytest.approx(0.563949080084562, rel=2e-14)
    assert c.order["q_hat"] == pytest.approx(2.5763513190756795, rel=2e-14)
    c = rp.capacity(model(rp.Wide()))
    assert abs(c.value - 0.946952426874378) <= c.error + 1e-15 < 1e-13


@pytest.mark.parametrize(
    "channel", [rp.Perceptron(-3.0), rp.Perceptron(2.0), rp.Wide("sign", 0.5)]
)
def test_entropy_at_the_capacity_of_binary_weights_vanishes(channel):
    c = rp.capacity(model(channel))
    s = rp.rs(model(channel), c.value)
    assert s.entropy == pytest.approx(0, abs=1e-12)
    assert s.order["q"] == pytest.approx(c.order["q"], rel=1e-10)


def test_capacity_of_binary_weights_refuses_other_ansatz():
    with pytest.raises(ValueError, match="capacity: ansatz of binary weights must"):
        rp.capacity(model(), ansatz="1rsb")


# reference values, 14 digits
MARGINS = [
    (0.2, 1.3277036285085375),
    (0.4, 0.6184175796137809),
    (0.6, 0.26272786950488547),
    (0.77, 0.06117871953906764),
]


@pytest.mark.parametrize(("alpha", "kappa"), MARGINS)
def test_largest_margin_equals_reference(alpha, kappa):
    e = rp.largest_margin(model(), alpha)
    assert e.success and abs(e.value - kappa) <= e.error + 2e-15 < 1e-12


@pytest.mark.parametrize("alpha", [1e-4, 0.05, 3.0, 1e6])
def test_largest_margin_is_the_inverse_of_capacity(alpha):
    for channel in (rp.Perceptron(), rp.Wide()):
        e = rp.largest_margin(model(channel), alpha)
        at = type(channel)(kappa=e.value)
        assert rp.capacity(model(at)).value == pytest.approx(alpha, rel=1e-10)


def test_largest_margin_refuses():
    with pytest.raises(ValueError, match="largest_margin: the prior must be Binary"):
        rp.largest_margin(rp.Model(rp.Spherical(), rp.Perceptron()), 0.4)
    with pytest.raises(ValueError, match="largest_margin: alpha must be finite"):
        rp.largest_margin(model(), -0.4)
    with pytest.raises(TypeError, match="largest_margin: alpha must be a number"):
        rp.largest_margin(model(), [0.4, 0.5])


@pytest.mark.parametrize("channel", [rp.Perceptron(), rp.Wide(), rp.Perceptron(1.0)])
def test_at_line_of_binary_weights_is_where_the_index_is_one(channel):
    a = rp.at_line(model(channel))
    s = rp.rs(model(channel), a.value)
    assert s.stability == pytest.approx(1, abs=1e-10)
    assert s.order["q"] == pytest.approx(a.order["q"], abs=1e-10)


# reference values (K, capacity), 14 and 12 digits
TREES = [(3, 0.9206194010448151), (5, 0.9330387023086244)]


@pytest.mark.parametrize(("K", "value"), TREES)
def test_capacity_of_a_binary_tree_equals_reference(K, value):
    c = rp.capacity(model(rp.Tree(K)))
    assert c.success and c.error < 1e-12
    assert c.value == pytest.approx(value, abs=1e-15 if K == 3 else 1e-12)
    s = rp.rs(model(rp.Tree(K)), c.value)
    assert abs(s.entropy) <= s.error
    assert s.order["q"] == pytest.approx(c.order["q"], rel=1e-10)


def test_rs_of_a_binary_tree_equals_a_hermite_cube():
    channel, alpha = rp.Tree(3), 0.4
    s = rp.rs(model(channel), alpha)
    q, eps, q_hat = (s.order[name] for name in ("q", "eps", "q_hat"))
    z, weight = hermite(40)
    grids = np.stack(np.meshgrid(z, z, z, indexing="ij"), -1).reshape(-1, 3)
    weights = np.einsum("i,j,k->ijk", weight, weight, weight).ravel()
    log_p, d, d2 = channel.log_z(np.sqrt(q) * grids, eps)
    root = np.sqrt(q_hat)
    entropic = gaussian(lambda z: np.logaddexp(root * z, -root * z), 0)
    value = entropic - 0.5 * q_hat * eps + alpha * weights @ log_p
    assert s.entropy == pytest.approx(value, abs=1e-9)
    # saddle equations and index, one unit with N/3 weights each
    assert q_hat == pytest.approx(alpha * weights @ (d**2).sum(1), rel=1e-6)
    response = gaussian(lambda z: np.cosh(root * z) ** -4.0, 0)
    index = alpha * response * weights @ (d2**2).sum((1, 2))
    assert s.stability == pytest.approx(index, rel=1e-5)


def test_rs_of_binary_trees_of_one_unit_is_the_perceptron():
    for rule in ("majority", "parity"):
        one = rp.rs(model(rp.Tree(1, rule)), 0.6)
        assert one.entropy == rp.rs(model(), 0.6).entropy


def test_capacity_of_the_binary_parity_is_one():
    for K in (2, 3, 7):
        c = rp.capacity(model(rp.Tree(K, "parity")))
        s = rp.rs(model(rp.Tree(K, "parity")), [0.25, 1.0])
        assert c.value == 1 and c.order["q"] == 0
        assert s.entropy == pytest.approx([0.75 * np.log(2), 0], abs=1e-15)
    s = rp.rs(model(rp.Tree(2, "parity")), 1.3)
    assert s.order["q"] > 0 and "unstable" in s.message


def test_at_line_of_binary_trees_is_where_the_index_is_one():
    a = rp.at_line(model(rp.Tree(3)))
    s = rp.rs(model(rp.Tree(3)), a.value)
    assert s.stability == pytest.approx(1, abs=1e-9)
    assert "entropy is negative" in s.message


def test_rs_of_a_binary_tree_without_saddle_says_why():
    s = rp.rs(model(rp.Tree(3)), 20.0)
    assert s.success is False and "exceeds 0.99" in s.message
    with pytest.raises(ValueError, match="capacity: K must be at most 9"):
        rp.capacity(model(rp.Tree(11)))


@pytest.mark.full
def test_capacity_of_binary_trees_tends_to_the_wide_committee():
    gaps = [
        rp.capacity(model(rp.Wide())).value - rp.capacity(model(rp.Tree(K))).value
        for K in (5, 7, 9)
    ]
    assert gaps[0] * 5 == pytest.approx(gaps[1] * 7, rel=0.1)
    assert gaps[1] * 7 == pytest.approx(gaps[2] * 9, rel=0.1)


def capacity_by(z, weight):
    """Capacity of the perceptron from sums over given nodes."""

    def entropy(alpha):
        def excess(x):
            q = weight @ np.tanh(np.exp(0.5 * x) * z) ** 2
            u = np.sqrt(q / (1 - q)) * z
            ratio = np.exp(-0.5 * u * u - log_ndtr(u)) / np.sqrt(2 * np.pi)
            return x - np.log(alpha * weight @ ratio**2 / (1 - q))

        x = brentq(excess, -2, 2, xtol=1e-13)
        q_hat = np.exp(x)
        q = weight @ np.tanh(np.sqrt(q_hat) * z) ** 2
        log_2cosh = weight @ np.logaddexp(np.sqrt(q_hat) * z, -np.sqrt(q_hat) * z)
        energetic = weight @ log_ndtr(np.sqrt(q / (1 - q)) * z)
        return log_2cosh - 0.5 * q_hat * (1 - q) + alpha * energetic

    return brentq(entropy, 0.75, 0.9, xtol=1e-13)


def test_capacity_of_hermite_nodes_is_wrong():
    # pitfall: 40 nodes are off by 3e-6; a trapezoid and the solver agree
    value = rp.capacity(model()).value
    gauss = capacity_by(*hermite(40))
    z = 0.1 * np.arange(-90, 91)
    trapezoid = capacity_by(z, 0.1 * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))
    assert abs(gauss - value) == pytest.approx(2.7e-6, rel=0.2)
    assert trapezoid == pytest.approx(value, abs=1e-12)


def test_weights_of_a_large_q_hat_need_their_own_step():
    # pitfall: at q_hat = 72 the spacing 0.15 misses the poles of tanh; here 1 - q of
    # the trapezoid is off by 1e-3, and the nodes of the solver follow the poles
    for q_hat, wrong in ((72.0, 1e-5), (1e4, 0.1), (1e8, 0.9)):
        root = np.sqrt(q_hat)
        z = 0.15 * np.arange(-60, 61)
        w = 0.15 * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        exact = gaussian(
            lambda z, r=root: 1 / np.cosh(np.minimum(r * abs(z), 300)) ** 2
        )
        if q_hat > 1e3:
            # E sech^2 = (2 - pi^2/(12 q_hat) + ...) / sqrt(2 pi q_hat)
            exact = (2 - np.pi**2 / (12 * q_hat)) / np.sqrt(2 * np.pi * q_hat)
        fixed = w @ np.cosh(np.clip(root * z, -300, 300)) ** -2.0
        ours = rp.Binary.kernel.terms(np.log(q_hat), 0.125, 8.5)
        assert abs(fixed / exact - 1) > wrong
        assert ours["eps"] == pytest.approx(exact, rel=1e-7)


@given(
    log_alpha=st.floats(-12, 0),
    kappa=st.floats(-2, 3),
    wide=st.booleans(),
)
def test_rs_of_binary_weights_obeys_its_invariants(log_alpha, kappa, wide):
    channel = rp.Wide("sign", kappa) if wide else rp.Perceptron(kappa)
    limit = rp.capacity(model(channel))
    alpha = float(np.exp(log_alpha)) * limit.value
    s = rp.rs(model(channel), [alpha, 1.01 * alpha])
    assert s.success.all() and (s.residual < 1e-8).all()
    # fewer solutions and more similar ones at a higher load; some below the capacity
    assert -s.error[0] <= s.entropy[0] + 1e-12
    assert s.entropy[1] - s.error.sum() <= s.entropy[0] <= np.log(2) + 1e-14
    assert 0 < s.order["q"][0] < s.order["q"][1] < 1
    # annealed bound: log 2 + alpha log P
    annealed = np.log(2) + alpha * log_ndtr(-kappa)
    assert s.entropy[0] <= annealed + s.error[0] + 1e-14


def test_rs_of_binary_weights_survives_extremes():
    s = rp.rs(model(), [1e-40, 1e-30, 1.2732, 1e5])
    assert s.success.tolist() == [False, True, True, False]
    assert s.order["eps"][2] < 1e-4 and s.error[2] < 1e-9
    assert "no saddle with q between" in s.message[0] == s.message[3]
    assert rp.capacity(model(rp.Perceptron(-30.0))).success is False
