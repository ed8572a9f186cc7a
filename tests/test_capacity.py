"""RS and 1-RSB capacity; transitions of the parity machine."""

import itertools

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.optimize import minimize_scalar
from scipy.special import erf, erfc, ndtr, xlogy

import replicas as rp
from replicas import full_capacity, parity, rsb_capacity, two_rsb_capacity
from replicas.quadrature import gaussian_average, hermite


def model(channel):
    return rp.Model(rp.Spherical(), channel)


def parity_of(K):
    return rp.Tree(K, "parity")


# reference values, 15 digits
RS = [
    (rp.Perceptron(), 2.0),
    (rp.Perceptron(0.5), 0.9612050528015417),
    (rp.Perceptron(1.0), 0.519572229604938),
    (rp.Tree(3), 4.025191880637309),
    (parity_of(2), 5.503876787768218),
    (parity_of(3), 10.37352610315994),
    (rp.Tree(1), 2.0),
]


@pytest.mark.parametrize(("channel", "value"), RS)
def test_rs_capacity_equals_reference(channel, value):
    c = rp.capacity(model(channel))
    assert c.success and c.message == "" and c.order == {}
    assert c.value == pytest.approx(value, rel=1e-13)
    assert abs(c.value - value) <= c.error < 1e-12


@pytest.mark.parametrize("kappa", [-9.0, -2.0, 0.3, 3.0, 20.0])
def test_rs_capacity_of_a_margin_equals_quad(kappa):
    low = -kappa

    def square(u):
        z = low + u
        return u * u * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    points = (max(kappa, 0.1), 1.0)
    mean = quad(square, 0, 40 + max(kappa, 0), points=points, epsabs=0, limit=200)[0]
    c = rp.capacity(model(rp.Perceptron(kappa)))
    assert c.value == pytest.approx(1 / mean, rel=1e-9)
    assert abs(c.value * mean - 1) < c.error / c.value + 1e-10


