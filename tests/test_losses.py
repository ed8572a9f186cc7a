"""Losses at finite temperature: channel, replica symmetric saddle and freezing."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import log_ndtr

import replicas as rp
from replicas._loss_averages import log_errors, mean_loss


def model(channel):
    return rp.Model(rp.Binary(), channel)


def cross_entropy(gamma, beta=None):
    return rp.Loss("cross-entropy", gamma, beta=beta)


def loss(channel, x):
    if channel.kind == "errors":
        return np.where(x < 0, 1.0, 0.0)
    return np.logaddexp(0, -2 * channel.gamma * x) / (2 * channel.gamma)


def weighted(channel, omega, V, powers, low=-np.inf):
    """Moments of eta under exp(-eta^2/2 - beta loss), from a dense sum; log of the sum.

    The window follows the maximum of the weight.
    """
    eta = np.linspace(-12, 12 + channel.beta * np.sqrt(V), 100_001)
    cost = 0.5 * eta**2 + channel.beta * loss(channel, omega + np.sqrt(V) * eta)
    peak = eta[cost.argmin()]
    eta = np.linspace(peak - 13, peak + 13, 100_001)
    cost = 0.5 * eta**2 + channel.beta * loss(channel, omega + np.sqrt(V) * eta)
    w = np.exp(cost.min() - cost)
    w[omega + np.sqrt(V) * eta < low] = 0
    total = w.sum()
    log_z = np.log(total * 26 / 100_000 / np.sqrt(2 * np.pi)) - cost.min()
    return log_z, [(w * eta**n).sum() / total for n in powers]


CASES = [
    (cross_entropy(1.0, 98.0), 0.1),
    (cross_entropy(4.0, 3000.0), 0.24),
    (cross_entropy(0.3, 5.0), 0.9),
    (cross_entropy(20.0, 3.0), 0.5),
    (cross_entropy(10.0, 20.0), 0.55),
    (cross_entropy(2.0, 1e-2), 0.3),
]


@pytest.mark.parametrize(("channel", "V"), CASES)
@pytest.mark.parametrize("omega", [-3.0, -0.5, 0.4, 2.1])
def test_log_z_of_the_cross_entropy_equals_a_dense_sum(channel, V, omega):
    value, d, d2 = channel.log_z(omega, V)
    log_z, (mean, square) = weighted(channel, omega, V, (1, 2))
    assert value == pytest.approx(log_z, abs=2e-12, rel=1e-13)
    assert d == pytest.approx(mean / np.sqrt(V), abs=1e-10)
    assert d2 == pytest.approx((square - mean**2 - 1) / V, abs=1e-9)


@pytest.mark.parametrize("beta", [1e-3, 0.7, 8.0, 60.0, 1e4])
@pytest.mark.parametrize("omega", [-40.0, -2.0, 0.0, 3.0])
def test_log_z_of_the_errors_equals_its_formula(beta, omega):
    channel, V, h = rp.Loss("errors", beta=beta), 0.3, 1e-3

    def log_p(omega):
        u = np.longdouble(omega / np.sqrt(V))
        return np.logaddexp(log_ndtr(float(u)), log_ndtr(-float(u)) - beta)

    value, d, d2 = channel.log_z(omega, V)
    assert value == pytest.approx(log_p(omega), rel=1e-12, abs=1e-16)
    near = [channel.log_z(omega + k * h, V) for k in (-2, -1, 1, 2)]
    slope, bend = (
        (near[0][n] - 8 * near[1][n] + 8 * near[2][n] - near[3][n]) / (12 * h)
        for n in (0, 1)
    )
    assert d == pytest.approx(slope, rel=1e-7, abs=1e-9)
    assert d2 == pytest.approx(bend, rel=1e-7, abs=1e-9)


@given(
    gamma=st.floats(0.05, 30),
    log_beta=st.floats(-3, 12),
    V=st.floats(1e-3, 1),
    omega=st.floats(-4, 4),
)
def test_log_z_of_the_cross_entropy_is_concave_and_obeys_the_heat_equation(
    gamma, log_beta, V, omega
):
    channel = cross_entropy(gamma, float(np.exp(log_beta)))
    value, d, d2 = channel.log_z(omega, V)
    assert value <= 1e-15 and d >= 0
    assert -1 / V * (1 + 1e-12) <= d2 <= 1e-12
    h = 1e-4 * V
    slope = (channel.log_z(omega, V + h)[0] - channel.log_z(omega, V - h)[0]) / (2 * h)
    scale = 1e-11 * (1 + abs(value)) / h
    assert slope == pytest.approx(0.5 * (d2 + d * d), rel=1e-4, abs=1e-7 + scale)


def test_log_z_of_the_cross_entropy_follows_its_peak():
    # pitfall: at beta = 3000 the weight peaks 30 standard deviations away
    channel, V, omega = cross_entropy(4.0, 3000.0), 0.05, -6.5
    eta = np.linspace(-10, 10, 4001)
    cost = 0.5 * eta**2 + 3000 * loss(channel, omega + np.sqrt(V) * eta)
    fixed = np.log(np.exp(cost.min() - cost).sum() * (eta[1] - eta[0])) - cost.min()
    fixed -= 0.5 * np.log(2 * np.pi)
    exact = weighted(channel, omega, V, ())[0]
    assert fixed < exact - 1000
    assert channel.log_z(omega, V)[0] == pytest.approx(exact, rel=1e-12)


# reference values (alpha, beta, phi, error fraction), 14 digits
ERRORS = [
    (1.0, 2.0, 0.09629338710283442, 0.15609188582493377),
    (0.4, 4.0, 0.40752429552701164, 0.025870319788095533),
]


@pytest.mark.parametrize(("alpha", "beta", "phi", "errors"), ERRORS)
def test_rs_of_the_errors_equals_reference(alpha, beta, phi, errors):
    s = rp.rs(model(rp.Loss("errors", beta=beta)), alpha)
    assert s.success and s.message == ""
    assert s.order["free_entropy"] == pytest.approx(phi, rel=1e-13)
    assert s.order["errors"] == pytest.approx(errors, rel=1e-13)
    assert s.order["energy"] == pytest.approx(errors, rel=1e-13)
    entropy = phi + beta * alpha * errors
    assert abs(s.entropy - entropy) <= s.error + 1e-14 < 1e-11


# reference values (gamma, beta*, q, energy, errors) at alpha = 0.4, 13 digits; the
# errors 11, that of gamma = 4 from an independent sum in mpmath, 5 digits
FREEZING = [
    (
        1.0,
        98.08265310067993,
        0.9062605560812105,
        0.06616793839113144,
        5.604507883122e-5,
    ),
    (
        2.0,
        228.54509584126635,
        0.8290851897295382,
        0.006930734406645213,
        1.27389048957e-14,
    ),
    (4.0, 3013.4225430066876, 0.7605190189377207, 0.00017780548442984602, None),
]


@pytest.mark.parametrize(("gamma", "beta", "q", "energy", "errors"), FREEZING)
def test_freezing_equals_reference(gamma, beta, q, energy, errors):
    f = rp.freezing(model(cross_entropy(gamma)), 0.4)
    assert f.success and abs(f.value - beta) <= f.error + 1e-13 * beta
    assert f.error < 1e-11 * beta
    assert f.order["q"] == pytest.approx(q, rel=1e-12)
    assert f.order["energy"] == pytest.approx(energy, rel=1e-12)
    if errors is None:
        assert f.order["errors"] == pytest.approx(2.7581e-114, rel=3e-5)
    else:
        assert f.order["errors"] == pytest.approx(errors, rel=1e-10)
    assert ("unstable" in f.message) == (f.order["stability"] > 1) == (gamma <= 1)


def test_rs_without_temperature_is_taken_at_freezing():
    f = rp.freezing(model(cross_entropy(1.5)), 0.4)
    s = rp.rs(model(cross_entropy(1.5)), [0.4, 0.3])
    assert s.entropy == pytest.approx(0, abs=1e-12)
    assert s.order["beta"][0] == f.value and s.order["beta"][1] > f.value
    assert s.message.tolist() == ["", ""]


def test_rs_of_a_loss_is_stationary_in_temperature():
    # d phi/d beta = -alpha energy, d S/d beta = beta alpha d energy/d beta
    alpha, gamma, beta, h = 0.5, 1.7, 30.0, 0.03
    s = [rp.rs(model(cross_entropy(gamma, beta + k * h)), alpha) for k in (-1, 0, 1)]
    phi = [x.order["free_entropy"] for x in s]
    energy = [x.order["energy"] for x in s]
    assert (phi[2] - phi[0]) / (2 * h) == pytest.approx(-alpha * energy[1], rel=1e-6)
    slope = (s[2].entropy - s[0].entropy) / (2 * h)
    assert slope == pytest.approx(
        beta * alpha * (energy[2] - energy[0]) / (2 * h), rel=1e-6
    )


def test_rs_of_the_errors_tends_to_the_perceptron():
    cold = rp.rs(model(rp.Loss("errors", beta=45.0)), 0.6)
    hard = rp.rs(model(rp.Perceptron()), 0.6)
    assert cold.entropy == pytest.approx(hard.entropy, abs=1e-12)
    assert cold.stability == pytest.approx(hard.stability, abs=1e-11)
    hot = rp.rs(model(rp.Loss("errors", beta=1e-8)), 0.6)
    assert hot.entropy == pytest.approx(np.log(2), abs=1e-14)
    assert hot.order["errors"] == pytest.approx(0.5, abs=1e-8)


def test_rs_of_the_cross_entropy_tends_to_the_margin_at_freezing():
    # gamma -> infinity: the largest margin
    kappa = rp.largest_margin(model(rp.Perceptron()), 0.4)
    q = [
        rp.freezing(model(cross_entropy(g)), 0.4).order["q"] for g in (5.0, 10.0, 20.0)
    ]
    gaps = np.array(q) - kappa.order["q"]
    assert (gaps > 0).all() and gaps[2] < 0.03
    assert gaps[2] / gaps[1] < 0.62 and gaps[1] / gaps[0] < 0.62


@pytest.mark.parametrize(("gamma", "beta", "q"), [(1.0, 98.0, 0.9), (3.0, 700.0, 0.78)])
def test_errors_equal_a_double_integral(gamma, beta, q):
    channel, V = cross_entropy(gamma, beta), 1 - q

    def share(z):
        omega = np.sqrt(q) * z
        log_z, _ = weighted(channel, omega, V, ())
        start = -omega / np.sqrt(V)
        first = 0.5 * start**2 + beta * loss(channel, 0.0)

        def beyond(u):
            x = omega + np.sqrt(V) * (start - u)
            return np.exp(first - 0.5 * (start - u) ** 2 - beta * loss(channel, x))

        tail = quad(beyond, 0, 3, points=(0.01, 0.1), epsabs=1e-14, epsrel=1e-10)[0]
        return np.exp(-first - log_z - 0.5 * z * z) * tail / (2 * np.pi)

    z = np.arange(-7.0, 2.0, 0.25)
    total = 0.25 * sum(share(each) for each in z)
    exact = log_errors(channel.kernel, q, V, 0.06)
    assert exact == pytest.approx(np.log(total), abs=2e-4)


def test_freezing_without_a_solution_says_so():
    f = rp.freezing(model(rp.Loss("errors")), 0.4)
    assert f.success is False and "no beta" in f.message and np.isnan(f.value)
    above = rp.freezing(model(rp.Loss("errors")), 0.9)
    s = rp.rs(model(rp.Loss("errors", beta=above.value)), 0.9)
    assert above.success and s.entropy == pytest.approx(0, abs=1e-12)
    colder = rp.rs(model(rp.Loss("errors", beta=above.value + 1)), 0.9)
    assert "below the freezing temperature" in colder.message


def test_loss_survives_pickling():
    for channel in (cross_entropy(1.5), rp.Loss("errors", beta=2.0)):
        assert pickle.loads(pickle.dumps(channel)) == channel


def test_loss_refuses():
    for arguments, match in [
        (("hinge",), "kind must be one of"),
        (("errors", 1.0), "gamma must be None"),
        (("cross-entropy", -1.0), "gamma must be > 0"),
        (("cross-entropy", np.nan), "gamma must be finite"),
    ]:
        with pytest.raises(ValueError, match=match):
            rp.Loss(*arguments)
    with pytest.raises(TypeError, match="gamma must be a number"):
        rp.Loss("cross-entropy")
    with pytest.raises(ValueError, match="beta must be > 0"):
        rp.Loss("errors", beta=0.0)
    with pytest.raises(ValueError, match="Loss: beta must be given"):
        rp.Loss("errors").log_z(0.0, 1.0)


def test_solvers_refuse_what_a_loss_does_not_have():
    with pytest.raises(ValueError, match="capacity: the channel must accept or refuse"):
        rp.capacity(model(cross_entropy(1.0)))
    with pytest.raises(ValueError, match="one_rsb: the channel must accept or refuse"):
        rp.one_rsb(rp.Model(rp.Spherical(), rp.Loss("errors", beta=1.0)), 1.0, 0.5)
    with pytest.raises(ValueError, match="freezing: the prior must be Binary"):
        rp.freezing(rp.Model(rp.Spherical(), cross_entropy(1.0)), 0.4)
    with pytest.raises(ValueError, match="rs: the prior must be Binary"):
        rp.rs(rp.Model(rp.Spherical(), cross_entropy(1.0)), 0.4)
    with pytest.raises(ValueError, match="freezing: the channel must be Loss"):
        rp.freezing(model(rp.Perceptron()), 0.4)
    with pytest.raises(TypeError, match="freezing: alpha must be a number"):
        rp.freezing(model(cross_entropy(1.0)), [0.4, 0.5])
    with pytest.raises(ValueError, match="at_line: beta of the Loss must be given"):
        rp.at_line(model(cross_entropy(1.0)))


def test_freezing_by_a_fixed_step_is_wrong():
    # pitfall: the spacing 0.15 of the binary sums moves beta* from 98.1 to 80.8
    alpha, channel = 0.4, cross_entropy(1.0)
    z = 0.15 * np.arange(-60, 61)
    w = 0.15 * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    x = 0.02 * np.arange(-450, 451)
    u = 0.02 * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)

    def entropy(beta):
        cold = cross_entropy(1.0, beta)

        def excess(log_q_hat):
            q = w @ np.tanh(np.exp(0.5 * log_q_hat) * z) ** 2
            d = cold.log_z(np.sqrt(q) * x, 1 - q)[1]
            return log_q_hat - np.log(alpha * u @ d**2)

        q_hat = np.exp(brentq(excess, 0, 6))
        q = w @ np.tanh(np.sqrt(q_hat) * z) ** 2
        mean = mean_loss(cold.kernel, q, 1 - q, 0.1, 9.0)
        field = np.sqrt(q_hat) * z
        free = w @ np.logaddexp(field, -field) - 0.5 * q_hat * (1 - q)
        f = cold.log_z(np.sqrt(q) * x, 1 - q)[0]
        return free + alpha * (u @ f + beta * mean)

    fixed = brentq(entropy, 60, 95)
    assert fixed == pytest.approx(80.85, abs=0.05)
    assert rp.freezing(model(channel), alpha).value == pytest.approx(
        98.0826531, rel=1e-8
    )


def test_freezing_survives_extremes():
    for gamma, alpha in ((0.01, 0.4), (100.0, 0.4), (1.0, 0.01), (2.0, 5.0)):
        f = rp.freezing(model(cross_entropy(gamma)), alpha)
        assert f.success and f.order["log_errors"] < 0
        assert f.error < 1e-3 * f.value and 0 < f.order["q"] < 1


@pytest.mark.parametrize("alpha", [2371.373705661655, 13335.21432163324])
def test_rs_fails_where_the_overlap_would_exceed_one(alpha):
    # the last Newton step leaves 1 - q = -3e-12, -7e-12 here
    s = rp.rs(model(cross_entropy(0.01, 1e10)), alpha)
    assert not s.success and "no saddle with q between" in s.message
    assert np.isnan([s.order["q"], s.order["eps"], s.entropy, s.error]).all()


def test_saddle_that_the_sums_do_not_resolve_is_refused():
    # a front of 1e-4 of the fields: the residual stays at 1e-3, the error at 0.1 to 4
    model = rp.Model(rp.Binary(), rp.Loss("errors", beta=1000.0))
    s = rp.rs(model, np.geomspace(1.2, 2.2, 14))
    assert s.success[0] and s.residual[s.success].max() < 1e-5
    assert s.error[s.success].max() < 1e-4
