"""Belief propagation: enumeration, tabulated fixed points, identities, refusals."""

import itertools

import numpy as np
import pytest

import msgpass as mp
import replicas as rp
from msgpass.bp import bp_engine
from msgpass.pseudo import pseudo_field
from msgpass.replicated import gaussian_centre, spin_centre

# 10 patterns of 21 inputs, a bit an input
ROWS = (
    0x1E5330, 0x1B5FAC, 0x169E3F, 0x055B16, 0x1CBF93,
    0x00585D, 0x1B6C44, 0x13F8EC, 0x0F21B0, 0x0669D2,
)  # fmt: skip

# reference values, another implementation: K, factor, gamma, y, centre overlap, q,
# q_centre; all units of the committee see the same inputs
FIXED_POINTS = [
    (1, "exact", 0.0, 1, 0.0, 0.33223903543887207, 0.0),
    (1, "exact", 0.5, 5, 0.6937681570114593, 0.4679117006131789, 0.5693591686854113),
    (1, "exact", 1.5, 10, 0.9648770407477817, 0.897565912518562, 0.9582326180379336),
    (1, "gaussian", 0.0, 1, 0.0, 0.3342484261996112, 0.0),
    (1, "gaussian", 1.0, 5, 0.8899951868206935, 0.680004156879478, 0.7809332716669065),
    (1, "gaussian", 2.0, 10, 0.9872361688488887, 0.9461727948030304, 0.969199215263604),
    (5, "exact", 0.0, 1, 0.0, 0.03870084452078688, 0.0),
    (5, "exact", 0.5, 5, 0.49474829952186117, 0.0738228824958483, 0.10940527736470565),
    (5, "exact", 2.0, 10, 0.966557230163422, 0.2755305956293966, 0.29088643057704683),
]
# reference values of the local entropy for "gaussian"
LOCAL_ENTROPY = {
    (0.0, 1): 0.30609526129597575,
    (1.0, 5): 0.13106430911911748,
    (2.0, 10): 0.03144867306079435,
}
# reference values, another implementation: K, M, seed, factor, log Z, first means
LOOPY = [
    (1, 8, 2, "exact", 9.402037329268538, [0.4715645010469, -0.1372815471112]),
    (1, 8, 2, "gaussian", 9.409599264030382, [0.4735753014700, -0.1363093872347]),
    (1, 8, 2, "expanded", 9.41000024862219, [0.4624719771620, -0.1239555224257]),
    (3, 10, 6, "exact", 5.395908143053765, [0.5812250085176, 0.8503832937639]),
    (3, 10, 6, "gaussian", 5.551926965263827, [0.5928218053135, 0.8554614286458]),
    (3, 10, 6, "expanded", 5.548289692523722, [0.4979607972928, 0.8252786917504]),
]


def small(K):
    bits = [[row >> k & 1 for k in reversed(range(21))] for row in ROWS]
    return mp.Instance(2 * np.array(bits) - 1, np.ones(10), K, tree=K == 1)


def enumerate_solutions(instance):
    """All configurations of +-1 that satisfy the one pattern, (number, K n)."""
    signs = np.array(list(itertools.product((-1, 1), repeat=instance.N)))
    units = signs.reshape(-1, instance.K, instance.n)
    x = instance.patterns[0] * np.ones((1 if instance.tree else instance.K, 1))
    fields = np.sum(units * x.reshape(instance.K, -1), axis=2) / np.sqrt(instance.n)
    sigma = instance.labels[0]
    if instance.rule == "symmetric":
        good = np.abs(fields[:, 0]) < instance.kappa
    elif instance.rule == "parity":
        good = np.prod(np.sign(fields), axis=1) == sigma
    else:
        votes = np.sum(sigma * fields > instance.kappa, axis=1)
        good = 2 * votes > instance.K
    return signs[good]


