import ast
import pathlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.special import log_ndtr

import replicas as rp
from replicas import reference
from replicas.reference.average import Rule, Unresolved, gaussian, nodes, window
from replicas.results import Curve, Saddle

INF = float("inf")
PERCEPTRON = rp.Model(rp.Spherical(), rp.Perceptron())
MARGIN = rp.Model(rp.Spherical(), rp.Perceptron(0.4))
WIDE = rp.Model(rp.Spherical(), rp.Wide())
MAJORITY = rp.Model(rp.Spherical(), rp.Tree(3))
PARITY2 = rp.Model(rp.Spherical(), rp.Tree(2, "parity"))


def saddle(model, ansatz, alpha, **order):
    """A saddle as a fast solver returns it, of which refine reads the order only."""
    return Saddle(model, ansatz, alpha, order, 0.0, 0.0, 0.5, 1e-6, 1e-6, True, "")


def curve(model, ansatz, alpha, distance, y=None, between="replicas", **order):
    return Curve(
        model, ansatz, between, alpha, distance, y, 0.0, 0.0, order, 0.5, 1e-6, 1e-6,
        True, "",
    )  # fmt: skip


def close(value, expected, digits):
    return abs(value - expected) <= 10.0**-digits * abs(expected)


# --- averages


@pytest.mark.parametrize("x", [0.1, 2, 7, 38.5, 300])
def test_log_h_and_gh_keep_all_digits_in_the_tails(x):
    x = mpf(x)
    with mp.workdps(40):
        value, slope = reference.log_H(x), reference.GH(x)
        left, left_slope = reference.log_H(-x), reference.GH(-x)
    with mp.workdps(60):
        density = mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
        # independent: the continued fraction of G/H, or the series of 1/2 - H
        if x > 5:
            h = x
            for n in range(3000, 0, -1):
                h = x + n / h
            h = density / h
        else:
            h = mpf(1) / 2 - density * mp.nsum(
                lambda n: x ** (2 * n + 1) / mp.fac2(2 * n + 1), [0, mp.inf]
            )
        # rounding of exp(-x^2/2): 40 digits less those of x^2/2
        assert close(value, mp.log(h), 38) and close(slope, density / h, 34)
        assert close(left, mp.log1p(-h), 34)
        assert close(left_slope, density / (1 - h), 34)


@pytest.mark.parametrize("digits", [16, 30])
@pytest.mark.parametrize("mean, variance", [(0, 1), (3, 0.01), (-40, 900), (0, 1e8)])
def test_nodes_integrate_a_gaussian_wherever_it_is(digits, mean, variance):
    rule = Rule(digits)
    with mp.workdps(digits + 20):
        width = mp.sqrt(variance)
        reach = window(rule) * width
        x, dx = nodes(rule, mean - reach, mean + reach, left=6 * width, right=6 * width)
        total = mp.fdot(dx, [gaussian(v, mean, variance) for v in x])
        square = mp.fdot(dx, [gaussian(v, mean, variance) * v * v for v in x])
        assert abs(total - 1) < mpf(10) ** -digits
        assert close(square, mpf(mean) ** 2 + variance, digits)


def test_a_rule_too_coarse_is_noticed(monkeypatch):
    monkeypatch.setattr("replicas.reference.average.STRIP", mpf(20))
    twin = reference.rs.__globals__["ReplicaSymmetric"]("rs", PERCEPTRON, 1.0)
    with pytest.raises(Unresolved, match="normalised"), mp.workdps(30):
        twin.evaluate({"q": mpf("0.9")}, Rule(16))


# --- entropies against independent evaluations


@pytest.mark.parametrize("model, kappa", [(PERCEPTRON, 0), (MARGIN, 0.4)])
def test_rs_matches_mpmath_quadrature(model, kappa):
    alpha, q = 0.7, mpf("0.45")
    value = reference.rs(model, alpha, {"q": q}, dps=20)
    with mp.workdps(25):

        def integrand(z):
            u = (mpf(kappa) - mp.sqrt(q) * z) / mp.sqrt(1 - q)
            return mp.npdf(z) * mp.log(mp.erfc(u / mp.sqrt(2)) / 2)

        energetic = mp.quad(integrand, range(-12, 13, 2))
        expected = (mp.log(1 - q) + q / (1 - q)) / 2 + alpha * energetic
    assert close(value, expected, 18)


