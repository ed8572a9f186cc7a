"""Local entropy of binary weights around references that are solutions."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

import replicas as rp
from replicas import binary_solution_large_y as large
from replicas.binary_solution_averages import LADDER, Patterns, Weights

PERCEPTRON = rp.Model(rp.Binary(), rp.Perceptron())


def point(alpha, distance, y=math.inf, between="solution"):
    return rp.local_entropy(PERCEPTRON, alpha, distance, y=y, between=between)


# reference values: alpha = 0.4, d = 0.1, 6 to 10 digits
@pytest.mark.parametrize(
    ("y", "entropy", "local", "external", "digits"),
    [
        (4, 0.32648914413, 0.24425110908, 0.32895214021, 1e-10),
        (2, 0.41583245293, 0.22887996239, 0.37390498107, 1e-10),
        (1, 0.6079682683, 0.21809086646, 0.3898774018, 1e-10),
    ],
)
def test_finite_y_equals_reference(y, entropy, local, external, digits):
    e = point(0.4, 0.1, y)
    assert e.entropy == pytest.approx(entropy, abs=digits)
    assert e.order["local_entropy"] == pytest.approx(local, abs=digits)
    assert e.order["external_entropy"] == pytest.approx(external, abs=digits)
    assert e.error < 1e-10


def test_one_replica_and_its_reference_may_be_exchanged():
    o = point(0.4, 0.15, 1).order
    assert o["q_ref"] == pytest.approx(o["q0"], abs=1e-9)
    assert o["t"] == pytest.approx(o["q0"], abs=1e-9)


def test_slopes_in_y_and_distance():
    y = 3 + 0.02 * np.array([-2, -1, 1, 2])
    weights = np.array([1, -8, 8, -1]) / 12
    e = point(0.4, 0.1, 3)
    phi = y * [point(0.4, 0.1, n).entropy for n in y]
    slope = np.dot(weights, phi) / 0.02
    assert slope == pytest.approx(e.order["local_entropy"], abs=1e-8)
    d = 0.1 + 2e-3 * np.array([-2, -1, 1, 2])
    slope = np.dot(weights, [point(0.4, x, 3).entropy for x in d]) / 2e-3
    assert slope == pytest.approx(2 * e.order["p_hat"], abs=1e-6)


@pytest.mark.parametrize(("alpha", "y"), [(0.17, 4), (0.75, 60)])
def test_slope_at_small_distance(alpha, y):
    e, h = point(alpha, 0.02, y), 2e-4
    high, low = (point(alpha, 0.02 + x, y) for x in (h, -h))
    slope = (high.entropy - low.entropy) / (2 * h)
    known = (high.error + low.error) / (2 * h)
    assert slope == pytest.approx(2 * e.order["p_hat"], abs=known + 1e-3)


@pytest.mark.parametrize(("alpha", "distance"), [(0.7, 0.1), (0.4, 0.2)])
def test_infinite_y_slope_and_bound(alpha, distance):
    e, free = point(alpha, distance), point(alpha, distance, between="centre")
    assert e.entropy < free.entropy - 1e-6 and e.error < 1e-12
    h = 1e-3
    d = distance + h * np.array([-2, -1, 1, 2])
    slope = np.dot([1, -8, 8, -1], point(alpha, d).entropy) / (12 * h)
    assert slope == pytest.approx(2 * e.order["p_hat"], abs=1e-8)


def test_infinite_y_is_the_limit_of_finite_y():
    limit = point(0.7, 0.14)
    o = limit.order
    gap, e, theta = [], [], []
    for y in (80.0, 160.0, 320.0):
        finite = point(0.7, 0.14, y)
        gap.append(finite.entropy - limit.entropy)
        e.append(y * finite.order["eps_ref"])
        theta.append(y * (1 - 0.28 - finite.order["t"]))
    # corrections (A + B log y)/y
    y = np.array([80.0, 160.0, 320.0])
    for values, target, scale in ((e, o["eps_ref"], 0.01), (theta, o["theta"], 1e-3)):
        matrix = np.stack([np.ones(3), 1 / y, np.log(y) / y], axis=1)
        assert np.linalg.solve(matrix, values)[0] == pytest.approx(target, abs=scale)
    matrix = np.stack([np.ones(3), 1 / y, np.log(y) / y], axis=1)
    assert np.linalg.solve(matrix, gap)[0] == pytest.approx(0, abs=3e-5)
    # far from the free reference, which differs by 3e-4
    assert point(0.7, 0.14, between="centre").entropy - limit.entropy > 2e-4


def test_constraint_does_not_bind_at_small_distance():
    e, free = point(0.4, 0.05), point(0.4, 0.05, between="centre")
    assert abs(e.entropy - free.entropy) < 1e-13
    e, free = point(0.4, 0.1), point(0.4, 0.1, between="centre")
    assert 0 < free.entropy - e.entropy < 1e-11 and 0 < e.order["binding"] < 1e-8


def test_curve_ends_at_typical_solutions():
    s = rp.rs(PERCEPTRON, 0.4)
    e = point(0.4, [0.28, 0.3, 0.38])
    assert 0 < s.entropy - e.entropy[0] < 1e-4
    assert e.entropy[1] == s.entropy
    assert not e.success[2] and "typical" in e.message[2]


def test_pattern_averages_equal_brute_maximisation():
    # E_E of (BL25) by sampling (x, omega0) and maximising over (s, D)
    eps, delta, e, theta, p = 0.43, 0.21, 3.4, 0.72, 0.72
    seen = Patterns.at(LADDER[2], rp.Perceptron(), p, eps, delta, e, theta)

    def best(x, omega0):
        # convex in s >= -x and, given s, in D
        def over_s(s):
            own = delta - theta * theta / e

            def over_D(D):
                fit = log_ndtr((omega0 + D) / math.sqrt(eps))
                return (D - theta * s / e) ** 2 / (2 * own) - fit

            inner = minimize_scalar(over_D, bounds=(-3, 12), method="bounded")
            return inner.fun + s * s / (2 * e)

        span = (-x, 25 - x)
        return -min(
            minimize_scalar(over_s, bounds=span, method="bounded").fun, over_s(-x)
        )

    nodes = np.arange(-5, 5.1, 0.5)
    weights = 0.5 * np.exp(-(nodes**2) / 2) / math.sqrt(2 * math.pi)
    own = math.sqrt(1 - eps - p * p)
    total = sum(
        wx * wu * best(x, p * x + own * u)
        for x, wx in zip(nodes, weights, strict=True)
        for u, wu in zip(nodes, weights, strict=True)
        if wx * wu > 1e-8
    )
    assert seen.norm == pytest.approx(1, abs=1e-12)
    # a trapezoid over a kink of the second derivative
    assert seen.value == pytest.approx(total, abs=3e-5)


@pytest.mark.parametrize(
    "channel", [rp.Perceptron(0.1), rp.Wide("relu", 0.1), rp.Wide("quadratic", -0.2)]
)
def test_derivatives_of_the_pattern_maxima_are_the_averages(channel):
    # envelope theorem: (BL31)-(BL33) against differences of E_E
    at = {"p": 0.72, "eps": 0.43, "delta": 0.21, "e": 3.4, "theta": 0.72}
    h = 1e-4

    def patterns(**change):
        return Patterns.at(LADDER[2], channel, **(at | change))

    seen = patterns()
    for name, slope in (
        ("p", seen.slope),
        ("e", seen.a / 2),
        ("theta", seen.tau),
        ("delta", seen.q_hat / 2),
        ("eps", (seen.q_hat - seen.dq_hat) / 2),
    ):
        up, down = (patterns(**{name: at[name] + x}).value for x in (h, -h))
        assert (up - down) / (2 * h) == pytest.approx(slope, abs=1e-6), name


def test_derivatives_of_the_weight_maxima_are_the_averages():
    # (BL27), (BL28) against differences of E_S
    h = 1e-4
    hats = {"root_a": 0.2, "chi": 0.3, "q_hat": 0.9, "dq_hat": 1.3, "w0": 0.25}

    def weights(**change):
        return Weights.at(LADDER[2], **(hats | change))

    seen = weights()
    q1 = 1 - seen.gap2
    for name, slope in (
        ("chi", hats["root_a"] * seen.theta),
        ("q_hat", seen.spread / 2),
        ("dq_hat", q1 / 2),
        ("w0", 1 - seen.gap),
        ("root_a", hats["root_a"] * seen.e + hats["chi"] * seen.theta),
    ):
        up, down = (weights(**{name: hats[name] + x}).value for x in (h, -h))
        assert (up - down) / (2 * h) == pytest.approx(slope, abs=1e-6), name
    assert seen.norm == pytest.approx(1, abs=1e-11)


def wide(activation, alpha, distance, y=math.inf, between="solution", kappa=0.1):
    model = rp.Model(rp.Binary(), rp.Wide(activation, kappa))
    return rp.local_entropy(model, alpha, distance, y=y, between=between)


@pytest.mark.parametrize("y", [1, 3, math.inf])
def test_linear_wide_committee_is_the_perceptron(y):
    model = rp.Model(rp.Binary(), rp.Perceptron(0.1))
    e = rp.local_entropy(model, 0.5, 0.15, y=y, between="solution")
    other = wide("linear", 0.5, 0.15, y)
    assert other.entropy == pytest.approx(e.entropy, abs=e.error + other.error)
    for name, value in e.order.items():
        if value == value:
            assert other.order[name] == pytest.approx(value, abs=1e-6), name


KERNELS = {
    "erf": lambda q: np.arcsin(2 * q / 3) / np.arcsin(2 / 3),
    "relu": lambda q: (
        (np.sqrt(1 - q * q) + q * (np.pi / 2 + np.arcsin(q)) - 1) / (np.pi - 1)
    ),
    "quadratic": lambda q: q * q,
    "sign": lambda q: 2 / np.pi * np.arcsin(q),
}


def direct_phi(kernel, alpha, p, y, o, kappa=0.1):
    """(BL36) at any overlaps and hats, by a trapezoid over x, u and v."""
    z = np.arange(-8, 8.1, 0.2)
    w = 0.2 * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    x, u, v = z[:, None, None], z[None, :, None], z
    gap, p_hat = y * (o["q1"] - o["q0"]), o["w0"] + o["t_hat"]
    phi = -0.5 * o["q_ref_hat"] * (1 - o["q_ref"])
    phi -= y * (p_hat * p - o["t_hat"] * o["t"])
    phi -= 0.5 * y * o["q0_hat"] * (1 - o["q1"] + gap)
    phi -= 0.5 * y * o["dq_hat"] * (o["q1"] + (1 - o["q1"]) / y)
    root = math.sqrt(o["q_ref_hat"])
    field = o["t_hat"] / root * x + math.sqrt(o["dq_hat"] / y) * v
    field = field + math.sqrt(o["q0_hat"] - (o["t_hat"] / root) ** 2) * u
    tilted = [
        s * root * x[..., 0]
        + np.log(
            np.exp(y * np.logaddexp(field + s * o["w0"], -field - s * o["w0"])) @ w
        )
        for s in (1, -1)
    ]
    phi += w @ np.logaddexp(*tilted) @ w
    ref, t, q0, q1, p = (kernel(q) for q in (o["q_ref"], o["t"], o["q0"], o["q1"], p))
    r = (p - t) / math.sqrt(q1 - q0)
    mean = math.sqrt(ref) * x + r * v
    field = t / math.sqrt(ref) * x + math.sqrt(q0 - t * t / ref) * u
    field = field + math.sqrt(q1 - q0) * v
    value = log_ndtr((mean - kappa) / math.sqrt(1 - ref - r * r))
    value = value + y * log_ndtr((field - kappa) / math.sqrt(1 - q1))
    return phi + alpha * (w @ np.log(np.exp(value) @ w) @ w)


@pytest.mark.parametrize("activation", KERNELS)
def test_saddle_of_wide_committees_is_stationary_in_the_direct_action(activation):
    alpha, distance, y, kernel = 0.5, 0.15, 6, KERNELS[activation]
    e = wide(activation, alpha, distance, y)
    at = {k: float(v) for k, v in e.order.items()}
    phi = direct_phi(kernel, alpha, 0.7, y, at)
    assert phi / y == pytest.approx(e.entropy, abs=2e-8)
    h = 1e-4
    for name in ("q_ref", "t", "q0", "q1", "q_ref_hat", "t_hat", "q0_hat", "dq_hat"):
        up, down = (
            direct_phi(kernel, alpha, 0.7, y, at | {name: at[name] + s})
            for s in (h, -h)
        )
        assert (up - down) / (2 * h) == pytest.approx(0, abs=1e-5), name
    # and what is reported are its slopes: d/dy at fixed p, and d/dp
    up, down = (direct_phi(kernel, alpha, 0.7, y + s, at) for s in (h, -h))
    assert (up - down) / (2 * h) == pytest.approx(at["local_entropy"], abs=1e-6)
    up, down = (direct_phi(kernel, alpha, 0.7 + s, y, at) / y for s in (h, -h))
    assert (up - down) / (2 * h) == pytest.approx(-at["p_hat"], abs=1e-6)


@pytest.mark.parametrize("activation", ["erf", "relu", lambda x: np.maximum(x, -0.5)])
def test_wide_committees_at_infinite_y(activation):
    limit, h = wide(activation, 0.7, 0.14), 1e-3
    free = wide(activation, 0.7, 0.14, between="centre")
    assert 1e-6 < free.entropy - limit.entropy < 1e-3 and limit.error < 1e-12
    d = 0.14 + h * np.array([-2, -1, 1, 2])
    slope = np.dot([1, -8, 8, -1], wide(activation, 0.7, d).entropy) / (12 * h)
    assert slope == pytest.approx(2 * limit.order["p_hat"], abs=1e-8)
    finite = wide(activation, 0.7, 0.14, 320)
    assert 320 * finite.order["eps_ref"] == pytest.approx(
        limit.order["eps_ref"], rel=0.04
    )
    assert finite.entropy == pytest.approx(limit.entropy, abs=3e-4)


def test_constraint_costs_nothing_at_infinite_y_where_the_activation_jumps():
    limit = wide("sign", 0.5, 0.15)
    assert limit.entropy == wide("sign", 0.5, 0.15, between="centre").entropy
    cost = []
    for y in (320.0, 1280.0):
        e, free = (wide("sign", 0.5, 0.15, y, x) for x in ("solution", "centre"))
        cost.append(free.entropy - e.entropy)
    assert y * e.order["eps_ref"] == pytest.approx(limit.order["eps_ref"], rel=0.005)
    assert y * (0.7 - e.order["t"]) == pytest.approx(limit.order["theta"], rel=0.005)
    # falls like 1/sqrt(y), and faster as long as log(y)/y counts
    assert 0.3 < cost[1] / cost[0] < 0.5


def test_overlaps_of_zero_are_refused():
    # below the load at which q_RS > 0, few replicas: those of different references
    # are orthogonal
    e = wide("quadratic", 0.2, 0.1, 2, kappa=0.0)
    assert not e.success and "even channels" in e.message


def test_trees_are_refused():
    model = rp.Model(rp.Binary(), rp.Tree(3))
    with pytest.raises(ValueError, match=r"the channel must have one field"):
        rp.local_entropy(model, 0.4, 0.1, between="solution")


def test_spherical_weights_have_no_such_reference():
    model = rp.Model(rp.Spherical(), rp.Perceptron())
    with pytest.raises(ValueError, match="between must be one of replicas, centre"):
        rp.local_entropy(model, 0.4, 0.1, between="solution")


def test_failed_points_say_so():
    p = large.around_solution(rp.Perceptron(), 0.4, 0.45)
    assert not p["success"] and set(p["order"]) == set(large.ORDER)