@pytest.mark.parametrize(
    ("K", "factor", "gamma", "y", "S", "q", "q_centre"), FIXED_POINTS
)
def test_bp_reaches_the_fixed_points_of_another_code(
    K, factor, gamma, y, S, q, q_centre
):
    b = mp.bp(small(K), "binary", factor=factor, gamma=gamma, y=y)
    assert b.success and b.residual <= 1e-11
    assert b.centre_overlap == pytest.approx(S, abs=1e-9)
    assert b.q == pytest.approx(q, abs=1e-9)
    assert b.q_centre == pytest.approx(q_centre, abs=1e-9)
    if factor == "gaussian":
        assert b.local_entropy == pytest.approx(LOCAL_ENTROPY[gamma, y], abs=1e-9)
        assert b.entropy == pytest.approx(b.local_entropy + gamma * S, abs=1e-9)


@pytest.mark.parametrize(("K", "M", "seed", "factor", "log_z", "first"), LOOPY)
def test_bp_agrees_with_another_code_on_loopy_graphs(K, M, seed, factor, log_z, first):
    b = mp.bp(mp.Instance.random(21, M / 21, K, rng=seed), "binary", factor=factor)
    assert b.success
    assert b.entropy * 21 == pytest.approx(log_z, abs=1e-9)
    np.testing.assert_allclose(b.mean.ravel()[:2], first, atol=3e-9)


@pytest.mark.parametrize(
    ("N", "K", "tree", "rule", "kappa"),
    [
        (13, 1, True, "majority", 0.0),
        (12, 1, True, "majority", 0.4),
        (13, 1, True, "symmetric", 0.5),
        (12, 1, True, "parity", 0.0),
        (15, 3, True, "majority", 0.0),
        (15, 3, True, "parity", 0.0),
        (12, 4, True, "majority", 0.0),
        (5, 3, False, "majority", 0.0),
        (5, 2, False, "parity", 0.0),
    ],
)
@pytest.mark.parametrize("sigma", [1, -1])
def test_bp_is_exact_for_one_pattern(N, K, tree, rule, kappa, sigma):
    if rule == "symmetric" and not hasattr(rp, "Symmetric"):
        pytest.skip("no symmetric channel")
    # the factor graph is a tree; a field makes the marginals of parity non-trivial
    patterns = np.random.default_rng(3).integers(0, 2, (1, N)) * 2 - 1
    instance = mp.Instance(patterns, [sigma], K, tree, rule, kappa)
    field = 0.3 * np.random.default_rng(4).standard_normal((K, instance.n))
    good = enumerate_solutions(instance)
    weight = np.exp(good @ field.ravel())
    weight /= weight.sum()
    mean = weight @ good
    entropy = -np.sum(weight * np.log(weight)) / instance.N
    b = mp.bp(instance, "binary", factor="exact", field=field)
    assert b.success
    np.testing.assert_allclose(b.mean.ravel(), mean, atol=2e-12)
    np.testing.assert_allclose(b.variance.ravel(), 1 - mean**2, atol=2e-12)
    assert b.entropy == pytest.approx(entropy, abs=2e-12)


@pytest.mark.parametrize(("N", "K", "kappa"), [(1, 1, 0), (4, 2, 0), (12, 1, 3.2)])
def test_bp_knows_the_weights_that_a_pattern_forces(N, K, kappa):
    patterns = np.random.default_rng(3).integers(0, 2, (1, N)) * 2 - 1
    b = mp.bp(mp.Instance(patterns, [-1], K, kappa=kappa), "binary", factor="exact")
    assert b.success and b.entropy == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(b.mean.ravel(), -patterns[0])


def test_bp_of_weights_that_no_sphere_holds_finds_no_fixed_point():
    # the largest field of ten weights is sqrt(10)
    inst = mp.Instance.random(10, 0.1, kappa=4.0, rng=0)
    b = mp.bp(inst, max_sweeps=200)
    assert (
        not b.success and np.isnan(b.entropy) and "variances still shrink" in b.message
    )


