"""Channels: log Z and its derivatives against mpmath, invariants, refusals."""

import itertools
import pickle

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replicas as rp

TREES = [(1, "majority"), (3, "majority"), (5, "majority"), (7, "majority")]
TREES += [(1, "parity"), (2, "parity"), (3, "parity"), (6, "parity")]
SCALARS = [rp.Perceptron(0.3), rp.Perceptron(-1.5), rp.Wide("sign", 0.3)]
ALL = [*SCALARS, *(rp.Tree(K, rule) for K, rule in TREES)]


def posterior(b, accepts):
    """log P, gradient and Hessian in b, from the 2^K internal representations."""
    K, P, Q = len(b), mp.mpf(0), mp.mpf(0)
    b = [mp.mpf(float(x)) for x in b]
    H = {s: [mp.erfc(-s * x / mp.sqrt(2)) / 2 for x in b] for s in (1, -1)}
    phi = [mp.npdf(x) for x in b]
    first, second = mp.matrix(K, 1), mp.matrix(K, K)
    for signs in itertools.product((1, -1), repeat=K):
        weight = mp.fprod(H[s][i] for i, s in enumerate(signs))
        if not accepts(signs):
            Q += weight
            continue
        P += weight
        slope = [s * phi[i] / H[s][i] for i, s in enumerate(signs)]
        for i in range(K):
            first[i] += weight * slope[i]
            for j in range(K):
                other = slope[j] if i != j else -b[i]
                second[i, j] += weight * slope[i] * other
    first, second = first / P, second / P
    log_p = mp.log(P) if P < Q else mp.log1p(-Q)
    return log_p, first, second - first * first.T


def accepted(rule):
    if rule == "majority":
        return lambda signs: sum(signs) > 0
    return lambda signs: np.prod(signs) > 0


def assert_close(values, exact, rel):
    # entries below the smallest double are compared to it
    for value, x in zip(np.ravel(values), exact, strict=True):
        assert abs(value - x) <= rel * abs(x) + 1e-300


@pytest.mark.parametrize(("K", "rule"), TREES)
@pytest.mark.parametrize("scale", [0.1, 1.5, 6.0, 25.0])
def test_tree_log_z_equals_sum_over_representations(K, rule, scale):
    rng = np.random.default_rng(K)
    tree, V = rp.Tree(K, rule), 0.37
    for sign in (1, -1):
        b = sign * scale * np.abs(rng.normal(size=K)) + scale * rng.normal(size=K) / 3
        omega = b * np.sqrt(V)
        log_z, d, d2 = tree.log_z(omega, V)
        with mp.workdps(60 + int(scale**2)):
            b = omega / np.sqrt(V)
            exact, first, second = posterior(b, accepted(rule))
        # the scaled field carries a rounding: relative b^2 eps
        tol = 1e-12 + 4e-16 * scale**2
        assert_close(log_z, [exact], tol)
        assert_close(d * np.sqrt(V), first, tol)
        floor = tol * np.abs(d2).max() * V
        for value, x in zip(np.ravel(d2) * V, second, strict=True):
            assert abs(value - x) <= tol * abs(x) + floor + 1e-300


@pytest.mark.parametrize("K", [3, 5, 7])
def test_tree_log_z_keeps_12_digits_at_log_z_minus_ten_thousand(K):
    b = -np.linspace(95.0, 107.0, K) if K == 3 else -np.linspace(70.0, 90.0, K)
    log_z, d, d2 = rp.Tree(K, "majority").log_z(b, 1.0)
    with mp.workdps(200):
        exact, first, second = posterior(b, accepted("majority"))
    assert -2e4 < exact < -8e3
    assert_close(log_z, [exact], 1e-13)
    assert_close(d, first, 1e-12)
    assert_close(np.diag(d2), [second[i, i] for i in range(K)], 1e-12)


@pytest.mark.parametrize("channel", SCALARS)
@pytest.mark.parametrize("b", [-140.0, -37.0, -3.0, -0.1, 0.0, 0.4, 5.0, 12.0])
def test_scalar_log_z_equals_mpmath(channel, b):
    V = 0.25
    omega = 0.5 * b + channel.kappa
    log_z, d, d2 = channel.log_z(omega, V)
    with mp.workdps(60):
        x = (mp.mpf(channel.kappa) - mp.mpf(omega)) * 2
        below, phi = mp.erfc(-x / mp.sqrt(2)) / 2, mp.npdf(x)
        above = mp.erfc(x / mp.sqrt(2)) / 2
        ratio = phi / above
        exact = mp.log1p(-below) if x < 0 else mp.log(above)
    assert_close(log_z, [exact], 1e-13)
    assert_close(d, [2 * ratio], 1e-13)
    assert_close(d2, [-4 * ratio * (ratio - x)], 1e-12)


