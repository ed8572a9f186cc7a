"""Symmetric perceptron: the channel, its typical solutions, refusals."""

import pickle

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replicas as rp

BINARY = rp.Model(rp.Binary(), rp.Symmetric(1.0))
SPHERICAL = rp.Model(rp.Spherical(), rp.Symmetric(1.0))


def exact_log_z(omega, V, kappa):
    """log Z and its derivatives from the difference of two tails, 70 digits."""
    with mp.workdps(70):
        omega, V, kappa = map(mp.mpf, (omega, V, kappa))
        s, root = mp.sqrt(V), mp.sqrt(2)
        c, h = omega / s, kappa / s
        outside = (mp.erfc((h - c) / root) + mp.erfc((h + c) / root)) / 2
        u = abs(c)
        Z = (mp.erfc((u - h) / root) - mp.erfc((u + h) / root)) / 2
        log_z = mp.log1p(-outside) if Z > 0.5 else mp.log(Z)
        d = (mp.npdf(h + c) - mp.npdf(h - c)) / Z
        d2 = -((h + c) * mp.npdf(h + c) + (h - c) * mp.npdf(h - c)) / Z - d * d
        return log_z, d / s, d2 / V


@settings(max_examples=300, deadline=None)
@given(
    kappa=st.floats(-3, 1).map(lambda x: 10.0**x),
    V=st.floats(-3, 0.6).map(lambda x: 10.0**x),
    c=st.one_of(st.floats(0.01, 4), st.floats(-6, 2.1).map(lambda x: 10.0**x)),
    sign=st.sampled_from([-1, 1]),
)
def test_log_z_and_derivatives_keep_12_digits(kappa, V, c, sign):
    omega = sign * c * np.sqrt(V)
    ours = rp.Symmetric(kappa).log_z(np.array([omega]), V)
    for value, exact in zip(ours, exact_log_z(omega, V, kappa), strict=True):
        assert abs(value[0] - exact) <= 1e-12 * abs(exact) + 1e-300


@pytest.mark.parametrize("kappa", [1e-3, 0.05, 1.0, 9.0])
@pytest.mark.parametrize("edge", [0.0, 0.999, 1.001, 2 / 1.0, 140.0])
def test_log_z_keeps_12_digits_where_its_forms_meet(kappa, edge):
    for V in (0.99 * kappa**2, 1.01 * kappa**2, 0.3):
        # c h = 2 and c = h are where the forms change
        for omega in (edge * kappa, 2 * V / kappa * edge, edge):
            if omega * omega / V > 3e4:
                continue
            ours = rp.Symmetric(kappa).log_z(np.array([omega]), V)
            for value, exact in zip(ours, exact_log_z(omega, V, kappa), strict=True):
                assert abs(value[0] - exact) <= 1e-12 * abs(exact) + 1e-300


def test_symmetric_survives_pickling_and_compares_by_value():
    copy = pickle.loads(pickle.dumps(rp.Symmetric(0.7)))
    assert copy == rp.Symmetric(0.7) != rp.Symmetric(0.8)
    assert hash(copy) == hash(rp.Symmetric(0.7))
    assert copy.log_z(0.3, 1.0)[0] == rp.Symmetric(0.7).log_z(0.3, 1.0)[0]


@pytest.mark.parametrize(
    ("kappa", "value"),
    # reference values, binary symmetric perceptron
    [(1.0, 1.8158754958372068), (1.5, 4.832812834851618)],
)
def test_capacity_equals_reference_values(kappa, value):
    c = rp.capacity(rp.Model(rp.Binary(), rp.Symmetric(kappa)))
    assert c.success
    assert abs(c.value - value) <= c.error < 1e-13 * value


