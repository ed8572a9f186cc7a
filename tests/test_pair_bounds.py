"""First- and second-moment bounds of the symmetric perceptron."""

import itertools
from math import comb

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime, minimize, minimize_scalar
from scipy.special import expit
from scipy.stats import multivariate_normal

import replicas as rp
from replicas import _box
from replicas.first_moment import _several, _tuple_entropy, pair_entropy, pair_log_p
from replicas.pair_types import PairTypes
from replicas.second_moment import _Pairs, _towards_one


def model(kappa):
    return rp.Model(rp.Binary(), rp.Symmetric(kappa))


@pytest.mark.parametrize(
    ("kappa", "d", "value"),
    # reference values, pairs
    [
        (1.0, 0.25, 1.8007185060566395),
        (1.0, 0.1, 1.7602605452419784),
        (1.5, 0.25, 4.797886278884901),
        (1.5, 0.1, 4.627367941275738),
        (1.5, 0.01, 4.472034123330441),
        (0.5, 0.25, 0.6969894297302616),
    ],
)
def test_first_moment_of_pairs_equals_reference_values(kappa, d, value):
    b = rp.first_moment(model(kappa), d)
    assert abs(b.value - value) <= b.error < 1e-11


@pytest.mark.parametrize(
    ("y", "value"), [(3, 1.7740266233599469), (10, 2.1283739205313204)]
)
def test_first_moment_of_tuples_equals_reference_values(y, value):
    b = rp.first_moment(model(1.0), 0.1, y)
    assert abs(b.value - value) <= b.error < 1e-12


@pytest.mark.parametrize("kappa", [0.05, 1.0, 3.0])
def test_pair_probability_equals_mpmath(kappa):
    for d in (1e-3, 0.2, 0.49):
        with mp.workdps(25):
            p = 1 - 2 * mp.mpf(d)
            s = mp.sqrt(2 * (1 - p * p))

            def given(x, p=p, s=s):
                both = mp.erf((kappa - p * x) / s) + mp.erf((kappa + p * x) / s)
                return both / 2 * mp.npdf(x)

            exact = mp.log(2 * mp.quad(given, [0, 0.8 * kappa, kappa]))
        assert pair_log_p(kappa, d) == pytest.approx(float(exact), rel=1e-11)


def test_pairs_are_the_tuples_of_two():
    b = rp.first_moment(model(0.8), [1e-4, 0.1, 0.4])
    for d, value in zip((1e-4, 0.1, 0.4), b.value, strict=True):
        other = _several(rp.Symmetric(0.8), d, 2)
        assert abs(other.value - value) <= other.error + 1e-12


@pytest.mark.parametrize("y", [3, 4])
def test_tuple_entropy_is_the_largest_over_all_types(y):
    # without symmetry: softmax over all 2^y signs, penalised constraints removed
    d, states = 0.17, np.array(list(itertools.product((1, -1), repeat=y)))
    pairs = list(itertools.combinations(range(y), 2))
    products = np.stack([states[:, i] * states[:, j] for i, j in pairs], axis=1)

    def dual(b):
        return np.log(np.exp(products @ b).sum()) - (1 - 2 * d) * b.sum()

    best = minimize(dual, np.zeros(len(pairs)), method="BFGS", options={"gtol": 1e-9})
    ours = _tuple_entropy(d, y)[0]
    assert ours == pytest.approx(best.fun, abs=1e-12)


@pytest.mark.parametrize("y", [2, 3])
def test_tuple_entropy_counts_the_sets_of_weights(y):
    # N sites, y - 1 overlaps given the first weight: multinomials, exactly
    N, d = 400, 0.2
    k = int(N * d)
    if y == 2:
        log_number = float(mp.log(mp.mpf(2) ** N * comb(N, k)))
    else:
        both = k // 2  # B and C differ from A on k sites, from each other on k
        log_number = float(
            mp.log(mp.mpf(2) ** N * comb(N, k) * comb(k, both) * comb(N - k, k - both))
        )
    s = rp.first_moment(model(1.0), d, y).order["entropy"]
    assert abs(log_number / N - s) < 3 * np.log(N) / N