@pytest.mark.parametrize(
    "rule", ["majority", pytest.param("parity", marks=pytest.mark.full)]
)
def test_rs_of_trees_matches_a_sum_over_all_units(rule):
    q, model = 0.3, rp.Model(rp.Spherical(), rp.Tree(3, rule))
    z = (np.arange(61) - 30) / 4  # doubles, trapezoid
    w = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / 4
    grids = np.meshgrid(z, z, z, indexing="ij")
    log_p = model.channel.log_z(np.sqrt(q) * np.stack(grids, -1), 1 - q)[0]
    energetic = np.einsum("i,j,k,ijk", w, w, w, log_p)
    expected = (np.log(1 - q) + q / (1 - q)) / 2 + energetic
    assert close(reference.rs(model, 1.0, {"q": q}, dps=15), expected, 12)


@pytest.mark.full
def test_parity_of_two_matches_a_double_sum():
    # 35 digits by the double sum over nodes that the Laplace transform replaces
    value = reference.rs(PARITY2, 1, {"q": 0.38854074827820495}, dps=16)
    assert close(value, mpf("-0.65967350665405931330562844362869789"), 16)


def test_one_rsb_at_m_1_is_rs_of_the_outer_overlap():
    # H averaged over u is H of the sum of variances: q1 drops out of the energetic term
    q0, q1, alpha = mpf("0.3"), mpf("0.55"), mpf("0.8")
    value = reference.one_rsb(MARGIN, alpha, {"q0": q0, "q1": q1, "m": 1}, dps=20)
    assert close(value, reference.rs(MARGIN, alpha, {"q": q0}, dps=25), 19)


def test_one_rsb_matches_nested_quadrature():
    alpha, q0, q1, m = 0.9, 0.35, 0.6, 0.4
    t0, t1 = 2 / np.pi * np.arcsin([q0, q1])
    x, w = np.polynomial.hermite_e.hermegauss(120)  # doubles
    w = w / w.sum()
    b = np.sqrt(t0) * x[:, None] + np.sqrt(t1 - t0) * x
    inner = np.exp(m * log_ndtr(b / np.sqrt(1 - t1))) @ w
    energetic = np.log(inner) @ w
    lam = 1 - q1 + m * (q1 - q0)
    entropic = (np.log(1 - q1) + np.log(lam / (1 - q1)) / m + q0 / lam) / 2
    value = reference.one_rsb(WIDE, alpha, {"q0": q0, "q1": q1, "m": m}, dps=15)
    assert close(value, entropic + alpha / m * energetic, 11)


@pytest.mark.parametrize(
    "model, alpha, q1, y, q0, expected",
    # reference values, two independent evaluations
    [
        (PERCEPTRON, 0.5, 0.7, 3, 0.4028248529973317, -0.2350442728436427),
        (PERCEPTRON, 1.0, 0.8, 40, 0.7850019240483839, -0.22630828568604278),
        (WIDE, 1.0, 0.8, 2, 0.4335658054111019, -0.5921248389891196),
    ],
)
def test_finite_y_reproduces_reference_values(model, alpha, q1, y, q0, expected):
    order = {"q0": q0, "q1": q1, "y": y}
    value = reference.finite_y(model, alpha, order, dps=15, normalised=True)
    assert close(value, expected, 11)


