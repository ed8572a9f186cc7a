"""Wide committees with other activations than the sign, through every solver."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm

import replicas as rp
from replicas import reference

NAMES = ["sign", "relu", "erf", "tanh", "linear", "quadratic"]


def sphere(activation, kappa=0.0):
    return rp.Model(rp.Spherical(), rp.Wide(activation, kappa))


def binary(activation, kappa=0.0):
    return rp.Model(rp.Binary(), rp.Wide(activation, kappa))


# reference values: alpha, q, entropy
RS = [
    (sphere("relu"), 0.3, 0.14015061802353218, -0.21337410614434232),
    (sphere("sign"), 0.5, 0.17561718636785842, -0.3566588011402082),
    (sphere("sign"), 0.3, 0.11121764710866745, -0.21159615555418249),
    (sphere("relu"), 1.0, 0.4526138667317809, -0.7719628522907853),
    (binary("relu"), 0.8, 0.3927300315839582, 0.08958065827229711),
    (binary("sign"), 0.5, 0.1781920463515678, 0.3363978467012172),
    (binary("relu"), 0.6, 0.2892364365360509, 0.2523705756600966),
    (binary("sign"), 0.8, 0.2681838421148235, 0.11247833307061428),
]


@pytest.mark.parametrize(("model", "alpha", "q", "entropy"), RS)
def test_rs_reproduces_the_reference_values(model, alpha, q, entropy):
    s = rp.rs(model, alpha)
    assert abs(s.entropy - entropy) < s.error + 2e-10
    assert abs(s.order["q"] - q) < 2e-10


@pytest.mark.parametrize(
    ("activation", "alpha_c"),
    [  # reference values
        ("relu", 0.9039862812922091),
        ("linear", 0.8330785997395795),
        ("sign", 0.9469524268743782),
        ("erf", 0.8698141961),
    ],
)
def test_capacity_of_binary_weights(activation, alpha_c):
    c = rp.capacity(binary(activation))
    assert c.success and abs(c.value - alpha_c) < c.error + 1e-10


# reference values: q1, entropy minus log(1 - q1)/2, lim y (q1 - q0)
LARGE_Y = [
    ("sign", 0.9, -0.05292151808237744, 3.050121815173413),
    ("sign", 0.5, -0.41727067739367013, 0.43831850011039086),
    ("relu", 0.5, -0.42700422570679125, 0.08560193185569251),
]


@pytest.mark.parametrize(("activation", "q1", "normalised", "delta"), LARGE_Y)
def test_local_entropy_reproduces_the_reference_values(
    activation, q1, normalised, delta
):
    e = rp.local_entropy(sphere(activation), 1.0, 0.5 * (1 - q1))
    assert abs(e.normalised - normalised) < e.error + 2e-10
    assert e.order["delta"] == pytest.approx(delta, rel=1e-9)


TWINS = [("relu", 0.3), ("quadratic", 0.2)]


@pytest.mark.parametrize(("activation", "kappa"), TWINS)
def test_solvers_agree_with_their_twins(activation, kappa):
    model = sphere(activation, kappa)
    results = [
        rp.rs(model, 1.2),
        rp.local_entropy(model, 1.2, 0.07),
        rp.local_entropy(model, 1.2, 0.07, y=5),
    ]
    for r in results:
        fine = reference.refine(r, 15)
        assert fine.success and abs(r.entropy - fine.entropy) <= r.error + 2e-16
    assert all(r.success for r in results)


@pytest.mark.full
def test_franz_parisi_agrees_with_its_twin():
    f = rp.franz_parisi(sphere("erf", 0.2), 1.1, 0.08)
    fine = reference.refine(f, 15)
    assert f.success and fine.success
    assert abs(f.normalised - fine.normalised) <= f.error


def test_franz_parisi_of_relu_by_quadrature():
    """Fields of reference and student with covariances Delta of q, p, t and q1."""
    f = rp.franz_parisi(sphere("relu"), 0.9, 0.1)
    kernel = rp.Wide("relu").kernel
    q, t, q1 = (f.order[k] for k in ("q", "t", "q1"))
    p = 0.8
    tq, tp, tt, tq1 = (kernel.overlap(x, 1 - x)[0] for x in (q, p, t, q1))
    a, b = tt / np.sqrt(tq), (tp - tt) / np.sqrt(1 - tq)
    c, s = np.sqrt(tq1 - a * a - b * b), np.sqrt(1 - tq1)

    def given(z0):
        # the reference's noise u exceeds h; z1 is noise of the student alone
        h = -np.sqrt(tq / (1 - tq)) * z0
        z, w = np.polynomial.hermite_e.hermegauss(60)

        def of_u(u):
            return norm.pdf(u) * (w @ log_ndtr((a * z0 + b * u + c * z) / s))

        return quad(of_u, h, 12, epsabs=1e-10)[0] / ndtr(-h) / np.sqrt(2 * np.pi)

    energetic = quad(lambda z: norm.pdf(z) * given(z), -8, 8, epsabs=1e-9)[0]
    # (F4): p^2 - t^2 and p - t from the linear algebra of the overlaps
    shift = (p * p - t * t) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
    entropic = 0.5 * (np.log(1 - q1) + (q1 - shift) / (1 - q1))
    assert entropic + 0.9 * energetic == pytest.approx(f.entropy, abs=2e-8)


def test_linear_wide_committee_is_the_perceptron_in_every_ansatz():
    wide, one = sphere("linear", -0.3), rp.Model(rp.Spherical(), rp.Perceptron(-0.3))
    for solve in (
        lambda m: rp.rs(m, 1.0),
        lambda m: rp.local_entropy(m, 1.0, 0.1),
        lambda m: rp.local_entropy(m, 1.0, 0.1, y=3),
        lambda m: rp.local_entropy(m, 2.6, 0.02, centre="1rsb"),
        lambda m: rp.franz_parisi(m, 1.0, 0.1),
        lambda m: rp.one_rsb(m, 3.0, 0.5),
    ):
        a, b = solve(wide), solve(one)
        assert a.entropy == pytest.approx(b.entropy, rel=1e-13, nan_ok=True)
    assert rp.at_line(wide).value == rp.at_line(one).value


@pytest.mark.parametrize("activation", ["relu", "tanh", "quadratic"])
@pytest.mark.parametrize("alpha", [0.4, 1.3])
def test_one_replica_and_many_meet_replica_symmetry(activation, alpha):
    """y = 1 gives the RS entropy at any distance."""
    model = sphere(activation)
    s = rp.rs(model, alpha)
    e = rp.local_entropy(model, alpha, 0.02, y=1)
    assert e.success and abs(e.entropy - s.entropy) < e.error + s.error


def test_a_broken_centre_is_never_above_the_symmetric_one():
    model = sphere("relu")
    symmetric = rp.local_entropy(model, 2.0, 0.05)
    broken = rp.local_entropy(model, 2.0, 0.05, centre="1rsb")
    full = rp.local_entropy(model, 2.0, 0.05, centre="frsb")
    assert symmetric.stability > 1 and broken.success and full.success
    assert full.normalised < broken.normalised < symmetric.normalised


# q = 0 of even activations


@pytest.mark.parametrize("make", [sphere, binary])
def test_quadratic_leaves_zero_overlap_at_its_instability(make):
    at = rp.at_line(make("quadratic"))
    assert at.value == pytest.approx(np.pi / 4, rel=1e-14) and at.order["q"] == 0
    loads = at.value * np.array([0.99, 1.0002, 1.01])
    q = rp.rs(make("quadratic"), loads).order["q"]
    # alpha = (pi/4) (1 + 2 q + ...)
    assert q[0] == 0 and q[1:] == pytest.approx([1e-4, 0.005], rel=0.01)
    s = rp.rs(make("quadratic"), 0.5)
    free = np.log(2) if make is binary else 0
    assert s.entropy == pytest.approx(free - 0.5 * np.log(2), rel=1e-15)
    assert s.stability == pytest.approx(0.5 / at.value, rel=1e-14)


def test_margin_moves_the_end_of_zero_overlap():
    at = rp.at_line(sphere("quadratic", 0.5))
    ratio = norm.pdf(0.5) / norm.sf(0.5)
    assert at.value == pytest.approx(1 / (2 * ratio**2), rel=1e-14)


def test_zero_overlap_passes_through_the_other_solvers():
    model = sphere("quadratic")
    e = rp.local_entropy(model, 0.5, 0.05, y=1.5)
    order = {"q0": 0, "q1": 0.9, "y": 1.5}
    assert e.order["q0"] == 0 and e.residual == 0
    exact = reference.finite_y(model, 0.5, order, dps=15)
    assert abs(e.entropy - float(exact)) < e.error
    f = rp.franz_parisi(model, 0.5, 0.05)
    assert f.success and f.order["q"] == 0 == f.order["t"]
    # the reference alone: its field x exceeds 0, the student's is Gaussian given x
    tp, tq1 = 0.81, f.order["q1"] ** 2
    s, c = np.sqrt(1 - tq1), np.sqrt(tq1 - tp * tp)
    z, w = np.polynomial.hermite_e.hermegauss(80)
    energetic = quad(
        lambda x: 2 * norm.pdf(x) * (w @ log_ndtr((tp * x + c * z) / s)), 0, 12
    )[0] / np.sqrt(2 * np.pi)
    q1 = f.order["q1"]
    entropic = 0.5 * (np.log(1 - q1) + (q1 - 0.81) / (1 - q1))
    assert entropic + 0.5 * energetic == pytest.approx(f.entropy, abs=1e-8)


def test_a_first_order_kernel_keeps_zero_overlap_while_it_is_alone():
    """tq = q^3: q = 0 is stable at every load; beyond, several saddles compete."""
    model = rp.Model(rp.Spherical(), rp.Wide(rp.Kernel(lambda q: q**3)))
    s = rp.rs(model, [0.3, 5.0])
    assert s.order["q"][0] == 0 and s.stability[0] == 0
    assert not s.success[1] and "no unique saddle" in s.message[1]


def test_kernel_of_a_user_passes_through_every_solver():
    mixed = rp.Model(rp.Spherical(), rp.Wide(rp.Kernel(lambda q: q + q**2), 0.1))
    assert rp.rs(mixed, 1.0).success
    assert rp.capacity(mixed, "1rsb").success
    assert rp.at_line(mixed).success
    assert rp.local_entropy(mixed, 1.0, 0.1).success
    assert rp.local_entropy(mixed, 1.0, 0.1, y=4).success
    assert rp.franz_parisi(mixed, 1.0, 0.1).success


def test_saddle_of_tanh_is_the_minimum_of_its_free_entropy():
    kernel, alpha = rp.Wide("tanh").kernel, 1.4

    def free_entropy(x):
        q = 1 / (1 + np.exp(-x[0]))
        tq, eps, *_ = kernel.overlap(q, 1 - q)

        def f(z):
            return norm.pdf(z) * log_ndtr(np.sqrt(tq / eps) * z)

        energetic = quad(f, -12, 12, epsabs=1e-13)[0]
        return 0.5 * (np.log(1 - q) + q / (1 - q)) + alpha * energetic

    found = minimize(free_entropy, [0.5], tol=1e-10)
    s = rp.rs(sphere("tanh"), alpha)
    assert s.entropy == pytest.approx(found.fun, abs=1e-11)


# reference values, binary weights: q1, entropy, dq, q_hat, dq_hat at alpha = 0.6
BINARY_LARGE_Y = [
    ("relu", 0.5, 0.22792485563778692, 0.5442582114475, 0.39724323218679, 0.69331377),
    ("sign", 0.9, 0.09313267800778986, 3.8723822767210, 0.03701291630096, 1.77190712),
    ("relu", 0.9, 0.10574263696422448, 4.5723405038799, 0.02668694727885, 1.79184906),
    ("relu", 0.8, 0.14892967534048318, 1.7025076932819, 0.15198922762115, 1.34044988),
    ("sign", 0.5, 0.2068759385, None, None, None),
    ("sign", 0.8, 0.1195959320, None, None, None),
]


@pytest.mark.parametrize(
    ("activation", "q1", "entropy", "delta", "q_hat", "dq_hat"), BINARY_LARGE_Y
)
def test_local_entropy_of_binary_weights(activation, q1, entropy, delta, q_hat, dq_hat):
    e = rp.local_entropy(binary(activation), 0.6, 0.5 * (1 - q1))
    assert e.success and abs(e.entropy - entropy) < e.error + 1e-10
    if delta:
        assert e.order["delta"] == pytest.approx(delta, rel=1e-9)
        assert e.order["q_hat"] == pytest.approx(q_hat, rel=1e-9)
        assert e.order["dq_hat"] == pytest.approx(dq_hat, rel=1e-7)


def test_relu_is_denser_than_sign_near_solutions_but_not_far_away():
    """Binary weights, alpha = 0.6, mutual overlap q1: the order changes below 0.5."""
    distance = 0.5 * (1 - np.array([0.9, 0.8, 0.5, 0.3]))
    relu, sign = (rp.local_entropy(binary(g), 0.6, distance) for g in ("relu", "sign"))
    assert list(relu.entropy > sign.entropy) == [True, True, True, False]
    # reference values
    assert relu.entropy[3] == pytest.approx(0.2522864, abs=5e-8)
    assert sign.entropy[3] == pytest.approx(0.2549358, abs=5e-8)


@pytest.mark.parametrize(
    ("activation", "load"),
    [("relu", 0.7915), ("sign", 0.7151), ("linear", 0.7553)],  # reference values
)
def test_load_at_which_the_curve_of_binary_weights_turns(activation, load):
    found = rp.monotonic_load(binary(activation))
    assert found.success and abs(found.value - load) < 1e-4


def test_many_binary_replicas_approach_infinitely_many():
    """relu, alpha = 0.6, q1 = 0.7: reference values, but for y = 400, where a dense
    direct sum of both averages gives another one."""
    y = np.array([40, 100, 200, 400, np.inf])
    e = rp.local_entropy(binary("relu"), 0.6, 0.15, y=y)
    known = [0.1782638, 0.1784293, 0.1785765, 0.1786789, 0.1788101]
    assert e.success.all() and (np.abs(e.entropy - known) < e.error + 6e-8).all()
    gaps = y[:-1] * (0.7 - e.order["q0"][:-1])
    assert gaps == pytest.approx([1.1528, 1.1380, 1.1293, 1.1239], abs=6e-5)
    assert e.order["delta"][-1] == pytest.approx(1.11826, abs=6e-6)


def test_one_binary_replica_is_replica_symmetric():
    e = rp.local_entropy(binary("relu"), 0.6, 0.15, y=1)
    assert abs(e.entropy - rp.rs(binary("relu"), 0.6).entropy) < 2 * e.error + 1e-12


def test_capacity_error_covers_the_tables_of_a_users_activation():
    def shifted(x):
        return np.maximum(x - 0.7, 0)

    c, share = 0.7, ndtr(-0.7)
    density = math.exp(-0.5 * c * c) / math.sqrt(2 * math.pi)
    mean = density - c * share
    variance = (1 + c * c) * share - c * density - mean * mean
    found = rp.capacity(rp.Model(rp.Spherical(), rp.Wide(shifted)))
    # E (z)_+^2 = 1/2, and E g'^2 is the share of fields above the kink
    assert abs(found.value - 2 * share / variance) <= found.error
    assert found.error < 1e-11


@pytest.mark.parametrize(
    ("delta", "capacity"),
    [
        (lambda q: np.arcsin(2 * q / 3), 4 / math.sqrt(5) / math.asin(2 / 3)),
        (lambda q: np.sqrt(1 - q * q) + q * np.arcsin(q) - 1, 2 / (1 - 2 / math.pi)),
    ],
)
def test_capacity_error_covers_the_tables_of_a_users_kernel(delta, capacity):
    found = rp.capacity(rp.Model(rp.Spherical(), rp.Wide(rp.Kernel(delta))))
    assert abs(found.value - capacity) <= found.error
    assert found.error < 2e-10


def test_broken_capacity_error_covers_the_table_of_a_users_kernel():
    def size(q):
        return np.sqrt(1 - q * q) + q * np.arcsin(q) - 1

    kernel, function = (
        rp.capacity(rp.Model(rp.Spherical(), rp.Wide(of)), "1rsb")
        for of in (rp.Kernel(size), np.abs)
    )
    difference = abs(kernel.value - function.value)
    assert difference <= kernel.error + function.error < 1e-10
