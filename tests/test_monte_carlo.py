"""Metropolis chains against enumeration."""

import itertools

import numpy as np
import pytest

import learners
import replicas as rp
from msgpass import Instance, focusing_bp, local_entropy

BLOCKS = 25


def mean_and_error(samples):
    means = samples[: len(samples) // BLOCKS * BLOCKS].reshape(BLOCKS, -1).mean(axis=1)
    return means.mean(), means.std(ddof=1) / np.sqrt(BLOCKS)


def enumerated(inst):
    """All configurations and their numbers of errors."""
    every = np.array(list(itertools.product([-1.0, 1.0], repeat=inst.N)))
    return every, np.array([inst.errors(w) for w in every])


@pytest.mark.parametrize(
    ("machine", "beta", "field"),
    [
        ({"K": 1}, np.inf, 0.3),
        ({"K": 3}, 1.0, 0.2),
        ({"K": 3, "rule": "parity"}, 1.5, 0.1),
        ({"K": 1, "rule": "symmetric", "kappa": 0.9}, 1.0, 0.2),
        ({"K": 1, "kappa": 0.3}, 0.7, -0.1),
    ],
)
def test_binary_chains_sample_the_gibbs_measure(machine, beta, field):
    # its solutions are connected by single flips
    inst = Instance.random(9, 0.6, rng=6, **machine)
    every, errors = enumerated(inst)
    reference = every[np.argmin(errors)]
    overlap = every @ reference / 9
    log_weight = 9 * field * overlap - np.where(errors, beta, 0.0) * errors
    p = np.exp(log_weight - log_weight.max())
    p /= p.sum()
    chain = learners.metropolis(
        inst,
        reference.reshape(inst.K, -1),
        beta=beta,
        reference=reference,
        field=field,
        sweeps=20000,
        rng=1,
    )
    mean, error = mean_and_error(chain.overlap)
    assert abs(mean - p @ overlap) < 4 * error
    mean, error = mean_and_error(chain.errors[:, 0].astype(float))
    assert abs(mean - p @ errors) <= 4 * error


@pytest.mark.parametrize("machine", [{}, {"K": 2, "rule": "parity"}])
def test_chains_of_binary_weights_count_ties_as_errors(machine):
    # an even number of inputs: sums of +-1 that must stay exactly 0
    inst, rng = Instance.random(20, 1.0, rng=1, **machine), np.random.default_rng(0)
    weights = rng.choice([-1.0, 1.0], (inst.K, inst.n))
    for _ in range(100):
        chain = learners.metropolis(inst, weights, beta=0.5, sweeps=1, burn=0, rng=rng)
        weights = chain.weights[0]
        assert chain.errors[0, 0] == inst.errors(weights)


@pytest.mark.parametrize(
    ("n", "rule", "edge"), [(15, "majority", 1), (22, "symmetric", 6)]
)
def test_chains_of_binary_weights_refuse_sums_at_the_margin(n, rule, edge):
    # |Delta| = kappa, where kappa sqrt(n) is not a whole number to rounding
    kappa, rng = edge / np.sqrt(n), np.random.default_rng(0)
    inst = Instance.random(n, 1.0, rng=1, rule=rule, kappa=kappa)
    weights = rng.choice([-1.0, 1.0], (1, n))
    for _ in range(30):
        chain = learners.metropolis(inst, weights, beta=0.5, sweeps=1, burn=0, rng=rng)
        weights = chain.weights[0]
        assert chain.errors[0, 0] == inst.errors(weights)


def test_coupled_chains_sample_the_replicated_measure():
    inst = Instance.random(9, 0.5, rng=3)
    every, errors = enumerated(inst)
    solutions = every[errors == 0]
    overlap = solutions @ solutions.T / 9
    p = np.exp(0.4 * 9 * overlap)
    chain = learners.metropolis(
        inst, solutions[:1], y=2, coupling=0.4, sweeps=20000, rng=2
    )
    mean, error = mean_and_error(chain.mutual)
    assert abs(mean - np.sum(p * overlap) / p.sum()) < 4 * error
    assert chain.weights.shape == (2, 1, 9)


def test_continuous_chains_sample_the_sphere():
    inst = Instance.random(6, 0.5, rng=2)
    start = learners.lal(inst, rng=1).weights
    points = np.random.default_rng(0).standard_normal((200_000, 6))
    points *= np.sqrt(6 / np.sum(points**2, axis=1, keepdims=True))
    reference = start.ravel() * np.sqrt(6 / np.sum(start**2))
    overlap = points @ reference / 6
    p = np.exp(3 * overlap) * (points @ inst.patterns.T > 0).all(axis=1)
    chain = learners.metropolis(
        inst,
        start,
        weights="continuous",
        reference=reference,
        field=0.5,
        sweeps=20000,
        rotation=3.0,
        rng=1,
    )
    mean, error = mean_and_error(chain.overlap)
    expected = p @ overlap / p.sum()
    spread = np.sqrt(p**2 @ (overlap - expected) ** 2) / p.sum()
    assert abs(mean - expected) < 4 * np.hypot(error, spread)
    assert np.sum(chain.weights**2) == pytest.approx(6)


def test_sampled_local_entropy_counts_solutions():
    inst = Instance.random(15, 0.4, 3, rng=3)
    every, errors = enumerated(inst)
    solutions = every[errors == 0]
    overlap = solutions @ solutions[7] / 15
    fields = np.linspace(0.01, 3, 300)
    weight = np.exp(15 * fields[:, None] * (overlap - 1))
    q = weight @ overlap / weight.sum(axis=1)
    canonical = np.log(weight.sum(axis=1)) / 15 + fields * (1 - q)
    curve = learners.sampled_local_entropy(
        inst, solutions[7], [0.05, 0.1, 0.2], beta=1.5, sweeps=4000, rng=1
    )
    exact = np.interp(curve.distance, ((1 - q) / 2)[::-1], canonical[::-1])
    assert curve.success.all()
    assert (np.abs(curve.entropy - exact) < 4 * curve.error).all()
    assert (curve.error < 0.01).all()


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_sampled_local_entropy_of_the_sphere_agrees_with_bp(alpha):
    # near the reference the curve falls as sqrt d
    inst = Instance.random(61, alpha, rng=3)
    start = learners.lal(inst, rng=3).weights
    chain = learners.metropolis(
        inst, start, weights="continuous", sweeps=1, burn=1000, rng=3
    )
    reference, distance = chain.weights[0], np.array([0.01, 0.02, 0.05, 0.1])
    curve = learners.sampled_local_entropy(
        inst, reference, distance, weights="continuous", sweeps=1000, rng=1
    )
    expected = local_entropy(inst, reference, "continuous", distance=distance)
    # bp neglects what is of order 1/N
    allowed = 3 * curve.error + 1 / 61
    assert (np.abs(curve.normalised - expected.normalised) < allowed).all()
    assert (curve.error < 0.03).all()


@pytest.mark.full
def test_sampled_local_entropy_of_typical_solutions_is_that_of_franz_and_parisi():
    distance, curves = [0.02, 0.05, 0.1, 0.2], []
    for seed in range(16):
        inst = Instance.random(61, 0.5, rng=seed)
        start = learners.lal(inst, rng=seed).weights
        chain = learners.metropolis(
            inst, start, weights="continuous", sweeps=1, burn=3000, rng=seed
        )
        curves.append(
            learners.sampled_local_entropy(
                inst,
                chain.weights[0],
                distance,
                weights="continuous",
                sweeps=1000,
                rng=seed,
            ).normalised
        )
    mean, error = np.mean(curves, axis=0), np.std(curves, axis=0, ddof=1) / 4
    theory = rp.franz_parisi(rp.Model(rp.Spherical(), rp.Perceptron()), 0.5, distance)
    assert (np.abs(mean - theory.normalised) < 3 * error).all()


def test_sampled_local_entropy_that_meets_no_solutions_says_so():
    # at a high temperature solutions are rare among the samples
    inst = Instance.random(81, 0.4, rng=2)
    reference = focusing_bp(inst, "binary", rng=2).weights
    curve = learners.sampled_local_entropy(
        inst, reference, [0.01, 0.2], beta=0.1, sweeps=100, rng=1
    )
    assert not curve.success[1] and np.isnan(curve.entropy[1])
    assert "met no solution" in curve.message[1]


def test_sampled_local_entropy_says_where_chains_did_not_reach():
    inst = Instance.random(15, 0.4, 3, rng=3)
    every, errors = enumerated(inst)
    curve = learners.sampled_local_entropy(
        inst, every[errors == 0][7], [0.05, 0.49], beta=1.5, sweeps=200, rng=1
    )
    assert curve.success.tolist() == [True, False]
    assert np.isnan(curve.entropy[1]) and "stayed nearer" in curve.message[1]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"beta": 0.0}, "beta must be > 0"),
        ({"field": 0.2}, "reference must be given"),
        ({"y": 0}, "y must be"),
        ({"weights": "ternary"}, "weights must be"),
        ({"rotation": 0.0, "weights": "continuous"}, "rotation must be"),
    ],
)
def test_metropolis_refuses_bad_options(options, match):
    inst = Instance.random(9, 0.2, rng=3)
    with pytest.raises(ValueError, match=match):
        learners.metropolis(inst, np.ones((1, 9)), **{"beta": 1.0, **options})