def test_large_y_matches_explicit_maximisation():
    eps, delta, alpha = mpf("0.2"), mpf("0.6"), mpf("0.9")
    order = {"eps": eps, "delta": delta}
    value = reference.large_y(MARGIN, alpha, order, dps=18, normalised=True)
    with mp.workdps(20):
        c, gamma, shift = delta / eps, (1 - eps) / eps, mpf(0.4) / mp.sqrt(eps)

        def maximum(z):
            u0 = shift + mp.sqrt(gamma) * z
            u = mp.findroot(lambda u: u + c * reference.GH(u) - u0, min(u0, 0))
            return reference.log_H(u) - (u - u0) ** 2 / (2 * c)

        energetic = mp.quad(lambda z: mp.npdf(z) * maximum(z), [-10, -4, -1, 2, 10])
        expected = (1 - eps) / (eps + delta) / 2 + alpha * energetic
    assert close(value, expected, 12)
    full = reference.large_y(MARGIN, alpha, order, dps=18)
    assert close(full - mp.log(eps) / 2, value, 15)


def entropic_franz_parisi(q, p, q1, t):
    a = (p * p - t * t) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
    return (np.log(1 - q1) + (q1 - a) / (1 - q1)) / 2


def test_franz_parisi_matches_gauss_hermite_nodes():
    q, p, q1, t, kappa = 0.3, 0.5, 0.45, 0.32, 0.4
    x, w = np.polynomial.hermite_e.hermegauss(100)  # doubles
    w, z = w / w.sum(), x[:, None]
    v = (kappa - np.sqrt(q) * z) / np.sqrt(1 - q)
    spread = np.sqrt(q1 - t * t / q)
    rho = (p - t) / np.sqrt(1 - q) / spread
    ratio = log_ndtr(-(v - rho * x) / np.sqrt(1 - rho**2)) - log_ndtr(-v)
    u = (kappa - t / np.sqrt(q) * z - spread * x) / np.sqrt(1 - q1)
    energetic = w @ (np.exp(ratio) * log_ndtr(-u)) @ w
    order = {"q": q, "p": p, "q1": q1, "t": t}
    value = reference.franz_parisi(MARGIN, 1, order, dps=15)
    assert close(value, entropic_franz_parisi(q, p, q1, t) + energetic, 9)


@pytest.mark.full
def test_franz_parisi_reproduces_a_reference_value():
    order = {"q": 0.58, "p": 0.8, "q1": 0.72, "t": 0.6}
    value = reference.franz_parisi(PERCEPTRON, 1, order, dps=15)
    # reference value of the energetic term, two independent evaluations
    assert close(value - entropic_franz_parisi(**order), -0.6411492190275557, 10)


@pytest.mark.parametrize(
    "channel, expected",
    # reference values, two independent evaluations
    [
        (rp.Perceptron(), 2.0),
        (rp.Perceptron(1.0), 0.519572229604938),
        (rp.Tree(3), 4.025191880637309),
        (rp.Tree(2, "parity"), 5.503876787768218),
        (rp.Tree(3, "parity"), 10.37352610315994),
    ],
)
def test_capacity_rs_in_closed_form(channel, expected):
    model = rp.Model(rp.Spherical(), channel)
    assert close(reference.capacity_rs(model), expected, 14)


def test_capacity_rs_of_the_wide_committee_is_infinite():
    assert reference.capacity_rs(WIDE) == mp.inf


# --- refine

# 30 digits of the twins, started from 6: agree with the values of two independent
# evaluations in doubles to their 9 to 12 digits
REFINED = [
    (
        saddle(PERCEPTRON, "rs", 1.0, q=0.585312, eps=0.414688),
        "-0.855820596714761649026483300125",
        {"q": "0.585311851791098350863697418429"},
    ),
    (
        saddle(WIDE, "rs", 1.0, q=0.310806),
        "-0.733093031372047594858582530971",
        {"q": "0.310806204035015344888655825122"},
    ),
    (
        curve(PERCEPTRON, "large-y", 1.0, 0.125, INF, q1=0.75, c=1.6, delta=0.4),
        None,
        {},
    ),
    (
        saddle(WIDE, "1rsb*", 4.0, q0=0.638267, q1=0.951002, m=0.685221),
        "-3.43391224390496079491033847217",
        {
            "q0": "0.638266829386113911372799448673",
            "q1": "0.951001858424138486085066453029",
            "m": "0.685220127828685304991246198474",
        },
    ),
    (
        curve(WIDE, "finite-y", 1.0, 0.1, 2.0, q1=0.8, q0=0.433566),
        "-0.847537650872114991840150214142",
        {"q0": "0.433565805411101802260682640697"},
    ),
    (
        curve(
            WIDE,
            "franz-parisi",
            1.0,
            0.005,
            between="reference",
            q=0.310806,
            q1=0.981835,
            t=0.312452,
        ),
        "-2.17712112786876450290226995278",
        {
            "q1": "0.981835228364337268508574516025",
            "t": "0.312452332926890844030738810930",
        },
    ),
]


