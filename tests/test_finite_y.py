"""Local entropy of a finite number of replicas: docs/finite_y.md."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr

from replicas import (
    Model,
    Perceptron,
    Spherical,
    Tree,
    Wide,
    finite_y,
    rs,
    rsb_equations,
)
from replicas.quadrature import Rule

# reference values, two independent evaluations: channel, alpha, q1, y, q0, normalised
REFERENCE = [
    (Perceptron(), 0.5, 0.7, 3, 0.4028248529973317, -0.2350442728436427),
    (Perceptron(), 1.0, 0.8, 2, 0.6448361397840904, -0.6428313206750748),
    (Perceptron(), 1.0, 0.8, 40, 0.7850019240483839, -0.22630828568604278),
    (Wide(), 1.0, 0.8, 2, 0.4335658054111019, -0.5921248389891196),
    (Wide(), 1.0, 0.8, 10, 0.6776225453729809, -0.33575244201406607),
    (Wide(), 1.0, 0.8, 40, 0.7662725603014724, -0.22971104901631423),
]
S_RS = -0.8558205967147617  # reference value: perceptron, alpha = 1


@pytest.mark.parametrize("channel, alpha, q1, y, q0, normalised", REFERENCE)
def test_point_reference_values(channel, alpha, q1, y, q0, normalised):
    p = finite_y.point(channel, alpha, 1 - q1, y)
    assert p["success"] and p["message"] == ""
    assert p["order"]["q0"] == pytest.approx(q0, abs=1e-9)
    assert p["normalised"] == pytest.approx(normalised, abs=p["error"] + 1e-14)
    assert p["error"] < 1e-11


def scipy_free_entropy(channel, alpha, q0, q1, y):
    """The functional from its formula, by nested adaptive quadrature."""
    t0, t1 = (2 / np.pi * np.arcsin(q) if channel == Wide() else q for q in (q0, q1))
    V, D = 1 - t1, t1 - t0
    kappa = channel.kappa

    def inner(z0):
        a = (math.sqrt(t0) * z0 - kappa) / math.sqrt(V)
        b = math.sqrt(D / V)
        grid = np.linspace(-2, 60, 4000)
        exponent = y * log_ndtr(a + b * grid) - grid**2 / 2
        top = grid[np.argmax(exponent)]
        value = quad(
            lambda z: math.exp(y * log_ndtr(a + b * z) - z * z / 2 - exponent.max()),
            top - 9,
            top + 9,
            points=[top, -a / b] if abs(a / b + top) < 9 else [top],
            epsabs=1e-12,
            limit=200,
        )[0]
        return (math.log(value / math.sqrt(2 * math.pi)) + exponent.max()) / y

    energetic = quad(
        lambda z: inner(z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
        -8,
        8,
        points=[kappa / math.sqrt(t0)],
        epsabs=1e-10,
        limit=100,
    )[0]
    lam = 1 - q1 + y * (q1 - q0)
    entropic = math.log(1 - q1) + math.log(lam / (1 - q1)) / y + q0 / lam
    return 0.5 * entropic + alpha * energetic


@pytest.mark.parametrize(
    "channel, alpha, q1, y",
    [(Perceptron(0.3), 0.6, 0.85, 4.5), (Wide(), 1.3, 0.7, 15.0)],
)
def test_point_agrees_with_nested_quadrature(channel, alpha, q1, y):
    p = finite_y.point(channel, alpha, 1 - q1, y)
    q0 = p["order"]["q0"]
    at = scipy_free_entropy(channel, alpha, q0, q1, y)
    assert p["entropy"] == pytest.approx(at, abs=1e-9)
    # and it is the minimum over q0
    for shifted in (0.97 * q0, q0 + 0.3 * (q1 - q0)):
        assert scipy_free_entropy(channel, alpha, shifted, q1, y) > at


@pytest.mark.parametrize("eps", [1e-8, 1e-4, 0.1, 0.4])
def test_point_of_one_replica_is_the_rs_entropy(eps):
    p = finite_y.point(Perceptron(), 1.0, eps, 1.0)
    assert p["entropy"] == pytest.approx(S_RS, abs=p["error"] + 1e-15)
    assert p["normalised"] == pytest.approx(S_RS, abs=p["error"] + 1e-15)
    assert p["order"]["q0"] == pytest.approx(0.5853118517910985, abs=1e-9)


def test_point_tends_to_infinite_y_with_the_known_slope():
    # reference values: phi at y = infinity plus log(1 - q1)/2, and its 1/y term
    limit, slope = -0.16809707471203467 + 0.5 * math.log(0.2), 0.21789817051779303
    y = np.array([1000.0, 2000.0, 4000.0])
    phi = np.array([finite_y.point(Perceptron(), 1.0, 0.2, n)["entropy"] for n in y])
    # two Richardson steps remove the 1/y and 1/y^2 terms
    once = [2 * phi[1] - phi[0], 2 * phi[2] - phi[1]]
    assert (4 * once[1] - once[0]) / 3 == pytest.approx(limit, abs=1e-9)
    tangent = (phi - limit) * y
    assert 2 * tangent[2] - tangent[1] == pytest.approx(slope, abs=1e-6)


def test_point_at_small_distance_is_one_replica():
    # merged replicas: normalised = S_RS/y + O(sqrt(eps))
    far, near = (finite_y.point(Perceptron(), 1.0, e, 5.0) for e in (4e-8, 1e-8))
    merged = 2 * near["normalised"] - far["normalised"]
    assert 5 * merged == pytest.approx(S_RS, abs=1e-6)


@pytest.mark.parametrize("y, eps", [(2.0, 0.3), (100.0, 0.05), (1e4, 1e-3)])
def test_point_same_from_a_neighbour(y, eps):
    cold = finite_y.point(Wide(), 1.0, eps, y)
    start = finite_y.point(Wide(), 1.0, 1.2 * eps, y)
    warm = finite_y.point(Wide(), 1.0, eps, y, start=start)
    assert warm["entropy"] == pytest.approx(cold["entropy"], abs=2e-15 + cold["error"])
    assert warm["order"]["q0"] == pytest.approx(cold["order"]["q0"], abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_point_error_is_honest(seed):
    # against rules finer than any the solver uses
    rng = np.random.default_rng(seed)
    channel = Wide() if seed % 2 else Perceptron(rng.uniform(-0.5, 0.3))
    alpha, eps, y = (
        rng.uniform(0.2, 1),
        10 ** rng.uniform(-7, -1),
        10 ** rng.uniform(0, 4),
    )
    p = finite_y.point(channel, alpha, eps, y)
    assert p["success"] and p["error"] < 1e-11
    rules = 0.04, 9.5, 0.035, 10.0
    q0, dq, *rest = finite_y._finite_y.solve(channel.kernel, alpha, eps, y, 0.0, *rules)
    exact = finite_y.assemble(alpha, eps, y, q0, dq, *rest)
    assert abs(p["entropy"] - exact["entropy"]) <= p["error"]


def test_point_above_the_typical_distance_is_refused():
    p = finite_y.point(Perceptron(), 1.0, 1 - 0.55, 10.0)
    assert not p["success"] and "typical" in p["message"]
    assert math.isnan(p["entropy"]) and math.isnan(p["order"]["q0"])
    assert finite_y.point(Perceptron(), 1.0, 1 - 0.62, 10.0)["success"]


def test_point_above_capacity_is_refused():
    p = finite_y.point(Perceptron(), 2.1, 1e-3, 3.0)
    assert not p["success"] and "capacity" in p["message"]


# trees


@pytest.mark.parametrize("q1, y", [(0.5, 2.0), (0.8, 3.0)])
def test_point_of_parity_at_q0_zero_has_no_disorder(q1, y):
    # P takes 4 terms; at y = 2 the average is (1 + (2/pi asin q1)^K)/4
    p = finite_y.point(Tree(3, "parity"), 1.0, 1 - q1, y)
    assert p["order"]["q0"] == 0
    rho = 2 / math.pi * math.asin(q1)
    # at q0 = 0 Hoelder orders the moments: y = 2 below, y = 3 above
    pair = -math.log(2) + 0.5 * math.log1p(rho**3)
    if y == 2:
        assert p["normalised"] == pytest.approx(pair, abs=1e-13)
    else:
        assert pair < p["normalised"] < 0


@pytest.mark.parametrize("channel", [Tree(2, "parity"), Tree(3)])
def test_point_of_a_tree_with_one_replica_is_the_rs_entropy(channel):
    p = finite_y.point(channel, 1.0, 0.2, 1.0)
    symmetric = rs(Model(Spherical(), channel), 1.0)
    error = p["error"] + symmetric.error
    assert p["entropy"] == pytest.approx(symmetric.entropy, abs=error)


def test_point_of_a_tree_of_one_unit_is_the_perceptron():
    tree, unit = (finite_y.point(c, 1.0, 0.2, 7.0) for c in (Tree(1), Perceptron()))
    assert tree == unit


def test_point_of_parity_tends_to_infinite_y():
    # reference value at y = infinity, q1 = 0.9: normalised -0.01001849685461
    limit = -0.01001849685461 + 0.5 * math.log(0.1)
    y = np.array([10.0, 20.0, 40.0, 80.0])
    phi = np.array(
        [finite_y.point(Tree(2, "parity"), 1.0, 0.1, n)["entropy"] for n in y]
    )
    gap = phi - limit
    assert np.all(gap[1:] < gap[:-1]) and gap[-1] > 0
    assert gap[2:] / gap[1:-1] == pytest.approx([0.5, 0.5], abs=0.06)


def test_point_of_a_tree_error_is_honest():
    p = finite_y.point(Tree(2, "parity"), 1.0, 0.1, 30.0)
    q0 = p["order"]["q0"]
    u = rsb_equations.point_of(q0, 0.9 - q0, 0.1, 30.0)
    exact = rsb_equations.state(Tree(2, "parity"), 1.0, u, Rule(0.03, 9.0)).entropy
    assert abs(p["entropy"] - exact) <= p["error"]


def test_point_of_parity_beyond_double_range_agrees_with_infinite_y():
    # reference value at y = infinity: normalised -0.37617504985374
    p = finite_y.point(Tree(2, "parity"), 1.0, 0.5, 100.0)
    limit = -0.37617504985374 + 0.5 * math.log(0.5)
    assert p["success"] and p["error"] < 1e-5
    assert p["entropy"] == pytest.approx(limit, abs=1e-3)


@pytest.mark.full
def test_point_of_the_committee_error_is_honest():
    p = finite_y.point(Tree(3), 1.0, 0.1, 10.0)
    q0 = p["order"]["q0"]
    u = rsb_equations.point_of(q0, 0.9 - q0, 0.1, 10.0)
    exact = rsb_equations.state(Tree(3), 1.0, u, Rule(0.11, 8.0)).entropy
    assert abs(p["entropy"] - exact) <= p["error"] < 1e-9


def test_point_of_a_tree_is_refused_with_the_reason():
    far = finite_y.point(Tree(2, "parity"), 2.0, 0.8, 3.0)
    assert not far["success"] and "typical" in far["message"]
    hard = finite_y.point(Tree(3), 1.0, 0.3, 1000.0)
    assert not hard["success"] and "too fine a grid" in hard["message"]
    with pytest.raises(
        ValueError, match="local_entropy: 1-RSB of trees needs K at most 3, given 5"
    ):
        finite_y.point(Tree(5), 1.0, 0.3, 2.0)
