"""Output node: equal to the channels of replicas, to enumeration, to differences."""

import itertools

import numpy as np
import pytest
from scipy.special import ndtr

import msgpass as mp
import replicas as rp
from msgpass.node import channel_of, output_node

MACHINES = [(1, "majority"), (3, "majority"), (9, "majority"), (2, "majority")]
MACHINES += [
    (6, "majority"),
    (1, "parity"),
    (2, "parity"),
    (3, "parity"),
    (9, "parity"),
]


def evaluate(labels, omega, V, K, rule="majority", kappa=0.0):
    """log Z (M), g and Gam (M, K)."""
    labels = np.asarray(labels, np.int8)
    patterns = np.ones((len(labels), K))
    instance = mp.Instance(patterns, labels, K, True, rule, kappa)
    node = output_node("test", instance)
    value, g, Gam = np.empty(len(labels)), np.empty(omega.shape), np.empty(omega.shape)
    node.log_z(labels, omega, np.broadcast_to(V, omega.shape).copy(), value, g, Gam)
    return value, g, Gam


def fields(K, spread, M=300, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([-1, 1], np.int8), M)
    return labels, spread * rng.standard_normal((M, K)), rng.uniform(0.2, 1.5, (M, K))


@pytest.mark.parametrize(("K", "rule"), MACHINES)
@pytest.mark.parametrize("spread", [0.1, 1.0, 4.0, 30.0])
def test_node_is_the_channel_of_replicas(K, rule, spread):
    labels, omega, V = fields(K, spread)
    value, g, Gam = evaluate(labels, omega, V, K, rule)
    b = omega.copy()
    b[:, : 1 if rule == "parity" else K] *= labels[:, None]
    units = K + (K % 2 == 0 and rule == "majority")
    channel = rp.Perceptron() if K == 1 else rp.Tree(units, rule)
    if K == 1:
        log_z, d, d2 = channel.log_z(b[:, 0], V[:, 0])
        d, d2 = d[:, None], d2[:, None]
    else:
        extra = units - K
        wide = np.concatenate([b, np.full((len(b), extra), -1e7)], axis=1)
        log_z, d, d2 = channel.log_z(wide, np.c_[V, np.ones((len(b), extra))])
        d, d2 = d[:, :K], np.einsum("mll->ml", d2)[:, :K]
    d[:, : 1 if rule == "parity" else K] *= labels[:, None]
    np.testing.assert_allclose(value, log_z, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(g, d, rtol=1e-9, atol=1e-12)
    # Gam = g (g + omega / V) is a difference of terms of the size of g^2
    np.testing.assert_allclose(Gam, -d2, rtol=1e-9, atol=1e-11 * (1 + d**2).max())


@pytest.mark.parametrize(("K", "rule"), MACHINES)
@pytest.mark.parametrize("label", [-1, 1])
def test_node_counts_the_signs_of_the_units(K, rule, label):
    _, omega, V = fields(K, 1.0, M=5)
    value, _, _ = evaluate([label] * 5, omega, V, K, rule)
    plus = ndtr(omega / np.sqrt(V))
    for mu in range(5):
        Z = 0.0
        for units in itertools.product([1, -1], repeat=K):
            product = rule == "parity"
            fits = np.prod(units) == label if product else label * sum(units) > 0
            p = np.where(np.array(units) > 0, plus[mu], 1 - plus[mu])
            Z += fits * np.prod(p)
        assert value[mu] == pytest.approx(np.log(Z), abs=1e-12)


@pytest.mark.parametrize(("K", "rule"), MACHINES)
def test_node_derivatives_are_those_of_log_z(K, rule):
    labels, omega, V = fields(K, 2.0, M=50)
    _, g, Gam = evaluate(labels, omega, V, K, rule)
    h = 1e-4
    for l in range(K):
        up, down = omega.copy(), omega.copy()
        up[:, l] += h
        down[:, l] -= h
        high, g_high, _ = evaluate(labels, up, V, K, rule)
        low, g_low, _ = evaluate(labels, down, V, K, rule)
        np.testing.assert_allclose(g[:, l], (high - low) / (2 * h), atol=1e-5)
        np.testing.assert_allclose(
            Gam[:, l], -(g_high - g_low)[:, l] / (2 * h), atol=1e-5, rtol=1e-5
        )


def test_node_of_the_perceptron_has_a_margin():
    labels, omega, V = fields(1, 1.0)
    value, g, Gam = evaluate(labels, omega, V, 1, kappa=0.7)
    log_z, d, d2 = rp.Perceptron(0.7).log_z(labels * omega[:, 0], V[:, 0])
    np.testing.assert_allclose(value, log_z, rtol=1e-13)
    np.testing.assert_allclose(g[:, 0], labels * d, rtol=1e-13)
    np.testing.assert_allclose(Gam[:, 0], -d2, rtol=1e-12)


def test_node_of_the_symmetric_perceptron_has_two_margins():
    labels, omega, V = fields(1, 1.5)
    value, g, Gam = evaluate(labels, omega, V, 1, "symmetric", kappa=0.8)
    s = np.sqrt(V)
    inside = ndtr((0.8 - omega) / s) - ndtr((-0.8 - omega) / s)
    np.testing.assert_allclose(value, np.log(inside)[:, 0], rtol=1e-9)
    log_z, d, d2 = rp.Symmetric(0.8).log_z(omega[:, 0], V[:, 0])
    np.testing.assert_allclose(value, log_z, rtol=1e-12)
    np.testing.assert_allclose(g[:, 0], d, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(Gam[:, 0], -d2, rtol=1e-11)


def test_node_deep_in_the_tail():
    # reference values, log-domain sums: all units 20 standard deviations on the wrong
    # side; one of the few decisive ones 30 deviations away
    omega = np.array([[-20.0] * 9, [-40, -35, -30, -45, -50, 3, 4, 5, 6]])
    value, g, Gam = evaluate([1, 1], omega, 1.0, 9)
    np.testing.assert_allclose(value, [-1014.7494949480847, -454.32262672568953], 1e-12)
    np.testing.assert_allclose(g[0], 11.13875170373, rtol=1e-10)
    np.testing.assert_allclose(Gam[0], -98.7032445572, rtol=1e-10)
    assert g[1, 2] == pytest.approx(30.033259667434677, rel=1e-12)
    assert Gam[1, 2] == pytest.approx(0.9988962285181889, rel=1e-9)


def test_channel_of_refuses_too_many_units():
    instance = mp.Instance.random(N=65, alpha=1.0, K=65, rng=0)
    with pytest.raises(ValueError, match="f: K must be at most 63, given 65"):
        channel_of("f", instance)