@pytest.mark.parametrize("start, entropy, order", REFINED)
def test_refine_reaches_its_digits(start, entropy, order):
    result = refined = reference.refine(start, 16)
    assert type(result) is type(start) and result.success and result.message == ""
    assert result.order.keys() == start.order.keys()
    assert result.error < 1e-15 and result.residual < 1e-14
    if entropy is None:  # against more digits of the twin itself
        refined = reference.refine(start, 30)
        entropy, order = refined.entropy, refined.order
    with mp.workdps(32):
        assert abs(result.entropy - mpf(entropy)) <= result.error
        for key, value in order.items():
            assert close(result.order[key], mpf(value), 15)


@pytest.mark.full
@pytest.mark.parametrize("start, entropy, order", REFINED)
def test_refine_reaches_30_digits(start, entropy, order):
    result = reference.refine(start, 30)
    assert result.success and result.error < 1e-29 * abs(result.entropy)
    with mp.workdps(32):
        for key, value in order.items():
            assert close(result.order[key], mpf(value), 29)
        if entropy:
            assert close(result.entropy, mpf(entropy), 29)


def test_refine_agrees_with_the_fast_solvers():
    results = [
        rp.rs(MARGIN, 0.8),
        rp.local_entropy(MARGIN, 0.8, 0.03),
        rp.local_entropy(PERCEPTRON, 0.5, 0.1, y=5, between="centre"),
    ]
    for fast in results:
        fine = reference.refine(fast, 15)
        assert abs(fine.entropy - fast.entropy) <= fast.error + 1e-15
        assert fine.order.keys() == fast.order.keys()


def test_refine_keeps_normalised_entropies_of_any_size():
    fast = rp.local_entropy(PERCEPTRON, 0.5, 0.01)
    fine = reference.refine(fast, 20)
    assert close(fine.normalised, fast.normalised, 10)
    assert fine.error < 1e-19 * abs(fine.normalised)
    with mp.workdps(80):
        rest = fine.entropy - fine.normalised - mp.log(2 * mpf(fast.distance)) / 2
        assert abs(rest) <= fine.error


@pytest.mark.full
def test_refine_of_the_large_y_curve_is_the_limit_of_finite_y():
    # un-normalised: 1/y expansion, extrapolated from three y
    inf = curve(PERCEPTRON, "large-y", 1.0, 0.1, INF, q1=0.8, c=3.18, delta=0.636)
    values = [
        reference.refine(
            curve(PERCEPTRON, "finite-y", 1.0, 0.1, float(y), q0=0.8 - 0.6 / y), 15
        ).entropy
        for y in (10, 20, 40)
    ]
    first = [2 * b - a for a, b in pairwise(values)]
    limit = (4 * first[1] - first[0]) / 3
    assert abs(limit - reference.refine(inf, 15).entropy) < 1e-4


def test_refine_takes_arrays_and_leaves_failed_points():
    good = rp.rs(PERCEPTRON, np.array([0.3, 2.5, 1.0]))
    result = reference.refine(good, 15)
    assert result.entropy.dtype == object
    assert list(result.success) == [True, False, True]
    assert mp.isnan(result.entropy[1]) and mp.isnan(result.order["q"][1])
    assert result.message[1] == good.message[1] != ""
    assert close(result.entropy[2], mpf("-0.8558205967147616490264833"), 14)


