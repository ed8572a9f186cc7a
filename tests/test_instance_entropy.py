"""Local entropy of instances: another code, enumeration, sampling, identities."""

import itertools

import numpy as np
import pytest
from scipy.special import gammaln, xlogy

import msgpass as mp
from msgpass.local_entropy import spin_coupling


def least_action(instance, rng, eta=0.1):
    """Weights that the least-action rule finds, patterns in order, labels +1."""
    weights = np.random.default_rng(rng).standard_normal((instance.K, instance.n))
    patterns = instance.patterns.reshape(-1, instance.K, instance.n).astype(float)
    errors = 1
    while errors:
        errors = 0
        for xi in patterns:
            fields = np.einsum("ki,ki->k", weights, xi)
            if np.sum(np.sign(fields)) < 0:
                errors += 1
                unit = np.argmin(np.where(fields <= 0, -fields, np.inf))
                weights[unit] += eta * xi[unit]
    return weights


def test_local_entropy_equals_another_code():
    inst = mp.Instance.random(999, 1.0, 9, rng=100)
    reference = least_action(inst, 101)
    # reference values, AMP at fixed field gamma: distance, gamma, normalised, entropy
    table = np.array(
        [
            [0.008003032310857916, 24.747474747474698, -0.12106081750099373],
            [0.014158664415511446, 12.24489795918367, -0.19126143048838729],
            [0.032252318325276086, 4.736842105263159, -0.3294595637230653],
            [0.06888090847802109, 2.222222222222223, -0.45792830568029363],
            [0.1514788374347263, 0.9375, -0.5686637546053819],
        ]
    )
    curve = mp.local_entropy(inst, reference, distance=table[:, 0])
    assert curve.success.all()
    np.testing.assert_allclose(curve.order["gamma"], table[:, 1], rtol=1e-9)
    np.testing.assert_allclose(curve.normalised, table[:, 2], atol=1e-9)
    shell = 0.5 * np.log(1 - (1 - 2 * table[:, 0]) ** 2)
    np.testing.assert_allclose(curve.entropy - curve.normalised, shell, rtol=1e-12)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
def test_local_entropy_error_covers_what_the_tolerance_leaves(weights):
    inst, teacher = mp.Instance.teacher(501, 0.7, 3, weights=weights, rng=3)
    distances = [0.002, 0.02, 0.2, 0.4]
    loose = mp.local_entropy(inst, teacher, weights, distance=distances, tol=1e-4)
    tight = mp.local_entropy(inst, teacher, weights, distance=distances, tol=1e-9)
    gap = np.abs(loose.normalised - tight.normalised)
    assert (gap <= loose.error + tight.error).all()
    assert (loose.error[1:] < 0.02).all() and (tight.error[1:] < 1e-7).all()


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize(
    "machine", [{"K": 1}, {"K": 3}, {"K": 3, "tree": False}, {"K": 3, "rule": "parity"}]
)
def test_local_entropy_has_the_slope_of_its_field(weights, machine):
    inst, teacher = mp.Instance.teacher(303, 0.3, weights=weights, rng=0, **machine)
    d, h = 0.06, 1e-3
    c = mp.local_entropy(inst, teacher, weights, distance=[d - h, d, d + h], tol=1e-10)
    assert c.success.all() and (c.normalised < 0).all()
    slope = (c.entropy[2] - c.entropy[0]) / (2 * h)
    # exact for the full message-passing equations; AMP leaves terms of order 1/n
    assert slope == pytest.approx(2 * c.order["gamma"][1], rel=5e-3)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
def test_local_entropy_is_the_entropy_where_no_field_is_needed(weights):
    inst, teacher = mp.Instance.teacher(501, 0.6, weights=weights, rng=1)
    b = mp.amp(inst, weights, tol=1e-10)
    d = 0.5 * (1 - np.mean(b.mean * teacher))
    c = mp.local_entropy(inst, teacher, weights, distance=d, tol=1e-10)
    assert isinstance(c.entropy, float)
    assert c.order["gamma"] == pytest.approx(0, abs=1e-8)
    assert c.entropy == pytest.approx(b.entropy, abs=1e-10)
    assert c.order["q"] == pytest.approx(b.q, abs=1e-8)


def test_local_entropy_counts_the_solutions_of_small_binary_machines():
    N, M = 15, 5
    cube = np.array(list(itertools.product([-1, 1], repeat=N)), float)
    deviations = []
    for seed in range(12):
        inst, teacher = mp.Instance.teacher(N, M / N, rng=seed)
        fits = (cube @ inst.absorbed().T.astype(float) > 0).all(axis=1)
        flips = np.count_nonzero(cube != teacher, axis=1)
        count = np.bincount(flips[fits], minlength=N + 1)[1:6]
        k = np.arange(1, 6)
        log_shell = gammaln(N + 1) - gammaln(k + 1) - gammaln(N - k + 1)
        c = mp.local_entropy(inst, teacher, "binary", distance=k / N)
        assert c.success.all()
        deviations.append(N * c.normalised - (np.log(count) - log_shell))
    # short loops cost a few tenths in the logarithm of counts of 1 to 1000
    assert np.abs(np.mean(deviations, axis=0)).max() < 0.8
    assert np.abs(np.median(deviations)) < 0.15


