"""Kernels of wide committees: closed forms, tables, refusals."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.integrate import dblquad
from scipy.special import erf

import replicas as rp
from replicas.kernels import NAMES
from replicas.reference.channel import CLOSED, scalar_field

EPS = [1e-14, 1e-9, 1e-6, 1e-3, 0.1, 0.4, 0.499, 0.5, 0.501, 0.7, 0.9, 0.999]


def relu(x):
    return np.maximum(x, 0)


def hard_tanh(x):
    return np.clip(x, -1, 1)


def step(x):
    return np.where(x > 0.3, 1.0, 0.0)


def sign_kernel(q):
    return 2 / np.pi * np.arcsin(q)


def relu_kernel(q):
    return np.sqrt(1 - q * q) + q * (np.pi / 2 + np.arcsin(q)) - 1


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("eps", [1e-30, 1e-12, 1e-5, 0.02, 0.3, 0.46, 0.6, 1 - 1e-9])
def test_overlap_agrees_with_many_digits(name, eps):
    with mp.workdps(60):
        field = scalar_field("test", rp.Model(rp.Spherical(), rp.Wide(name)))
        q = 1 - mp.mpf(eps)
        d, d2 = mp.diff(field.overlap, q, 1), mp.diff(field.slope, q, 1)
        exact = [float(x) for x in (field.overlap(q), 1 - field.overlap(q), d, d2)]
        assert float(field.slope(q)) == pytest.approx(exact[2], rel=1e-12)
    found = rp.Wide(name).kernel.overlap(1 - eps, eps)
    # tq of the sign comes from asin q, all else from eps
    rel = [1e-9 if name == "sign" else 2e-15, 2e-15, 2e-15, 1e-14]
    for x, y, tolerance in zip(found, exact, rel, strict=True):
        assert x == pytest.approx(y, rel=tolerance, abs=1e-30)


@pytest.mark.parametrize("name", NAMES)
def test_overlap_at_the_ends(name):
    kernel = rp.Wide(name).kernel
    assert kernel.overlap(0.0, 1.0)[:2] == pytest.approx((0, 1), abs=1e-15)
    q, eps, *_ = kernel.overlap(1.0, 1e-25)
    assert q == 1 and 0 < eps < 1e-12


@pytest.mark.parametrize("q", [0.2, 0.93])
def test_tanh_agrees_with_two_dimensional_quadrature(q):
    wide = rp.Wide("tanh")
    root = np.sqrt(1 - q * q)

    def integrand(x, z):
        weight = np.exp(-0.5 * (x * x + z * z)) / (2 * np.pi)
        return weight * np.tanh(z) * np.tanh(q * z + root * x)

    delta = dblquad(integrand, -9, 9, -9, 9, epsabs=1e-11, epsrel=1e-11)[0]
    assert wide.kernel.overlap(q, 1 - q)[0] * wide.variance == pytest.approx(
        delta, abs=1e-10
    )


@pytest.mark.parametrize(
    ("activation", "name", "rel"),
    [
        (relu, "relu", 1e-12),
        (np.sign, "sign", 1e-12),
        (erf, "erf", 3e-15),
        (np.tanh, "tanh", 0),
        (np.square, "quadratic", 1e-14),
    ],
)
def test_function_gives_the_kernel_of_the_name(activation, name, rel):
    wide, named = rp.Wide(activation), rp.Wide(name)
    assert wide.variance == pytest.approx(named.variance, rel=1e-14)
    for eps in EPS:
        found = wide.kernel.overlap(1 - eps, eps)
        exact = named.kernel.overlap(1 - eps, eps)
        assert found[1:3] == pytest.approx(exact[1:3], rel=rel)
        assert found[0] == pytest.approx(exact[0], rel=max(rel, 1e-9 * (eps < 1e-3)))
        assert found[3] == pytest.approx(exact[3], rel=100 * rel)


@pytest.mark.parametrize("activation", [hard_tanh, step, lambda x: erf(3 * x)])
def test_two_forms_of_a_kernel_meet(activation):
    """Below q = 1/2 a power series, above a Chebyshev series."""
    kernel = rp.Wide(activation).kernel
    below = kernel.overlap(0.5 - 1e-12, 0.5 + 1e-12)
    above = kernel.overlap(0.5 + 1e-12, 0.5 - 1e-12)
    assert np.all(np.abs(np.array(above) / below - 1) < [1e-11, 1e-11, 1e-10, 1e-7])


def test_step_has_the_overlap_of_a_bivariate_orthant():
    """Delta' = density of both fields at the jump, exp(-k^2/(1 + q))/(2 pi sin)."""
    wide = rp.Wide(step)
    for eps in EPS:
        q = 1 - eps
        density = np.exp(-0.09 / (1 + q)) / (2 * np.pi * np.sqrt(eps * (1 + q)))
        d = wide.kernel.overlap(q, eps)[2]
        assert d * wide.variance == pytest.approx(density, rel=1e-12)


def test_exponential_units_have_an_exponential_kernel():
    """E e^u e^v - e = e (e^q - 1)."""
    wide = rp.Wide(np.exp)
    assert wide.variance == pytest.approx(np.e * (np.e - 1), rel=1e-13)
    value, lost, d, d2 = wide.kernel.overlap(0.7, 0.3)
    scale = np.exp(0.7) / (np.e - 1)
    assert (value, d, d2) == pytest.approx(
        ((np.exp(0.7) - 1) / (np.e - 1), scale, scale), rel=1e-12
    )
    assert lost == pytest.approx(1 - value, rel=1e-13)