def squares(channel, x):
    """Squared distance of fields x (n, K) to the accepted region, by flips."""
    K = channel.K
    costs = np.sort(np.where(x < 0, x * x, np.inf), axis=1)
    if channel.rule == "majority":
        flips = np.maximum((x < 0).sum(1) - (K - 1) // 2, 0)
        total = np.cumsum(np.where(np.isfinite(costs), costs, 0), axis=1)
        return np.where(flips > 0, total[np.arange(len(x)), flips - 1], 0)
    wrong = (x < 0).sum(1) % 2 == 1
    return np.where(wrong, (x * x).min(1), 0)


@pytest.mark.parametrize(
    "channel", [rp.Tree(5), rp.Tree(9), rp.Tree(31), parity_of(4), parity_of(7)]
)
def test_rs_capacity_of_a_tree_equals_sampling(channel):
    x = np.random.default_rng(1).standard_normal((100_000, channel.K))
    sample = squares(channel, x)
    spread = sample.std() / np.sqrt(len(sample))
    value = rp.capacity(model(channel)).value
    assert 1 / value == pytest.approx(sample.mean(), abs=4 * spread)


# reference values (channel, value, q0, w), two independent evaluations, 9 to 11 digits
RSB = [
    (rp.Tree(3), 3.1458419232757415, 0.639602, 21.22709, 1e-9),
    (parity_of(2), 4.034236041941214, 0.454989, 19.34964, 1e-10),
    (parity_of(3), 4.997543755604425, 0.0, 67.15617, 1e-10),
    (rp.Perceptron(-0.5), 4.70014, 0.855069, 18.3742, 1e-5),
    (rp.Perceptron(-1.0), 12.31963, 0.664924, 12.3953, 1e-5),
]


@pytest.mark.parametrize(("channel", "value", "q0", "w", "tol"), RSB)
def test_rsb_capacity_equals_reference(channel, value, q0, w, tol):
    c = rp.capacity(model(channel), ansatz="1rsb")
    assert c.success and c.message == ""
    assert c.value == pytest.approx(value, abs=tol)
    assert c.order["q0"] == pytest.approx(q0, abs=1e-5)
    assert c.order["w"] == pytest.approx(w, rel=1e-4)
    assert c.error < 1e-9 and c.residual < 1e-7
    assert c.value < rp.capacity(model(channel)).value


@pytest.mark.parametrize(
    ("channel", "value"),
    [(rp.Tree(3), -0.41279375190868867), (parity_of(2), -0.3203056966780914)],
)
def test_log_average_equals_reference(channel, value):
    # reference values at q0 = 0.5, w = 10, 11 digits
    assert rsb_capacity.log_average(channel, 0.5, 10.0) == pytest.approx(
        value, abs=1e-12
    )


@pytest.mark.parametrize(
    ("channel", "value"), [(rp.Tree(3), 3.45456455770021), (parity_of(2), 4.0643020020)]
)
def test_load_at_vanishing_q0_equals_reference(channel, value):
    # reference values of the minimum over w at q0 = 0
    least = minimize_scalar(
        lambda y: rsb_capacity.load(channel, 1.0, np.exp(y)),
        bounds=(0, 5),
        method="bounded",
        options={"xatol": 1e-7},
    )
    assert least.fun == pytest.approx(value, abs=1e-10)


@pytest.mark.parametrize(
    "channel",
    [rp.Tree(3), rp.Tree(5), rp.Tree(7), parity_of(2), parity_of(5), parity_of(9)],
)
def test_load_of_small_w_is_the_rs_capacity(channel):
    rs = rp.capacity(model(channel)).value
    for v in (0.4, 0.7):
        gap = rsb_capacity.load(channel, v, 1e-5) / rs - 1
        assert abs(gap) < 1e-4


@pytest.mark.parametrize(
    ("channel", "w"), [(rp.Tree(5), 3.0), (rp.Tree(7), 8.0), (parity_of(6), 20.0)]
)
def test_log_average_at_vanishing_q0_equals_sampling(channel, w):
    x = np.random.default_rng(2).standard_normal((200_000, channel.K))
    sample = np.exp(-0.5 * w * squares(channel, x))
    spread = sample.std() / sample.mean() / np.sqrt(len(sample))
    value = rsb_capacity.log_average(channel, 1.0, w)
    assert value == pytest.approx(np.log(sample.mean()), abs=4 * spread)


@pytest.mark.parametrize(
    ("channel", "w"),
    [(rp.Tree(3), 6.0), (rp.Tree(5), 10.0), (parity_of(3), 9.0), (parity_of(4), 20.0)],
)
def test_log_average_equals_nested_sampling(channel, w):
    rng, q0 = np.random.default_rng(3), 0.4
    outer = rng.standard_normal((500, 1, channel.K))
    inner = rng.standard_normal((1, 2000, channel.K))
    x = np.sqrt(q0) * outer + np.sqrt(1 - q0) * inner
    cost = squares(channel, x.reshape(-1, channel.K)).reshape(500, 2000)
    logs = np.log(np.exp(-0.5 * w * cost).mean(1))
    spread = logs.std() / np.sqrt(len(logs))
    value = rsb_capacity.log_average(channel, 1 - q0, w)
    assert value == pytest.approx(logs.mean(), abs=4 * spread)


def test_log_average_of_two_units_equals_dblquad_at_one_point():
    # at q0 = 0 the outer average is a point
    w = 4.0

    def weight(x, y):
        d2 = min(x * x, y * y) if x * y < 0 else 0.0
        return np.exp(-0.5 * (w * d2 + x * x + y * y)) / (2 * np.pi)

    # by symmetry over x > |y|, which has no kink
    total = 4 * dblquad(lambda y, x: weight(x, y), 0, 9, lambda x: -x, lambda x: x)[0]
    value = rsb_capacity.log_average(parity_of(2), 1.0, w)
    assert value == pytest.approx(np.log(total), abs=1e-7)


@pytest.mark.parametrize("K", [4, 6, 9])
def test_rsb_capacity_of_the_parity_equals_its_single_integral(K):
    # q0 = 0: E exp(-w d^2/2) = 1 - int w t exp(-w t^2/2) erfc(t/sqrt 2)^K / 2
    def load(y):
        w = np.exp(y)

        def integrand(t):
            return w * t * np.exp(-0.5 * w * t * t) * erfc(t / np.sqrt(2)) ** K / 2

        lost = quad(integrand, 0, 8, points=(0.05, 0.2), epsabs=1e-13)[0]
        return -0.5 * np.log1p(w) / np.log1p(-lost)

    least = minimize_scalar(
        load, bounds=(3, 9), method="bounded", options={"xatol": 1e-6}
    )
    c = rp.capacity(model(parity_of(K)), ansatz="1rsb")
    assert c.order["q0"] == 0
    assert c.value == pytest.approx(least.fun, rel=1e-9)
    assert c.order["w"] == pytest.approx(np.exp(least.x), rel=1e-3)


@pytest.mark.parametrize("kappa", [-0.6, -1.7])
def test_rsb_load_of_a_margin_equals_quad(kappa):
    v, w = 0.3, 7.0

    def inner(h):
        def soft(x):
            d = max(kappa - x, 0.0)
            return np.exp(-0.5 * (w * d * d + (x - h) ** 2 / v)) / np.sqrt(
                2 * np.pi * v
            )

        return np.log(quad(soft, h - 6, h + 6, points=(kappa,), epsabs=1e-12)[0])

    z, weight = hermite(40)
    average = sum(weight * [inner(np.sqrt(1 - v) * node) for node in z])
    channel = rp.Perceptron(kappa)
    assert rsb_capacity.log_average(channel, v, w) == pytest.approx(average, abs=1e-7)


def test_rsb_capacity_of_a_margin_merges_with_rs():
    gaps = []
    for kappa in (-0.4, -0.2, -0.1, -0.05, -0.01):
        c = rp.capacity(model(rp.Perceptron(kappa)), ansatz="1rsb")
        rs = rp.capacity(model(rp.Perceptron(kappa))).value
        assert c.success and c.value < rs
        gaps.append(1 - c.value / rs)
    assert (np.diff(gaps) < 0).all() and gaps[-1] < 1e-6


@pytest.mark.parametrize("kappa", [0.0, 0.7])
def test_load_of_a_convex_problem_stays_above_the_rs_capacity(kappa):
    channel = rp.Perceptron(kappa)
    rs = rp.capacity(model(channel)).value
    for x, y in itertools.product(np.arange(-3, 8.0, 1.0), np.arange(-4, 5.0, 1.0)):
        v = 1 / (1 + np.exp(x))
        assert rsb_capacity.load(channel, v, np.exp(y) / v) > rs * (1 - 1e-11)


def test_rsb_capacity_of_a_tiny_margin_is_the_rs_one_with_its_error():
    c = rp.capacity(model(rp.Perceptron(-5e-5)), ansatz="1rsb")
    assert c.success and 1e-13 < c.error < 2e-13


@pytest.mark.parametrize("channel", [rp.Perceptron(), rp.Perceptron(0.8), rp.Tree(1)])
def test_rsb_capacity_of_a_convex_problem_is_the_rs_one(channel):
    c = rp.capacity(model(channel), ansatz="1rsb")
    assert c.success and c.order == {"q0": 1.0, "w": 0.0}
    assert c.value == rp.capacity(model(channel)).value


@pytest.mark.parametrize("channel", [rp.Tree(3), rp.Tree(5), parity_of(2)])
def test_load_error_of_coarser_sums_is_covered(channel):
    v, w = 0.4, 20.0
    fine = rsb_capacity.load(channel, v, w, coarser=0.75, window=9.0)
    value = rsb_capacity.load(channel, v, w)
    check = rsb_capacity.load(channel, v, w, coarser=1.3, window=9.0)
    assert abs(value - fine) <= abs(value - check) + 1e-13


def test_capacity_of_the_wide_committee():
    c = rp.capacity(model(rp.Wide()))
    assert c.success and c.value == np.inf and c.error == 0
    c = rp.capacity(model(rp.Wide()), ansatz="1rsb")
    assert c.success is False and "no finite 1-RSB capacity" in c.message
    assert np.isnan([c.value, c.error, c.residual, *c.order.values()]).all()


# reference values for K -> infinity: RS, 1-RSB
WIDE_CAPACITIES = [
    ("relu", 2.93388441384852, 2.6642800566),
    ("erf", 2.4514000075713813, 2.3749991905789547),
    ("tanh", 2.3556144646083594, 2.306265651307188),
    ("quadratic", 4.0, 3.3746644254996374),
]


@pytest.mark.parametrize(("activation", "rs", "rsb"), WIDE_CAPACITIES)
def test_capacity_of_wide_committees(activation, rs, rsb):
    wide = model(rp.Wide(activation))
    c = rp.capacity(wide)
    assert c.value == pytest.approx(rs, rel=1e-14) and c.error < 1e-14
    c = rp.capacity(wide, ansatz="1rsb")
    # ten digits of the first are known
    known = 5e-11 if activation == "relu" else 5e-13
    assert c.success and abs(c.value - rsb) <= c.error + known
    assert c.error < 1e-13


@pytest.mark.parametrize("channel", [rp.Wide("relu", 0.4), rp.Wide("quadratic", -0.5)])
def test_rsb_capacity_of_a_wide_committee_by_quadrature(channel):
    """(K6) with the inner average taken over the fields."""
    c = rp.capacity(model(channel), ansatz="1rsb")
    q0, w = c.order["q0"], c.order["w"]
    t0, v, *_ = channel.kernel.overlap(q0, 1 - q0)
    tilt = w / channel.slope

    def inner(h):
        def f(z):
            d = np.maximum(channel.kappa - h - np.sqrt(v) * z, 0)
            return np.exp(-0.5 * tilt * d * d)

        kink = (channel.kappa - h) / np.sqrt(v)
        return gaussian_average(f, kinks=[kink], tol=1e-13).value

    average = gaussian_average(
        lambda z: np.log([inner(x) for x in np.sqrt(t0) * z]), width=0.5, tol=1e-10
    ).value
    lam = 1 + w * (1 - q0)
    load = -0.5 * (np.log(lam) + w * q0 / lam) / average
    assert load == pytest.approx(c.value, rel=1e-9)


@pytest.mark.parametrize(
    "channel", [rp.Wide("relu"), rp.Wide("quadratic", 0.3), rp.Perceptron(-0.7)]
)
def test_rsb_capacity_agrees_with_its_twin(channel):
    """The same value with 18 digits, and a minimum there."""
    c = rp.capacity(model(channel), ansatz="1rsb")
    exact = rp.reference.one_step_load(model(channel), c.order, dps=18)
    assert abs(c.value - float(exact)) <= c.error + 1e-15 * c.value
    for name, step in (("q0", 1e-3), ("w", 0.01 * c.order["w"])):
        for sign in (-1, 1):
            moved = c.order | {name: c.order[name] + sign * step}
            assert rp.reference.one_step_load(model(channel), moved, dps=12) > exact


# reference values, two steps; six digits are known of the first, nine of the others
TWO_STEPS = [("relu", 2.653274, 5e-7), ("erf", 2.374354207, 1e-9)]
TWO_STEPS += [("quadratic", 3.366400051, 1e-9)]


@pytest.mark.parametrize(("activation", "value", "known"), TWO_STEPS)
def test_two_steps_lower_the_capacity_of_wide_committees(activation, value, known):
    channel = rp.Wide(activation)
    one, two = (rp.capacity(model(channel), ansatz) for ansatz in ("1rsb", "2rsb"))
    assert two.success and abs(two.value - value) < known and two.error < 1e-12
    assert two.value < one.value and two.order["q0"] < one.order["q0"] < two.order["q1"]


@pytest.mark.parametrize("channel", [rp.Perceptron(-0.1), rp.Perceptron(-1.0)])
def test_two_steps_lower_the_capacity_of_margins(channel):
    one, two = (rp.capacity(model(channel), ansatz) for ansatz in ("1rsb", "2rsb"))
    assert two.success and 0 < one.value - two.value < 0.01 * one.value


@pytest.mark.parametrize("channel", [rp.Perceptron(-0.4), rp.Wide("tanh", 0.2)])
def test_two_equal_steps_are_one(channel):
    one = rsb_capacity.load(channel, 0.3, 12.0)
    two = two_rsb_capacity.load(channel, 0.3, 0.07, 12.0, 12.0)
    assert two == pytest.approx(one, rel=1e-12)


def test_load_of_two_steps_by_quadrature():
    channel, v0, v1, w1, w = rp.Wide("relu", 0.3), 0.3, 0.05, 20.0, 90.0
    t0, t1 = (channel.kernel.overlap(1 - v, v)[0] for v in (v0, v1))
    slope = np.pi / (np.pi - 1)

    def inside(gap):
        exponent = w / slope / (1 + w / slope * (1 - t1))
        root = np.sqrt((1 - t1) * (1 + w / slope * (1 - t1)))
        far = np.exp(-0.5 * exponent * gap**2) * ndtr(gap / root)
        far /= np.sqrt(1 + w / slope * (1 - t1))
        return (ndtr(-gap / np.sqrt(1 - t1)) + far) ** (w1 / w)

    def of_z0(z0):
        gap = 0.3 - np.sqrt(t0) * z0
        s = np.sqrt(t1 - t0)
        return np.log(
            gaussian_average(lambda z: inside(gap - s * z), width=0.5, tol=1e-14).value
        )

    average = gaussian_average(
        lambda z: np.array([of_z0(x) for x in z]), width=0.5, tol=1e-10
    ).value
    inner = 1 + w * v1
    outer = inner + w1 * (v0 - v1)
    load = np.log(inner) / w + np.log(outer / inner) / w1 + (1 - v0) / outer
    load *= -0.5 * w1 / average
    assert two_rsb_capacity.load(channel, v0, v1, w1, w) == pytest.approx(
        load, rel=1e-9
    )


@pytest.mark.parametrize("kappa", [0.0, 0.7])
def test_linear_wide_committee_is_the_perceptron(kappa):
    wide, one = model(rp.Wide("linear", kappa)), model(rp.Perceptron(kappa))
    for ansatz in ("rs", "1rsb", "2rsb"):
        assert rp.capacity(wide, ansatz).value == rp.capacity(one, ansatz).value


def test_capacity_beyond_the_range_of_a_double_fails():
    c = rp.capacity(model(rp.Perceptron(-40.0)))
    assert c.success is False and "range of a double" in c.message


def test_capacity_refuses():
    with pytest.raises(ValueError, match="ansatz must be rs or 1rsb for a tree"):
        rp.capacity(model(rp.Tree(3)), "2rsb")
    with pytest.raises(ValueError, match="the slope of the kernel must be finite"):
        rp.reference.one_step_load(model(rp.Wide()), {"q0": 0.5, "w": 1.0})
    with pytest.raises(ValueError, match=r"q0 must be in \[0, 1\) and w > 0"):
        rp.reference.one_step_load(model(rp.Wide("relu")), {"q0": 1.0, "w": 1.0})
    with pytest.raises(TypeError, match="capacity: model must be a Model"):
        rp.capacity(rp.Perceptron())
    for ansatz in ("rsb", 1, None):
        with pytest.raises(
            ValueError, match="capacity: ansatz must be one of rs, 1rsb"
        ):
            rp.capacity(model(rp.Perceptron()), ansatz=ansatz)
    with pytest.raises(ValueError, match="capacity: K must be at most 9"):
        rp.capacity(model(rp.Tree(11)), ansatz="1rsb")


# reference values, 10 digits
def test_parity_transitions_equal_reference():
    dynamical, static = rp.parity_transitions(model(parity_of(3)))
    assert dynamical.value == pytest.approx(2.9066110575479924, abs=5e-10)
    assert dynamical.order["q1"] == pytest.approx(0.829036, abs=1e-5)
    assert static.value == pytest.approx(3.1890196472054324, abs=5e-10)
    assert static.order["q1"] == pytest.approx(0.929466, abs=1e-5)
    for e in (dynamical, static):
        assert e.success and e.error < 1e-11 and e.residual < 1e-6


def test_parity_transitions_of_two_units_are_continuous():
    dynamical, static = rp.parity_transitions(model(parity_of(2)))
    assert dynamical.value == static.value == np.pi**2 / 8
    assert dynamical.order == static.order == {"q1": 0.0}
    # the branch of q1 > 0 leaves this load upwards
    loads = [parity._log_dynamical(x, 2) for x in np.arange(-1.0, 5.0, 0.5)]
    assert loads[0] > np.log(np.pi**2 / 8) and (np.diff(loads) > 0).all()


def test_parity_transitions_are_ordered():
    loads = [rp.parity_transitions(model(parity_of(K))) for K in (3, 4, 6, 9, 20, 63)]
    values = np.array([[e.value for e in pair] for pair in loads])
    rsb = [rp.capacity(model(parity_of(K)), ansatz="1rsb").value for K in (3, 4, 6, 9)]
    assert (values[:, 0] < values[:, 1]).all()
    assert (np.diff(values, axis=0) > 0).all()
    assert (values[:4, 1] < rsb).all()


@pytest.mark.parametrize(("K", "gamma"), [(2, 0.8), (3, 0.6), (4, 0.5)])
def test_information_equals_a_hermite_grid(K, gamma):
    z, weight = hermite({2: 90, 3: 60, 4: 36}[K])
    mean, weights = np.ones(()), np.ones(())
    for _ in range(K):
        mean = np.multiply.outer(mean, erf(np.sqrt(gamma / 2) * z))
        weights = np.multiply.outer(weights, weight)
    expected = np.sum(weights * xlogy(1 + mean, 1 + mean))
    value, _ = parity.information(K, gamma)
    assert value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("K", "gamma"), list(itertools.product((3, 9), (3.0, 30.0, 300.0)))
)
def test_information_slope_equals_difference(K, gamma):
    h = 1e-3
    near = [parity.information(K, gamma * (1 + d))[0] for d in (-2 * h, -h, h, 2 * h)]
    slope = (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / (12 * h * gamma)
    assert parity.information(K, gamma)[1] == pytest.approx(slope, rel=1e-9)


def test_information_of_a_large_field_is_one_bit():
    # P is 0 or 1: 2P log 2P averages to log 2, from below by K times a boundary
    value, _ = parity.information(3, 1e8)
    assert 0 < np.log(2) - value < 1e-3


def test_parity_transitions_refuse():
    for channel in (rp.Tree(3), rp.Perceptron(), parity_of(1)):
        with pytest.raises(ValueError, match="K > 1 and the rule parity"):
            rp.parity_transitions(model(channel))
    with pytest.raises(TypeError, match="model must be a Model"):
        rp.parity_transitions(parity_of(3))


@pytest.mark.full
def test_rsb_capacity_of_many_units_grows():
    values = []
    for K in (3, 5, 7, 9):
        c = rp.capacity(model(rp.Tree(K)), ansatz="1rsb")
        assert c.success and c.error < 1e-4
        values.append(c.value)
    assert (np.diff(values) > 0).all() and (np.diff(values, 2) < 0).all()


@pytest.mark.parametrize(
    ("kappa", "value", "known"),
    # extrapolated from 5 to 7 and from 4 to 6 steps, in place of 3 to 5
    [(-1.0, 12.2805886, 1.4e-5), (-0.5, 4.6966015, 3.2e-6)],
)
def test_full_breaking_is_below_two_steps(kappa, value, known):
    m = model(rp.Perceptron(kappa))
    two, full = (rp.capacity(m, ansatz) for ansatz in ("2rsb", "frsb"))
    assert full.success and full.value < two.value
    assert abs(full.value - value) <= full.error + known
    assert full.error < 2e-5 * full.value
    assert np.all(np.diff(full.order["levels_q"]) > 0)
    assert np.all(np.diff(full.order["levels_w"]) > 0)


def test_load_of_many_levels_has_the_slopes_of_differences():
    channel = rp.Perceptron(-0.8)
    q, w = np.array([0.4, 0.8, 0.95]), np.array([12.0, 30.0, 110.0])
    _, in_q, in_w = full_capacity.log_load(channel, q, w)
    for i in range(3):
        for x, slope, step in ((q, in_q, 1e-5), (w, in_w, 1e-3)):
            values = []
            for sign in (1, -1):
                moved = x.copy()
                moved[i] += sign * step
                pair = (moved, w) if x is q else (q, moved)
                values.append(full_capacity.log_load(channel, *pair)[0])
            difference = (values[0] - values[1]) / (2 * step)
            assert slope[i] == pytest.approx(difference, rel=1e-5, abs=1e-8)


def test_load_of_many_levels_is_that_of_two():
    channel, q, w = rp.Perceptron(-0.8), np.array([0.6, 0.93]), np.array([15.0, 70.0])
    two = two_rsb_capacity.load(channel, *(1 - q), *w)
    many = np.exp(full_capacity.log_load(channel, q, w)[0])
    assert many == pytest.approx(two, rel=1e-10)
    # a level more with the weight of its neighbour changes nothing
    q, w = np.array([0.6, 0.8, 0.93]), np.array([15.0, 15.0, 70.0])
    more = np.exp(full_capacity.log_load(channel, q, w)[0])
    assert more == pytest.approx(two, rel=1e-10)


def test_full_breaking_of_a_convex_problem_is_the_rs_one_and_refuses():
    convex = model(rp.Perceptron(0.3))
    assert rp.capacity(convex, "frsb").value == rp.capacity(convex).value
    near = rp.capacity(model(rp.Perceptron(-0.1)), "frsb")
    assert not near.success and "margin between -2.5 and -0.4" in near.message
    with pytest.raises(ValueError, match="must be a Perceptron for the ansatz frsb"):
        rp.capacity(model(rp.Wide("relu")), "frsb")


@pytest.mark.parametrize("kappa", [1.46, 1.6, 3.0])
def test_large_margins_of_wide_channels_keep_replica_symmetry(kappa):
    # q0 -> 1: the search found no minimum, or one at w = 1e6
    model = rp.Model(rp.Spherical(), rp.Wide("tanh", kappa))
    broken, symmetric = rp.capacity(model, "1rsb"), rp.capacity(model)
    assert not rp.at_line(model).success
    assert broken.success and broken.value == symmetric.value
    assert broken.order == {"q0": 1.0, "w": 0.0}


def test_two_steps_go_downhill_to_the_minimum_from_a_ridge():
    # the search stops where the curvature is negative at some margins, as at -2.8
    gains = []
    for kappa in (-2.75, -2.8, -2.85):
        model = rp.Model(rp.Spherical(), rp.Perceptron(kappa))
        two, one = (rp.capacity(model, ansatz) for ansatz in ("2rsb", "1rsb"))
        assert two.success and two.error < 1e-8
        gains.append(1 - two.value / one.value)
    assert gains[1] == pytest.approx((gains[0] + gains[2]) / 2, rel=2e-3)
