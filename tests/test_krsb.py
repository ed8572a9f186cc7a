"""The centre beyond replica symmetry: recursion, saddle points, limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr, roots_hermitenorm

import replicas as rp
from replicas import finite_y, krsb, large_y, rsb_centre, rsb_levels
from replicas.krsb import Levels
from replicas.krsb_saddle import solve

WIDE, SIGN = rp.Model(rp.Spherical(), rp.Wide()), rp.Wide()

# reference values (channel, alpha, q1, phi, q0, mu, delta): two independent evaluations
ONE_RSB = [
    (SIGN, 1.5, 0.7, -0.5826983619524364, 0.64111405, 1.91799717, 0.33498493),
    (SIGN, 0.5, 0.7, -0.05221462202860652, 0.66325098, 10.88675152, 3.22563502),
    (SIGN, 1.0, 0.9, -0.06658587453937298, 0.65984712, 8.56419500, 0.94652205),
    (SIGN, 0.5, 0.8, -0.02237924585985593, 0.66747224, 20.55568542, 4.45214380),
    (SIGN, 2.5, 0.95, -0.5889667738244369, 0.64742836, 1.56518427, 0.05869230),
    (rp.Perceptron(-0.5), 4.0, 0.98, -0.5182450321389096, 0.8760035, 0.3536866, 0.0635),
    (
        rp.Perceptron(-1.0),
        10.0,
        0.98,
        -0.4569646729564107,
        0.6442995,
        0.3251255,
        0.0551,
    ),
    (rp.Perceptron(-1.0), 8.0, 0.9, -0.531153989641679, 0.6910756, 0.4849685, 0.13301),
]
# reference (alpha, q1, best upper bound of full RSB, its gap)
FULL = [
    (SIGN, 1.5, 0.95, -0.1073309109, 3e-7),
    (SIGN, 1.0, 0.8, -0.1733456973, 2.2e-7),
    (SIGN, 0.5, 0.9, -0.0029581119, 2e-9),
    (rp.Perceptron(-1.0), 8.0, 0.9, -0.5311562436, 1e-8),
]


def pack(levels):
    return np.concatenate([levels.q, levels.mu, [levels.delta]])


def unpack(x, eps):
    k = len(x) // 2
    return Levels(eps, x[:k], x[k : 2 * k], x[-1])


@pytest.mark.parametrize(
    ("channel", "alpha", "levels"),
    [
        (SIGN, 1.5, Levels(0.05, np.array([0.66]), np.array([5.0]), 0.3)),
        (
            rp.Perceptron(-1.0),
            8.0,
            Levels(0.1, np.array([0.5, 0.6, 0.75]), np.array([0.3, 0.5, 0.8]), 0.13),
        ),
        # weights of one row that no double holds: summed row by row
        (
            rp.Perceptron(-1.0),
            8.0,
            Levels(0.1, np.array([0.5, 0.6, 0.75]), np.array([3.0, 5.0, 18.0]), 0.03),
        ),
    ],
)
def test_gradient_equals_differences(channel, alpha, levels):
    grid = krsb.grid_for(channel, levels)
    terms = krsb.free_entropy(channel, alpha, levels, grid)
    dq, dmu, ddelta = terms.gradient(levels)
    x = pack(levels)
    for i, slope in enumerate([*dq, *dmu, ddelta]):
        h = 1e-4 * x[i] * np.eye(len(x))[i]

        def value(times, h=h):
            moved = unpack(x + times * h, levels.eps)
            return krsb.free_entropy(channel, alpha, moved, grid).value

        difference = 8 * (value(1) - value(-1)) - (value(2) - value(-2))
        assert slope == pytest.approx(difference / (12e-4 * x[i]), rel=1e-7, abs=1e-9)


def brute_force(channel, alpha, levels):
    """The 1-RSB functional by Hermite and Legendre sums and a bounded maximisation."""
    Q, q0, mu = 1 - levels.eps, levels.q[0], levels.mu[0]
    tQ, V, dtQ, _ = channel.kernel.overlap(Q, levels.eps)
    t0 = channel.kernel.overlap(q0, 1 - q0)[0]
    D = levels.delta * dtQ

    def M(h):
        bounds = h - 1e-9, max(h, channel.kappa) + 12 * V**0.5
        best = minimize_scalar(
            lambda w: (w - h) ** 2 / (2 * D) - log_ndtr((w - channel.kappa) / V**0.5),
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-9},
        )
        return -best.fun

    h = np.linspace(-7, 7, 421)
    spline = CubicSpline(h, [M(x) for x in h])
    z0, w0 = roots_hermitenorm(60)
    z1, step = np.linspace(-8.5, 8.5, 1201, retstep=True)
    w1 = step * np.exp(-z1 * z1 / 2) / math.sqrt(2 * math.pi)
    total = 0.0
    for z, w in zip(z0, w0 / math.sqrt(2 * math.pi), strict=True):
        if w < 1e-14:
            continue
        field = math.sqrt(t0) * z + math.sqrt(tQ - t0) * z1
        f = spline(np.clip(field, -7, 7))
        total += w * math.log(w1 @ np.exp(mu * f)) / mu
    l1 = levels.eps + levels.delta
    l0 = l1 + mu * (Q - q0)
    return 0.5 * (math.log(l0 / l1) / mu + q0 / l0) + alpha * total


@pytest.mark.parametrize(
    ("channel", "alpha", "levels"),
    [
        (SIGN, 1.2, Levels(0.13, np.array([0.62]), np.array([4.0]), 0.6)),
        (rp.Perceptron(-0.7), 5.0, Levels(0.09, np.array([0.7]), np.array([1.1]), 0.2)),
        # at small distance, where published tables do not help
        (SIGN, 2.5, Levels(0.01, np.array([0.679]), np.array([4.0]), 0.0589)),
    ],
)
def test_free_entropy_equals_brute_force(channel, alpha, levels):
    terms = krsb.free_entropy(channel, alpha, levels, krsb.grid_for(channel, levels))
    assert terms.value == pytest.approx(brute_force(channel, alpha, levels), abs=3e-7)


@pytest.mark.parametrize(("mu", "eps"), [(30.0, 0.2), (1e4, 0.01), (1e7, 1e-3)])
def test_averages_at_large_mu_equal_direct_sums(mu, eps):
    levels = Levels(eps, np.array([0.5]), np.array([mu]), 0.0)
    grid = krsb.grid_for(rp.Perceptron(), levels, 20)
    density = krsb.averages(rp.Perceptron(), levels, grid)[2]
    # delta = 0: M = log H
    z, sigma = np.linspace(-8.5, 8.5, 60001), math.sqrt(0.5 - eps)
    h = math.sqrt(0.5) * np.linspace(-8, 8, 161)
    weight = 0.1 * np.exp(-h * h) / math.sqrt(2 * math.pi)
    inner = []
    for mean in h:
        # about the larger of 0 and the mean, where exp(mu M) leaves weight
        x = max(mean, 0.0) + sigma * z
        law = mu * log_ndtr(x / math.sqrt(eps)) - 0.5 * ((x - mean) / sigma) ** 2
        top = law.max()
        total = np.exp(law - top).sum() * (z[1] - z[0]) / math.sqrt(2 * math.pi)
        inner.append((top + math.log(total)) / mu)
    assert density.f[0] == pytest.approx(weight @ inner, rel=1e-7)
    assert density.norm == pytest.approx(1, abs=1e-12)


def test_free_entropy_is_the_symmetric_one_as_mu_or_the_gap_vanish():
    rs = large_y.point(SIGN, 1.5, 0.1)
    delta = rs["order"]["delta"]
    for q0, mu in [(0.4, 1e-7), (0.9 - 1e-9, 2.0)]:
        levels = Levels(0.1, np.array([q0]), np.array([mu]), delta)
        grid = krsb.Grid(-9.0, 0.04 if mu < 1 else 2e-5, 450)
        if mu > 1:
            # a gap of 1e-9 is narrower than any grid: by its gradient instead
            levels = Levels(0.1, np.array([0.9 - 1e-4]), np.array([mu]), delta)
            grid = krsb.grid_for(SIGN, levels)
        value = krsb.free_entropy(SIGN, 1.5, levels, grid).value
        assert value == pytest.approx(rs["normalised"], abs=3e-7)


@pytest.mark.parametrize("y", [3.0, 20.0])
def test_free_entropy_without_delta_is_the_one_of_y_equal_to_mu(y):
    point = finite_y.point(SIGN, 1.0, 0.2, y)
    levels = Levels(0.2, np.array([point["order"]["q0"]]), np.array([y]), 0.0)
    terms = krsb.free_entropy(SIGN, 1.0, levels, krsb.grid_for(SIGN, levels))
    value = terms.value + 0.5 * math.log(0.2)
    assert value == pytest.approx(point["entropy"], abs=1e-12)
    assert abs(terms.residuals()[0]) < 1e-9
    best = rsb_centre.point(SIGN, 1.0, 0.2, 1)
    assert best["entropy"] < value


@pytest.mark.parametrize(
    ("channel", "alpha", "q1", "value", "q0", "mu", "delta"), ONE_RSB
)
def test_one_rsb_point_equals_reference(channel, alpha, q1, value, q0, mu, delta):
    p = rsb_centre.point(channel, alpha, 1 - q1, 1)
    assert p["normalised"] == pytest.approx(value, abs=3e-14)
    assert abs(p["normalised"] - value) <= p["error"] + 5e-14
    assert p["order"]["q0"] == pytest.approx(q0, rel=1e-6)
    assert p["order"]["mu"] == pytest.approx(mu, rel=1e-6)
    assert p["order"]["delta"] == pytest.approx(delta, rel=1e-3)
    assert p["residual"] < 1e-7


@pytest.mark.parametrize(
    ("alpha", "eps", "value"),
    # minimised apart: bisection for the maximum, splines, a simplex
    [(2.5, 1e-3, -7.24638512e-4), (2.5, 2e-3, -7.2872745e-3), (2, 1e-3, -6.5699256e-6)],
)
def test_one_rsb_point_at_small_distance_is_the_minimum(alpha, eps, value):
    p = rsb_centre.point(SIGN, alpha, eps, 1)
    assert p["normalised"] == pytest.approx(value, rel=1e-7)


def test_one_rsb_point_is_lowest_of_random_starts():
    best = rsb_centre.point(SIGN, 1.5, 0.1, 1)
    rng, found = np.random.default_rng(1), 0
    for _ in range(12):
        levels = Levels(
            0.1,
            0.9 * rng.uniform(0.3, 0.95, 1),
            np.exp(rng.uniform(-0.5, 3.0, 1)),
            math.exp(rng.uniform(-3, 0.5)),
        )
        solution = rsb_centre.solve(SIGN, 1.5, levels)
        if solution.success:
            found += 1
            gap = solution.terms.value - best["normalised"]
            assert gap > -1e-13
    assert found >= 6


def test_levels_converge_with_their_fourth_power():
    # reference: k = 2, 3, 4 at alpha = 1.5, q1 = .95
    values = {2: -0.107328865, 3: -0.107330549, 4: -0.107330819}
    full = rsb_centre.point(SIGN, 1.5, 0.05, math.inf)
    gaps = {}
    for k in (2, 3, 4, 8):
        p = rsb_centre.point(SIGN, 1.5, 0.05, k)
        if k in values:
            assert p["normalised"] == pytest.approx(values[k], abs=1e-9)
        gaps[k] = p["normalised"] - full["normalised"]
    assert math.log2(gaps[2] / gaps[4]) == pytest.approx(4, abs=0.2)
    assert math.log2(gaps[4] / gaps[8]) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(("channel", "alpha", "q1", "bound", "gap"), FULL)
def test_full_rsb_point_is_below_the_best_bound_known(channel, alpha, q1, bound, gap):
    p = rsb_centre.point(channel, alpha, 1 - q1, math.inf)
    assert p["success"] and p["error"] < 3e-9
    assert -gap < p["normalised"] - bound < 2e-10
    assert p["stability"] < 1.002


@pytest.mark.parametrize(("eps", "delta"), [(0.09, 1e-2), (0.15, 1e-4)])
def test_solve_refuses_the_false_root_where_delta_vanishes(eps, delta):
    # beyond 1 - q_EA = .0816
    start = Levels(eps, np.array([0.65 * (1 - eps)]), np.array([0.6]), delta * eps)
    s = solve(rp.Perceptron(-1.0), 10.0, start)
    assert not s.success and np.isnan(s.value) and "delta -> 0" in s.message


def test_solve_refuses_more_levels_than_there_are():
    # one level is stable here: (1, .68) lies between Q_AT = .6478 and Q_f = .7057
    one = rsb_centre.point(SIGN, 1.0, 0.32, 1)["order"]
    q = one["q0"] + 0.1 * (0.68 - one["q0"]) * np.array([-1, 1])
    start = Levels(0.32, q, one["mu"] * np.array([0.9, 1.1]), one["delta"])
    s = solve(SIGN, 1.0, start)
    assert not s.success and "fewer levels" in s.message


def test_search_for_more_levels_starts_near_them():
    four, eight = (rsb_centre.point(rp.Perceptron(-1.0), 10.0, 0.02, k) for k in (4, 8))
    order = four["order"]
    few = Levels(0.02, order["levels_q"], order["levels_mu"], order["delta"])
    start = rsb_levels.refined(few, 8)
    assert np.log(start.mu) == pytest.approx(
        np.log(eight["order"]["levels_mu"]), abs=0.02
    )
    assert np.log(1 - start.q) == pytest.approx(
        np.log(1 - eight["order"]["levels_q"]), abs=0.01
    )


def test_full_equilibrium_is_found_close_to_capacity():
    m = rp.Model(rp.Spherical(), rp.Perceptron(-1.5))
    one, full = (rp.equilibrium(m, 34.0, ansatz) for ansatz in ("1rsb", "frsb"))
    assert full.success and full.order["k"] == 8
    assert full.entropy < one.entropy - 1e-3


@settings(max_examples=6, deadline=None)
@given(
    wide=st.booleans(),
    load=st.floats(0.1, 0.9),
    log_eps=st.floats(math.log(0.005), math.log(0.35)),
)
def test_more_levels_lower_the_local_entropy(wide, load, log_eps):
    channel, alpha = (SIGN, 4 * load) if wide else (rp.Perceptron(-1.0), 12 * load)
    eps = math.exp(log_eps)
    rs = large_y.point(channel, alpha, eps)
    points = [rsb_centre.point(channel, alpha, eps, k) for k in (1, 2, 4, math.inf)]
    # beyond the typical distance of the broken phase the symmetric centre alone is left
    if not all(p["success"] for p in points):
        assert "exceeds" in points[0]["message"]
        return
    for above, below in zip([rs, *points], points, strict=False):
        slack = above["error"] + below["error"] + 1e-14
        assert below["normalised"] <= above["normalised"] + slack
    k, full = points[0]["order"]["k"], points[-1]
    assert (k == 0) == (rs["stability"] < 1)
    assert full["error"] < 1e-6 * max(1e-3, abs(full["normalised"]))


def test_certificate_is_the_slope_of_a_further_level():
    p = rsb_centre.point(SIGN, 2.5, 0.05, 1)["order"]
    levels = Levels(0.05, p["levels_q"], p["levels_mu"], p["delta"])
    depth, where = krsb.certificate(SIGN, 2.5, levels)
    # reference: -0.00105 on a coarse grid
    assert depth[1] == pytest.approx(-0.00107, abs=2e-5)
    split = Levels(
        0.05, np.append(levels.q, where[1]), np.repeat(levels.mu, 2), levels.delta
    )
    terms = krsb.free_entropy(SIGN, 2.5, split, krsb.grid_for(SIGN, split))
    assert terms.gradient(split)[1][1] == pytest.approx(depth[1], rel=2e-3)


def test_symmetric_centre_is_kept_where_it_is_stable():
    for level in (1, 3, math.inf):
        p = rsb_centre.point(SIGN, 1.0, 0.4, level)
        rs = large_y.point(SIGN, 1.0, 0.4)
        assert p["normalised"] == rs["normalised"] and p["order"]["k"] == 0


def test_one_rsb_centre_is_kept_where_it_is_stable():
    # reference: Q_AT = .6478 < q1 < Q_f = .7057 at alpha = 1
    p = rsb_centre.point(SIGN, 1.0, 0.3, math.inf)
    assert p["order"]["k"] == 1 and p["stability"] < 1
    assert p["order"]["kkt"] > -1e-12


@pytest.mark.parametrize(
    ("channel", "alpha", "q_ea", "entropy"),
    [
        # reference: equilibrium 1-RSB
        (rp.Perceptron(-1.0), 10.0, 0.9184037511704793, -2.357233677912),
        (SIGN, 4.0, 0.9510018595676805, -3.433912243905),
    ],
)
def test_curve_ends_at_the_broken_typical_distance(channel, alpha, q_ea, entropy):
    eps = 1 - q_ea
    near = rsb_centre.point(channel, alpha, eps * (1 - 1e-3), 1)
    assert near["success"] and near["order"]["delta"] < 0.01 * eps
    limit = entropy - 0.5 * math.log(eps)
    assert near["normalised"] == pytest.approx(limit, abs=2e-3)
    nearer = rsb_centre.point(channel, alpha, eps * (1 - 1e-4), 1)
    assert abs(nearer["normalised"] - limit) < 0.2 * abs(near["normalised"] - limit)
    beyond = rsb_centre.point(channel, alpha, eps * 1.02, 1)
    assert large_y.point(channel, alpha, eps * 1.02)["success"]
    assert not beyond["success"] and "exceeds" in beyond["message"]


@pytest.mark.parametrize(
    ("mu", "sigma", "s", "q0"),
    [
        # reference, alpha = 1.5, q1 = .9
        (1.6058588008693335, 0.023997431720080956, -0.25023424802472044, 0.52517644),
        (4.496404642434, -0.03294424104473701, -0.232248137004, 0.70488852),
        (0.642343520348, 0.009877345767936477, -0.235077564044, 0.40011783),
    ],
)
def test_complexity_equals_reference(mu, sigma, s, q0):
    c = rsb_centre.complexity(SIGN, 1.5, 0.1, mu)
    assert c["complexity"] == pytest.approx(sigma, abs=1e-9)
    assert c["entropy"] == pytest.approx(s, abs=1e-9)
    assert c["q0"] == pytest.approx(q0, abs=1e-7)


def test_local_entropy_continues_and_starts_cold_alike():
    distance = np.geomspace(0.1, 0.0005, 6)
    curve = rp.local_entropy(WIDE, 1.5, distance, centre="krsb", levels=3)
    assert curve.success.all() and curve.order["levels_mu"].shape == (6, 3)
    assert np.all(np.diff(curve.normalised) > 0)
    for i in (2, 5):
        one = rp.local_entropy(WIDE, 1.5, distance[i], centre="krsb", levels=3)
        gap = abs(one.normalised - curve.normalised[i])
        assert gap <= one.error + curve.error[i] + 1e-12 * abs(one.normalised)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"y": 5.0}, ValueError, "centre must be rs at finite y and for trees"),
        ({"model": rp.Model(rp.Spherical(), rp.Tree(3))}, ValueError, "for trees"),
        ({"levels": 0}, ValueError, r"levels must be in \[1, 16\], given 0"),
        ({"levels": 2.5}, TypeError, "levels must be an integer"),
        ({"centre": "2rsb"}, ValueError, "centre must be one of rs, 1rsb, krsb, frsb"),
    ],
)
def test_local_entropy_refuses_what_the_broken_centre_does_not_have(
    change, error, text
):
    arguments = {"model": WIDE, "alpha": 1.0, "distance": 0.1, "centre": "1rsb"}
    with pytest.raises(error, match=text):
        rp.local_entropy(**(arguments | change))


@pytest.mark.parametrize(
    ("channel", "alpha", "q_ea", "q0", "m", "entropy"),
    [
        # reference: equilibrium 1-RSB, q_EA to 5 digits
        (
            rp.Perceptron(-1.0),
            10.0,
            0.91840375,
            0.627644549,
            0.2191879,
            -2.357233677912,
        ),
        (SIGN, 4.0, 0.95100186, 0.638266830, 0.68522012, -3.433912243905),
    ],
)
def test_equilibrium_equals_reference(channel, alpha, q_ea, q0, m, entropy):
    s = rp.equilibrium(rp.Model(rp.Spherical(), channel), alpha, "1rsb")
    assert s.entropy == pytest.approx(entropy, abs=2e-12)
    assert abs(s.entropy - entropy) <= s.error + 1e-12
    assert s.order["q_ea"] == pytest.approx(q_ea, abs=1e-8)
    assert s.order["q0"] == pytest.approx(q0, abs=1e-6)
    assert s.order["mu"] == pytest.approx(m, abs=1e-6)


def test_equilibrium_falls_with_the_levels_and_meets_the_instability():
    model = rp.Model(rp.Spherical(), rp.Perceptron(-1.0))
    # reference: alpha_AT = 7.87356
    below = rp.equilibrium(model, 7.87)
    assert below.order["k"] == 0 and below.entropy == rp.rs(model, 7.87).entropy
    above = rp.equilibrium(model, 7.9)
    assert above.order["k"] > 0 and above.entropy < rp.rs(model, 7.9).entropy
    values = [
        rp.rs(model, 9.0).entropy,
        rp.equilibrium(model, 9.0, "1rsb").entropy,
        rp.equilibrium(model, 9.0, "krsb", levels=3).entropy,
        rp.equilibrium(model, 9.0).entropy,
    ]
    assert np.all(np.diff(values) < 0)


def test_equilibrium_refuses_trees_and_loads_above_capacity():
    with pytest.raises(ValueError, match="channel must be Perceptron or Wide"):
        rp.equilibrium(rp.Model(rp.Spherical(), rp.Tree(3)), 1.0)
    model = rp.Model(rp.Spherical(), rp.Perceptron(-1.0))
    s = rp.equilibrium(model, 14.0, "1rsb")
    assert not s.success and np.isnan(s.entropy) and s.message


def test_curve_with_full_breaking_ends_at_its_own_overlap():
    model = rp.Model(rp.Spherical(), rp.Perceptron(-1.0))
    s = rp.equilibrium(model, 10.0, "krsb", levels=2)
    eps = s.order["eps"]
    limit = s.entropy - 0.5 * math.log(eps)
    near = rsb_centre.point(model.channel, 10.0, eps * (1 - 1e-3), 2)
    assert near["normalised"] == pytest.approx(limit, abs=2e-3)
    assert near["order"]["delta"] < 0.01 * eps


@pytest.mark.parametrize(
    ("channel", "alpha", "eps"),
    [
        # reference: 1 - q_EA of 1-RSB, to 4 digits
        (SIGN, [3.05, 3.2, 3.5, 4.0, 4.5, 5.0], [0.3133, 0.2227, 0.1228, 0.0490]),
        (rp.Perceptron(-1.0), [10.0, 11.0, 12.0], [0.0816, 0.0324, 0.0047]),
    ],
)
def test_equilibrium_along_alpha_ends_the_curves(channel, alpha, eps):
    model = rp.Model(rp.Spherical(), channel)
    s = rp.equilibrium(model, alpha, "1rsb")
    known = len(eps)
    np.testing.assert_allclose(s.order["eps"][:known], eps, atol=6e-5)
    assert s.success.all() and np.all(np.diff(s.order["eps"]) < 0)
    assert np.all(np.diff(s.entropy) < 0) and s.order["levels_q"].shape == (
        len(alpha),
        1,
    )
    # q_EA is beyond the symmetric overlap: the symmetric curve goes on
    assert np.all(s.order["eps"] < rp.rs(model, alpha).order["eps"])
    for i in (0, known - 1):
        one = rp.equilibrium(model, alpha[i], "1rsb")
        assert one.entropy == s.entropy[i] and one.error == s.error[i]
        inside, outside = (
            rp.local_entropy(
                model, alpha[i], 0.5 * share * s.order["eps"][i], centre="1rsb"
            )
            for share in (0.98, 1.02)
        )
        assert inside.success and not outside.success


def test_equilibrium_of_several_loads_tells_which_fail():
    model = rp.Model(rp.Spherical(), rp.Perceptron(-1.0))
    s = rp.equilibrium(model, [[7.0], [9.0], [14.0]], "1rsb")
    assert s.entropy.shape == (3, 1) and s.alpha.shape == (3, 1)
    np.testing.assert_array_equal(s.success.ravel(), [True, True, False])
    assert s.message[2, 0] and np.isnan(s.entropy[2, 0])
    np.testing.assert_array_equal(s.order["k"].ravel(), [0, 1, np.nan])


def test_curve_shrinks_to_nothing_at_the_broken_capacity():
    model = rp.Model(rp.Spherical(), rp.Perceptron(-1.0))
    load = np.array([12.1, 12.2])
    eps = rp.equilibrium(model, load, "1rsb").order["eps"]
    end = load[1] + eps[1] * (load[1] - load[0]) / (eps[0] - eps[1])
    capacity = rp.capacity(model, "1rsb").value
    # by a line; the symmetric capacity is 13.27
    assert end == pytest.approx(capacity, abs=0.05)


@pytest.mark.parametrize(
    ("model", "loads", "distance", "centre"),
    [
        (WIDE, np.linspace(1.0, 4.0, 5), 0.02, {"centre": "1rsb"}),
        (WIDE, np.linspace(1.0, 3.0, 4), 0.05, {"centre": "krsb", "levels": 3}),
        # from a symmetric centre to a broken one
        (
            rp.Model(rp.Spherical(), rp.Perceptron(-1.0)),
            np.linspace(5.0, 11.0, 5),
            0.012,
            {"centre": "1rsb"},
        ),
    ],
)
def test_local_entropy_continues_in_alpha_and_starts_cold_alike(
    model, loads, distance, centre
):
    curve = rp.local_entropy(model, loads, distance, **centre)
    assert curve.success.all() and np.all(np.diff(curve.normalised) < 0)
    for i, load in enumerate(loads):
        one = rp.local_entropy(model, load, distance, **centre)
        gap = abs(one.normalised - curve.normalised[i])
        assert gap <= one.error + curve.error[i] + 1e-12 * abs(one.normalised)
        assert one.order["k"] == curve.order["k"][i]


@pytest.mark.parametrize("distance", [0.4, 0.45, 0.48])
def test_nearly_orthogonal_centres_are_resolved(distance):
    # fields of variance q0^2 << 1 on the first level: a uniform grid must not miss them
    quadratic = rp.Model(rp.Spherical(), rp.Wide("quadratic"))
    rs, broken = (
        rp.local_entropy(quadratic, 0.3, distance, centre=c) for c in ("rs", "1rsb")
    )
    assert broken.order["q0"] < 0.1 and broken.error < 1e-12
    assert broken.normalised < rs.normalised < broken.normalised + 1e-5


def test_tiny_distances_warn_of_nothing():
    # delta ~ 1e36: 1/(1 - D f'') vanishes within rounding
    e = rp.local_entropy(
        rp.Model(rp.Spherical(), rp.Wide("relu")), 1.3, 5.4e-4, centre="1rsb"
    )
    assert e.success and e.normalised == pytest.approx(0, abs=1e-12)


def test_search_does_not_follow_sums_that_miss_the_first_level():
    # it ran to q0 -> 0, where a grid takes minutes
    quadratic = rp.Model(rp.Spherical(), rp.Wide("quadratic"))
    e = rp.local_entropy(quadratic, 2.0, [0.1173, 0.1466], centre="1rsb")
    assert e.success[0] and e.order["q0"][0] == pytest.approx(0.2017, abs=1e-3)
    assert "delta -> 0" in e.message[1]


def test_equilibrium_just_above_capacity_is_refused_at_once():
    # 12.3196 is the capacity; the search ran to q1 = 1 - 1e-6 and took minutes a step
    minus = rp.Model(rp.Spherical(), rp.Perceptron(-1.0))
    assert not rp.equilibrium(minus, 12.33, "1rsb").success


@pytest.mark.parametrize(("kappa", "alpha"), [(-2.5, 300.0), (-3.0, 2200.0)])
def test_equilibrium_clusters_dominate_where_the_symmetric_saddle_is_stable(
    kappa, alpha
):
    model = rp.Model(rp.Spherical(), rp.Perceptron(kappa))
    symmetric, other = rp.rs(model, alpha), rp.one_rsb(model, alpha)
    s = rp.equilibrium(model, alpha, "1rsb")
    assert s.success
    assert symmetric.stability < 1
    assert s.order["mu"] < 1
    assert s.entropy < symmetric.entropy - 1e-4
    assert abs(s.entropy - other.entropy) < s.error + other.error


@pytest.mark.parametrize(("kappa", "alpha"), [(-2.5, 287.1152), (-2.2, 111.5349)])
def test_equilibrium_is_continuous_where_clusters_condense(kappa, alpha):
    model = rp.Model(rp.Spherical(), rp.Perceptron(kappa))
    below, above = rp.equilibrium(
        model, alpha * np.array([0.999, 1.001]), "1rsb"
    ).order["k"]
    assert (below, above) == (0, 1)
    s = rp.equilibrium(model, 1.001 * alpha, "1rsb")
    assert 0 < 1 - s.order["mu"] < 0.01
    assert 0 < rp.rs(model, 1.001 * alpha).entropy - s.entropy < 1e-6


def test_equilibrium_levels_next_to_a_gap_in_the_profile():
    model = rp.Model(rp.Spherical(), rp.Perceptron(-2.0))
    one = rp.equilibrium(model, 105.0, "1rsb")
    two, three = (rp.equilibrium(model, 105.0, "krsb", levels=k) for k in (2, 3))
    full = rp.equilibrium(model, 105.0)
    assert one.success and two.success and three.success and full.success
    assert one.entropy > two.entropy > three.entropy > full.entropy
    assert one.order["kkt"] < two.order["kkt"] < three.order["kkt"] < 0
    # the second level is where the certificate of the first was least
    assert two.order["levels_q"][0] < 0.3
    assert two.order["levels_q"][1] > 0.9
    assert full.error < 1e-7


def test_equilibrium_refuses_orthogonal_clusters():
    model = rp.Model(rp.Spherical(), rp.Wide("quadratic", -2.0))
    assert rp.rs(model, 104.0).stability < 1
    assert "one_rsb" in rp.equilibrium(model, 104.0).message
    assert rp.equilibrium(model, 60.0).order["k"] == 0