def test_scalar_log_z_is_minus_ten_thousand_exactly():
    # source: 60-digit erfc
    with mp.workdps(60):
        exact = mp.log(mp.erfc(mp.mpf("141.375") / mp.sqrt(2)) / 2)
    log_z = rp.Perceptron().log_z(-141.375, 1.0)[0]
    assert abs(log_z - exact) < 1e-13 * abs(exact)


@settings(max_examples=50, deadline=None)
@given(b=st.lists(st.floats(-8, 8), min_size=1, max_size=6), K=st.integers(0, 2))
def test_probabilities_of_both_outputs_sum_to_one(b, K):
    odd = (b * 5)[: 2 * K + 1]
    majority = rp.Tree(len(odd), "majority")
    plus, minus = majority.log_z(odd, 1.0)[0], majority.log_z(-np.array(odd), 1.0)[0]
    assert np.exp(plus) + np.exp(minus) == pytest.approx(1, rel=4e-15)
    parity = rp.Tree(len(b), "parity")
    flipped = [-b[0], *b[1:]]
    plus, minus = parity.log_z(b, 1.0)[0], parity.log_z(flipped, 1.0)[0]
    assert np.exp(plus) + np.exp(minus) == pytest.approx(1, rel=4e-15)


@settings(max_examples=50, deadline=None)
@given(
    omega=st.lists(st.floats(-30, 30), min_size=5, max_size=5),
    V=st.floats(0.01, 10),
    order=st.permutations(range(5)),
    rule=st.sampled_from(["majority", "parity"]),
)
def test_tree_log_z_does_not_depend_on_the_order_of_units(omega, V, order, rule):
    tree, omega, order = rp.Tree(5, rule), np.array(omega), list(order)
    log_z, d, d2 = tree.log_z(omega, V)
    permuted = tree.log_z(omega[order], V)
    assert permuted[0] == pytest.approx(log_z, rel=1e-12, abs=1e-300)
    np.testing.assert_allclose(permuted[1], d[order], rtol=1e-11, atol=1e-300)
    largest = np.abs(d2).max()
    np.testing.assert_allclose(
        permuted[2], d2[np.ix_(order, order)], rtol=1e-11, atol=1e-12 * largest
    )


@settings(max_examples=50, deadline=None)
@given(
    omega=st.lists(st.floats(-20, 20), min_size=3, max_size=3),
    unit=st.integers(0, 2),
    rise=st.floats(0.01, 3),
    V=st.floats(0.05, 5),
)
def test_log_z_rises_with_each_field(omega, unit, rise, V):
    tree, raised = rp.Tree(3, "majority"), np.array(omega)
    raised[unit] += rise
    low, d, _ = tree.log_z(omega, V)
    assert (d >= 0).all()
    assert tree.log_z(raised, V)[0] >= low - 1e-14 * abs(low)
    perceptron = rp.Perceptron(0.2)
    assert perceptron.log_z(raised[unit], V)[0] >= perceptron.log_z(omega[unit], V)[0]


@settings(max_examples=40, deadline=None)
@given(
    channel=st.sampled_from(ALL),
    seed=st.integers(0, 1000),
    V=st.floats(0.2, 3),
)
def test_derivatives_are_those_of_log_z(channel, seed, V):
    # fourth-order differences, error h^4 + eps/h
    omega = 2 * np.random.default_rng(seed).normal(size=channel.fields)
    scalar = not isinstance(channel, rp.Tree)
    h, d_numeric, d2_numeric = 2e-3 * np.sqrt(V), [], []
    for i in range(channel.fields):
        step = h * np.eye(channel.fields)[i]
        points = [omega + k * step for k in (-2, -1, 1, 2)]
        values = [channel.log_z(p[0] if scalar else p, V) for p in points]
        for column, into in ((0, d_numeric), (1, d2_numeric)):
            far, near, near2, far2 = (np.asarray(v[column]) for v in values)
            into.append((far - 8 * near + 8 * near2 - far2) / (12 * h))
    _, d, d2 = channel.log_z(omega[0] if scalar else omega, V)
    scale = 1 + np.abs(omega).max() ** 2 / V
    np.testing.assert_allclose(np.ravel(d_numeric), np.ravel(d), atol=1e-9 * scale / h)
    np.testing.assert_allclose(
        np.ravel(d2_numeric), np.ravel(d2), atol=1e-9 * scale / h / np.sqrt(V)
    )