def test_first_moment_is_the_mean_number_of_pairs():
    # N = 10, 3 patterns: pairs at Hamming distance 2, counted
    rng = np.random.default_rng(5)
    weights = 1 - 2 * ((np.arange(2**10)[:, None] >> np.arange(10)) & 1)
    near = weights @ weights.T == 10 - 4
    counts = []
    for _ in range(400):
        ok = (np.abs(weights @ rng.normal(size=(10, 3)) / np.sqrt(10)) < 1).all(axis=1)
        counts.append(near[np.ix_(ok, ok)].sum())
    expected = near.sum() * np.exp(3 * pair_log_p(1.0, 0.2))
    assert abs(np.mean(counts) - expected) < 4 * np.std(counts) / 20


def test_first_moment_of_many_tends_to_the_capacity_far_away():
    # at d = 1/2 the weights are independent
    for y in (2, 5, 50):
        b = rp.first_moment(model(1.0), 0.4999999, y)
        assert b.value == pytest.approx(rp.capacity(model(1.0)).value, rel=1e-5)


def correlation(p, c):
    R = np.eye(4)
    R[0, 1] = R[1, 0] = R[2, 3] = R[3, 2] = p
    for (i, j), x in zip(((0, 2), (0, 3), (1, 2), (1, 3)), c, strict=True):
        R[i, j] = R[j, i] = x
    return R


def four(kappa, p, c, nodes=24):
    """P4 and its gradient."""
    slopes = np.empty(4)
    t, w = _towards_one(nodes)
    more = _box.excess(kappa, p, np.asarray(c, float), t, w, slopes)
    return np.exp(2 * pair_log_p(kappa, (1 - p) / 2)) + more, slopes


@pytest.mark.parametrize("kappa", [0.4, 1.0, 2.0])
def test_four_fields_agree_with_scipy_and_with_sampling(kappa):
    rng = np.random.default_rng(1)
    c = np.array([0.35, 0.1, -0.05, 0.25])
    R = correlation(0.6, c)
    ours = four(kappa, 0.6, c)[0]
    theirs = multivariate_normal(cov=R, seed=1).cdf(
        np.full(4, kappa), lower_limit=np.full(4, -kappa)
    )
    assert ours == pytest.approx(theirs, abs=1e-5)
    fields = rng.multivariate_normal(np.zeros(4), R, size=400_000)
    share = (np.abs(fields) < kappa).all(axis=1).mean()
    assert abs(ours - share) < 4 * np.sqrt(ours / 400_000)


def test_four_fields_have_the_slopes_of_their_probability():
    c = np.array([0.35, 0.1, -0.05, 0.25])
    value, slopes = four(1.0, 0.6, c)
    h = 1e-3
    for i in range(4):
        step = h * np.eye(4)[i]
        values = [four(1.0, 0.6, c + k * step)[0] for k in (-2, -1, 1, 2)]
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        assert slopes[i] == pytest.approx(slope, abs=1e-10)
    assert four(1.0, 0.6, c, 35)[0] == pytest.approx(value, abs=1e-14)


def test_four_fields_that_merge_are_those_of_a_pair():
    # singular: C = A, D = B; the derivative diverges there
    p = 0.5
    ours = four(1.0, p, np.array([1, p, p, 1]) * (1 - 1e-10), 48)[0]
    assert ours == pytest.approx(np.exp(pair_log_p(1.0, 0.25)), abs=1e-5)