def test_gaussian_messages_from_series_equal_those_one_by_one():
    # the same messages where the series converge (many inputs) and where they do not
    wide = mp.Instance.random(333, 0.4, 3, rng=1)
    engine = bp_engine("test", wide, "binary")
    state = engine.start(noise=0.3)
    for _ in range(3):
        engine.step(state, damping=0.0)
    order = np.arange(wide.M)
    engine.sequential = False
    series = state.copy()
    engine.visit(series, order, 0.0)
    real = mp.Instance(wide.patterns * (1 + 1e-13), wide.labels, 3)
    other = bp_engine("test", real, "binary", schedule="parallel")
    direct = state.copy()
    other.visit(direct, order, 0.0)
    np.testing.assert_allclose(series.edges, direct.edges, atol=1e-11)
    # by the definition: log-probabilities given the sign of one weight
    mu, l, i = 7, 1, 50
    cavity = np.tanh(state.fields - state.edges[mu])
    x = wide.patterns[mu].reshape(3, 111)
    log_z = []
    for sign in (1, -1):
        m = cavity.copy()
        m[l, i] = sign
        omega = np.sum(x * m, axis=1) / np.sqrt(111)
        V = np.mean(1 - m**2, axis=1)
        log_z.append(rp.Tree(3).log_z(omega, V)[0])
    assert series.edges[mu, l, i] == pytest.approx(
        0.5 * (log_z[0] - log_z[1]), abs=1e-11
    )


@pytest.mark.parametrize("factor", ["gaussian", "expanded", "exact"])
def test_schedules_and_dampings_share_the_fixed_point(factor):
    instance = mp.Instance.random(51, 0.3, 3, rng=5)
    b = mp.bp(instance, "binary", factor=factor)
    for options in (
        {"schedule": "parallel", "damping": 0.5},
        {"damping": 0.4, "rng": 7},
    ):
        other = mp.bp(instance, "binary", factor=factor, **options)
        assert other.success
        np.testing.assert_allclose(other.mean, b.mean, atol=1e-9)
        assert other.entropy == pytest.approx(b.entropy, abs=1e-11)


def test_continuous_bp_is_near_amp_and_holds_the_norm():
    instance = mp.Instance.random(999, 1.0, 9, rng=0)
    b, a = mp.bp(instance, tol=1e-9), mp.amp(instance)
    assert b.success
    assert b.entropy == pytest.approx(a.entropy, abs=5e-4)
    assert np.sqrt(np.mean((b.mean - a.mean) ** 2)) < 3e-3
    # sign units do not see the norm, up to 1/n for messages on edges
    np.testing.assert_allclose(b.lam, 1, atol=1e-3)
    assert np.mean(b.mean**2 + b.variance) == pytest.approx(1, abs=1e-9)
    moments = np.mean(b.mean**2 + b.variance, axis=1)
    np.testing.assert_allclose(moments, 1, atol=1e-9)
    joint = mp.bp(instance, tol=1e-9, norm="global")
    assert joint.entropy == pytest.approx(b.entropy, abs=1e-4)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
def test_real_patterns_that_are_signs_change_nothing(weights):
    signs = mp.Instance.random(150, 0.5, 3, tree=False, rng=2)
    real = mp.Instance(signs.patterns * (1 + 1e-13), signs.labels, 3, tree=False)
    assert not real.signs
    start = {"noise": 0.01, "rng": 1, "tol": 1e-9}
    a, b = mp.bp(signs, weights, **start), mp.bp(real, weights, **start)
    assert a.success and b.success
    np.testing.assert_allclose(a.mean, b.mean, atol=1e-7)
    assert a.entropy == pytest.approx(b.entropy, abs=1e-9)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_correlated_patterns_converge_or_say_not(weights, share):
    rng = np.random.default_rng(8)
    common = rng.standard_normal((5, 100))
    mixed = rng.standard_normal((60, 5)) @ common / np.sqrt(5)
    patterns = np.sqrt(share) * mixed + np.sqrt(1 - share) * rng.standard_normal(
        (60, 100)
    )
    teacher = np.sign(rng.standard_normal(100))
    labels = np.where(patterns @ teacher > 0, 1, -1)
    b = mp.bp(mp.Instance(patterns, labels), weights, tol=1e-8, max_sweeps=500)
    assert np.isfinite(b.entropy) == b.success == (b.message == "")
    if b.success:
        assert np.isfinite(b.mean).all() and (b.variance > 0).all()
        assert mp.Instance(patterns, labels).errors(b.mean) <= 3
    assert b.success or share == 0.9


