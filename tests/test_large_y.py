"""y -> infinity local entropy of scalar channels."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr

import replicas as rp
from replicas import _large_y, large_y

# reference values (alpha, q1, normalised, c): two independent evaluations, 11 digits
PERCEPTRON = [
    (1.5, 0.9, -0.47792825636553915, 1.2552873804636084),
    (1.0, 0.8, -0.16809707471203467, 3.1843414027763695),
    (1.0, 0.95, -0.011999630131827504, 99.35369485510397),
]
WIDE = [
    (1.0, 0.95, -0.006213118173710203, 300.8565224886709),
    (2.5, 0.9, -0.7669271133124731, 3.4357389928655353),
    (1.0, 0.7, -0.2667130393360285, 3.1421419634065724),
]


@pytest.mark.parametrize(
    ("channel", "alpha", "q1", "value", "c"),
    [(rp.Perceptron(), *row) for row in PERCEPTRON]
    + [(rp.Wide(), *row) for row in WIDE],
)
def test_point_equals_reference(channel, alpha, q1, value, c):
    p = large_y.point(channel, alpha, 1 - q1)
    assert p["normalised"] == pytest.approx(value, abs=1e-12)
    assert p["order"]["c"] == pytest.approx(c, rel=1e-10)
    assert p["error"] < 1e-13


def brute_force(alpha, q1, kappa, tq, dtq):
    """(L3) by quad over h, brute maximisation over omega and over delta."""
    V = 1 - tq

    def M(h, D):
        def value(omega):
            return (omega - h) ** 2 / (2 * D) - log_ndtr((omega - kappa) / V**0.5)

        bounds = (h - 1e-9, max(h, kappa) + 12 * V**0.5)
        return -minimize_scalar(
            value, bounds=bounds, method="bounded", options={"xatol": 1e-10}
        ).fun

    def phi(log_delta):
        delta = math.exp(log_delta)

        def integrand(z):
            return math.exp(-0.5 * z * z) * M(tq**0.5 * z, delta * dtq)

        points = [0, kappa / tq**0.5]
        average = quad(integrand, -9, 9, points=points, limit=200, epsabs=1e-11)[0]
        average /= math.sqrt(2 * math.pi)
        return 0.5 * q1 / (1 - q1 + delta) + alpha * average

    return minimize_scalar(
        phi, bounds=(-6, 4), method="bounded", options={"xatol": 1e-5}
    ).fun


@pytest.mark.parametrize(
    ("channel", "alpha", "q1"),
    [(rp.Perceptron(-0.4), 1.7, 0.83), (rp.Wide("sign", 0.3), 0.8, 0.77)],
)
def test_point_equals_brute_force(channel, alpha, q1):
    tq, _, dtq, _ = channel.kernel.overlap(q1, 1 - q1)
    value = brute_force(alpha, q1, channel.kappa, tq, dtq)
    assert large_y.point(channel, alpha, 1 - q1)["normalised"] == pytest.approx(
        value, abs=2e-9
    )


@pytest.mark.parametrize("channel", [rp.Perceptron(), rp.Wide()])
def test_point_ends_at_the_typical_distance(channel):
    s = rp.rs(rp.Model(rp.Spherical(), channel), 1.0)
    eps = s.order["eps"] * (1 - 1e-6)
    p = large_y.point(channel, 1.0, eps)
    limit = s.entropy - 0.5 * math.log(s.order["eps"])
    assert p["normalised"] == pytest.approx(limit, abs=1e-5)
    assert p["stability"] == pytest.approx(s.stability, abs=1e-4)
    beyond = large_y.point(channel, 1.0, s.order["eps"] * (1 + 1e-6))
    assert not beyond["success"] and math.isnan(beyond["entropy"])
    assert "typical" in beyond["message"]


def test_point_is_refused_above_capacity():
    assert not large_y.point(rp.Perceptron(), 2.05, 0.1)["success"]


def test_point_follows_the_largest_margin_at_small_distance():
    # log(-phi) ~ -kappa_m^2/(2 eps) with alpha E (kappa_m + z)_+^2 = 1, alpha = 1;
    # the slope between two distances cancels the prefactor up to its logarithm
    kappa_m = brentq(lambda kappa: gardner_capacity(kappa) - 1, 0.4, 0.6)
    near, far = 3e-4, 4e-4
    phi = [
        large_y.point(rp.Perceptron(), 1.0, eps)["normalised"] for eps in (near, far)
    ]
    assert all(0 > value > -1e-100 for value in phi)
    slope = (math.log(-phi[0]) - math.log(-phi[1])) / (1 / near - 1 / far)
    assert slope == pytest.approx(-(kappa_m**2) / 2, rel=0.01)


def gardner_capacity(kappa):
    """1/E (kappa + z)_+^2."""
    value = quad(
        lambda z: (kappa + z) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
        -kappa,
        12,
    )[0]
    return 1 / value


def test_point_error_is_honest_over_twelve_decades():
    for eps in np.geomspace(5e-3, 0.3, 12):
        p = large_y.point(rp.Perceptron(), 1.0, eps)
        again = large_y.point(rp.Perceptron(), 1.0, eps, start=8.0)
        assert abs(p["normalised"] - again["normalised"]) <= p["error"] + again["error"]
        assert p["error"] < 1e-11 * abs(p["normalised"])


@pytest.mark.parametrize("channel", [rp.Perceptron(2.0), rp.Wide("quadratic")])
@pytest.mark.parametrize("q1", [1e-5, 0.01, 0.3])
@pytest.mark.parametrize("c", [0.1, 10.0, 1e8, 1e200])
def test_average_over_a_field_narrower_than_the_front(channel, q1, c):
    norm, f, *_ = _large_y.energetic(channel.kernel, 1 - q1, c * (1 - q1), 0.05, 8.5)
    assert norm == pytest.approx(1, abs=1e-8)
    finer = _large_y.energetic(channel.kernel, 1 - q1, c * (1 - q1), 0.031, 8.9)
    assert f == pytest.approx(finer[1], rel=1e-7)


def test_even_activation_has_a_curve_up_to_orthogonal_centres():
    model = rp.Model(rp.Binary(), rp.Wide("quadratic"))
    far = rp.local_entropy(model, 0.6, np.linspace(0.44, 0.495, 12), between="centre")
    total = rp.rs(model, 0.6).entropy
    assert far.success.all() and far.error.max() < 1e-12
    assert (np.diff(far.entropy) > 0).all() and (far.entropy < total).all()


def test_stability_of_the_wide_centre_crosses_one_where_known():
    # reference: r = 1 at q1 = .662072, .647786 for alpha = .5, 1
    for alpha, q1 in [(0.5, 0.662072), (1.0, 0.647786)]:
        p = large_y.point(rp.Wide(), alpha, 1 - q1)
        assert p["stability"] == pytest.approx(1, abs=1e-5)