def test_pair_types_have_the_entropy_of_their_distribution():
    d, logits = 0.2, np.array([0.3, 1.0, -0.5, 0.2, 2.0])
    types = PairTypes(d)
    deficit, _, cross, _ = types.deficit(logits)
    share, tilt = types.cases(expit(logits[0])), np.tanh(logits[1:] / 2)
    cases = list(itertools.product((1, -1), repeat=2))
    table, signs = [], []
    for w, t, (u, v) in zip(share, tilt, cases, strict=True):
        for sign in (1, -1):
            table.append(w * (1 + sign * t) / 2)
            signs.append((1, u, sign, sign * v))
    table, signs = np.array(table), np.array(signs)
    entropy = np.log(2) - (table * np.log(table)).sum()
    assert deficit == pytest.approx(2 * pair_entropy(d) - entropy, 1e-13)
    overlaps = np.einsum("s,si,sj->ij", table, signs, signs)
    np.testing.assert_allclose(overlaps, correlation(1 - 2 * d, cross), atol=1e-15)


def test_ratio_has_the_slopes_of_its_value():
    pairs = _Pairs(1.0, 0.2)
    logits = np.array([-1.0, 1.0, -0.5, 0.2, 1.4])
    slopes = approx_fprime(logits, lambda x: pairs.ratio(x)[0], 1e-7)
    np.testing.assert_allclose(pairs.ratio(logits)[1], slopes, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("kappa", "d"), [(1.0, 0.25), (1.0, 0.02), (0.5, 0.3), (2.5, 0.1)]
)
def test_limit_of_independent_pairs_is_that_of_the_ratio(kappa, d):
    pairs = _Pairs(kappa, d)
    centre, values = np.log(d / (1 - d)), []
    for tilt in ([1, 1, 1, 1], [1, 0, 0, 1], [1, -1, -1, 1], [1, 0, 0, -1]):
        logits = np.append(centre, 1e-3 * np.array(tilt))
        if np.abs(pairs.types.deficit(logits)[2]).max() > 0:
            values.append(pairs.ratio(logits)[0])
    # all directions: least in the span of the two symmetric ones
    found = minimize_scalar(
        lambda a: pairs.ratio(
            np.append(centre, 1e-3 * np.array([np.cos(a), 0, 0, np.sin(a)]))
        )[0],
        bounds=(0, np.pi),
        method="bounded",
    )
    assert min([*values, found.fun]) == pytest.approx(min(pairs.limits()), rel=1e-5)


def test_pairs_that_share_a_member_are_the_limit_of_the_others():
    pairs, x = _Pairs(1.0, 0.2), -0.4
    far = np.append(x, np.full(4, 24.0))
    assert pairs.ratio(far, 60)[0] == pytest.approx(pairs.shared_ratio(x), rel=1e-4)

    def given(a):
        p, s = 0.6, 0.8
        rho = (expit(x) - 0.2) / 0.8
        cov = [[s * s, s * s * rho], [s * s * rho, s * s]]
        other = multivariate_normal([p * a, p * a], cov)
        inside = other.cdf([1, 1], lower_limit=[-1, -1], rng=0)
        return inside * np.exp(-a * a / 2) / np.sqrt(2 * np.pi)

    p3 = 2 * quad(given, 0, 1, epsabs=1e-9)[0]
    deficit = np.log(2) + pairs.types.case_deficit(x)[0]
    exact = deficit / (np.log(p3) - 2 * pairs.log_p2)
    assert pairs.shared_ratio(x) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("kappa", "d", "value", "at"),
    [
        # reference values: one-parameter families, which are optimal here
        (1.0, 0.25, 1.65543, "interior"),
        (1.0, 0.1, 1.57719, "interior"),
        # measured
        (1.0, 0.01, 1.7028530271908, "equal"),
        (0.5, 0.25, 0.6969894297303, "equal"),
        (1.5, 0.25, 3.5416982727350, "limit"),
    ],
)
def test_second_moment_is_attained_where_it_says(kappa, d, value, at):
    b = rp.second_moment(model(kappa), d)
    assert b.value == pytest.approx(value, abs=5.1e-6)
    assert b.order[at] == b.value <= min(b.order[k] for k in ("limit", "equal"))
    assert b.order["equal"] == pytest.approx(rp.first_moment(model(kappa), d).value)
    assert b.error < 1e-7
    # the one-parameter family is not lower, and equal in the interior
    assert b.order["family"] >= b.value - b.error
    if at == "interior":
        assert b.order["family"] == pytest.approx(b.value, rel=1e-9)


