"""Hessian, perturbations of weights and inputs."""

import numpy as np
import pytest

import learners
from learners.hessian import Hessian
from learners.robustness import _orthogonal
from msgpass import Instance


def solution(N=45, alpha=0.5, K=3, tree=True, seed=1):
    inst = Instance.random(N, alpha, K, tree=tree, rng=seed)
    trained = learners.lal(inst, rng=seed)
    assert trained.solved
    return inst, trained.weights


def test_hessian_of_a_reference_run():
    inst = Instance.random(999, 1.0, 9, rng=100)
    start = np.random.default_rng(101).standard_normal((9, 111))
    weights = learners.lal(inst, weights=start, shuffle=False).weights
    spectrum = learners.hessian_spectrum(inst, weights, largest=2)
    # reference values, of the full matrix
    assert spectrum.eigenvalues[-1] == pytest.approx(0.007346018556451315, abs=1e-11)
    assert spectrum.trace == pytest.approx(1.0891208357869133, abs=1e-11)
    assert spectrum.loss == pytest.approx(0.031615649795098254, abs=1e-12)
    assert spectrum.success and spectrum.residual < 1e-12


@pytest.mark.parametrize("tree", [True, False])
def test_hessian_is_the_second_derivative_of_the_loss(tree):
    inst, weights = solution(N=45 if tree else 15, tree=tree)
    weights = weights * np.sqrt(15 / np.sum(weights**2, axis=1, keepdims=True))

    def loss(w):
        x = np.tanh(2.0 * inst.fields(w)).sum(axis=1) / np.sqrt(3)
        return np.mean(np.logaddexp(0, -2 * 1.5 * x)) / (2 * 1.5)

    hessian = Hessian(inst, weights, 2.0, 1.5)
    direction = np.random.default_rng(0).standard_normal((3, 15))
    step = 1e-3
    moved = [loss(weights + s * step * direction) for s in (-2, -1, 0, 1, 2)]
    difference = np.dot([-1, 16, -30, 16, -1], moved) / (12 * step**2)
    quadratic = direction.ravel() @ hessian.times(direction.ravel())
    assert quadratic == pytest.approx(difference, rel=1e-6)
    matrix = hessian.matrix()
    np.testing.assert_allclose(
        matrix @ direction.ravel(), hessian.times(direction.ravel()), atol=1e-13
    )
    assert np.trace(matrix) == pytest.approx(hessian.trace, rel=1e-12)


def test_largest_eigenvalues_are_those_of_the_full_spectrum():
    inst, weights = solution()
    full = learners.hessian_spectrum(inst, weights)
    some = learners.hessian_spectrum(inst, weights, largest=4)
    np.testing.assert_allclose(some.eigenvalues, full.eigenvalues[-4:], atol=1e-12)
    assert full.eigenvalues.sum() == pytest.approx(full.trace, abs=1e-12)


@pytest.mark.parametrize("tree", [True, False])
def test_trace_is_what_random_probes_estimate(tree):
    # Hutchinson: the mean of v.Hv over random signs v is the trace
    inst, weights = solution(N=999 if tree else 333, K=3, tree=tree)
    hessian = Hessian(inst, weights, 3.0, 3.0)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (200, inst.N))
    probes = np.array([v @ hessian.times(v) for v in signs])
    error = probes.std(ddof=1) / np.sqrt(len(probes))
    assert error < 0.05 * hessian.trace
    assert abs(probes.mean() - hessian.trace) < 3 * error


def test_local_energy_vanishes_near_a_solution_and_tends_to_one_half():
    inst, weights = solution(N=999, K=9)
    energy = learners.local_energy(inst, weights, [1e-9, 0.1, 0.4999], rng=2)
    assert energy.value[0] == 0
    assert 0 < energy.value[1] < energy.value[2]
    # far away the machine forgets: an error with probability 1/2
    assert abs(energy.value[2] - 0.5) < 5 * energy.error[2] + 0.01