@pytest.mark.parametrize("kappa", [0.01, 0.3, 2.0, 8.0])
def test_capacity_is_where_the_annealed_entropy_vanishes(kappa):
    model = rp.Model(rp.Binary(), rp.Symmetric(kappa))
    c = rp.capacity(model)
    with mp.workdps(40):
        exact = -mp.log(2) / mp.log1p(-mp.erfc(mp.mpf(kappa) / mp.sqrt(2)))
    assert abs(c.value - exact) <= c.error
    s = rp.rs(model, [0.5 * c.value, c.value, 1.5 * c.value])
    np.testing.assert_allclose(
        s.entropy, np.log(2) * np.array([0.5, 0, -0.5]), atol=1e-14
    )
    assert s.message[0] == "" and "above the capacity" in s.message[2]


def test_entropy_counts_the_solutions_of_small_instances():
    # N = 12: all weights, 4000 draws of 6 patterns; the mean number is annealed
    rng = np.random.default_rng(3)
    weights = 1 - 2 * ((np.arange(2**12)[:, None] >> np.arange(12)) & 1)
    fields = weights @ rng.normal(size=(12, 6 * 400)) / np.sqrt(12)
    inside = (np.abs(fields) < 1).reshape(len(weights), 400, 6).all(axis=2)
    counts = inside.sum(axis=0)
    s = rp.rs(BINARY, 0.5)
    spread = counts.std(ddof=1) / np.sqrt(len(counts))
    assert abs(counts.mean() - np.exp(12 * s.entropy)) < 4 * spread


@pytest.mark.parametrize("model", [BINARY, SPHERICAL])
def test_stability_is_one_on_the_instability_line(model):
    line = rp.at_line(model)
    s = rp.rs(model, line.value)
    assert s.stability == pytest.approx(1, rel=1e-13)
    assert rp.rs(model, 1.1 * line.value).message.endswith("symmetry is unstable")
    # the curvature of log Z at typical fields, by differences
    h = 1e-3
    log_z = rp.Symmetric(1.0).log_z(np.array([-h, 0, h]), 1.0)[0]
    curvature = (log_z[0] - 2 * log_z[1] + log_z[2]) / h**2
    assert line.value == pytest.approx(curvature**-2, rel=1e-6)


def test_spherical_entropy_is_annealed_too():
    s = rp.rs(SPHERICAL, [0.3, 1.2])
    both = rp.rs(BINARY, [0.3, 1.2])
    np.testing.assert_allclose(s.entropy, both.entropy - np.log(2), atol=1e-15)
    np.testing.assert_array_equal(s.order["q"], 0)


def test_capacity_of_a_wide_margin_says_that_it_has_no_number():
    c = rp.capacity(rp.Model(rp.Binary(), rp.Symmetric(50.0)))
    assert not c.success and np.isnan(c.value) and "range of a double" in c.message


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: rp.Symmetric(0.0), ValueError, "must be finite and > 0, given 0.0"),
        (lambda: rp.Symmetric(-1.0), ValueError, "must be finite and > 0, given -1.0"),
        (lambda: rp.Symmetric(np.nan), ValueError, "kappa must be finite"),
        (lambda: rp.Symmetric("1"), TypeError, "kappa must be a number"),
        (lambda: rp.capacity(SPHERICAL), ValueError, "prior must be Binary"),
        (lambda: rp.capacity(BINARY, "1rsb"), ValueError, "must be one of rs"),
        (lambda: rp.one_rsb(SPHERICAL, 1.0, 0.5), ValueError, "Symmetric channel"),
        (lambda: rp.equilibrium(SPHERICAL, 1.0), ValueError, "Perceptron or Wide"),
        (lambda: rp.local_entropy(SPHERICAL, 1.0, 0.1), ValueError, "Symmetric"),
        (lambda: rp.franz_parisi(SPHERICAL, 1.0, 0.1), ValueError, "Symmetric"),
        (lambda: rp.parity_transitions(SPHERICAL), ValueError, "must be a Tree"),
        (
            lambda: rp.reference.rs(SPHERICAL, 1.0, {"q": 0.1}),
            ValueError,
            "must be Perc",
        ),
    ],
)
def test_what_the_symmetric_channel_cannot_do_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