def test_refine_keeps_the_paramagnetic_saddle_of_parity():
    result = reference.refine(saddle(PARITY2, "rs", 1.0, q=0.0, eps=1.0), 30)
    with mp.workdps(30):
        assert result.entropy == -mp.log(2)
    assert result.order == {"q": 0, "eps": 1} and result.residual == 0


@pytest.mark.full
def test_refine_of_the_majority_of_three():
    result = reference.refine(saddle(MAJORITY, "rs", 1.0, q=0.388541), 15)
    # reference values, two independent evaluations
    assert close(result.order["q"], 0.38854074827820495, 8)
    assert close(result.entropy, -0.7559586833812, 9)


@pytest.mark.full
@pytest.mark.parametrize("model", [MAJORITY, PARITY2])
def test_refine_of_trees_reaches_30_digits(model):
    start = saddle(model, "rs", 2.0, q=0.6 if model is MAJORITY else 0.55)
    result = reference.refine(start, 30)
    assert result.success
    more = reference.refine(result, 36)
    assert abs(result.entropy - more.entropy) <= result.error


def test_refine_says_why_it_does_not_converge():
    above = saddle(PERCEPTRON, "rs", 2.5, q=0.9)
    result = reference.refine(above, 15)
    assert not result.success and "not refined" in result.message
    assert mp.isnan(result.entropy) and mp.isnan(result.order["q"])


# --- refusals


@pytest.mark.parametrize("dps", [14, 101, 30.0, "30", True, float("nan")])
def test_refine_refuses_digits_out_of_range(dps):
    with pytest.raises((ValueError, TypeError), match="refine: dps"):
        reference.refine(saddle(WIDE, "rs", 1.0, q=0.31), dps)


def test_refine_refuses_what_it_cannot_do():
    good = saddle(WIDE, "rs", 1.0, q=0.31)
    with pytest.raises(TypeError, match="Saddle or a Curve"):
        reference.refine(0.5)
    with pytest.raises(ValueError, match="above the RS capacity"):
        reference.refine(replace(good, success=False, message="above the RS capacity"))
    with pytest.raises(ValueError, match="ansatz must be one of"):
        reference.refine(replace(good, ansatz="frsb"))
    with pytest.raises(ValueError, match="only the replica symmetric"):
        reference.refine(saddle(MAJORITY, "1rsb", 1.0, q0=0.3, q1=0.5, m=0.5))
    with pytest.raises(ValueError, match="K = 1 and 3"):
        five = rp.Model(rp.Spherical(), rp.Tree(5))
        reference.refine(saddle(five, "rs", 1.0, q=0.3))


@pytest.mark.parametrize(
    "call, match",
    [
        (lambda: reference.rs(WIDE, 1, {"q": 1.0}), r"q must be in \[0, 1\)"),
        (lambda: reference.rs(WIDE, 1, {"q": float("nan")}), "q must be finite"),
        (lambda: reference.rs(WIDE, "x", {"q": 0.5}), "alpha must be a number"),
        (lambda: reference.rs("x", 1, {"q": 0.5}), "must be a Model"),
        (lambda: reference.large_y(WIDE, 1, {"q1": 0.5, "c": 0}), "delta must be > 0"),
        (
            lambda: reference.one_rsb(WIDE, 1, {"q0": 0.5, "q1": 0.4, "m": 1}),
            "q0 < q1 < 1",
        ),
        (
            lambda: reference.franz_parisi(
                WIDE, 1, {"q": 0.5, "p": 0.9, "q1": 0.5, "t": 0.5}
            ),
            "must hold, given",
        ),
    ],
)
def test_entropies_refuse_bad_order_parameters(call, match):
    with pytest.raises((ValueError, TypeError), match=match):
        call()


def test_reference_shares_no_code_with_the_fast_path():
    allowed = {"check", "channels", "model", "priors", "results", "reference"}
    folder = pathlib.Path(reference.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("replicas"):
                parts = node.module.split(".")
                names = parts[1:2] or [alias.name for alias in node.names]
                assert set(names) <= allowed, (path.name, names)
