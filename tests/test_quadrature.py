"""Quadrature: the error estimate is honest, panels find kinks and fronts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtr

from replicas.quadrature import Rule, gaussian_average, hermite

# int Dz log H(a z), 25 digits of mpmath.quad at 30 digits
LOG_H = {
    1: -1.0,
    10: -26.38032816580825132818541,
    100: -2502.453595346697648752333,
    1000: -250003.5966738272216787199,
}


def phi(x):
    return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def honest(estimate, exact):
    # the closed forms carry rounding themselves
    error = np.abs(estimate.value - exact)
    assert np.all(error <= estimate.error + 1e-16), (error, estimate.error)


@pytest.mark.parametrize("a", LOG_H)
@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-12])
@pytest.mark.parametrize("width", [1.0, 1e-3])
def test_gaussian_average_of_log_h_is_honest(a, tol, width):
    estimate = gaussian_average(lambda z: log_ndtr(-a * z), width=width, tol=tol)
    honest(estimate, LOG_H[a])
    assert estimate.success
    # rounding of values near 1e5 is all that exceeds the tolerance
    assert estimate.error < tol + 2e-14 * abs(LOG_H[a])


@settings(max_examples=60, deadline=None)
@given(
    c=st.floats(-4, 4),
    width=st.floats(1e-4, 2),
    guess=st.floats(-6, 6),
    tol=st.sampled_from([1e-4, 1e-8, 1e-12]),
)
def test_gaussian_average_is_honest_at_fronts_and_kinks(c, width, guess, tol):
    # E Phi((z - c)/width) and E (z - c)_+ in closed form; the guess may be wrong
    front = gaussian_average(
        lambda z: ndtr((z - c) / width), centre=guess, width=width, tol=tol
    )
    honest(front, ndtr(-c / math.hypot(1, width)))
    kink = gaussian_average(
        lambda z: np.maximum(z - c, 0), centre=guess, width=width, tol=tol
    )
    honest(kink, phi(c) - c * ndtr(-c))
    assert front.success and front.error < 1.01 * tol
    assert kink.success and kink.error < 1.01 * tol


def test_gaussian_average_takes_fronts_that_move_with_an_outer_variable():
    outer = np.linspace(-5, 5, 23)
    for width in (1.0, 0.03, 1e-3):
        estimate = gaussian_average(
            lambda z, w=width: ndtr((z[:, None] - outer) / w), width=width
        )
        assert estimate.value.shape == estimate.error.shape == (23,)
        honest(estimate, ndtr(-outer / math.hypot(1, width)))
        assert estimate.success


def test_gaussian_average_of_log_h_with_a_moving_front_is_honest():
    # translated fronts against the same integrals taken one by one, far finer
    outer, a = np.linspace(-3, 3, 7), 50.0
    together = gaussian_average(lambda z: log_ndtr(-a * (z[:, None] - outer)), tol=1e-9)
    for i, t in enumerate(outer):
        edges = np.concatenate([np.linspace(-12, t, 400), np.linspace(t, 12, 400)[1:]])
        x, w = np.polynomial.legendre.leggauss(20)
        half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
        z = middle[:, None] + half[:, None] * x
        weight = half[:, None] * w * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        exact = np.sum(weight * log_ndtr(-a * (z - t)))
        assert abs(together.value[i] - exact) <= together.error[i] + 1e-12


def test_gaussian_average_is_exact_with_a_kink_on_a_panel_boundary():
    plain = gaussian_average(lambda z: abs(z - 0.3), tol=1e-13)
    told = gaussian_average(lambda z: abs(z - 0.3), kinks=[0.3], tol=1e-13)
    exact = 2 * phi(0.3) + 0.3 * (1 - 2 * ndtr(-0.3))
    honest(plain, exact)
    honest(told, exact)
    assert told.value == pytest.approx(exact, rel=1e-15)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_gaussian_average_and_hermite_integrate_polynomials(coefficients):
    moments = [math.prod(range(k - 1, 0, -2)) * (k % 2 == 0) for k in range(12)]
    exact = sum(c * m for c, m in zip(coefficients, moments, strict=False))
    z, w = hermite(6)
    size = sum(abs(c) * m for c, m in zip(coefficients, moments, strict=False)) + 1
    value = w @ np.polynomial.polynomial.polyval(z, coefficients)
    assert value == pytest.approx(exact, abs=1e-12 * 1e3 * size)
    estimate = gaussian_average(
        lambda z: np.polynomial.polynomial.polyval(z, coefficients)
    )
    assert abs(estimate.value - exact) <= estimate.error + 1e-13 * size


@pytest.mark.parametrize("n", [1, 2, 20, 200])
def test_hermite_weights_sum_to_one(n):
    z, w = hermite(n)
    assert len(z) == len(w) == n
    assert w.sum() == pytest.approx(1, rel=1e-13)
    assert w @ z**2 == pytest.approx(float(n > 1), rel=1e-12)


def test_hermite_is_slow_for_fronts():
    z, w = hermite(100)
    error = w @ log_ndtr(-10 * z) - LOG_H[10]
    assert 1e-4 < abs(error) < 1e-3


def test_gaussian_average_says_when_the_tolerance_is_not_met():
    estimate = gaussian_average(lambda z: np.sin(1e6 * z) + z * z, tol=1e-12)
    assert not estimate.success
    assert "exceeds tol" in estimate.message
    assert abs(estimate.value - 1) <= estimate.error


def test_gaussian_average_keeps_what_is_not_finite():
    with np.errstate(invalid="ignore"):
        estimate = gaussian_average(lambda z: np.sqrt(z))
    assert np.isnan(estimate.value)
    assert not estimate.success
    assert estimate.message


def test_finer_rule_differs_in_step_and_window():
    rule = Rule()
    fine = rule.finer()
    assert fine.step < rule.step and fine.window > rule.window
    assert (rule.step / fine.step) % 1 > 0.1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tol": 0.0}, ValueError, "gaussian_average: tol must be finite and > 0"),
        ({"tol": np.nan}, ValueError, "gaussian_average: tol must not be nan"),
        ({"width": -1.0}, ValueError, "gaussian_average: width must be .* given -1.0"),
        ({"centre": np.inf}, ValueError, "gaussian_average: centre must be finite"),
        ({"centre": "0"}, TypeError, "gaussian_average: centre must be a number"),
        ({"kinks": [np.nan]}, ValueError, "gaussian_average: kinks must not be nan"),
    ],
)
def test_gaussian_average_refuses_bad_input(options, error, message):
    with pytest.raises(error, match=message):
        gaussian_average(np.cos, **options)


@pytest.mark.parametrize("n", [0, 1001])
def test_hermite_refuses_orders_out_of_range(n):
    with pytest.raises(ValueError, match=r"hermite: n must be in \[1, 1000\], given"):
        hermite(n)