def test_affine_changes_of_the_activation_change_nothing():
    a = rp.Wide(np.tanh).kernel.overlap(0.8, 0.2)
    b = rp.Wide(lambda x: 2 - 7 * np.tanh(x)).kernel.overlap(0.8, 0.2)
    assert a == pytest.approx(b, rel=1e-13)


@pytest.mark.parametrize(
    ("delta", "name"), [(sign_kernel, "sign"), (relu_kernel, "relu")]
)
def test_kernel_of_a_user_is_that_of_the_name(delta, name):
    user, named = rp.Wide(rp.Kernel(delta)), rp.Wide(name)
    for eps in EPS:
        found = user.kernel.overlap(1 - eps, eps)
        exact = named.kernel.overlap(1 - eps, eps)
        assert found[:3] == pytest.approx(exact[:3], rel=2e-10)
    load = rp.rs(rp.Model(rp.Spherical(), user), 1.0).entropy
    expected = rp.rs(rp.Model(rp.Spherical(), named), 1.0).entropy
    assert load == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(
    "wide",
    [
        rp.Wide("relu", 0.2),
        rp.Wide("tanh"),
        rp.Wide(hard_tanh, -1.0),
        rp.Wide(rp.Kernel(relu_kernel)),
    ],
)
def test_wide_pickles(wide):
    again = pickle.loads(pickle.dumps(wide))
    assert again == wide and hash(again) == hash(wide)
    assert again.kernel.overlap(0.7, 0.3) == wide.kernel.overlap(0.7, 0.3)


def test_slope_is_infinite_for_jumps():
    assert rp.Wide("sign").slope == np.inf and rp.Wide(step).slope == np.inf
    assert rp.Wide("relu").slope == pytest.approx(np.pi / (np.pi - 1), rel=1e-15)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: rp.Wide("gelu"), ValueError, "activation must be one of sign, relu"),
        (lambda: rp.Wide(3), ValueError, "activation must be one of"),
        (lambda: rp.Wide(np.ones_like), ValueError, "must not be constant"),
        (lambda: rp.Wide(lambda x: 1.0), TypeError, "activation must map an array"),
        (lambda: rp.Wide(lambda x: 1j * x), TypeError, "activation must map an array"),
        (lambda: rp.Wide(lambda x: x / (x > 0)), ValueError, "must be finite"),
        (lambda: rp.Wide(lambda x: np.sign(np.sin(9 * x))), ValueError, "at most 20"),
        (lambda: rp.Wide(lambda x: np.exp(x * x / 4)), ValueError, "finite variance"),
        (lambda: rp.Kernel(0.3), TypeError, "Kernel: delta must be a function"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_wide_refuses_what_is_no_activation(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("delta", "match"),
    [
        (lambda q: q + 0.1, "must vanish at q = 0"),
        (lambda q: -q, r"must have Delta\(1\) > 0"),
        (lambda q: q / (1 - 0.999999999 * q) - np.where(q == 1, 1e10, 0), "> 0"),
        (lambda q: np.where(q == 1, np.inf, q), "the kernel must be finite"),
        (lambda q: q - 0.1 * q**2, "Schoenberg"),
        (lambda q: q - 1e-6 * q**3, "Schoenberg"),
        (lambda q: q + q**9 - 0.5 * q**20, "Schoenberg"),
        (np.sin, "Schoenberg"),
        (np.abs, "Schoenberg"),
        (lambda q: 1 - (1 - q) ** 0.3, "given the power 0.3"),
        (lambda q: q**2 + (q == 1), "given the power"),
    ],
)
def test_wide_refuses_an_invalid_kernel(delta, match):
    with pytest.raises(ValueError, match=match):
        rp.Wide(rp.Kernel(delta))


def test_sum_of_kernels_is_a_kernel():
    mixed = rp.Wide(rp.Kernel(lambda q: 0.3 * q + 0.7 * relu_kernel(q) / (np.pi - 1)))
    r = rp.Wide("relu").kernel.overlap(0.6, 0.4)
    assert mixed.kernel.overlap(0.6, 0.4)[:3] == pytest.approx(
        (0.18 + 0.7 * r[0], 0.12 + 0.7 * r[1], 0.3 + 0.7 * r[2]), rel=1e-11
    )


coefficients = st.lists(st.floats(0, 1), min_size=1, max_size=12).filter(
    lambda a: sum(a) > 0.1
)


@settings(deadline=None, max_examples=20)
@given(coefficients, st.floats(1e-6, 1))
def test_power_series_with_positive_coefficients_is_a_kernel(a, eps):
    poly = np.polynomial.Polynomial([0, *a])
    wide = rp.Wide(rp.Kernel(poly))
    value, lost, d, _ = wide.kernel.overlap(1 - eps, eps)
    total = sum(a)
    assert value == pytest.approx(poly(1 - eps) / total, abs=1e-12)
    n = np.arange(1, len(a) + 1)
    exact = -np.expm1(n * np.log1p(-min(eps, 1 - 1e-16))) @ a / total
    assert lost == pytest.approx(exact, rel=1e-9)
    assert d == pytest.approx(poly.deriv()(1 - eps) / total, rel=1e-8, abs=1e-10)


@settings(deadline=None, max_examples=20)
@given(coefficients, st.integers(0, 7), st.floats(0.01, 1))
def test_power_series_with_a_negative_coefficient_is_refused(a, n, size):
    a = [*a, *[0.0] * 8]
    a[n] = -size
    if sum(a) <= 0:
        a[8] += 1 - sum(a)
    with pytest.raises(ValueError, match="Wide: the kernel must"):
        rp.Wide(rp.Kernel(np.polynomial.Polynomial([0, *a])))