def test_local_energy_of_the_perceptron_is_that_of_gaussian_fields():
    # W' = qW + sqrt(1 - q^2) Z: fields of Z are Gaussian with variance 1 as N grows
    from scipy.special import ndtr

    inst, weights = solution(N=2001, alpha=0.5, K=1)
    d = 0.1
    energy = learners.local_energy(inst, weights, d, samples=40, rng=1)
    w = weights * np.sqrt(2001 / np.sum(weights**2))
    slope = (1 - 2 * d) / np.sqrt(1 - (1 - 2 * d) ** 2)
    expected = np.mean(ndtr(-slope * inst.fields(w)[:, 0]))
    # Z is orthogonal to W: 1/sqrt N corrections beside the noise
    assert abs(energy.value - expected) < 4 * energy.error + 1 / np.sqrt(2001) / 10


def test_input_noise_of_the_perceptron_is_that_of_gaussian_fields():
    from scipy.special import ndtr

    inst, weights = solution(N=2001, alpha=0.5, K=1)
    p = 0.05
    noise = learners.input_robustness(inst, weights, p, samples=40, rng=1)
    w = weights * np.sqrt(2001 / np.sum(weights**2))
    mean = (1 - 2 * p) * inst.fields(w)[:, 0]
    expected = np.mean(ndtr(-mean / np.sqrt(4 * p * (1 - p))))
    assert abs(noise.value - expected) < 4 * noise.error + 1e-3


@pytest.mark.parametrize("scale", [0.1, 0.7, 1e-200, 1e200])
def test_input_noise_counts_ties_whatever_the_norm_of_binary_weights(scale):
    # an even number of inputs: sums of +-1 that are 0 in 8 % of the fields
    inst, rng = Instance.random(300, 0.3, 3, rng=1), np.random.default_rng(2)
    weights = rng.choice([-1.0, 1.0], (3, 100))
    expected = learners.input_robustness(inst, weights, 0.1, samples=5, rng=3)
    scaled = learners.input_robustness(inst, scale * weights, 0.1, samples=5, rng=3)
    assert scaled.value == expected.value


def test_coloured_noise_flips_inputs_as_they_vary():
    rng = np.random.default_rng(0)
    patterns = np.where(rng.random((4000, 3)) < [0.5, 0.9, 1.0], 1, -1)
    rates = learners.pixel_rates(patterns, 0.1)
    assert rates.mean() == pytest.approx(0.1, rel=1e-12)
    assert rates[2] == 0
    assert rates[1] / rates[0] == pytest.approx(4 * 0.9 * 0.1, abs=0.06)
    inst, weights = solution()
    rates = np.array([np.full(45, 0.02), np.zeros(45)])
    noise = learners.input_robustness(inst, weights, rates, rng=1)
    assert noise.value.shape == (2,) and noise.value[1] == 0 < noise.value[0]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda i, w: learners.local_energy(i, w, 0.6), "distance must be in"),
        (lambda i, w: learners.local_energy(i, w[:1], 0.1), "weights must have"),
        (lambda i, w: learners.local_energy(i, 0 * w, 0.1), "not all 0"),
        (lambda i, w: learners.local_energy(i, w, 0.1, samples=1), "samples"),
        (lambda i, w: learners.input_robustness(i, w, 0.7), "flip must be in"),
        (lambda i, w: learners.input_robustness(i, w, [0.1, 0.1]), "must have 45"),
        (lambda i, w: learners.pixel_rates(i.patterns, 0.9), "must leave all rates"),
        (lambda i, w: learners.hessian_spectrum(i, w, beta=0), "beta"),
        (lambda i, w: learners.hessian_spectrum(i, w, largest=45), "largest"),
    ],
)
def test_flatness_refuses_bad_input(call, match):
    inst, weights = solution()
    with pytest.raises(ValueError, match=match):
        call(inst, weights)


def test_hessian_refuses_a_full_matrix_that_is_too_large():
    inst = Instance.random(3001, 0.01, 1, rng=1)
    with pytest.raises(ValueError, match="largest must be given beyond 2500"):
        learners.hessian_spectrum(inst, np.ones((1, 3001)))


@pytest.mark.parametrize("n", [2, 5, 41])
def test_directions_are_orthogonal_to_weights_of_the_same_seed(n):
    weights = np.random.default_rng(0).standard_normal((1, n))
    weights *= np.sqrt(n / np.sum(weights**2))
    z = _orthogonal(weights, np.random.default_rng(0))
    assert abs(np.sum(z * weights)) < 1e-12 * n and np.sum(z**2) == pytest.approx(n)