@pytest.mark.parametrize("rule", ["majority", "parity"])
def test_local_entropy_of_the_sphere_agrees_with_sampling(rule):
    alpha = 0.3 if rule == "parity" else 1.0
    inst, teacher = mp.Instance.teacher(
        333, alpha, 3, rule=rule, weights="continuous", rng=2
    )
    distances = np.array([0.0001, 0.0002, 0.0004])
    c = mp.local_entropy(inst, teacher, distance=distances)
    rng = np.random.default_rng(0)
    along = teacher.ravel() / np.linalg.norm(teacher)
    fields = teacher * inst.patterns.reshape(-1, *teacher.shape)
    assert c.success.all() and (fields.sum(axis=2) != 0).all()
    patterns = inst.patterns.reshape(inst.M, 3, 111).astype(float)
    for d, normalised in zip(distances, c.normalised, strict=True):
        q, hits, tries = 1 - 2 * d, 0, 3000
        z = rng.standard_normal((tries, 333))
        z -= np.outer(z @ along, along)
        z *= np.sqrt(333) / np.linalg.norm(z, axis=1, keepdims=True)
        w = (q * np.sqrt(333) * along + np.sqrt(1 - q * q) * z).reshape(tries, 3, 111)
        signs = np.sign(np.einsum("tki,mki->tmk", w, patterns))
        label = inst.labels
        out = signs.prod(axis=2) if rule == "parity" else np.sign(signs.sum(axis=2))
        hits = np.count_nonzero((out == label).all(axis=1))
        error = np.sqrt((1 - hits / tries) / hits)
        # loops of a graph of this size leave a few per cent
        assert 333 * normalised == pytest.approx(
            np.log(hits / tries), abs=3 * error + 0.05
        )


def test_local_entropy_of_spins_counts_the_shell_without_patterns():
    # one pattern that the reference fits by a wide margin
    inst = mp.Instance(np.ones((1, 401)), [1])
    d = np.array([0.01, 0.1])
    c = mp.local_entropy(inst, np.ones(401), "binary", distance=d)
    np.testing.assert_allclose(c.entropy, -xlogy(d, d) - xlogy(1 - d, 1 - d), rtol=1e-9)
    np.testing.assert_allclose(c.order["gamma"], np.arctanh(1 - 2 * d), rtol=1e-9)


def test_local_entropy_reports_distances_without_convergence():
    inst, teacher = mp.Instance.teacher(301, 0.8, rng=0)
    c = mp.local_entropy(inst, teacher, "binary", distance=[0.02, 0.1], max_sweeps=5)
    assert not c.success.any()
    assert all("no convergence in 5 sweeps" in message for message in c.message)
    assert np.isnan(c.entropy).all() and np.isnan(c.normalised).all()


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize("real", [False, True])
def test_bp_in_a_field_along_the_reference_gives_the_curve(weights, real):
    inst = mp.Instance.random(999, 0.4, rng=1)
    if real:
        patterns = np.random.default_rng(1).standard_normal((400, 999))
        inst = mp.Instance(patterns, np.ones(400))
    reference = mp.focusing_bp(inst, weights).weights
    gamma = 1.0
    b = mp.bp(inst, weights, field=gamma * reference)
    distance = (1 - np.mean(reference * b.mean)) / 2
    curve = mp.local_entropy(inst, reference, weights, distance=distance)
    assert curve.order["gamma"] == pytest.approx(gamma, abs=5e-3)
    assert curve.entropy == pytest.approx(b.entropy, abs=5e-4)


def test_local_entropy_stops_where_the_callback_says():
    inst = mp.Instance.random(99, 0.3, rng=1)
    seen = []

    def stop(distance, normalised):
        seen.append((distance, normalised))
        return distance >= 0.2

    curve = mp.local_entropy(
        inst, np.ones(99), distance=[0.3, 0.1, 0.2], callback=stop, progress=False
    )
    assert [d for d, _ in seen] == [0.1, 0.2]
    assert seen[1][1] == curve.normalised[2]
    np.testing.assert_array_equal(curve.success, [False, True, True])
    assert np.isnan(curve.entropy[0]) and "stopped by the callback" in curve.message[0]


def test_local_entropy_is_negative_where_there_are_no_spins():
    inst = mp.Instance.random(301, 3.0, rng=0)
    start = np.random.default_rng(0).choice([-1.0, 1.0], 301)
    assert mp.local_entropy(inst, start, "binary", distance=0.1).entropy < 0


def test_spin_coupling_solves_its_equation():
    rng = np.random.default_rng(0)
    for scale in (0.1, 3.0, 40.0):
        h = scale * rng.standard_normal(101)
        for overlap in (-0.5, 0.0, 0.3, 0.999):
            gamma = spin_coupling(h, overlap, 0.0)
            assert np.mean(np.tanh(h + gamma)) == pytest.approx(overlap, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": 0.5}, r"distance must be in \(0, 1/2\)"),
        ({"distance": np.nan}, "distance must not be nan"),
        ({"weights": "binary"}, "reference must be .-1 for binary weights, given 0.5"),
        ({"reference": np.zeros(9)}, "no unit of reference may be zero"),
        ({"reference": np.ones(3)}, "3 x 3 entries"),
        ({"damping": 1}, r"damping must be in \[0, 1\), given 1"),
        ({"tol": -1}, "tol must be finite and > 0"),
    ],
)
def test_local_entropy_refuses_bad_input(options, message):
    arguments = {"reference": np.full(9, 0.5), "distance": 0.1} | options
    with pytest.raises(ValueError, match=message):
        mp.local_entropy(mp.Instance.random(9, 1.0, 3, rng=0), **arguments)
