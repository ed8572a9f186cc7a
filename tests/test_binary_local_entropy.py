"""Local entropy of binary weights at y -> infinity."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy.integrate import quad
from scipy.optimize import root

import replicas as rp
from replicas import _binary_large_y, binary_large_y, binary_large_y_state
from replicas.reference import binary_large_y as twin

PERCEPTRON = rp.Model(rp.Binary(), rp.Perceptron())
WIDE = rp.Model(rp.Binary(), rp.Wide("sign"))


# reference values: binary perceptron, y = infinity, 14 digits
@pytest.mark.parametrize(
    ("alpha", "distance", "entropy"),
    [
        (0.7, 0.1, 0.10898784654016502),
        (0.7, 0.05, 0.0797245984368602),
        (0.7, 0.02, 0.05999679644241154),
        (0.4, 0.05, 0.18579352908225968),
    ],
)
def test_centre_equals_reference(alpha, distance, entropy):
    e = rp.local_entropy(PERCEPTRON, alpha, distance, between="centre")
    assert e.entropy == pytest.approx(entropy, abs=1e-14)
    assert e.error < 5e-14 and e.stability == math.inf


# reference values: fixed mutual overlap, 14 digits; sign committee, 9 digits
@pytest.mark.parametrize(
    ("model", "alpha", "q1", "entropy", "error"),
    [
        (PERCEPTRON, 0.77, 0.7, 0.04942865222594317, 1e-14),
        (PERCEPTRON, 0.4, 0.5, 0.33856406421446583, 1e-14),
        (WIDE, 0.6, 0.9, 0.09313267800778986, 1e-13),
    ],
)
def test_replicas_equal_reference(model, alpha, q1, entropy, error):
    e = rp.local_entropy(model, alpha, (1 - q1) / 2)
    assert e.entropy == pytest.approx(entropy, abs=error)


@pytest.mark.parametrize(
    ("model", "alpha", "distance", "between"),
    [
        (PERCEPTRON, 0.7, 0.03, "centre"),
        (PERCEPTRON, 0.4, 0.003, "centre"),
        (PERCEPTRON, 0.6, 0.06, "replicas"),
        (rp.Model(rp.Binary(), rp.Perceptron(-0.5)), 1.1, 0.1, "centre"),
        (rp.Model(rp.Binary(), rp.Wide("sign", 0.2)), 0.5, 0.1, "centre"),
    ],
)
def test_point_equals_its_twin_and_makes_the_action_stationary(
    model, alpha, distance, between
):
    e = rp.local_entropy(model, alpha, distance, between=between)
    p = 1 - 2 * distance if between == "centre" else None
    exact = twin(model, alpha, e.order, p, dps=20)
    assert abs(e.entropy - exact) <= e.error
    if distance < 0.01:
        return  # variations are lost to rounding
    order = {k: e.order[k] for k in ("delta", "q_hat", "dq_hat", "p_hat", "eps")}
    if between == "replicas":
        del order["p_hat"], order["eps"]
    for name, value in order.items():
        moved = [
            twin(model, alpha, e.order | {name: value * f}, p, dps=15)
            for f in (0.999, 1.001)
        ]
        # the second variation is of the order 1e-6 of the terms
        assert abs(moved[1] - moved[0]) < 1e-2 * abs(moved[0] + moved[1] - 2 * exact)


def magnetisation(u, q_hat, dq_hat, p_hat):
    """The largest root of (BL7) by plain iteration from m = 1."""
    m = 1.0
    for _ in range(3000):
        m = math.tanh(math.sqrt(q_hat) * abs(u) + dq_hat * m + p_hat)
    return m


def test_half_line_sees_the_kink_at_the_centre_that_the_whole_line_blurs():
    hats = 0.3, 1.2, 0.1

    def integrand(u):
        return magnetisation(u, *hats) * math.exp(-u * u / 2) / math.sqrt(2 * math.pi)

    exact = 2 * quad(integrand, 0, 9, epsabs=1e-13, epsrel=0)[0]
    legendre = binary_large_y_state.LADDER[0].legendre
    gap = _binary_large_y.solve(*hats, 0.2, 0.0, True, *legendre, 8.5)[3]
    assert 1 - gap == pytest.approx(exact, abs=1e-12)
    # a trapezoid over the kink, as fine as our 48 nodes on half a line
    u = np.linspace(-9, 9, 96)
    trapezoid = (u[1] - u[0]) * sum(map(integrand, u))
    assert abs(trapezoid - exact) > 1e-4


def test_largest_root_is_taken_where_several_solve_the_equation():
    # dq_hat > 1, p_hat = 0: m = 0 is a root as well
    legendre = binary_large_y_state.LADDER[0].legendre
    gap = _binary_large_y.solve(1e-8, 1.5, 0.0, 0.1, 0.0, True, *legendre, 8.5)[3]
    assert 1 - gap == pytest.approx(magnetisation(0.8, 1e-8, 1.5, 0.0), abs=1e-4)
    assert 1 - gap == pytest.approx(0.858553, abs=1e-3)


@pytest.mark.parametrize(("alpha", "distance"), [(0.7, 0.02), (0.4, 0.1), (0.77, 0.1)])
def test_slope_of_the_centre_curve_is_twice_p_hat(alpha, distance):
    h = 1e-3 * distance
    d = distance + h * np.array([-2, -1, 0, 1, 2])
    e = rp.local_entropy(PERCEPTRON, alpha, d, between="centre")
    slope = np.dot(e.entropy, [1, -8, 0, 8, -1]) / (12 * h)
    assert slope == pytest.approx(2 * e.order["p_hat"][2], abs=1e-8)


def test_curves_end_at_typical_solutions():
    s = rp.rs(PERCEPTRON, 0.4)
    q, q_hat = s.order["q"], s.order["q_hat"]
    e = rp.local_entropy(PERCEPTRON, 0.4, (1 - q) / 2 - 1e-5)
    assert e.entropy == pytest.approx(s.entropy, abs=1e-9)
    assert e.stability == pytest.approx(s.stability, abs=1e-4)
    beyond = rp.local_entropy(PERCEPTRON, 0.4, (1 - q) / 2 + 1e-5)
    assert not beyond.success and "typical" in beyond.message
    end = quad(
        lambda u: (1 - math.tanh(math.sqrt(q_hat) * u)) * math.exp(-u * u / 2), 0, 9
    )[0] / math.sqrt(2 * math.pi)
    e = rp.local_entropy(PERCEPTRON, 0.4, [end - 1e-5, end + 1e-5], between="centre")
    assert e.entropy == pytest.approx(s.entropy, abs=1e-8)
    assert 0 < e.order["delta"][0] < 1e-3 and e.order["delta"][1] == 0
    assert e.entropy[1] == s.entropy and e.success.all()


@pytest.mark.parametrize(("alpha", "distance"), [(0.4, 0.1), (0.4, 0.01), (0.7, 0.05)])
def test_logarithms_keep_iterates_admissible(alpha, distance):
    channel = rp.Perceptron()
    order = binary_large_y.rough(channel, alpha, distance, "centre")
    start = np.array([order["eps"], 3 * order["delta"]])

    def residuals(x):
        sums, gap = binary_large_y_state.LADDER[0], 2 * distance
        if not np.all(x > 0):
            return np.full(2, np.nan)
        state = binary_large_y_state.State.at(
            sums, channel, alpha, gap, True, *x, order["p_hat"]
        )
        return state.residuals[:2]

    plain = root(residuals, start, tol=1e-13)
    logs = root(lambda v: residuals(np.exp(v)), np.log(start), tol=1e-13)
    assert not np.abs(residuals(plain.x)).max() < 1e-3  # nan where they left
    assert np.abs(logs.fun).max() < 1e-12


def test_points_where_the_curve_would_fall_are_refused():
    e = rp.local_entropy(PERCEPTRON, 0.77, [0.008, 0.02, 0.04], between="centre")
    assert e.success.tolist() == [True, False, True]
    assert "p_hat < 0" in e.message[1] and np.isnan(e.order["p_hat"][1])


def test_small_distances_keep_their_digits():
    # V - h(d) = -3.6e-15 and less: a difference would be lost to rounding
    e = rp.local_entropy(PERCEPTRON, 0.4, [0.01, 0.005, 0.003], between="centre")
    assert e.success.all() and np.all(e.normalised < 0)
    order = {k: v[2] for k, v in e.order.items()}
    with mp.workdps(30):
        d = mpf(0.003)
        exact = twin(PERCEPTRON, 0.4, order, 1 - 2 * d, dps=30)
        exact += d * mp.log(d) + (1 - d) * mp.log1p(-d)
    assert e.normalised[2] == pytest.approx(float(exact), abs=1e-17)


@settings(max_examples=30, deadline=None)
@given(
    alpha=st.floats(0.05, 0.82),
    distance=st.floats(0.003, 0.3),
    between=st.sampled_from(["replicas", "centre"]),
)
def test_local_entropy_is_at_most_that_of_all_and_of_typical(alpha, distance, between):
    e = rp.local_entropy(PERCEPTRON, alpha, distance, between=between)
    if not e.success:
        reasons = "p_hat < 0", "typical", "1e-290", "not found"
        assert any(why in e.message for why in reasons[: 4 if alpha > 0.77 else 3])
        return
    assert e.normalised <= e.error
    # the symmetric centre fails near the capacity, and says so
    above = e.entropy > rp.rs(PERCEPTRON, alpha).entropy + e.error + 1e-12
    assert not above or (alpha > 0.8 and "more solutions than there are" in e.message)
    again = rp.local_entropy(PERCEPTRON, alpha * 1.01, distance, between=between)
    assert not again.success or again.entropy < e.entropy + e.error


def test_more_solutions_than_there_are_are_reported():
    e = rp.local_entropy(PERCEPTRON, [0.75, 0.82], 0.004, between="centre")
    assert e.success.all() and not e.message[0]
    assert e.entropy[1] > rp.rs(PERCEPTRON, 0.82).entropy
    assert "no such reference exists" in e.message[1]


def test_neighbours_only_save_time():
    d = np.linspace(0.01, 0.2, 8)
    curve = rp.local_entropy(PERCEPTRON, 0.6, d, between="centre")
    for i in range(len(d)):
        one = rp.local_entropy(PERCEPTRON, 0.6, d[i], between="centre")
        assert abs(one.entropy - curve.entropy[i]) <= one.error + curve.error[i]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"centre": "frsb"}, "centre of binary weights must be one of rs, 1rsb"),
        ({"between": "friends"}, "between must be one of replicas, centre"),
    ],
)
def test_local_entropy_of_binary_weights_refuses(change, text):
    arguments = {"model": PERCEPTRON, "alpha": 0.5, "distance": 0.1} | change
    with pytest.raises(ValueError, match=f"local_entropy: .*{text}"):
        rp.local_entropy(**arguments)