@pytest.mark.parametrize("weights", ["binary", "continuous"])
def test_free_entropy_has_the_slopes_that_it_must(weights):
    # d/dgamma of the free entropy with the centre's is the coupled moment
    instance = mp.Instance.random(99, 0.3, rng=4)

    def total(gamma, y=3.0):
        factor = {"factor": "exact"} if weights == "binary" else {}
        b = mp.bp(instance, weights, gamma=gamma, y=y, tol=1e-12, **factor)
        assert b.success
        if weights == "binary":
            H = b.state.fields - b.state.pseudo
            m = spin_centre(H, gamma, y)[0]
            up, down = (1 + m) / 2, (1 - m) / 2
            centre = -np.mean(up * np.log(up) + down * np.log(down))
            return b.entropy + centre / y, b.centre_overlap
        P = b.state.precision - b.state.pseudo_A
        mean = (b.state.fields - b.state.pseudo) / P
        P = np.broadcast_to(P, mean.shape)
        square, _, gap = gaussian_centre(mean, P, gamma, y)
        centre = 0.5 * np.mean(np.log(2 * np.pi * np.e * (square - mean**2)))
        return b.entropy + centre / y, -0.5 * np.mean(gap)

    step = 1e-3
    slope = (total(0.6 + step)[0] - total(0.6 - step)[0]) / (2 * step)
    # continuous messages leave out terms of order 1/n
    tolerance = 1e-6 if weights == "binary" else 2e-3
    assert slope == pytest.approx(total(0.6)[1], abs=tolerance)


