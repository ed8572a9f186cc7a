"""Franz-Parisi entropy of binary weights, and references with a margin."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr, roots_legendre

import replicas as rp
from replicas import _binary_franz_parisi
from replicas import franz_parisi_ansatz as ansatz
from replicas.franz_parisi_reference import references
from replicas.franz_parisi_terms import Overlaps, scalar_averages
from replicas.quadrature import Rule


def binary(kappa=0.0):
    return rp.Model(rp.Binary(), rp.Perceptron(kappa))


def spherical(kappa=0.0):
    return rp.Model(rp.Spherical(), rp.Perceptron(kappa))


def wide(kappa=0.0):
    return rp.Model(rp.Spherical(), rp.Wide("sign", kappa))


def entropy_of(d):
    return -d * math.log(d) - (1 - d) * math.log(1 - d)


# reference values (alpha, d, entropy), 12 to 13 digits
@pytest.mark.parametrize(
    ("alpha", "d", "value"),
    [
        (0.4, 0.1, 0.2043754983669544),
        (0.4, 0.05, 0.11442709007811154),
        (0.4, 0.02, 0.04526295491405869),
        (0.77, 0.2, 0.061991394742880734),
    ],
)
def test_franz_parisi_equals_reference(alpha, d, value):
    f = rp.franz_parisi(binary(), alpha, d)
    assert f.success
    assert f.entropy == pytest.approx(value, abs=2e-14)
    assert f.normalised == pytest.approx(value - entropy_of(d), abs=2e-14)
    assert f.error < 1e-13
    assert f.residual < 1e-11


# reference values (alpha, margin, d, entropy), 12 to 13 digits
@pytest.mark.parametrize(
    ("alpha", "kappa", "d", "value"),
    [
        (0.4, 0.6184175796137809, 0.01, 0.05593675061627937),
        (0.4, 0.6184175796137809, 0.05, 0.18077347620975176),
        (0.4, 0.6184175796137809, 0.1, 0.2687276845724091),
        (0.7, 0.13676177008328522, 0.02, 0.02871664116629752),
        (0.77, 0.06117871953906764, 0.1, 0.030925257244173276),
    ],
)
def test_franz_parisi_around_margins_equals_reference(alpha, kappa, d, value):
    f = rp.franz_parisi(binary(), alpha, d, binary(kappa))
    assert f.success
    assert f.entropy == pytest.approx(value, abs=2e-14)
    assert f.error < 3e-13


Z = np.arange(-9.6, 9.61, 0.06)
DZ = 0.06 * np.exp(-0.5 * Z * Z) / math.sqrt(2 * math.pi)


def literal(alpha, kappa, p, s, order):
    """V and the overlaps that the saddle equations return, from uniform grids.

    s : the saddle of the references, order : q1 and t.
    """
    q, q_hat = s.order["q"], s.order["q_hat"]
    q1, t = order["q1"], order["t"]
    root = math.sqrt(1 - q1)

    def log_H_and_slope(field, width):
        u = -field / width
        log_H = log_ndtr(-u)
        return log_H, np.exp(-0.5 * u * u - log_H) / math.sqrt(2 * math.pi) / width

    # field x of the tagged reference above the margin, given the common one
    x, dx = roots_legendre(80)
    x, dx = 6 * (1 + x), 6 * dx
    e = math.sqrt(q1 - t * t / q - (p - t) ** 2 / (1 - q))
    averages = np.zeros(3)
    for z, dz in zip(Z[::2], 2 * DZ[::2], strict=True):
        low = (kappa - math.sqrt(q) * z) / math.sqrt(1 - q)
        lam = low + x
        log_Z = log_ndtr(-low)
        log_weight = -0.5 * lam * lam - log_Z
        weight = dx * np.exp(log_weight) / math.sqrt(2 * math.pi)
        mean = t / math.sqrt(q) * z + (p - t) / math.sqrt(1 - q) * lam
        value, slope = log_H_and_slope(mean[:, None] + e * Z[::4], root)
        force = math.exp(-0.5 * low * low - log_Z) / math.sqrt(2 * math.pi * (1 - q))
        averages += (
            4
            * dz
            * np.array(
                [
                    weight @ (value @ DZ[::4]),
                    weight @ (slope**2 @ DZ[::4]),
                    force * (weight @ (slope @ DZ[::4])),
                ]
            )
        )
    f, q1_hat, t_hat = alpha * averages
    tau = np.tanh(math.sqrt(q_hat) * Z)[:, None]
    w = np.outer(DZ * (1 + tau[:, 0]), DZ)

    def fields(p_hat):
        h = math.sqrt(q1_hat - t_hat**2 / q_hat) * Z
        return h + (t_hat / math.sqrt(q_hat) * Z)[:, None] + p_hat - t_hat

    p_hat = brentq(lambda x: (w * np.tanh(fields(x))).sum() - p, 0, 20, xtol=1e-15)
    h = fields(p_hat)
    T = np.tanh(h)
    entropy = (w * np.logaddexp(h, -h)).sum() + f
    entropy += -0.5 * q1_hat * (1 - q1) - p_hat * p + t_hat * t
    return entropy, (w * T * T).sum(), (w * T * tau).sum()


@pytest.mark.parametrize(
    ("alpha", "kappa", "d"), [(0.6, 0.0, 0.07), (0.3, 0.5, 0.2), (0.7, -0.2, 0.35)]
)
def test_franz_parisi_solves_the_literal_formulas(alpha, kappa, d):
    f = rp.franz_parisi(binary(), alpha, d, binary(kappa))
    s = rp.rs(binary(kappa), alpha)
    entropy, q1, t = literal(alpha, kappa, 1 - 2 * d, s, f.order)
    assert f.entropy == pytest.approx(entropy, abs=1e-10)
    assert f.order["q1"] == pytest.approx(q1, abs=1e-9)
    assert f.order["t"] == pytest.approx(t, abs=1e-9)


@pytest.mark.parametrize("kappa", [0.0, 0.3])
def test_gradient_and_jacobian_equal_differences(kappa):
    alpha, rule = 0.5, Rule(0.05, 9)
    reference = references(binary(kappa), np.array([alpha]))[alpha]
    problem = ansatz.Problem(rp.Binary(), rp.Perceptron(), alpha, reference)

    def at(c, delta):
        o = Overlaps(reference.q, reference.eps, 0.15, c, delta)
        return ansatz.equations(problem, o, rule, 2.0)

    def difference(F, direction, h=2e-3):
        def move(k):
            return F(0.3 + k * h * direction[0], 0.1 + k * h * direction[1])

        return (8 * (move(1) - move(-1)) - move(2) + move(-2)) / (12 * h)

    state = at(0.3, 0.1)
    for i, direction in enumerate([(1, 0), (0, 1)]):
        numeric = difference(lambda c, delta: at(c, delta).s.residual, direction)
        assert numeric == pytest.approx(state.jacobian[:, i], abs=1e-7)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.8), st.floats(-0.3, 0.05))
def test_franz_parisi_at_typical_distance_is_replica_symmetric(alpha, kappa):
    s = rp.rs(binary(kappa), alpha)
    f = rp.franz_parisi(binary(kappa), alpha, s.order["eps"] / 2)
    assert f.entropy == pytest.approx(s.entropy, abs=f.error + s.error)
    assert f.order["q1"] == pytest.approx(s.order["q"], abs=1e-9)
    assert f.order["t"] == pytest.approx(s.order["q"], abs=1e-9)
    assert f.stability == pytest.approx(s.stability, abs=1e-8)


@pytest.mark.parametrize("model", [binary, spherical])
def test_reference_without_margin_is_typical(model):
    d = [0.01, 0.1, 0.3]
    f = rp.franz_parisi(model(), 0.5, d)
    g = rp.franz_parisi(model(), 0.5, d, model(0.0))
    np.testing.assert_array_equal(f.normalised, g.normalised)


@pytest.mark.parametrize(
    ("model", "alpha", "kappas"),
    [
        (binary, 0.4, [0.0, 0.2, 0.4, 0.6]),
        (spherical, 1.0, [0.0, 0.1, 0.2, 0.3]),
        (
            lambda kappa=0.0: rp.Model(rp.Spherical(), rp.Wide("sign", kappa)),
            1,
            [0, 0.3],
        ),
    ],
)
def test_margins_raise_the_entropy_nearby(model, alpha, kappas):
    d = [3e-3, 0.01, 0.05]
    rows = [rp.franz_parisi(model(), alpha, d, model(k)).normalised for k in kappas]
    assert np.all(np.diff(rows, axis=0) > 0)
    assert np.max(rows) < 0


@pytest.mark.parametrize("d", [1e-5, 1e-3, 0.02])
def test_almost_all_weights_near_a_margin_are_solutions(d):
    # -normalised falls as exp(-kappa^2/8d), beyond the range of a double
    b = rp.franz_parisi(binary(), 0.4, d, binary(0.6))
    s = rp.franz_parisi(spherical(), 0.4, d, spherical(1.0))
    for f in (b, s):
        assert f.success
        assert -math.exp(-0.36 / (8 * d)) - f.error <= f.normalised <= f.error


def test_franz_parisi_branch_does_not_depend_on_the_start():
    d = np.array([0.49, 1e-3, 0.3, 0.01, 0.2, 0.1])
    for kappa in (0.0, 0.5):
        warm = rp.franz_parisi(binary(), 0.4, d, binary(kappa))
        cold = [rp.franz_parisi(binary(), 0.4, x, binary(kappa)).normalised for x in d]
        assert warm.success.all()
        assert np.all(np.abs(warm.normalised - cold) <= 2 * warm.error)


def test_neighbour_that_misleads_is_left():
    # every second point was refused
    curve = rp.franz_parisi(
        rp.Model(rp.Binary(), rp.Wide("sign")), 0.6, np.geomspace(2.6e-4, 3.2e-4, 4)
    )
    assert curve.success.all() and (np.diff(curve.entropy) > 0).all()


def test_frozen_references_are_followed_from_small_distances():
    # q = 0.97: neither p = q nor the scaling of the typical saddle is near
    f = rp.franz_parisi(spherical(), 0.5, [0.01, 0.1, 0.3], spherical(1.0))
    assert f.success.all()
    assert np.all(np.diff(f.normalised) < 0)


@pytest.mark.parametrize("kappa", [0.0, 0.3])
def test_franz_parisi_error_is_honest(kappa, monkeypatch):
    alpha, d = np.array([[0.1], [0.5]]), [0.45, 0.15, 0.02, 2e-3]
    f = rp.franz_parisi(binary(), alpha, d, binary(kappa))
    fine = Rule(0.04, 10.0)
    accuracy = ansatz.Accuracy(fine, fine, 1.5, 0.05, 1e-11)
    monkeypatch.setattr(ansatz, "BINARY", accuracy)
    exact = rp.franz_parisi(binary(), alpha, d, binary(kappa))
    assert f.success.all()
    assert np.all(np.abs(f.normalised - exact.normalised) <= f.error + exact.error)
    assert np.all(f.error < 1e-12)


def test_small_distances_need_nodes_that_follow_the_front():
    # (F11): the law lies far from y = 0, where uniform nodes would be
    o = Overlaps(0.65, 0.35, 2e-4, 0.01, 0.05)
    e = scalar_averages(rp.Perceptron(0.6), rp.Perceptron(), o, Rule())
    fine = scalar_averages(rp.Perceptron(0.6), rp.Perceptron(), o, Rule(0.04, 10))
    assert e.norm == pytest.approx(1, abs=1e-11)
    assert e.f == pytest.approx(fine.f, rel=1e-9)


def test_warning_of_references_above_their_capacity():
    f = rp.franz_parisi(binary(), [0.4, 0.4], 0.1, binary(0.7))
    assert f.success.all()
    assert "reference: its entropy is negative" in f.message[0]


def test_franz_parisi_of_binary_trees():
    tree = rp.Model(rp.Binary(), rp.Tree(3))
    s = rp.rs(tree, 0.5)
    f = rp.franz_parisi(tree, 0.5, [0.05, s.order["eps"] / 2])
    assert f.success.all()
    assert f.entropy[1] == pytest.approx(s.entropy, abs=f.error[1] + s.error)
    assert f.order["q1"][1] == pytest.approx(s.order["q"], abs=1e-6)
    assert f.stability[1] == pytest.approx(s.stability, abs=1e-5)


def test_franz_parisi_of_the_binary_parity_is_that_of_independent_solutions():
    # q = 0 and t = 0; far away a pattern is satisfied with probability 1/2
    tree = rp.Model(rp.Binary(), rp.Tree(2, "parity"))
    f = rp.franz_parisi(tree, 0.5, [0.05, 0.2, 0.499])
    assert f.success.all()
    assert np.all(f.order["t"] == 0)
    assert f.entropy[2] == pytest.approx(math.log(2) / 2, abs=1e-4)


def test_franz_parisi_fails_where_no_solutions_are_close():
    f = rp.franz_parisi(binary(), 0.4, 1e-5)
    assert not f.success
    assert "no solutions so close" in f.message
    assert math.isnan(f.entropy)


# reference values, 10 to 13 digits
@pytest.mark.parametrize(
    ("alpha", "value"),
    [
        (0.4, 0.0030069048068365),
        (0.6, 0.015775415371489805),
        (0.7, 0.0369367015179),
        (0.77, 0.07343595008114338),
    ],
)
def test_isolation_distance_equals_reference(alpha, value):
    e = rp.isolation_distance(binary(), alpha)
    assert e.success
    assert e.value == pytest.approx(value, abs=1e-13)
    assert e.error < 1e-12
    f = rp.franz_parisi(binary(), alpha, [0.99 * e.value, e.value, 1.01 * e.value])
    assert f.entropy[0] < 0 < f.entropy[2]
    assert f.entropy[1] == pytest.approx(0, abs=1e-14)


def test_isolation_distance_of_references_with_a_margin():
    assert rp.isolation_distance(binary(), 0.4, binary(0.3)).value == 0
    # entropy negative at finite distances only
    assert rp.isolation_distance(binary(), 0.75, binary(0.083)).value == 0
    # the same, and the saddle ends there
    assert rp.isolation_distance(binary(), 0.5, binary(1e-3)).value == 0
    f = rp.franz_parisi(binary(), 0.5, [3e-8, 1e-3], binary(1e-3)).entropy
    assert f[0] > 0 > f[1]
    # these violate patterns
    e = rp.isolation_distance(binary(), 0.4, binary(-0.1))
    assert e.value == pytest.approx(0.0135, abs=1e-4)


@pytest.mark.parametrize("channel", [rp.Tree(2, "parity"), rp.Wide("quadratic")])
def test_isolation_distance_of_uncorrelated_solutions(channel):
    # q = 0: typical solutions are at distance 1/2
    model = rp.Model(rp.Binary(), channel)
    e = rp.isolation_distance(model, 0.4)
    assert e.success and 0 < e.value < 0.1
    f = rp.franz_parisi(model, 0.4, e.value * np.array([0.99, 1.01])).entropy
    assert f[0] < 0 < f[1]


def test_isolation_distance_fails_above_capacity():
    e = rp.isolation_distance(binary(), 0.85)
    assert not e.success
    assert math.isnan(e.value)
    assert "entropy is negative" in e.message


def test_isolation_distance_refuses():
    with pytest.raises(ValueError, match="isolation_distance: the prior must be Bin"):
        rp.isolation_distance(spherical(), 0.4)
    with pytest.raises(ValueError, match="isolation_distance: alpha"):
        rp.isolation_distance(binary(), -1)
    with pytest.raises(TypeError, match="isolation_distance: alpha"):
        rp.isolation_distance(binary(), [0.4, 0.5])


def around_the_largest_margin(alpha, d):
    reference = binary(rp.largest_margin(binary(), alpha).value)
    return rp.franz_parisi(binary(), alpha, d, reference).entropy


def least(function, near):
    """Minimum of `function` within a factor of 1.5 of `near`, and where it is."""
    found = minimize_scalar(function, bounds=(near / 1.5, 1.5 * near), method="bounded")
    return found.fun, found.x


def test_threshold_of_the_gap_around_the_largest_margin():
    # reference value, 9 digits: load at which the least entropy is zero
    def lowest(alpha):
        return least(lambda d: around_the_largest_margin(alpha, d), 0.0115738889)[0]

    alpha = brentq(lowest, 0.745, 0.75, xtol=1e-11)
    assert alpha == pytest.approx(0.7477356475255872, abs=2e-9)


def test_threshold_of_monotonicity_around_the_largest_margin():
    # load at which the least slope is zero: 0.729042060, computed elsewhere with
    # coarser sums, is 1e-5 too large; there the entropy is not monotonic
    def slope(alpha, d, h=0.02):
        f = around_the_largest_margin(alpha, d * (1 + h * np.array([-2, -1, 1, 2])))
        return (8 * (f[2] - f[1]) - f[3] + f[0]) / (12 * h * d)

    def lowest(alpha):
        return least(lambda d: slope(alpha, d), 0.0050007)[0]

    alpha = brentq(lowest, 0.728, 0.73, xtol=1e-10)
    assert alpha == pytest.approx(0.72903281, abs=2e-8)
    assert alpha == pytest.approx(0.72904206, abs=1e-5)
    load = 0.72904206
    kappa = rp.largest_margin(binary(), load).value
    d = [0.00493, 0.00507]
    f = rp.franz_parisi(binary(), load, d, binary(kappa))
    s = rp.rs(binary(kappa), load)
    exact = [
        literal(load, kappa, 1 - 2 * x, s, {k: f.order[k][i] for k in ("q1", "t")})[0]
        for i, x in enumerate(d)
    ]
    assert f.entropy == pytest.approx(exact, abs=1e-12)
    assert exact[1] < exact[0] - 1e-9


@pytest.mark.parametrize("activation", ["sign", "relu"])
def test_franz_parisi_of_wide_binary_committees(activation):
    wide = rp.Model(rp.Binary(), rp.Wide(activation))
    margin = rp.Model(rp.Binary(), rp.Wide(activation, 0.2))
    s = rp.rs(wide, 0.5)
    f = rp.franz_parisi(wide, 0.5, [0.02, s.order["eps"] / 2])
    assert f.success.all()
    assert f.entropy[1] == pytest.approx(s.entropy, abs=f.error[1] + s.error)
    assert rp.franz_parisi(wide, 0.5, 0.02, margin).entropy > f.entropy[0]


def test_nodes_follow_the_references_field():
    # q_hat = 72: tanh(sqrt(q_hat) x) has poles at 0.19, which a step of 0.15 does
    # not resolve; shifting the grid tells, refining the rule of ours agrees
    q_hat = 72.0

    def unexplained(step, shift):
        x = np.arange(-9 + shift * step, 9, step)
        weight = step * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return weight @ (1 - np.tanh(math.sqrt(q_hat) * x) ** 2)

    assert abs(unexplained(0.15, 0) - unexplained(0.15, 0.5)) > 1e-3
    assert unexplained(0.02, 0) == pytest.approx(unexplained(0.02, 0.5), rel=1e-12)
    results = []
    for rule in (Rule(0.1, 8.5), Rule(0.05, 9.5)):
        out = np.empty(10)
        _binary_franz_parisi.entropic(
            q_hat, 80.0, 60.0, 0.02, 60.0, rule.step, rule.window, out
        )
        results.append(out)
        assert out[9] == pytest.approx(1, abs=1e-13)
    assert results[0] == pytest.approx(results[1], rel=1e-11, abs=1e-14)
