"""1-RSB ansatz: functional, saddles, complexity. docs/one_rsb.md."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr

from replicas import Model, Perceptron, Spherical, Tree, Wide, one_rsb, rs, tree_one_rsb
from replicas import rsb_equations as equations
from replicas.quadrature import Rule

WIDE = Model(Spherical(), Wide())
COMMITTEE = Model(Spherical(), Tree(3))
PARITY = Model(Spherical(), Tree(2, "parity"))
PARITY3 = Model(Spherical(), Tree(3, "parity"))


def state(channel, alpha, q0, q1, m, rule=None):
    u = equations.point_of(q0, q1 - q0, 1 - q1, m)
    return equations.state(channel, alpha, u, rule or Rule())


# the functional


@pytest.mark.parametrize(
    "channel, q0, q1, m, energetic",
    [  # reference values, two independent evaluations
        (Tree(3), 0.5, 0.6, 0.5, -0.938199754366605),
        (Tree(3, "parity"), 0.5, 0.6, 0.5, -0.7250120290701119),
        (Tree(2, "parity"), 0.3, 0.5, 5.0, -0.5830554770887472),
    ],
)
def test_energetic_reference_values(channel, q0, q1, m, energetic):
    s = state(channel, 1.0, q0, q1, m, Rule(0.16, 7.5))
    assert s.energetic == pytest.approx(energetic, abs=1e-11)
    assert s.norm == pytest.approx(1, abs=1e-12)


def test_energetic_of_two_parity_units_at_q0_zero_by_quadrature():
    # f = (1/m) log E P^m, P = (1 + erf erf)/2; the inner average over the second unit
    q1, m = 0.7, 2.6
    b = math.sqrt(q1 / (1 - q1))

    def moment(z1):
        def integrand(z2):
            h1, h2 = ndtr(b * z1), ndtr(b * z2)
            p = h1 * h2 + (1 - h1) * (1 - h2)
            return p**m * math.exp(-(z1 * z1 + z2 * z2) / 2) / (2 * math.pi)

        return quad(integrand, -9, 9, points=[0], epsabs=1e-12)[0]

    exact = math.log(quad(moment, -9, 9, points=[0], epsabs=1e-11)[0]) / m
    s = state(Tree(2, "parity"), 1.0, 0.0, q1, m, Rule(0.16, 7.5))
    assert s.energetic == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize(
    "channel", [Tree(3), Tree(3, "parity"), Tree(2, "parity")], ids=str
)
def test_first_derivative_alone_equals_that_of_all_averages(channel):
    # the grids of three units end before the last one
    for q0, q1, m in ((0.5, 0.7, 0.5), (0.6, 0.999, 0.8), (0.4, 0.9, 300.0)):
        at = channel, q0, q1 - q0, 1 - q1, m, Rule(0.25, 6.5)
        try:
            expected = tree_one_rsb.averages(*at)[0]["f1_squared"]
        except tree_one_rsb.TooFine:
            with pytest.raises(tree_one_rsb.TooFine):
                tree_one_rsb.f1_squared(*at)
            continue
        found = tree_one_rsb.f1_squared(*at)
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("channel", [Wide(), Perceptron(0.3)])
def test_energetic_by_nested_quadrature(channel):
    q0, q1, m = 0.35, 0.8, 0.4
    t0, t1 = (2 / np.pi * np.arcsin(q) if channel == Wide() else q for q in (q0, q1))

    def f(h):
        def weight(z):
            x = (h + math.sqrt(t1 - t0) * z - channel.kappa) / math.sqrt(1 - t1)
            return math.exp(m * log_ndtr(x) - z * z / 2) / math.sqrt(2 * math.pi)

        return math.log(quad(weight, -10, 14, points=[0], epsabs=1e-13)[0]) / m

    def outer(z):
        return f(math.sqrt(t0) * z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    exact = quad(outer, -9, 9, points=[0], epsabs=1e-12)[0]
    s = state(channel, 1.0, q0, q1, m)
    assert s.energetic == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize(
    "channel", [Wide(), Perceptron(-1.0), Tree(2, "parity"), Tree(3)]
)
def test_equations_are_the_gradient_of_the_entropy(channel):
    # (B11)-(B13) against fourth-order differences of S
    alpha, q0, q1, m, h = 2.0, 0.45, 0.8, 0.6, 2e-4
    rule = Rule(0.16, 8.5) if isinstance(channel, Tree) else Rule()

    def entropy(i, d):
        x = [q0, q1, m]
        x[i] += d
        return state(channel, alpha, *x, rule).entropy

    d_q0, d_q1, d_m = (
        (
            8 * entropy(i, h)
            - 8 * entropy(i, -h)
            - entropy(i, 2 * h)
            + entropy(i, -2 * h)
        )
        / (12 * h)
        for i in range(3)
    )
    s = state(channel, alpha, q0, q1, m, rule)
    lam = 1 - q1 + m * (q1 - q0)
    slope_q0 = 0.5 * m * q0 / lam**2 * (1 - math.exp(-s.equations[1]))
    difference = (q1 - q0) / ((1 - q1) * lam) * (1 - math.exp(-s.equations[0]))
    slope_q1 = (1 - m) * (0.5 * difference + slope_q0 / m)
    tolerance = 1e-7 if isinstance(channel, Tree) else 1e-8
    assert slope_q0 == pytest.approx(d_q0, abs=tolerance)
    assert slope_q1 == pytest.approx(d_q1, abs=tolerance)
    assert s.d_m == pytest.approx(d_m, abs=tolerance)
    assert s.equations[2] == pytest.approx(s.d_m * (lam / (q1 - q0)) ** 2)


@pytest.mark.parametrize("model", [WIDE, Model(Spherical(), Perceptron(-1.0))])
def test_entropy_at_equal_overlaps_is_rs(model):
    saddle = rs(model, 2.0)
    q = saddle.order["q"]
    s = state(model.channel, 2.0, q, q + 1e-9, 0.4)
    assert s.entropy == pytest.approx(saddle.entropy, abs=1e-12)
    assert s.outer_replicon == pytest.approx(saddle.stability, abs=1e-7)
    assert s.inner_replicon == pytest.approx(saddle.stability, abs=1e-7)
    # the ratio of the q1 equation tends to the replicon
    assert math.exp(-s.equations[0]) == pytest.approx(saddle.stability, abs=1e-6)


# saddles


def test_one_rsb_of_the_wide_committee_reference_value():
    s = one_rsb(WIDE, 4.0)
    assert s.success and s.ansatz == "1rsb*"
    assert s.entropy == pytest.approx(-3.433912243904871, abs=1e-12)
    assert s.error < 1e-12
    assert s.order["q0"] == pytest.approx(0.638266946, abs=2e-7)
    assert s.order["m"] == pytest.approx(0.685220599, abs=1e-6)
    assert s.complexity == pytest.approx(0, abs=1e-11)


@pytest.mark.full
def test_one_rsb_of_the_committee_reference_value():
    s = one_rsb(COMMITTEE, 2.5)
    assert s.success and s.error < 1e-8
    # reference value to six digits; then from grids of 180 nodes a unit
    assert s.entropy == pytest.approx(-2.345312411, abs=1e-6)
    assert s.entropy == pytest.approx(-2.3453123620, abs=s.error + 1e-10)


def test_one_rsb_of_the_wide_committee_at_the_end_of_the_flat_curve():
    # reference values: 1 - q1 where the 1-RSB local-entropy curve ends
    s = one_rsb(WIDE, [3.05, 3.2, 3.5, 4.5])
    assert s.order["eps1"] == pytest.approx([0.3133, 0.2227, 0.1228, 0.0197], abs=5e-5)
    assert np.all(s.success) and np.all(s.error < 1e-12)


def test_one_rsb_below_a_negative_margin_capacity():
    # 1-RSB capacity of the margin -1 is 12.3196, the RS one 13.2732
    model = Model(Spherical(), Perceptron(-1.0))
    s = one_rsb(model, [7.5, 10.0, 12.0, 12.8])
    assert list(s.success) == [False, True, True, False]
    assert s.order["eps1"][1:3] == pytest.approx([0.0816, 0.0047], abs=5e-5)
    assert "replica symmetric" in s.message[0]
    assert "above the 1-RSB capacity" in s.message[3]


def test_one_rsb_bifurcates_continuously_at_the_unstable_load():
    # alpha_AT = 2.98781867: below it only q0 = q1, just above q1 - q0 grows linearly
    assert not one_rsb(WIDE, 2.97).success
    near, far = one_rsb(WIDE, 2.9885), one_rsb(WIDE, 2.9892)
    gap_near = near.order["q1"] - near.order["q0"]
    gap_far = far.order["q1"] - far.order["q0"]
    ratio = (2.9892 - 2.98781867) / (2.9885 - 2.98781867)
    assert gap_far / gap_near == pytest.approx(ratio, rel=0.02)
    symmetric = rs(WIDE, 2.9885)
    assert near.entropy == pytest.approx(symmetric.entropy, abs=1e-8)


def test_one_rsb_entropy_is_minimal_at_zero_complexity():
    m = one_rsb(WIDE, 4.0).order["m"]
    s = one_rsb(WIDE, 4.0, [0.8 * m, m, 1.2 * m])
    assert s.ansatz == "1rsb" and s.entropy.shape == (3,)
    assert s.entropy[1] < min(s.entropy[0], s.entropy[2])
    assert s.complexity[0] > 0 > s.complexity[2]
    # complexity = -m^2 dS/dm, along the stationary q0, q1
    h = 1e-3
    side = one_rsb(WIDE, 4.0, [0.5 - h, 0.5, 0.5 + h])
    slope = (side.entropy[2] - side.entropy[0]) / (2 * h)
    assert side.complexity[1] == pytest.approx(-0.25 * slope, rel=1e-5)


def test_one_rsb_of_parity_at_q0_zero_and_m_one_is_paramagnetic():
    # the complexity vanishes at the reference value; S = -alpha log 2 up to there
    alpha = 3.1890196472
    s = one_rsb(PARITY3, alpha, 1.0)
    assert s.order["q0"] == 0
    assert s.entropy == pytest.approx(-alpha * math.log(2), abs=s.error)
    assert s.complexity == pytest.approx(0, abs=1e-9)
    assert s.order["q1"] == pytest.approx(0.9294660172, abs=1e-8)


@pytest.mark.full
def test_one_rsb_of_parity_below_the_dynamical_transition_is_refused():
    # reference value alpha_d = 2.9066110575
    assert not one_rsb(PARITY3, 2.88, 1.0).success
    assert one_rsb(PARITY3, 2.93, 1.0).success


def test_one_rsb_of_two_parity_units_breaks_beyond_their_unstable_load():
    # continuous transition at pi^2/8 = 1.2337
    s = one_rsb(PARITY, [1.15, 2.0], 0.5)
    assert list(s.success) == [False, True]
    assert s.entropy[1] < rs(PARITY, 2.0).entropy
    assert 0 < s.order["q0"][1] < s.order["q1"][1]


def test_one_rsb_of_one_unit_is_the_perceptron():
    assert not one_rsb(Model(Spherical(), Tree(1)), 1.0, 0.5).success


@pytest.mark.parametrize("m", [0.2, 0.9])
def test_one_rsb_error_is_honest(m):
    s = one_rsb(PARITY, 2.5, m)
    q0, q1 = s.order["q0"], s.order["q1"]
    exact = state(PARITY.channel, 2.5, q0, q1, m, Rule(0.03, 8.5)).entropy
    assert abs(s.entropy - exact) <= s.error
    s = one_rsb(WIDE, 4.0, m)
    q0, q1 = s.order["q0"], s.order["q1"]
    exact = state(WIDE.channel, 4.0, q0, q1, m, Rule(0.06, 9.5)).entropy
    assert abs(s.entropy - exact) <= s.error


@pytest.mark.parametrize("alpha", [0, -1, math.nan, math.inf])
def test_one_rsb_refuses_alpha(alpha):
    with pytest.raises(ValueError, match="one_rsb: alpha must"):
        one_rsb(WIDE, alpha)


@pytest.mark.parametrize("m", [0, 1.2, -0.5, math.nan])
def test_one_rsb_refuses_m(m):
    with pytest.raises(ValueError, match="one_rsb: m must"):
        one_rsb(WIDE, 4.0, m)


def test_one_rsb_refuses_large_trees_and_other_types():
    with pytest.raises(
        ValueError, match="one_rsb: 1-RSB of trees needs K at most 3, given 5"
    ):
        one_rsb(Model(Spherical(), Tree(5)), 1.0)
    with pytest.raises(TypeError, match="one_rsb: model"):
        one_rsb(Wide(), 1.0)
    with pytest.raises(TypeError, match="one_rsb: alpha"):
        one_rsb(WIDE, "2")