def test_overlap_of_signs_is_arcsine():
    q, eps, d, d2 = rp.Wide().kernel.overlap(0.3, 0.7)
    assert q == pytest.approx(2 / np.pi * np.arcsin(0.3), rel=1e-15)
    assert eps == pytest.approx(1 - q, rel=1e-15)
    assert d == pytest.approx(2 / np.pi / np.sqrt(1 - 0.09), rel=1e-15)
    assert d2 == pytest.approx(d * 0.3 / (1 - 0.09), rel=1e-15)
    # 1 - overlap keeps its digits where the overlap rounds to 1
    tiny = rp.Wide().kernel.overlap(1.0, 1e-20)[1]
    assert tiny == pytest.approx(2 / np.pi * np.sqrt(2e-20), rel=1e-15)


def test_wide_is_a_perceptron_of_its_field():
    omega = np.linspace(-5, 5, 7)
    for ours, same in zip(
        rp.Wide("sign", 0.4).log_z(omega, 0.5),
        rp.Perceptron(0.4).log_z(omega, 0.5),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, same)


@pytest.mark.parametrize("channel", ALL, ids=repr)
def test_log_z_takes_read_only_strided_and_integer_arrays(channel):
    rng = np.random.default_rng(1)
    shape = (4, 3) if not isinstance(channel, rp.Tree) else (4, 3, channel.K)
    omega = rng.normal(size=shape)
    expected = channel.log_z(omega, 0.7)
    strided = np.asfortranarray(np.repeat(omega, 2, axis=0))[::2]
    strided.flags.writeable = False
    for ours, same in zip(channel.log_z(strided, 0.7), expected, strict=True):
        np.testing.assert_array_equal(ours, same)
    for i in np.ndindex(4, 3):
        one = channel.log_z(omega[i], 0.7)
        for ours, same in zip(one, expected, strict=True):
            np.testing.assert_array_equal(ours, same[i])
    whole = channel.log_z(np.ones(shape, dtype=int), 1)
    assert np.shape(whole[0]) == (4, 3)


@pytest.mark.parametrize("channel", ALL, ids=repr)
def test_channels_survive_pickling_and_compare_by_value(channel):
    copy = pickle.loads(pickle.dumps(channel))
    assert copy == channel
    assert hash(copy) == hash(channel)
    omega = np.full(channel.fields, 0.3)
    omega = omega if isinstance(channel, rp.Tree) else 0.3
    assert np.all(copy.log_z(omega, 1.0)[0] == channel.log_z(omega, 1.0)[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: rp.Perceptron(np.nan), ValueError, "Perceptron: kappa must be finite"),
        (lambda: rp.Perceptron("1"), TypeError, "Perceptron: kappa must be a number"),
        (lambda: rp.Wide("gelu"), ValueError, "Wide: activation must be one of sign"),
        (lambda: rp.Wide("sign", np.inf), ValueError, "Wide: kappa must be finite"),
        (
            lambda: rp.Tree(4),
            ValueError,
            "Tree: K must be odd for the majority, given 4",
        ),
        (lambda: rp.Tree(0, "parity"), ValueError, r"Tree: K must be in \[1, 63\]"),
        (lambda: rp.Tree(65), ValueError, r"Tree: K must be in \[1, 63\], given 65"),
        (lambda: rp.Tree(3.0), TypeError, "Tree: K must be an integer, given 3.0"),
        (lambda: rp.Tree(True), TypeError, "Tree: K must be an integer, given True"),
        (lambda: rp.Tree(3, "xor"), ValueError, "Tree: rule must be one of .* 'xor'"),
        (
            lambda: rp.Tree(3).log_z([1, 2], 1.0),
            ValueError,
            "omega must have 3 as last",
        ),
        (lambda: rp.Tree(3).log_z(1.0, 1.0), ValueError, "omega must have 3 as last"),
        (
            lambda: rp.Perceptron().log_z(np.nan, 1.0),
            ValueError,
            "omega must not be nan",
        ),
        (lambda: rp.Perceptron().log_z("a", 1.0), TypeError, "omega must be a number"),
        (
            lambda: rp.Perceptron().log_z(0.0, 0.0),
            ValueError,
            "V must be finite and > 0, given 0",
        ),
        (
            lambda: rp.Wide().log_z(0.0, -1.0),
            ValueError,
            "Wide: V must be finite and > 0",
        ),
        (lambda: rp.Tree(1).log_z([0.0], np.nan), ValueError, "V must not be nan"),
    ],
)
def test_channels_refuse_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
