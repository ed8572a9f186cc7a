"""Local entropy of binary weights around references that are solutions."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

import replicas as rp
from replicas import binary_solution_large_y as large
from replicas.binary_solution_averages import LADDER, Channel, Weights

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
    seen = Channel.at(LADDER[2], rp.Perceptron(), p, eps, delta, e, theta)

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


def test_derivatives_of_the_maxima_are_the_averages():
    # envelope theorem: (BL27), (BL28), (BL31) against differences of E_S and E_E
    at = {"eps": 0.43, "delta": 0.21, "e": 3.4, "theta": 0.72}
    channel, h = rp.Perceptron(0.1), 1e-4

    def patterns(**change):
        return Channel.at(LADDER[2], channel, 0.72, **(at | change))

    seen = patterns()
    for name, slope in (
        ("e", seen.a / 2),
        ("theta", seen.tau),
        ("delta", seen.q_hat / 2),
    ):
        up, down = (patterns(**{name: at[name] + x}).value for x in (h, -h))
        assert (up - down) / (2 * h) == pytest.approx(slope, abs=1e-6)
    # q1 at fixed p moves the variance and the noise: (BL32)
    up, down = (patterns(eps=at["eps"] - x).value for x in (h, -h))
    slope = (seen.dq_hat - seen.q_hat) / 2
    assert (up - down) / (2 * h) == pytest.approx(slope, abs=1e-6)

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


@pytest.mark.parametrize("channel", [rp.Wide("sign"), rp.Tree(3)])
def test_other_channels_are_refused(channel):
    model = rp.Model(rp.Binary(), channel)
    with pytest.raises(ValueError, match=r"the channel .*must be Perceptron"):
        rp.local_entropy(model, 0.4, 0.1, between="solution")


def test_spherical_weights_have_no_such_reference():
    model = rp.Model(rp.Spherical(), rp.Perceptron())
    with pytest.raises(ValueError, match="between must be one of replicas, centre"):
        rp.local_entropy(model, 0.4, 0.1, between="solution")


def test_failed_points_say_so():
    p = large.around_solution(rp.Perceptron(), 0.4, 0.45)
    assert not p["success"] and set(p["order"]) == set(large.ORDER)