def test_second_moment_never_exceeds_the_first():
    d = np.array([0.003, 0.05, 0.35])
    for kappa in (0.6, 1.2):
        first = rp.first_moment(model(kappa), d)
        second = rp.second_moment(model(kappa), d, starts=4)
        assert (second.value <= first.value + second.error).all()


def test_second_moment_depends_on_neither_seed_nor_company():
    one = rp.second_moment(model(1.0), 0.1, rng=1)
    two = rp.second_moment(model(1.0), [0.1, 0.3], rng=np.random.default_rng(7))
    assert abs(one.value - two.value[0]) <= one.error + two.error[0]
    assert rp.second_moment(model(1.0), 0.1, rng=1).value == one.value


def lowest_of_random_types(kappa, d, number, rng):
    pairs, lowest = _Pairs(kappa, d), np.inf
    for _ in range(number):
        scale = rng.choice([0.5, 2, 5])
        logits = np.append(rng.normal(np.log(d), 2), scale * rng.normal(size=4))
        lowest = min(lowest, pairs.ratio(logits)[0])
    return lowest


def test_no_random_type_lies_below_the_second_moment():
    rng = np.random.default_rng(2)
    for kappa, d in ((1.0, 0.1), (0.5, 0.25), (1.5, 0.25)):
        b = rp.second_moment(model(kappa), d)
        assert lowest_of_random_types(kappa, d, 400, rng) > b.value - b.error


@pytest.mark.full
def test_no_random_type_lies_below_the_second_moment_anywhere():
    rng = np.random.default_rng(3)
    for _ in range(12):
        kappa, d = rng.uniform(0.3, 3), np.exp(rng.uniform(np.log(1e-3), np.log(0.48)))
        b = rp.second_moment(model(kappa), d, starts=12)
        more = rp.second_moment(model(kappa), d, starts=40, rng=rng)
        assert abs(b.value - more.value) <= b.error + more.error
        assert lowest_of_random_types(kappa, d, 1500, rng) > b.value - b.error


@pytest.mark.parametrize("bound", [rp.first_moment, rp.second_moment])
def test_bounds_refuse_bad_input(bound):
    name = bound.__name__
    for d in (0.0, 0.5, np.nan, -0.1):
        with pytest.raises(ValueError, match=f"{name}: distance must"):
            bound(model(1.0), d)
    with pytest.raises(TypeError, match=f"{name}: model must be a Model"):
        bound(1.0, 0.1)
    with pytest.raises(ValueError, match=f"{name}: the channel must be Symmetric"):
        bound(rp.Model(rp.Binary(), rp.Perceptron()), 0.1)
    with pytest.raises(ValueError, match=f"{name}: the prior must be Binary"):
        bound(rp.Model(rp.Spherical(), rp.Symmetric(1.0)), 0.1)


def test_bounds_refuse_bad_options():
    for y in (1, 0, 100_001):
        with pytest.raises(ValueError, match=r"first_moment: y must be in \[2, 1000"):
            rp.first_moment(model(1.0), 0.1, y)
    with pytest.raises(TypeError, match="y must be an integer, given"):
        rp.first_moment(model(1.0), 0.1, 2.5)
    with pytest.raises(ValueError, match="second_moment: starts must be in"):
        rp.second_moment(model(1.0), 0.1, starts=0)


@pytest.mark.parametrize("bound", [rp.first_moment, rp.second_moment])
def test_bounds_of_a_wide_margin_fail_with_a_reason(bound):
    b = bound(model(45.0), 0.1)
    assert not b.success and np.isnan(b.value) and "range of a double" in b.message