@pytest.mark.parametrize(("gamma", "y"), [(0.3, 2), (1.2, 3), (4.0, 4)])
def test_spin_centre_equals_the_sum_over_replicas(gamma, y):
    H = np.array([-1.5, 0.2, 3.0])
    states = np.array(list(itertools.product((-1, 1), repeat=y + 1)))
    replicas, centre = states[:, :y], states[:, y]
    energy = np.outer(H, replicas.sum(1)) + gamma * (replicas.sum(1) * centre)
    p = np.exp(energy - energy.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    mean, overlap, _ = spin_centre(H, gamma, y)
    np.testing.assert_allclose(mean, p @ centre, rtol=1e-12)
    np.testing.assert_allclose(overlap, p @ (centre * replicas[:, 0]), rtol=1e-12)
    np.testing.assert_allclose(
        np.tanh(H + pseudo_field(H, gamma, y)), p @ replicas[:, 0], rtol=1e-12
    )


@pytest.mark.parametrize(("gamma", "y"), [(0.3, 2), (1.2, 3), (50.0, 10)])
def test_gaussian_centre_equals_elimination(gamma, y):
    P, B = 1.7, 0.6
    precision = np.diag([P + gamma] * y + [y * gamma])
    precision[:y, y] = precision[y, :y] = -gamma
    cov = np.linalg.inv(precision)
    mean = cov @ np.array([B] * y + [0])
    square, product, gap = gaussian_centre(np.array([B / P]), np.array([P]), gamma, y)
    assert mean[0] == pytest.approx(B / P, rel=1e-12)
    assert square[0] == pytest.approx(cov[y, y] + mean[y] ** 2, rel=1e-12)
    assert product[0] == pytest.approx(cov[0, y] + mean[0] * mean[y], rel=1e-12)
    assert gap[0] == pytest.approx(cov[0, 0] + cov[y, y] - 2 * cov[0, y], rel=1e-9)


@pytest.mark.parametrize("weights", ["binary", "continuous"])
@pytest.mark.parametrize("gamma", [2.0, np.inf])
def test_one_replica_is_the_plain_graph(weights, gamma):
    instance = mp.Instance.random(99, 0.3, rng=1)
    alone, plain = mp.bp(instance, weights, gamma=gamma), mp.bp(instance, weights)
    assert alone.entropy == alone.local_entropy == plain.entropy
    assert alone.q_centre == 0


@pytest.mark.parametrize("weights", ["binary", "continuous"])
def test_infinite_coupling_makes_replica_and_centre_one(weights):
    b = mp.bp(mp.Instance.random(301, 0.3, rng=1), weights, gamma=np.inf, y=1.5)
    assert b.success and np.isnan(b.entropy) and np.isnan(b.local_entropy)
    assert b.centre_overlap == pytest.approx(1, abs=1e-9)
    assert b.q == pytest.approx(b.q_centre, abs=1e-9)


def test_bp_goes_on_from_a_state():
    instance = mp.Instance.random(101, 0.4, rng=1)
    b = mp.bp(instance, "binary")
    again = mp.bp(instance, "binary", state=b.state)
    assert again.success and again.sweeps <= 2
    part = mp.bp(instance, "binary", max_sweeps=3)
    assert not part.success and "no convergence in 3 sweeps" in part.message
    assert np.isnan(part.entropy) and np.isfinite(part.mean).all()
    stopped = mp.bp(instance, "binary", callback=lambda sweep, residual: sweep == 4)
    assert stopped.sweeps == 4 and "callback" in stopped.message
    early = mp.bp(instance, "binary", gamma=0.5, y=3, callback=lambda s, r: True)
    assert early.sweeps == 1 and "stopped by the callback at gamma" in early.message
    with pytest.raises(ValueError, match="bp: state must be"):
        mp.bp(instance, "continuous", state=b.state)


def test_bp_shows_progress(capsys):
    b = mp.bp(mp.Instance.random(99, 0.5, rng=0), progress=True)
    assert b.success and " sweeps" in capsys.readouterr().err


@pytest.mark.parametrize("factor", ["gaussian", "expanded", "exact"])
def test_patterns_that_cannot_be_fitted_are_told(factor):
    patterns = np.ones((2, 31), int)
    patterns[1] = -1
    b = mp.bp(mp.Instance(patterns, [1, 1]), "binary", factor=factor, max_sweeps=300)
    if factor == "exact":
        # a fixed point, but with less than one solution
        assert b.success and b.entropy < 0
    else:
        assert not b.success and np.isnan(b.entropy)
        assert "saturate" in b.message or "no convergence" in b.message


@pytest.mark.parametrize("real", [True, False])
def test_weights_that_freeze_with_errors_are_no_solution(real):
    # far above capacity: the weights freeze without a message at its bound
    patterns = np.random.default_rng(0).standard_normal((202, 101))
    patterns = patterns if real else np.sign(patterns).astype(int)
    b = mp.bp(mp.Instance(patterns, np.ones(202, int)), "binary")
    assert not b.success and np.isnan(b.entropy) and "saturate" in b.message
    assert np.isfinite(b.mean).all()


def test_bp_refuses_what_it_cannot_do():
    instance = mp.Instance.random(12, 0.5, 3, rng=0)
    even = mp.Instance.random(12, 0.5, 3, rule="parity", rng=0)
    for options, match in [
        ({"weights": "ising"}, "weights must be one of"),
        ({"factor": "exact"}, "factor must be gaussian for continuous"),
        ({"damping": 1.0}, r"damping must be in \[0, 1\)"),
        ({"damping": float("nan")}, "damping must be in"),
        ({"gamma": -1}, "gamma must be in"),
        ({"gamma": float("nan")}, "gamma must be in"),
        ({"y": 0.5}, "y must be finite and >= 1"),
        ({"schedule": "random"}, "schedule must be one of"),
        ({"tol": 0}, "tol must be"),
        ({"max_sweeps": 0}, "max_sweeps must be in"),
        ({"noise": -1}, "noise must be >= 0"),
        ({"field": np.ones(5)}, "field must have 3 x 4 entries"),
    ]:
        with pytest.raises(ValueError, match=match):
            mp.bp(instance, **options)
    with pytest.raises(ValueError, match="odd number of inputs"):
        mp.bp(even, "binary", factor="exact")
    real = mp.Instance(np.full((2, 3), 0.5), [1, 1])
    with pytest.raises(ValueError, match="exact needs patterns of"):
        mp.bp(real, "binary", factor="exact")
