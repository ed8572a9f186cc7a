"""AMP: fixed points, entropies against enumeration and theory, threads, refusals."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import erf

import msgpass as mp
import replicas as rp
from msgpass._amp import sweep
from msgpass._norm import norm_field
from msgpass.node import output_node
from msgpass.pseudo import pseudo_field, pseudo_precision

# reference values, another implementation of the iteration; entropy, q and the first
# means on the instance of seed 0 at alpha = 1
FIXED_POINTS = {
    (1001, 1): (
        -0.8817363478306094,
        0.5936966031508752,
        [1.2443775099287933, 0.44044192494755874, -0.22133298670748833],
    ),
    (999, 3): (
        -0.7554723993364802,
        0.39149354353320875,
        [-0.019202348215287785, -0.3746445804195172, -0.3979158319428595],
    ),
    (999, 9): (
        -0.7410339289096646,
        0.322405933566669,
        [-0.18032397101885994, -0.321416304784488, 0.04592057755798069],
    ),
}


def gaussian(N, alpha, K=1, *, rng):
    """A tree with Gaussian patterns."""
    patterns = np.random.default_rng(rng).standard_normal((round(alpha * N), N))
    return mp.Instance(patterns, np.ones(len(patterns)), K)


@pytest.mark.parametrize(("N", "K"), FIXED_POINTS)
def test_amp_reaches_the_fixed_points_of_another_code(N, K):
    entropy, q, first = FIXED_POINTS[N, K]
    b = mp.amp(mp.Instance.random(N, 1.0, K, rng=0), tol=1e-11)
    assert b.success and b.message == "" and b.residual <= 1e-11
    assert b.entropy == pytest.approx(entropy, abs=1e-10)
    assert b.q == pytest.approx(q, abs=1e-9)
    np.testing.assert_allclose(b.mean.ravel()[:3], first, atol=1e-9)
    # sign units do not see the norm: its field is that of the prior
    np.testing.assert_allclose(b.lam, 1.0, atol=1e-9)
    np.testing.assert_allclose(np.mean(b.mean**2 + b.variance), 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("K", "tree", "rule"),
    [
        *((K, True, "majority") for K in (1, 3, 4, 9, 17)),
        *((K, True, "parity") for K in (3, 16)),
        (3, False, "majority"),
        (2, False, "parity"),
    ],
)
@pytest.mark.parametrize("V", [1.0, 0.05, 1e-3])
def test_sweep_is_the_node_between_two_products(K, tree, rule, V):
    # small V: patterns in the tails, also beyond what plain sums can hold
    rng = np.random.default_rng(1)
    n, M, damping = 21, 29, 0.4
    patterns = rng.choice([-1, 1], (M, K * n if tree else n))
    labels = rng.choice(np.array([-1, 1], np.int8), M)
    inst = mp.Instance(patterns, labels, K, tree, rule)
    mean, g = rng.standard_normal((K, n)), 0.1 * rng.standard_normal((M, K))
    V = V * rng.uniform(0.5, 1, K)
    node, edges = output_node("test", inst), np.array([0, 13, 29])
    back, Gam, g_out = np.empty((2, K, n)), np.empty((2, K, 1)), g.copy()
    shape = (inst.patterns, inst.labels, tree, edges, 0, 2)
    sweep(node, *shape, mean, V[:, None], damping, g_out, back, Gam)
    omega = inst.fields(mean) - V * g
    value, new, curve = np.empty(M), np.empty((M, K)), np.empty((M, K))
    node.log_z(labels, omega, np.tile(V, (M, 1)), value, new, curve)
    assert (V.max() > 0.01) or rule == "parity" or value.min() < np.log(1e-150) / K
    seen = inst.patterns.reshape(M, -1, n) + np.zeros((1, K, 1))
    expected = np.einsum("mk,mki->ki", new, seen) / np.sqrt(n)
    scale = np.abs(new).max()
    np.testing.assert_allclose(back.sum(axis=0), expected, atol=1e-11 * scale)
    np.testing.assert_allclose(
        Gam.sum(axis=0)[:, 0], curve.sum(axis=0), atol=1e-11 * np.abs(curve).max()
    )
    np.testing.assert_allclose(
        g_out, damping * g + (1 - damping) * new, atol=1e-11 * scale
    )


@pytest.mark.parametrize("tree", [True, False])
def test_amp_holds_the_norm_of_every_unit(tree):
    inst = mp.Instance.random(300, 0.4, 3, tree=tree, rng=1)
    field = np.random.default_rng(0).standard_normal((3, inst.n))
    b = mp.amp(inst, norm="unit", field=field * [[0.2], [1.0], [3.0]], tol=1e-8)
    assert b.success
    np.testing.assert_allclose(np.mean(b.mean**2 + b.variance, axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("gamma", "y"), [(0.0, 1.0), (2.5, 10.0), (np.inf, 3.0)])
def test_norm_field_solves_its_equation(gamma, y):
    rng = np.random.default_rng(1)
    for scale in (0.0, 1e-3, 1.0, 1e8):
        s, A = scale * rng.uniform(size=4), rng.uniform(-3, 3, size=4)
        P = A + norm_field(s, A, gamma, y)
        v = 1 / (P + pseudo_precision(P, gamma, y))
        assert P.min() > 0
        assert np.mean(s / P**2 + v) == pytest.approx(1, rel=1e-12)


def test_pseudo_precision_eliminates_the_replicas():
    # marginal of one of y Gaussian weights of precision P, each bound to one centre
    P, gamma, y = 1.7, 0.8, 4
    precision = np.diag([P + gamma] * y + [gamma * y])
    precision[:y, y] = precision[y, :y] = -gamma
    v = np.linalg.inv(precision)[0, 0]
    assert P + pseudo_precision(P, gamma, y) == pytest.approx(1 / v, rel=1e-13)


def test_pseudo_field_is_the_composition_of_tanhs():
    H = np.linspace(-2, 2, 9)
    inner = np.arctanh(np.tanh(0.7) * np.tanh(H))
    expected = np.arctanh(np.tanh(0.7) * np.tanh(4 * inner))
    np.testing.assert_allclose(pseudo_field(H, 0.7, 5), expected, rtol=1e-13)
    np.testing.assert_allclose(pseudo_field(H, np.inf, 5), 4 * H)
    # reference value, where a product of tanhs is 1 to the last digit
    assert pseudo_field(np.array(-8.0), 2.0, 10.0) == pytest.approx(-1.9999999999999936)


def test_amp_counts_nearly_all_weights_for_one_pattern():
    # half of the sphere, and half of the cube, fit one pattern
    for K in (1, 3, 9):
        for rule in ("majority", "parity"):
            inst = mp.Instance(np.ones((1, 999)), [1], K, rule=rule)
            for weights, whole in (("continuous", 0.0), ("binary", np.log(2))):
                b = mp.amp(inst, weights)
                assert b.success
                half = 999 * (b.entropy - whole)
                assert half == pytest.approx(-np.log(2), abs=2e-3)


def test_amp_knows_the_share_of_the_sphere_that_fits_two_patterns():
    for seed in range(5):
        inst = mp.Instance.random(999, 2 / 999, rng=seed)
        rho = np.mean(inst.patterns[0].astype(float) * inst.patterns[1])
        exact = np.log(0.25 + np.arcsin(rho) / (2 * np.pi))
        # the overlap rho of the two patterns is itself of order n^(-1/2)
        assert 999 * mp.amp(inst).entropy == pytest.approx(
            exact, abs=3 * rho**2 + 0.003
        )


@pytest.mark.parametrize("K", [1, 3, 5])
@pytest.mark.parametrize("draw", [mp.Instance.random, gaussian])
def test_amp_is_near_enumeration_on_small_binary_machines(draw, K):
    deviations = []
    for seed in range(6):
        inst = draw(15, 4 / 15, K, rng=seed)
        cube = np.array(list(itertools.product([-1, 1], repeat=15)), float)
        units = np.einsum(
            "cki,mki->cmk",
            cube.reshape(-1, K, 15 // K),
            inst.patterns.reshape(4, K, 15 // K).astype(float),
        )
        fits = (np.sum(np.sign(units), axis=2) > 0).all(axis=1)
        b = mp.amp(inst, "binary")
        assert b.success
        deviations.append(15 * b.entropy - np.log(fits.sum()))
    # short loops cost a few tenths in the log of the number of about a thousand
    assert np.median(np.abs(deviations)) < 0.4


def test_amp_of_parity_without_field_knows_nothing():
    inst = mp.Instance.random(999, 1.0, 3, rule="parity", rng=0)
    b = mp.amp(inst, noise=0.1)
    assert b.success and b.q < 1e-16
    assert b.entropy == pytest.approx(-np.log(2), abs=1e-11)


@pytest.mark.parametrize(
    ("weights", "whole"), [("binary", np.log(2)), ("continuous", 0)]
)
def test_amp_of_the_symmetric_perceptron_counts_on_average(weights, whole):
    # no weight is preferred: the entropy is the annealed one
    inst = mp.Instance.random(1001, 1.2, rule="symmetric", kappa=1.0, rng=0)
    b = mp.amp(inst, weights, noise=0.1, tol=1e-11)
    assert b.success and b.q < 1e-15
    annealed = whole + inst.alpha * np.log(erf(np.sqrt(0.5)))
    assert b.entropy == pytest.approx(annealed, abs=1e-11)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize(
    ("K", "tree", "rule"),
    [
        (1, True, "majority"),
        (3, True, "majority"),
        (3, True, "parity"),
        (3, False, "majority"),
    ],
)
def test_entropy_is_the_legendre_transform_of_the_field(weights, K, tree, rule):
    # d(entropy) = -E dm for a field E along a direction, two-sided difference
    inst = mp.Instance.random(300, 0.5 if tree else 0.2, K, tree=tree, rule=rule, rng=2)
    direction = np.random.default_rng(0).choice([-1.0, 1.0], (K, inst.n))
    damping = 0.3 if tree else 0.7
    low, high = (
        mp.amp(inst, weights, field=x * direction, tol=1e-10, damping=damping)
        for x in (0.49, 0.51)
    )
    assert low.success and high.success
    overlap = [np.mean(b.mean * direction) for b in (low, high)]
    slope = (high.entropy - low.entropy) / (overlap[1] - overlap[0])
    assert slope == pytest.approx(-0.5, abs=2e-3)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize("K", [1, 9])
def test_amp_does_not_depend_on_the_threads(weights, K):
    inst = mp.Instance.random(2007, 0.4, K, rng=3)
    runs = [mp.amp(inst, weights, tol=1e-3, threads=t) for t in (1, 2, 5)]
    for b in runs[1:]:
        np.testing.assert_array_equal(b.mean, runs[0].mean)
        np.testing.assert_array_equal(b.entropy, runs[0].entropy)
        assert b.sweeps == runs[0].sweeps


def test_amp_goes_on_from_a_state():
    inst = mp.Instance.random(501, 0.8, 3, rng=4)
    whole = mp.amp(inst, tol=1e-10)
    part = mp.amp(inst, max_sweeps=10)
    assert not part.success and "no convergence in 10 sweeps" in part.message
    assert np.isnan(part.entropy) and np.isfinite(part.mean).all()
    kept = part.state.copy()
    rest = mp.amp(inst, tol=1e-10, state=part.state)
    assert rest.sweeps < whole.sweeps
    assert rest.entropy == pytest.approx(whole.entropy, abs=1e-10)
    np.testing.assert_array_equal(part.state.B, kept.B)
    with pytest.raises(ValueError, match="state must be that of a run on such an"):
        mp.amp(mp.Instance.random(501, 0.9, 3, rng=4), state=part.state)


def test_amp_stops_where_the_callback_says():
    seen = []

    def stop(sweep, residual):
        seen.append(residual)
        return sweep == 3

    b = mp.amp(mp.Instance.random(99, 0.5, rng=0), callback=stop)
    assert b.sweeps == 3 == len(seen) and not b.success
    assert "stopped by the callback" in b.message and np.isnan(b.entropy)


def test_amp_shows_progress(capsys):
    b = mp.amp(mp.Instance.random(99, 0.5, rng=0), progress=True)
    assert b.success and " sweeps" in capsys.readouterr().err


def test_amp_reports_what_has_no_solutions():
    for weights in ("continuous", "binary"):
        b = mp.amp(mp.Instance.random(501, 3.0, rng=0), weights, max_sweeps=800)
        assert not b.success and b.message and np.isnan(b.entropy)


@pytest.mark.parametrize("tol", [1e-4, 1e-9])
def test_amp_above_capacity_is_at_no_fixed_point(tol):
    # the means converge, the variances shrink for ever
    b = mp.amp(mp.Instance.random(300, 0.8, kappa=1.0, rng=0), tol=tol)
    assert not b.success and np.isnan(b.entropy) and "variances" in b.message


def test_amp_reports_units_that_freeze():
    inst = mp.Instance.random(111, 1.0, 9, tree=False, rng=0)
    b = mp.amp(inst, norm="global", damping=0.3, max_sweeps=300)
    assert not b.success and np.isnan(b.entropy)
    assert "variances of a unit vanish" in b.message


@pytest.mark.parametrize(
    ("weights", "K", "alpha", "draw"),
    [
        ("binary", 1, 0.5, mp.Instance.random),
        ("binary", 3, 0.6, mp.Instance.random),
        ("binary", 3, 0.6, gaussian),
        ("continuous", 1, 1.0, mp.Instance.random),
        ("continuous", 1, 1.0, gaussian),
        ("continuous", 3, 1.0, mp.Instance.random),
    ],
)
def test_amp_finds_the_entropy_of_the_theory(weights, K, alpha, draw):
    prior = rp.Binary() if weights == "binary" else rp.Spherical()
    channel = rp.Perceptron() if K == 1 else rp.Tree(K)
    instances = [draw(2001, alpha, K, rng=[7, s]) for s in range(8)]
    theory = mp.state_evolution(rp.Model(prior, channel), instances[0].alpha)
    found = [mp.amp(inst, weights, tol=1e-6) for inst in instances]
    assert all(b.success for b in found)
    for name in ("entropy", "q"):
        values = np.array([getattr(b, name) for b in found])
        error = values.std(ddof=1) / np.sqrt(len(values))
        expected = theory.entropy if name == "entropy" else theory.q[-1]
        # what one finite size leaves besides is of order 1/N
        assert abs(values.mean() - expected) < 3 * error + 2 / 2001


@pytest.mark.full
@pytest.mark.parametrize("weights", ["binary", "continuous"])
def test_amp_approaches_the_theory_as_N_grows(weights):
    prior = rp.Binary() if weights == "binary" else rp.Spherical()
    gaps, errors = [], []
    for N, count in ((1001, 40), (3001, 24), (10001, 16)):
        instances = [mp.Instance.random(N, 0.6, rng=[N, s]) for s in range(count)]
        model = rp.Model(prior, rp.Perceptron())
        theory = mp.state_evolution(model, instances[0].alpha).entropy
        found = [mp.amp(inst, weights, tol=1e-6).entropy for inst in instances]
        gaps.append(abs(np.mean(found) - theory))
        errors.append(np.std(found, ddof=1) / np.sqrt(count))
    assert all(gap < 3 * error for gap, error in zip(gaps, errors, strict=True))
    # instances differ by 1/sqrt(N) per weight
    assert 2 < errors[0] / errors[2] * np.sqrt(40 / 16) < 5.5


def test_amp_of_labels_is_that_of_absorbed_patterns():
    inst, _ = mp.Instance.teacher(301, 0.8, rng=0)
    twin = mp.Instance(inst.absorbed(), np.ones(inst.M))
    one, two = mp.amp(inst, "binary"), mp.amp(twin, "binary")
    np.testing.assert_allclose(one.mean, two.mean, atol=1e-8)
    assert one.entropy == pytest.approx(two.entropy, abs=1e-10)


def test_amp_damps_more_where_units_compete():
    # fully connected units are alike until noise tells them apart
    inst = mp.Instance.random(201, 0.3, 5, tree=False, rng=0)
    b = mp.amp(inst, "binary", rng=1)
    assert b.success
    assert b.entropy == mp.amp(inst, "binary", rng=1).entropy


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weights": "ternary"}, ValueError, "weights must be one of"),
        ({"norm": "l1"}, ValueError, "norm must be one of"),
        ({"damping": 1.0}, ValueError, r"damping must be in \[0, 1\), given 1.0"),
        ({"damping": np.nan}, ValueError, "damping must be in"),
        ({"tol": 0}, ValueError, "tol must be finite and > 0"),
        ({"max_sweeps": 0}, ValueError, "max_sweeps must be in"),
        ({"noise": -1}, ValueError, "noise must be >= 0"),
        ({"threads": 0}, ValueError, "threads must be in"),
        ({"field": [1.0]}, ValueError, "1 x 9 entries"),
        ({"state": 3}, ValueError, "state must be that of a run"),
    ],
)
def test_amp_refuses_bad_input(options, error, message):
    with pytest.raises(error, match=message):
        mp.amp(mp.Instance.random(9, 1.0, rng=0), **options)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize(
    "machine",
    [
        {"kappa": 0.4},
        {"K": 4},
        {"K": 3, "rule": "parity"},
        {"K": 3, "tree": False},
        {"rule": "symmetric", "kappa": 1.2},
    ],
)
def test_amp_of_real_patterns_is_that_of_signs_times_a_number(weights, machine):
    inst = mp.Instance.random(120, 0.3, rng=1, **machine)
    machine = machine | {"kappa": 0.5 * inst.kappa}
    real = mp.Instance(0.5 * inst.patterns, inst.labels, **machine)
    field = np.random.default_rng(0).standard_normal((inst.K, inst.n))
    for options in ({}, {"field": field, "norm": "global"}):
        a, b = mp.amp(inst, weights, **options), mp.amp(real, weights, **options)
        assert a.success and b.success and a.sweeps == b.sweeps
        np.testing.assert_allclose(a.mean, b.mean, atol=1e-12)
        np.testing.assert_allclose(a.variance, b.variance, atol=1e-12)
        assert a.entropy == pytest.approx(b.entropy, abs=1e-12)
    where = {"reference": np.sign(field), "distance": [0.3, 0.4]}
    one = mp.local_entropy(inst, weights=weights, **where)
    two = mp.local_entropy(real, weights=weights, **where)
    assert one.success.all()
    np.testing.assert_allclose(one.entropy, two.entropy, atol=1e-11)
    np.testing.assert_allclose(one.order["gamma"], two.order["gamma"], rtol=1e-9)
    with pytest.raises(ValueError, match="state must be that of a run"):
        mp.amp(real, weights, state=a.state)


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_amp_of_a_large_instance_fits_in_memory():
    script = (
        "import msgpass as mp\n"
        "inst = mp.Instance.random(10_000, 1.0, rng=0)\n"
        "mp.amp(inst, max_sweeps=3)\n"
        "status = open('/proc/self/status').read()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) / 1024)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    # int8 patterns are 100 MB, SciPy and NumPy nearly as much
    assert float(run.stdout) < 400