def test_metropolis_stops_where_the_callback_says_and_shows_progress(capsys):
    inst = Instance.random(15, 0.2, rng=1)
    options = {"beta": 1.0, "sweeps": 30, "burn": 5, "reference": np.ones(15)}
    whole = learners.metropolis(inst, np.ones(15), rng=1, progress=True, **options)
    assert "metropolis" in capsys.readouterr().err
    part = learners.metropolis(
        inst, np.ones(15), rng=1, callback=lambda t, errors: t == 7, **options
    )
    np.testing.assert_array_equal(part.overlap, whole.overlap[:7])
    assert part.errors.shape == (7, 1) and 0 < part.acceptance <= 1


def test_sampled_local_entropy_refuses_a_reference_with_errors():
    inst = Instance.random(15, 2.0, rng=3)
    for beta in (1.0, np.inf):
        with pytest.raises(ValueError, match="reference must be a solution"):
            learners.sampled_local_entropy(inst, np.ones(15), 0.1, beta=beta)


def test_sampled_local_entropy_refuses_real_patterns():
    inst = Instance(np.random.default_rng(0).standard_normal((4, 9)), np.ones(4))
    with pytest.raises(ValueError, match="entropy: patterns must be \\+-1, given real"):
        learners.sampled_local_entropy(inst, np.ones((1, 9)), 0.1)


def test_metropolis_refuses_bad_starts():
    inst = Instance.random(9, 3.0, rng=3)
    with pytest.raises(ValueError, match=r"must be a solution.*errors"):
        learners.metropolis(inst, np.ones((1, 9)))
    with pytest.raises(ValueError, match=r"start must be \+-1"):
        learners.metropolis(inst, np.full((1, 9), 0.5), beta=1.0)
    for shape in ((1, 8), (1, 1)):
        with pytest.raises(ValueError, match="start must have shape"):
            learners.metropolis(inst, np.ones(shape), beta=1.0)
